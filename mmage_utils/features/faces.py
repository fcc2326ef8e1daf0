"""Face crops as tensors, in the form that the networks expect (tasks b and c)."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from torch.utils.data import Dataset

from mmage_utils.data.face_images import open_face, read_face
from mmage_utils.errors import DataError
from mmage_utils.features.augmentation import KINDS, augment
from mmage_utils.files import CACHE, code_key, digest, save_json, whole

CODE = code_key("data/face_images", "data/media_files", "features/faces")


class Faces(NamedTuple):
    """Decoded faces: their clips and images in one order, and what was unusual about the files.

    ``problems`` and ``notes`` are Series of str indexed by path: why a face cannot be read, and
    what was converted.
    """

    clips: pd.DataFrame
    images: np.ndarray
    problems: pd.Series
    notes: pd.Series


def load_faces(clips, size, *, cache=CACHE):
    """Decode the face crops of all clips once, and keep them in a memory-mapped file.

    Files that cannot be read are left out and named.

    Parameters
    ----------
    clips : pandas.DataFrame
        Clips that all have an image.
    size : int
        Side in pixels, as `face_images.read_face`.
    cache : pathlib.Path
        Folder of the decoded faces, keyed by the bytes of the files and the size.

    Returns
    -------
    Faces
        images of uint8, shape (n read, 3, size, size).

    Raises
    ------
    DataError
        When no face of some split can be read.
    """
    paths = [str(path) for path in clips["image"]]
    stem = Path(cache) / f"faces_{_key(paths, size)}"
    images, report = stem.with_suffix(".npy"), stem.with_suffix(".json")
    if not (images.is_file() and report.is_file()):
        decoded = Parallel(n_jobs=2, prefer="threads")(delayed(_decode)(p, size) for p in paths)
        faces = np.array([face for face, _, _ in decoded if face is not None], np.uint8)
        with whole(images) as temporary:
            np.save(temporary, faces.reshape(-1, 3, size, size))
        save_json(report, [(problem, note) for _, problem, note in decoded])
    texts = json.loads(report.read_text(encoding="utf-8"))
    texts = pd.DataFrame(texts, paths, ["problem", "note"], dtype=object)
    read = texts["problem"].eq("").to_numpy()
    kept = clips[read].reset_index(drop=True)
    for split in clips["split"].unique():
        if not (kept["split"] == split).any():
            path, reason = next(texts.loc[~read, "problem"].items())
            raise DataError(f"No {split} face can be read. The first: {path}: {reason}")
    notes = texts["note"][texts["note"].ne("")]
    return Faces(kept, np.load(images, mmap_mode="r"), texts["problem"][~read], notes)


def _key(paths, size):
    """Key of the decoded faces; a file that cannot be opened counts as one without content."""

    def content(path):
        try:
            with open_face(path) as stream:
                return stream.read()
        except DataError:
            return b""

    return digest(f"{size} {CODE}", map(content, paths))


def _decode(path, size):
    """Image, why there is none, and what was converted."""
    try:
        image, notes = read_face(path, size)
        return image, "", "; ".join(notes)
    except DataError as error:
        return None, error.reason, ""


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
    mean, std = (images.new_tensor(x, dtype=torch.float).view(3, 1, 1) for x in SCALINGS[scaling])
    return (images.float() - mean).div_(std)


class FaceDataset(Dataset):
    """Faces with their age groups 0..6, handed over in 8 bits and transformed on the device.

    Parameters
    ----------
    faces : numpy.ndarray of uint8, shape (n, 3, H, W)
        `load_faces`.
    rows : sequence of int
        The row of `faces` of each example; rows may repeat.
    age_groups : sequence of int
        1..7, one for each example.
    copies : sequence of str or str
        What each example becomes, drawn anew at each access: one of `augmentation.KINDS`.
    scaling : str
        As `scale`.
    """

    def __init__(self, faces, rows, age_groups, copies="none", scaling="imagenet"):
        self.faces = faces
        self.rows = np.asarray(rows)
        self.targets = torch.as_tensor(np.asarray(age_groups) - 1)
        copies = np.broadcast_to(copies, len(self.rows))
        self.copies = torch.as_tensor([KINDS.index(copy) for copy in copies])
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
        examples = (self.rows, self.targets.numpy(), self.copies.numpy())
        return digest(self.scaling, examples, (self.faces[row] for row in np.unique(self.rows)))
