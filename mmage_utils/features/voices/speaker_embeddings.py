"""Speaker embeddings of any number of recordings, each computed once (task e).

As `extraction`: the cache holds one `table_cache` file a network and state of the code, keyed by
the bytes of the recordings.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from mmage_utils.data.recordings import read_recording
from mmage_utils.errors import DataError
from mmage_utils.features import table_cache
from mmage_utils.features.recording_keys import content_key, content_keys
from mmage_utils.features.voices import speaker
from mmage_utils.files import CACHE, code_key, file_sha256
from mmage_utils.progress import progress_bar

BATCH = 16  # recordings
CODE = code_key(
    "data/recordings", "features/voices/speaker", "features/voices/speaker_embeddings"
)  # taken when the code is loaded, as in `extraction`


class Voices(NamedTuple):
    """Speaker embeddings of clips, and why a recording has none.

    ``vectors`` is float32 of shape (n clips, 256), NaN for a recording that cannot be read;
    ``problems`` has the reason of each by path; ``computed`` counts recordings, ``cached`` clips;
    ``file`` is that of the cache.
    """

    vectors: np.ndarray
    problems: dict
    computed: int
    cached: int
    seconds: float
    file: str


def embed_voices(clips, network=speaker.PACKAGED, *, cache=CACHE):
    """Embed the voice of each clip with a speaker network, each recording once.

    Parameters
    ----------
    clips : pandas.DataFrame
        `clips.read_clips`; a clip without audio counts as one that cannot be read.
    network : str
        As `speaker.check_speaker_network`.
    cache : path-like

    Returns
    -------
    Voices

    Raises
    ------
    UsageError
        For an unknown network.
    DataError
        When the weights are missing or damaged, or the cache cannot be written; what came before
        is kept.
    """
    weights = file_sha256(speaker.check_speaker_network(network))
    keys = content_keys(clips["audio"], cache)
    file, known = table_cache.load(Path(cache) / f"speakers_{weights[:12]}_{CODE}.sqlite")
    paths = dict(zip(keys, clips["audio"], strict=True))
    todo = [
        (key, os.path.abspath(path))
        for key, path in paths.items()
        if isinstance(key, str) and key not in known
    ]
    cached, clock = sum(key in known for key in keys), time.perf_counter()
    jobs = [todo[start : start + BATCH] for start in range(0, len(todo), BATCH)]
    if todo:
        known |= _collect(jobs, network, file)
    rows = [known[key] if isinstance(key, str) else (None, key.reason) for key in keys]
    nothing = np.full(speaker.WIDTH, np.nan, dtype=np.float32)
    vectors = [nothing if row[0] is None else np.frombuffer(row[0], np.float32) for row in rows]
    problems = {
        path: problem for path, (_, problem) in zip(clips["audio"], rows, strict=True) if problem
    }
    vectors = np.stack(vectors) if vectors else np.zeros((0, speaker.WIDTH), np.float32)
    seconds = time.perf_counter() - clock
    return Voices(vectors, problems, len(todo), cached, seconds, str(file))


def _collect(jobs, network, file):
    """Vector as bytes and problem of each recording by key, added to the cache as they arrive."""
    from mmage_utils.features.two_threads import side_by_side

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, made = speaker.load_speaker_network(network).to(device), {}
    with (
        progress_bar(sum(map(len, jobs)), "Speaker embeddings", "clip") as bar,
        table_cache.adding(file, ["key", "vector", "problem"]) as collect,
    ):
        for batch in side_by_side(lambda job: _embed(job, model), jobs):
            bar.update(len(batch))
            made |= {key: row for key, row, _ in batch}
            collect([(key, *row) for key, row, keep in batch if keep])
    return made


def _windows(key, path):
    """Mel windows of a recording, or why there are none, and whether that may be kept."""
    try:
        try:
            windows = speaker.mel_windows(read_recording(path, rate=speaker.RATE)[0])
        except DataError as error:
            windows = error.reason
        if content_key(path) == key:
            return windows, True
        return "it changed while it was read. Start again.", False
    except DataError as error:
        return error.reason, False
    except Exception as error:  # one recording must not end the run, whatever a library raises
        return f"{type(error).__name__}: {error}", False


def _embed(job, model):
    """Key, (vector, problem), and whether it may be kept, of each recording of a job."""
    heard = [_windows(*entry) for entry in job]
    read = [row for row, (windows, _) in enumerate(heard) if not isinstance(windows, str)]
    rows = [(None, windows) for windows, _ in heard]
    if read:
        vectors = speaker.speaker_vectors([heard[row][0] for row in read], model)
        for row, vector in zip(read, vectors, strict=True):
            rows[row] = (vector.tobytes(), "")
    return [(key, row, keep) for (key, _), row, (_, keep) in zip(job, rows, heard, strict=True)]
