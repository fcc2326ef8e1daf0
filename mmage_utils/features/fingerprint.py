"""What data are used: one fingerprint of all that a data folder holds, quick to ask for again."""

import os
from pathlib import Path

from mmage_utils import files
from mmage_utils.data.clips import list_media
from mmage_utils.features.recording_keys import content_keys


def data_fingerprint(folder, cache=files.CACHE):
    """Fingerprint of the content of a First Impressions folder, by which a change is noticed.

    It rests on the bytes and the names of the label lists (and of what the sample writes beside
    them) and of every file where media belong; not on the place of the folder or on times. Bytes
    that have not changed since the last time are not read again (`recording_keys.content_keys`).

    Parameters
    ----------
    folder : path-like
        It need not be complete; nothing is written there.
    cache : path-like
        Folder of the index of known files.

    Returns
    -------
    str
        24 hexadecimal digits.
    """
    folder = Path(folder)
    beside = sorted(path for path in folder.glob("*") if path.suffix in {".csv", ".json"})
    paths = [*beside, *(path for _, path in list_media(folder))]
    keys = content_keys(paths, cache)
    names = (os.fsencode(path.relative_to(folder).as_posix()) for path in paths)
    # A file that cannot be read is part of the data too; why not, only a message needs.
    return files.digest(
        (name, key if isinstance(key, str) else "unreadable")
        for name, key in zip(names, keys, strict=True)
    )
