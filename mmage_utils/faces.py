"""Face crops as tensors, in the form that the networks expect (tasks b and c)."""

import hashlib

import numpy as np
import torch
from torch.utils.data import Dataset

from mmage_utils.augment import COPIES, augment
from mmage_utils.errors import DataError
from mmage_utils.runs import CACHE, content_key, whole


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


# What a network expects of its input: (x - mean) / std of 8-bit values.
SCALINGS = {
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),  # the report
    "vggface2": ((127.5,) * 3, (128.0,) * 3),  # the VGGFace2 weights of facenet-pytorch
}


def scale(images, scaling):
    """8-bit images as the network's input.

    Parameters
    ----------
    images : torch.Tensor of uint8, shape (..., 3, H, W)
    scaling : str
        A key of `SCALINGS`: ``imagenet`` as the report, ``vggface2`` as the weights expect.

    Returns
    -------
    torch.Tensor of float32, same shape
    """
    mean, std = (torch.tensor(x, device=images.device).view(3, 1, 1) for x in SCALINGS[scaling])
    return (images.float() - mean) / std


class FaceDataset(Dataset):
    """Faces with their age groups 0..6, handed over in 8 bits and transformed on the device.

    Parameters
    ----------
    faces : numpy.ndarray of uint8, shape (n, 3, H, W)
        `load_faces`.
    rows : sequence of int
        The row of `faces` of each example; a row may stand several times.
    age_groups : sequence of int
        1..7, one for each example.
    copies : sequence of str or str
        What each example becomes, anew at each access: one of `augment.COPIES`.
    scaling : str
        As `scale`.
    """

    def __init__(self, faces, rows, age_groups, copies="none", scaling="imagenet"):
        self.faces = faces
        self.rows = np.asarray(rows)
        self.targets = torch.as_tensor(np.asarray(age_groups) - 1)
        copies = np.broadcast_to(copies, len(self.rows))
        self.copies = torch.as_tensor([COPIES.index(copy) for copy in copies])
        self.scaling = scaling

    def __len__(self):
        return len(self.rows)

    def __getitems__(self, indices):
        """A whole batch: ((images of uint8, copies), age groups)."""
        images = torch.from_numpy(np.ascontiguousarray(self.faces[self.rows[indices]]))
        return (images, self.copies[indices]), self.targets[indices]

    def prepare(self, batch):
        """Augment and scale the images of a batch, on the device where they are."""
        images, copies = batch
        return scale(augment(images, copies), self.scaling)

    def fingerprint(self):
        """Hash of the faces used, their age groups, augmentations and scaling."""
        digest = hashlib.blake2b(self.scaling.encode(), digest_size=12)
        for part in (self.rows, self.targets.numpy(), self.copies.numpy()):
            digest.update(part.tobytes())
        for row in np.unique(self.rows):
            digest.update(self.faces[row].tobytes())
        return digest.hexdigest()
