"""What data are used: one fingerprint of all that a data folder holds, quick to ask for again."""

import os
from pathlib import Path

from mmage_utils import files
from mmage_utils.data.clips import list_media
from mmage_utils.data.labels import LABEL_LIST, SPLITS
from mmage_utils.features.recording_keys import content_keys

LISTS = [LABEL_LIST.format(split=split) for split in SPLITS]


def data_fingerprint(folder, cache=files.CACHE):
    """Fingerprint of the content of a First Impressions folder, by which a change is noticed.

    It rests on the bytes and the names of the label lists (and of what the sample writes beside
    them) and of every file where media belong; not on other tables that are kept there, nor on the
    place of the folder or on times. Bytes that have not changed since the last time are not read
    again (`recording_keys.content_keys`).

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
    drawn = (path for path in folder.glob("synthetic*") if path.suffix in {".csv", ".json"})
    lists = (folder / name for name in LISTS if (folder / name).exists())
    paths = [*sorted([*drawn, *lists]), *(path for _, path in list_media(folder))]
    keys = content_keys(paths, cache)
    names = (os.fsencode(path.relative_to(folder).as_posix()) for path in paths)
    # A file that cannot be read is part of the data too; why not, only a message needs.
    return files.digest(
        (name, key if isinstance(key, str) else "unreadable")
        for name, key in zip(names, keys, strict=True)
    )
