"""One shard's features as a Parquet part: written whole, done for its files only, read again.

A part is done when it is there and its metadata say that it comes from the same files, recipe, code
and weights.
"""

import json
import os
import platform
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils.errors import DataError
from mmage_utils.features import modalities
from mmage_utils.files import digest, whole

PART = "part-{:05d}.parquet"
RECORD = "_features.json"  # readers of Parquet folders pass over names that begin so
FIRST = 10  # reasons that a part gives
KEY = b"mmage"  # of a part's metadata


class Shard(NamedTuple):
    """Some clips in the order of the lists; paths count from the data folder."""

    number: int
    names: tuple
    paths: tuple


class Part(NamedTuple):
    """What a part holds: counts, the notes counted, and the first reasons by path."""

    computed: bool
    clips: int
    unreadable: int
    notes: Counter
    problems: dict


def make_part(shard, *, folder, out, settings, key):
    """Write the part of a shard, unless it is there; a job of a process or a Dask worker.

    Parameters
    ----------
    shard : Shard
    folder, out : str
        As `write_features`, absolute.
    settings : dict
        modality, recipe and half.
    key : str
        `modalities.recipe_key`, as the caller has it.

    Returns
    -------
    Part

    Raises
    ------
    DataError
        When this process has other code or other weights.
    """
    from pyarrow import parquet

    modality, recipe = settings["modality"], settings["recipe"]
    if key != modalities.recipe_key(modality, recipe):
        reason = f"{platform.node()} runs other code or other weights"
        raise DataError(f"{reason}: install this version there.")
    place, mark = Path(out) / PART.format(shard.number), _mark(shard, folder, settings, key)
    part = find_part(shard, folder=folder, out=out, settings=settings, key=key)
    if part:
        return part
    paths = [os.path.join(folder, path) for path in shard.paths]
    found = modalities.compute_features(paths, modality, recipe)
    if mark != _mark(shard, folder, settings, key):
        found = found._replace(settled=False)  # a file changed while it was read
    table = _as_table(shard.names, found, settings)
    table = table.replace_schema_metadata({KEY: mark if found.settled else b"to be tried again"})
    with whole(place) as temporary:
        parquet.write_table(table, temporary, compression="zstd")
    return _count(table, shard, computed=True)


def find_part(shard, *, folder, out, settings, key):
    """The `Part` of a shard if it is done, else None; arguments as `make_part`."""
    import pyarrow
    from pyarrow import parquet

    place = Path(out) / PART.format(shard.number)
    try:
        with parquet.ParquetFile(place) as file:
            if (file.schema_arrow.metadata or {}).get(KEY) != _mark(shard, folder, settings, key):
                return None
            return _count(file.read(["problem", "notes"]), shard, computed=False)
    except (OSError, pyarrow.ArrowException):  # there is none, or it is damaged
        return None


def _mark(shard, folder, settings, key):
    """What a part comes from, as bytes: clips, files by size and time, settings, code, weights."""
    files = []
    for path in shard.paths:
        try:
            status = os.stat(os.path.join(folder, path))
            files.append(f"{status.st_size} {status.st_mtime_ns}")
        except OSError:
            files.append("")
    return digest(json.dumps(settings), key, shard.names, shard.paths, files).encode()


def _as_table(names, found, settings):
    """Names, numbers, problems and notes as an Arrow table; no numbers where there is a problem."""
    import pyarrow

    bad = np.array([problem != "" for problem in found.problems])
    columns = {"VideoName": pyarrow.array(names, pyarrow.string())}
    for name, values in found.columns.items():
        if values.ndim == 1:
            columns[name] = pyarrow.array(values, mask=bad)
            continue
        kind = np.float16 if settings["half"] else np.float32
        flat = pyarrow.array(values.astype(kind).ravel())
        mask = pyarrow.array(bad)
        columns[name] = pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=mask)
    columns["problem"] = pyarrow.array(found.problems, pyarrow.string())
    columns["notes"] = pyarrow.array(found.notes, pyarrow.string())
    return pyarrow.table(columns)


def _count(table, shard, *, computed):
    problems, notes = (table[name].to_pylist() for name in ("problem", "notes"))
    kinds = Counter(kind.split(": ")[0] for note in notes if note for kind in note.split("; "))
    bad = {path: why for path, why in zip(shard.paths, problems, strict=True) if why}
    return Part(computed, len(problems), len(bad), kinds, dict(list(bad.items())[:FIRST]))


def read_record(out):
    """What an earlier call wrote of a folder; DataError when it holds no features."""
    try:
        record = json.loads((Path(out) / RECORD).read_text(encoding="utf-8"))
        if record["what"] == "features" and record["shard_size"] > 0 and record["parts"] > 0:
            return record
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise DataError(f"{out} holds no features ({RECORD}): name another folder.")


def read_features(out):
    """Read all parts of a folder as one table, in the order of the label lists.

    Returns
    -------
    pandas.DataFrame
        VideoName, the numbers, problem, notes; an embedding is an array in its cell.

    Raises
    ------
    DataError
        When the folder holds no features, or not all of them yet.
    """
    import pyarrow

    return pyarrow.concat_tables(_read_parts(out)).to_pandas()


def read_matrix(out):
    """Read the numbers of all parts as one array; raises as `read_features`.

    Returns
    -------
    names : numpy.ndarray of object, shape (n,)
        VideoName.
    x : numpy.ndarray of float32, shape (n, width)
        All columns of numbers side by side; NaN where a file cannot be read.
    """
    names, x, n_clips = [], None, read_record(out)["clips"]
    for table in _read_parts(out):
        block, start = _numbers(table), len(names)
        if x is None:  # of a million clips there is no room for the parts beside it
            x = np.empty((n_clips, block.shape[1]), np.float32)
        names += table["VideoName"].to_pylist()
        x[start : len(names)] = block
    return np.array(names, dtype=object), x


def _read_parts(out):
    """Yield the table of each part of a complete folder."""
    from pyarrow import parquet

    record = read_record(out)
    if not record.get("complete"):
        raise DataError(f"{out} is not complete: call mmage features again, and it goes on.")
    for number in range(record["parts"]):
        table = parquet.read_table(Path(out) / PART.format(number))
        yield table.replace_schema_metadata(None)


def _numbers(table):
    """The numbers of a part as float32, shape (n, width)."""
    import pyarrow

    columns = []
    for name in table.column_names:
        values = table[name].combine_chunks()
        if pyarrow.types.is_fixed_size_list(values.type):
            block = np.full((len(values), values.type.list_size), np.nan, np.float32)
            flat = values.flatten().to_numpy(zero_copy_only=False)  # without rows that are null
            block[values.is_valid().to_numpy(zero_copy_only=False)] = flat.reshape(
                -1, block.shape[1]
            )
            columns.append(block)
        elif pyarrow.types.is_floating(values.type):
            columns.append(values.to_numpy(zero_copy_only=False).astype(np.float32)[:, None])
    return np.concatenate(columns, axis=1)
