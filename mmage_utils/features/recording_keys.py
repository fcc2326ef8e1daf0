"""Keys of recordings by their content, without reading again what has not changed.

Reading all recordings only to find their keys would cost more than reading their features back.
So ``voices_index.parquet`` remembers the key of every path with the size and the times of last
change (of content, and of inode) that the file had; when any of them differs, the content is
hashed again.
"""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from mmage_utils.data.recordings import open_recording
from mmage_utils.errors import DataError
from mmage_utils.files import whole

INDEX = "voices_index.parquet"
COLUMNS = ["path", "size", "mtime", "ctime", "key"]
MAX_ROWS = 100_000
SETTLED = 2e9  # ns; a file changed later than that may change again within one tick of the clock


def content_keys(paths, cache):
    """Key of the content of each file.

    Parameters
    ----------
    paths : iterable of path-like or None
    cache : path-like
        Folder of the index.

    Returns
    -------
    keys : list of str or None
        None where a file cannot be read.
    failed : dict of int to DataError
        By position in `paths`, why.
    """
    paths, index = list(paths), _read_index(Path(cache) / INDEX)
    known = {tuple(mark): key for *mark, key in index[COLUMNS].itertuples(index=False)}
    now = time.time_ns()
    marks = [_mark(path) for path in paths]
    keys = [known.get(mark) for mark in marks]
    rows = [row for row, key in enumerate(keys) if key is None]
    failed, fresh = {}, []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(_key_or_error, [paths[row] for row in rows])
        for row, key in zip(rows, found, strict=True):
            if isinstance(key, DataError):
                failed[row] = key
                continue
            keys[row] = key
            if marks[row] and max(marks[row][2:]) < now - SETTLED:
                fresh.append((*marks[row], key))
    if fresh:
        index = pd.concat([index, pd.DataFrame(fresh, columns=COLUMNS)], ignore_index=True)
        index = index.drop_duplicates("path", keep="last").tail(MAX_ROWS)
        with whole(Path(cache) / INDEX) as temporary:
            index.to_parquet(temporary, index=False)
    return keys, failed


def content_key(path):
    """Hash of a file's bytes, as text.

    Raises
    ------
    DataError
        As `recordings.open_recording`.
    """
    with open_recording(path) as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _read_index(path):
    try:
        return pd.read_parquet(path, columns=COLUMNS)
    except (OSError, ValueError):  # none yet, or damaged: a loss of time only
        return pd.DataFrame(columns=COLUMNS)


def _mark(path):
    """Path, size and times of last change in ns, or None; reading the file will say why."""
    try:
        place = os.path.abspath(path)
        found = os.stat(place)
    except (OSError, TypeError):
        return None
    return place, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _key_or_error(path):
    if not isinstance(path, str | os.PathLike):
        return DataError("There is no recording of it.")
    try:
        return content_key(path)
    except DataError as error:
        return error
