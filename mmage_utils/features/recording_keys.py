"""Keys of recordings by their content, without reading again what has not changed.

To hash all recordings would take longer than to read their features back. So `INDEX` keeps the key
of every path with the size and the times of last change (of content, and of inode) that the file
had; when any of them differs, the content is hashed again.
"""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mmage_utils.data.recordings import open_recording
from mmage_utils.errors import DataError
from mmage_utils.features import table_cache

INDEX = "recording_keys.sqlite"
MARK = ["path", "size", "mtime", "ctime", "key"]
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
    list of str or DataError
        The error says why a file cannot be read.
    """
    paths, now = list(paths), time.time_ns()
    index, rows = table_cache.load(Path(cache) / INDEX)
    known = {(path, *mark): key for path, (*mark, key) in rows.items()}
    marks = [_mark(path) for path in paths]
    keys = [known.get(mark) for mark in marks]
    unknown = [row for row, key in enumerate(keys) if key is None]
    fresh = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashed = pool.map(_key_or_error, [paths[row] for row in unknown])
        for row, keys[row] in zip(unknown, hashed, strict=True):
            settled = marks[row] and max(marks[row][2:]) < now - SETTLED
            if settled and isinstance(keys[row], str):
                fresh.append((*marks[row], keys[row]))
    table_cache.add(index, MARK, fresh)
    return keys


def content_key(path):
    """Hash of a file's bytes, as text; errors as `recordings.open_recording`."""
    with open_recording(path) as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _mark(path):
    """Path as bytes, size and times of last change in ns; None where reading will say why."""
    try:
        place = os.fsencode(os.path.abspath(path))  # a name need not be valid text
        status = os.stat(place)
    except (OSError, TypeError):
        return None
    return place, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _key_or_error(path):
    if not isinstance(path, str | os.PathLike):
        return DataError("There is no recording of it.")
    try:
        return content_key(path)
    except DataError as error:
        return error
