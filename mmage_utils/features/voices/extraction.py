"""The acoustic features of any number of recordings, each computed once (task e).

The cache holds one folder a recipe and state of the code, ``voices_<recipe>_<code>``, of `parts`
keyed by the bytes of the recordings (`contents`): a run that is killed loses the last seconds, and
two runs at once disturb nothing.
"""

import os
import platform
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from mmage_utils.data.recordings import CANNOT, read_recording
from mmage_utils.errors import DataError
from mmage_utils.features import table_cache
from mmage_utils.features.recording_keys import content_key, content_keys
from mmage_utils.features.voices import acoustic
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.files import CACHE, code_key
from mmage_utils.progress import progress_bar

COLUMNS = [*FEATURES, "voiced_fraction", "problem", "notes"]
BATCH = {"fast": 8, "published": 1}  # clips a task, about a second at most
PART_CLIPS = 256  # a part is written after so many clips,
PART_SECONDS = 10.0  # or after so long: what a kill may cost
SHOWN = 10  # unreadable files that are named on the screen
# Taken when the code is loaded: a kernel or a worker that runs old code must not write results
# under the key of the new.
CODES = {
    recipe: code_key("data/recordings", *(f"features/voices/{name}" for name in modules))
    for recipe, modules in {
        "fast": ("definition", "acoustic", "fast", "numba_loops"),
        "published": ("definition", "acoustic"),
    }.items()
}


def extract_features(clips, *, recipe="fast", cache=CACHE, n_jobs=-1, scheduler=None):
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
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, whose workers compute
        instead. They must have this package and find the recordings under the same paths.

    Returns
    -------
    pandas.DataFrame, shape (n clips, 11)
        VideoName, `FEATURES` (units in `UNITS`), voiced_fraction, problem (the reason why
        a recording has no features, else an empty text) and notes (what was converted, joined by
        ``; ``); in the order of `clips`. Its ``attrs`` say how many recordings were computed now
        and in how many seconds, how many clips were cached, and the folder of the parts.

    Raises
    ------
    UsageError
        For an unknown recipe, or a scheduler that cannot be reached or has no worker.
    DataError
        When workers run other code, or are lost for good; what came before is kept.
    """
    acoustic.check_recipe(recipe)
    folder = Path(cache) / f"voices_{recipe}_{CODES[recipe]}"
    keys, failed = content_keys(clips["audio"], cache)
    known = table_cache.read(folder, ["key", *COLUMNS])
    paths = dict(zip(keys, clips["audio"], strict=True))
    # Absolute, as a Dask worker may stand elsewhere.
    todo = [
        (key, os.path.abspath(path))
        for key, path in paths.items()
        if key is not None and key not in known.index
    ]
    cached = sum(key in known.index for key in keys)
    clock = time.perf_counter()
    if todo:
        size = BATCH[recipe]
        jobs = [todo[start : start + size] for start in range(0, len(todo), size)]
        new = _collect(jobs, recipe, folder, n_jobs, scheduler)
        known = pd.concat([known, new]) if len(known) else new
    table_cache.compact(folder, ["key", *COLUMNS])
    table = known.reindex(keys).reset_index(drop=True)
    table["problem"] = [
        _reason(failed[row], clips["audio"].iloc[row]) if key is None else problem
        for row, (key, problem) in enumerate(zip(keys, table["problem"], strict=True))
    ]
    table["notes"] = table["notes"].fillna("")
    table = table.astype(dict.fromkeys([*FEATURES, "voiced_fraction"], float))
    table.insert(0, "VideoName", clips["VideoName"].to_numpy())
    seconds = time.perf_counter() - clock
    table.attrs = {"computed": len(todo), "cached": cached, "seconds": seconds}
    table.attrs |= {"folder": str(folder)}
    return table


def problems(table):
    """Count the reasons why clips have no features.

    Returns
    -------
    pandas.Series of int
        Indexed by reason, most frequent first; empty when every clip was read.
    """
    return table.loc[table["problem"] != "", "problem"].value_counts().rename("clips")


def conversions(table):
    """Count what was converted or is unusual, as a Series indexed by the kind of note."""
    notes = table.loc[table["notes"] != "", "notes"].str.split("; ").explode()
    return notes.str.split(": ").str[0].value_counts().rename("clips")


def summarise_extraction(clips, table):
    """What `extract_features` did, as numbers and as a text to print.

    Parameters
    ----------
    clips, table : pandas.DataFrame
        Given to and returned by `extract_features`.

    Returns
    -------
    counts : dict
        Clips, recordings computed and their seconds, clips silent and unreadable; the notes
        counted; the reason of each unreadable file.
    text : str
    """
    done = dict(table.attrs)
    bad = table["problem"] != ""
    reasons = dict(zip(clips["audio"][bad], table["problem"][bad], strict=True))
    counts = {"clips": len(table), **done, "unreadable": int(bad.sum())}
    counts |= {"silent": int((table["voiced_fraction"] == 0).sum())}
    counts |= {"notes": conversions(table), "problems": reasons}
    rate = f" in {done['seconds']:.1f} s ({done['computed'] / done['seconds']:.1f} a second)"
    lines = [
        f"{len(table):,} clips: {done['computed']:,} recordings computed"
        f"{rate if done['computed'] else ''}, {done['cached']:,} clips from the cache.",
        f"{counts['silent']:,} without voice, {counts['unreadable']:,} cannot be read.",
    ]
    lines += [f"  {count:,} {kind}" for kind, count in counts["notes"].items()]
    lines += [f"{path}: {reason}" for path, reason in list(reasons.items())[:SHOWN]]
    if len(reasons) > SHOWN:
        lines.append(f"and {len(reasons) - SHOWN:,} more.")
    return counts, "\n".join([*lines, f"Features are in {done['folder']}."])


def _reason(error, path):
    """What an error says, without the name of the file, which the table has."""
    return str(error).removeprefix(CANNOT.format(path=path))


def _collect(jobs, recipe, folder, n_jobs, scheduler):
    """Features of all jobs as they arrive, kept in parts, with a progress bar."""
    rows, waiting, clock = [], [], time.monotonic()
    total = sum(map(len, jobs))
    results = _there(jobs, recipe, scheduler) if scheduler else _here(jobs, recipe, n_jobs)
    with progress_bar(total, "Acoustic features", "clip") as bar, closing(results):
        try:
            for batch in results:
                bar.update(len(batch))
                rows += [row for row, _ in batch]
                waiting += [row for row, keep in batch if keep]
                if len(waiting) >= PART_CLIPS or time.monotonic() - clock > PART_SECONDS:
                    _keep(folder, waiting)
                    waiting, clock = [], time.monotonic()
        finally:
            _keep(folder, waiting)
    return _tabulate(rows)


def _keep(folder, rows):
    if rows:
        table_cache.append(folder, _tabulate(rows))


def _tabulate(rows):
    return pd.DataFrame(rows, columns=["key", *COLUMNS]).set_index("key")


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


def _there(jobs, recipe, scheduler):
    """Rows of each job, computed by the workers of a Dask cluster, as they are done."""
    from mmage_utils.features.dask_jobs import compute

    for job, rows in compute(_rows, jobs, recipe, CODES[recipe], address=scheduler):
        lost = "the Dask workers that computed it were lost. Start again."
        yield rows or [(_blank(key, lost), False) for key, _ in job]


def _rows(job, recipe, code):
    """Rows of a batch of recordings, each with whether it may be kept.

    Kept is what follows from the content; a recording that was away, or changed since its key was
    taken, is tried again the next time.
    """
    if code != CODES[recipe]:
        raise DataError(f"{platform.node()} runs other code: install this version there.")
    return [_row(key, path, recipe) for key, path in job]


def _row(key, path, recipe):
    row = _blank(key)
    try:
        try:
            samples, notes = read_recording(path)
            row |= {"notes": "; ".join(notes)} | acoustic.acoustic_features(samples, recipe=recipe)
        except DataError as error:
            row["problem"] = _reason(error, path)
        if content_key(path) == key:
            return row, True
        return _blank(key, "it changed while it was read. Start again."), False
    except DataError as error:
        return _blank(key, _reason(error, path)), False
    except Exception as error:  # one recording must not end the run, whatever a library raises
        return _blank(key, f"{type(error).__name__}: {error}"), False


def _blank(key, problem=""):
    nothing = dict.fromkeys([*FEATURES, "voiced_fraction"], np.nan)
    return {"key": key} | nothing | {"problem": problem, "notes": ""}
