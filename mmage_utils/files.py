"""Where files are, and how they are written: whole or not at all."""

import fcntl
import hashlib
import json
import os
import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "cache"
LEFTOVER_AGE = 86_400  # s; nothing is written for longer than a day


@contextmanager
def whole(path):
    """Context with a temporary path, which is renamed to `path` if the block succeeds.

    An error of the system that names no file, as on a full disk, names `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(path, *, wait=True):
    """Context that one process at a time is in; the file `path` then holds its process id.

    The system lets go of the lock of a process that dies, so one that was killed blocks nobody.

    Raises
    ------
    BlockingIOError
        Another process is in the context, and we do not wait.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_file_of(handle, path):
                os.truncate(handle, 0)
                os.write(handle, b"%d\n" % os.getpid())
                break
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # whoever had it removed the file while we waited
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _is_file_of(handle, path):
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def remove_leftovers(folder):
    """Remove temporary files of `whole` that a killed process left a day ago or earlier."""
    for path in Path(folder).rglob(".????????*"):
        if path.is_file() and path.stat().st_mtime < time.time() - LEFTOVER_AGE:
            path.unlink(missing_ok=True)


def write_text(path, text):
    """Write a text file whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_json(path, record):
    """Write a record as JSON, whole or not at all.

    It may contain numpy and pandas values. A table becomes a list of rows, or a mapping if its
    rows have names; NaN and infinity become null.
    """
    text = json.dumps(_plain(record), indent=1, ensure_ascii=False) + "\n"
    # Paths that are no valid text hold lone surrogates; this is how JSON writes them.
    write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def file_name(label):
    """A model's label as the name of its files: ``image, corrected`` is ``image_corrected``."""
    return re.sub("[^a-z0-9]+", "_", label.lower()).strip("_")


def digest(*parts):
    """Hash texts, bytes, arrays and iterables of these, in order: 24 hexadecimal digits."""
    return _digest(parts).hex()


def code_key(*modules):
    """Key of the code of modules (``features/faces``), so that no older result is reused."""
    paths = [Path(__file__).parent / f"{module}.py" for module in modules]
    return digest(path.read_bytes() for path in paths)[:12]


def shown(path):
    """A path as users see it: relative to the repository if it is inside."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def file_sha256(path):
    """SHA-256 of a file, as hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(part):
    if isinstance(part, str):
        part = part.encode("utf-8", "replace")
    elif isinstance(part, np.ndarray):
        part = part.tobytes()
    if isinstance(part, bytes):
        return hashlib.blake2b(part, digest_size=12).digest()
    total = hashlib.blake2b(digest_size=12)
    for item in part:
        total.update(_digest(item))  # hashed alone, so that ["ab"] and ["a", "b"] differ
    return total.digest()


def _plain(value):
    """Turn numpy and pandas values into plain ones, as `save_json` describes."""
    if isinstance(value, pd.DataFrame):
        unnamed = value.index.name is None and pd.api.types.is_integer_dtype(value.index)
        value = value.to_dict("records" if unnamed else "index")
    elif isinstance(value, pd.Series):
        value = value.to_dict()
    elif isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
