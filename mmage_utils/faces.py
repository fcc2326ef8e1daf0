"""Face crops as tensors, and the report's augmentations (tasks b and c)."""

import hashlib

import numpy as np
import torch
from torch.utils.data import Dataset

from mmage_utils.errors import DataError
from mmage_utils.runs import CACHE, content_key, whole

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def load_faces(clips, size, *, cache=CACHE):
    """Decode the face crops of all clips once, and keep them in a memory-mapped file.

    Parameters
    ----------
    clips : pandas.DataFrame
        Clips that all have an image.
    size : int
        Side in pixels; crops are resized with antialiasing.
    cache : pathlib.Path
        Folder of the decoded faces, keyed by the bytes of the files and the size.

    Returns
    -------
    numpy.ndarray of uint8, shape (n clips, 3, size, size)
        RGB, in the order of `clips`.

    Raises
    ------
    DataError
        When an image is missing or cannot be read; the message names the file.
    """
    from joblib import Parallel, delayed

    paths = list(clips["image"])
    try:
        path = cache / f"faces_{content_key(paths, size)}.npy"
    except FileNotFoundError as error:
        raise DataError(f"The face {error.filename} is missing.") from None
    if not path.is_file():
        decoded = Parallel(n_jobs=2, prefer="threads")(delayed(_decode)(p, size) for p in paths)
        with whole(path) as temporary:
            np.save(temporary, np.stack(decoded))
    return np.load(path, mmap_mode="r")


def _decode(path, size):
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"The face {path} cannot be read as an image: {error}") from None
    return np.asarray(image).transpose(2, 0, 1)


def augmentations():
    """The report's transforms of 8-bit images, by copy: original, flip, mixed, and none.

    Returns
    -------
    dict of str to callable
        From uint8 tensors of shape (3, H, W) to the same; drawn anew at every call.
    """
    from torchvision.transforms import v2

    return {
        "none": v2.Identity(),
        "original": v2.TrivialAugmentWide(),
        "flip": v2.Compose([v2.TrivialAugmentWide(), v2.RandomHorizontalFlip(p=1)]),
        "mixed": v2.Compose(
            [
                v2.TrivialAugmentWide(),
                v2.RandomHorizontalFlip(p=0.5),
                v2.RandomRotation(degrees=(-12, 12)),
                v2.ColorJitter(brightness=0.1, hue=0.005),
            ]
        ),
    }


def normalise(images):
    """ImageNet normalisation of 8-bit images, as the report does it.

    Parameters
    ----------
    images : torch.Tensor of uint8, shape (..., 3, H, W)

    Returns
    -------
    torch.Tensor of float32, same shape
    """
    mean = torch.tensor(IMAGENET_MEAN).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD).view(3, 1, 1)
    return (images.float() / 255 - mean) / std


class FaceDataset(Dataset):
    """Faces with their age groups 0..6, transformed anew at each access.

    Parameters
    ----------
    faces : numpy.ndarray of uint8, shape (n, 3, H, W)
        `load_faces`.
    rows : sequence of int
        The row of `faces` of each example; a row may stand several times.
    age_groups : sequence of int
        1..7, one for each example.
    copies : sequence of str or str
        The augmentation of each example, or of all: a key of `augmentations`.
    """

    def __init__(self, faces, rows, age_groups, copies="none"):
        self.faces = faces
        self.rows = np.asarray(rows)
        self.targets = torch.as_tensor(np.asarray(age_groups) - 1)
        self.copies = np.broadcast_to(copies, len(self.rows))
        self.transforms = augmentations()

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        image = torch.from_numpy(np.array(self.faces[self.rows[i]]))
        return normalise(self.transforms[self.copies[i]](image)), self.targets[i]

    def __getitems__(self, indices):
        """The examples of a batch; a small image gains nothing from threads and pays for them."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return [self[i] for i in indices]
        finally:
            torch.set_num_threads(threads)

    def fingerprint(self):
        """Hash of the faces used, their age groups and their augmentations."""
        digest = hashlib.blake2b(digest_size=12)
        for part in (self.rows, self.targets.numpy(), self.copies.astype("U")):
            digest.update(part.tobytes())
        for row in np.unique(self.rows):
            digest.update(self.faces[row].tobytes())
        return digest.hexdigest()
