"""The acoustic features of any number of recordings, each computed once (task e).

The cache holds one `table_cache` file a recipe and state of the code, keyed by the bytes of the
recordings (`recording_keys`).
"""

import os
import platform
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.recordings import read_recording
from mmage_utils.errors import DataError
from mmage_utils.features import table_cache
from mmage_utils.features.recording_keys import content_key, content_keys
from mmage_utils.features.voices import acoustic
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.files import CACHE, code_key, shown
from mmage_utils.progress import progress_bar

NUMBERS = [*FEATURES, "voiced_fraction"]
ROW = [*NUMBERS, "problem", "notes"]
BATCH = {"fast": 8, "published": 1}  # clips a task, about a second at most
# Taken when the code is loaded: a kernel or a worker that runs old code must not write results
# under the key of the new.
CODES = {
    recipe: code_key("data/recordings", *(f"features/voices/{name}" for name in modules))
    for recipe, modules in {
        "fast": ("definition", "acoustic", "fast", "numba_loops"),
        "published": ("definition", "acoustic"),
    }.items()
}


class Extraction(NamedTuple):
    """Acoustic features of clips, and what it took to get them."""

    table: pd.DataFrame
    computed: int  # recordings
    cached: int  # clips
    seconds: float
    file: str  # of the cache


def extract_features(clips, *, recipe="fast", cache=CACHE, n_jobs=-1):
    """Acoustic features of all clips, each recording computed once and kept in the cache.

    Recordings are read in the worker processes, a batch at a time, so memory does not grow with
    their number. What cannot be read is named, and the rest goes on.

    Parameters
    ----------
    clips : pandas.DataFrame
        `clips.read_clips`; a clip without audio counts as one that cannot be read.
    recipe : str
        As `acoustic.acoustic_features`.
    cache : path-like
    n_jobs : int
        Processes of this machine, as in joblib.

    Returns
    -------
    Extraction
        table has shape (n clips, 11), in the order of `clips`: VideoName, `FEATURES` (units in
        `UNITS`), voiced_fraction, problem (the reason why a recording has no features, else an
        empty text) and notes (what was converted, joined by ``; ``).

    Raises
    ------
    UsageError
        For an unknown recipe.
    DataError
        When the processes are ended, or the cache cannot be written; what came before is kept.
    """
    acoustic.check_recipe(recipe)
    keys = content_keys(clips["audio"], cache)
    file, known = table_cache.load(Path(cache) / f"voices_{recipe}_{CODES[recipe]}.sqlite")
    paths = dict(zip(keys, clips["audio"], strict=True))
    # Absolute, as a process may stand elsewhere.
    todo = [
        (key, os.path.abspath(path))
        for key, path in paths.items()
        if isinstance(key, str) and key not in known
    ]
    cached = sum(key in known for key in keys)
    clock = time.perf_counter()
    if todo:
        size = BATCH[recipe]
        jobs = [todo[start : start + size] for start in range(0, len(todo), size)]
        known |= _collect(jobs, recipe, file, n_jobs)
    rows = [known[key] if isinstance(key, str) else _blank(key.reason) for key in keys]
    table = pd.DataFrame(rows, columns=ROW).astype(dict.fromkeys(NUMBERS, float))
    table.insert(0, "VideoName", clips["VideoName"].to_numpy())
    return Extraction(table, len(todo), cached, time.perf_counter() - clock, str(shown(file)))


def summarise_extraction(clips, extraction):
    """Numbers on what `extract_features` did with clips.

    Returns
    -------
    dict
        The counts of `Extraction`; clips, and those unreadable and silent; the notes counted; the
        reason of each unreadable file by path.
    """
    table = extraction.table
    bad = table["problem"] != ""
    notes = table.loc[table["notes"] != "", "notes"].str.split("; ").explode()
    counts = extraction._asdict() | {"clips": len(table)}
    del counts["table"]
    return counts | {
        "unreadable": int(bad.sum()),
        "silent": int((table["voiced_fraction"] == 0).sum()),
        "notes": notes.str.split(": ").str[0].value_counts().rename("clips"),
        "problems": dict(zip(clips["audio"][bad], table["problem"][bad], strict=True)),
    }


def _collect(jobs, recipe, file, n_jobs):
    """Features of all jobs by key, added to the cache as they arrive, with a progress bar."""
    made = {}
    results = _here(jobs, recipe, n_jobs)
    with (
        progress_bar(sum(map(len, jobs)), "Acoustic features", "clip") as bar,
        closing(results),
        table_cache.adding(file, ["key", *ROW]) as collect,
    ):
        for batch in results:
            bar.update(len(batch))
            made |= {key: row for key, row, _ in batch}
            collect([(key, *row) for key, row, keep in batch if keep])
    return made


def _here(jobs, recipe, n_jobs):
    """Rows of each job, computed by the processes of this machine, as they are done."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    # Starting processes takes longer than one batch.
    n_jobs = 1 if len(jobs) == 1 else n_jobs
    run = Parallel(n_jobs=n_jobs, batch_size=1, return_as="generator_unordered")
    try:
        yield from run(delayed(_rows)(job, recipe, CODES[recipe]) for job in jobs)
    except TerminatedWorkerError:
        raise DataError(
            "A process that computed features was ended, most likely for want of memory. Start "
            "again, with fewer processes: what was computed is kept."
        ) from None


def _rows(job, recipe, code):
    """Key and row of each recording of a batch, and whether the row may be kept.

    Kept is what follows from the content; a recording that was away, or changed since its key was
    taken, is tried again the next time.
    """
    if code != CODES[recipe]:
        raise DataError(f"{platform.node()} runs other code: install this version there.")
    return [(key, *_row(key, path, recipe)) for key, path in job]


def _row(key, path, recipe):
    try:
        try:
            samples, notes = read_recording(path)
            found = acoustic.acoustic_features(samples, recipe=recipe)
            row = (*(float(found[name]) for name in NUMBERS), "", "; ".join(notes))
        except DataError as error:
            row = _blank(error.reason)
        if content_key(path) == key:
            return row, True
        return _blank("it changed while it was read. Start again."), False
    except DataError as error:
        return _blank(error.reason), False
    except Exception as error:  # one recording must not end the run, whatever a library raises
        return _blank(f"{type(error).__name__}: {error}"), False


def _blank(problem):
    return (*[np.nan] * len(NUMBERS), problem, "")
