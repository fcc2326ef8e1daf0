"""Features of any modality, from files: read, computed in batches, and why there are none.

Networks are loaded once a process, and a batch is all that is held beside the result. Torch is
imported only where there are networks, since a process of the acoustic features needs none.
"""

import os
import re
import zlib
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from mmage_utils.data.face_images import read_face
from mmage_utils.data.recordings import read_recording
from mmage_utils.data.transcripts import read_noted_transcript
from mmage_utils.errors import DataError, UsageError, visible
from mmage_utils.features import text_embeddings
from mmage_utils.features.voices import acoustic
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.files import code_key, digest

MEDIUM = {"voice": "audio", "face": "image", "words": "transcript"}
RECIPES = {
    "voice": ("fast", "published", "speaker"),
    "face": ("dlib + dlib-age", "dlib", "dlib-age"),
    "words": (text_embeddings.PACKAGED,),
}
ACOUSTIC = (*FEATURES, "voiced_fraction")
FACE_SIZE = 224  # pixels at which the face is sought, as in task b
BATCHES = {"voice": 16, "face": 32, "words": 2000}  # files; texts are sorted by length
# Taken when the code is loaded: a process that runs old code must not write results as of the new.
CODES = {
    modality: code_key("features/modalities", "data/media_files", *modules)
    for modality, modules in {
        "voice": (
            *("data/recordings", "features/voices/definition", "features/voices/acoustic"),
            *("features/voices/fast", "features/voices/numba_loops", "features/voices/speaker"),
        ),
        "face": ("data/face_images", "features/face_embeddings", "features/face_networks"),
        "words": ("data/transcripts", "features/text_embeddings"),
    }.items()
}


class Computed(NamedTuple):
    """Features of files.

    Attributes
    ----------
    columns : dict of str to numpy.ndarray
        By name, as `columns_of`: shape (n files,) or (n files, width); rows of what cannot be read
        hold NaN or False.
    problems, notes : list of str
        Why a file has no features, else an empty text; what was converted or is unusual.
    settled : bool
        False if some file may be read another time: it was away, or a library failed.
    """

    columns: dict
    problems: list
    notes: list
    settled: bool


def check_recipe(modality, recipe):
    """Raise UsageError for an unknown modality or recipe, and DataError for missing weights."""
    if modality not in RECIPES:
        raise UsageError(f"Unknown modality {modality!r}: use {', '.join(RECIPES)}.")
    if modality == "words":
        text_embeddings.model_folder(recipe)  # any model that is there
    elif recipe not in RECIPES[modality]:
        known = ", ".join(map(repr, RECIPES[modality]))
        raise UsageError(f"Unknown recipe {recipe!r} of the modality {modality}: use {known}.")


def describe_networks(modality, recipe):
    """What is kept of each network that a recipe uses: name, licence, SHA-256 of its weights."""
    if modality == "face":
        from mmage_utils.features.face_networks import describe_network

        return [describe_network(name) for name in recipe.split(" + ")]
    if modality == "words":
        return [text_embeddings.describe_model(recipe)]
    if recipe == "speaker":
        from mmage_utils.features.voices.speaker import describe_speaker_network

        return [describe_speaker_network()]
    return []


@lru_cache
def recipe_key(modality, recipe):
    """Key of what decides the features beside the files: the code and the weights."""
    weights = (network["sha256"] for network in describe_networks(modality, recipe))
    return digest(recipe, CODES[modality], weights)


@lru_cache
def columns_of(modality, recipe):
    """Name and width of each column: 0 for a number, None for a truth value."""
    networks = describe_networks(modality, recipe)
    if modality == "face":
        return {network["name"]: network["numbers"] for network in networks} | {"found": None}
    if modality == "words":
        return {"words": networks[0]["width"]}
    if recipe == "speaker":
        return {"speaker": networks[0]["numbers"]}
    return dict.fromkeys(ACOUSTIC, 0)


def compute_features(paths, modality, recipe):
    """Read files and compute their features; what cannot be read gets a reason.

    Parameters
    ----------
    paths : list of path-like
        Files of the modality's medium.
    modality : str
        A key of `MEDIUM`.
    recipe : str
        One of `RECIPES`; of words also a folder or a name, as `text_embeddings.embed`.

    Returns
    -------
    Computed
    """
    columns = {
        name: np.zeros(len(paths), bool)
        if width is None
        else np.full((len(paths), width) if width else len(paths), np.nan)
        for name, width in columns_of(modality, recipe).items()
    }
    read, compute = _steps(modality, recipe)
    problems, notes, settled = [], [], True
    for start in range(0, len(paths), BATCHES[modality]):
        rows, contents = [], []
        for row, path in enumerate(paths[start : start + BATCHES[modality]], start):
            content, problem, note, again = _tried(read, path)
            problems.append(problem)
            notes.append(note)
            settled = settled and not again
            if not problem:
                rows.append(row)
                contents.append(content)
        if rows:
            for name, values in compute(contents).items():
                columns[name][rows] = values
    return Computed(columns, problems, notes, settled)


def _tried(read, path):
    """Content of a file, why there is none, notes, and whether another try may succeed."""
    try:
        content, notes = read(path)
        return content, "", "; ".join(notes), False
    except DataError as error:
        return None, error.reason, "", not os.access(path, os.R_OK)
    except Exception as error:  # one file must not end the run, whatever a library raises
        return None, visible(f"{type(error).__name__}: {error}"), "", True


def _steps(modality, recipe):
    """How a file is read, and how the columns of some contents are computed."""
    if modality == "face":
        networks = {name: _face_network(name) for name in recipe.split(" + ")}
        return _read_face, partial(_embed_faces, networks=networks)
    if modality == "words":
        return read_noted_transcript, partial(_embed_texts, model=_text_model(recipe))
    if recipe == "speaker":
        return _read_windows, partial(_embed_voices, network=_speaker_network())
    return partial(_read_voice, recipe=recipe), _as_columns


def _read_face(path):
    return read_face(path, FACE_SIZE)


def _read_voice(path, recipe):
    samples, notes = read_recording(path)
    return acoustic.acoustic_features(samples, recipe=recipe), notes


def _read_windows(path):
    from mmage_utils.features.voices import speaker

    samples, notes = read_recording(path, rate=speaker.RATE)
    return speaker.mel_windows(samples), notes


def _as_columns(rows):
    return {name: [row[name] for row in rows] for name in ACOUSTIC}


def _embed_faces(faces, networks):
    from mmage_utils.features.face_embeddings import embed_batch

    columns = {}
    for name, network in networks.items():
        columns[name], columns["found"] = embed_batch(faces, name, network)
    return columns


def _embed_voices(windows, network):
    from mmage_utils.features.voices.speaker import speaker_vectors

    return {"speaker": speaker_vectors(windows, network)}


def _embed_texts(texts, model):
    parts = list(text_embeddings.vectors_of(texts, *model))
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return {"words": np.concatenate([vectors for _, vectors in parts])[order]}


@lru_cache
def _face_network(name):
    import torch

    from mmage_utils.features.face_networks import load_network

    return load_network(name).to(_device(), memory_format=torch.channels_last)


@lru_cache
def _speaker_network():
    from mmage_utils.features.voices.speaker import load_speaker_network

    return load_speaker_network().to(_device())


@lru_cache(maxsize=1)
def _text_model(name):
    tokenizer, network = text_embeddings.load(name)
    return tokenizer, network.to(_device())


def _device():
    import torch

    gpus = torch.cuda.device_count()
    return device_of(worker_name() if gpus > 1 else 0, gpus)


def worker_name():
    """Name of the Dask worker that this process is; 0 where it is none."""
    from distributed import get_worker

    try:
        return get_worker().name
    except ValueError:
        return 0


def device_of(worker, gpus):
    """The device of a worker: the processes of a machine take its GPUs in turn.

    Parameters
    ----------
    worker : int or str
        Its name. Those that Dask numbers (3, ``gpu-3``) take their GPU by the number, others, which
        are named by their address, one that the name draws.
    gpus : int
        Of the machine.

    Returns
    -------
    str
        As torch names it.
    """
    if not gpus:
        return "cpu"
    numbered = re.fullmatch(r"(?:.*-)?(\d+)", str(worker))
    number = int(numbered[1]) if numbered else zlib.crc32(str(worker).encode())
    return f"cuda:{number % gpus}"
