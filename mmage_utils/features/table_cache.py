"""A table on disk that grows by parts, each written whole or not at all; several may write at once.

A part is ``part-<time>-<random>.parquet``: no two writers ever use the same name.
"""

import time
import uuid

import pandas as pd

from mmage_utils.files import whole

MANY = 8  # more parts than these are merged
ABANDONED = 3600  # s, after which a part that was begun belongs to a run that was killed


def read(folder, columns):
    """Read all parts of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.
    columns : list of str
        The first is the key: rows of one key are the same, and one of them is given.

    Returns
    -------
    pandas.DataFrame
        Indexed by the key, as it is in the parts.
    """
    table, _ = _read(folder, columns)
    return table


def append(folder, table):
    """Write a table, indexed by its key, as a new part."""
    with whole(folder / f"part-{time.time_ns()}-{uuid.uuid4().hex[:8]}.parquet") as temporary:
        table.reset_index().to_parquet(temporary, index=False)


def compact(folder, columns, *, many=MANY):
    """Merge the parts of a folder into one, when there are more than `many`.

    The merged part is written before those it holds are removed: whoever reads meanwhile, or is
    killed, finds each row once or twice, never not at all.
    """
    if len(_list(folder)) <= many:
        return
    table, paths = _read(folder, columns)
    append(folder, table)
    for path in paths:
        path.unlink(missing_ok=True)
    for path in folder.glob(".*.parquet"):
        if path.exists() and time.time() - path.stat().st_mtime > ABANDONED:
            path.unlink(missing_ok=True)


def _list(folder):
    return sorted(folder.glob("part-*.parquet"))


def _read(folder, columns):
    """The table of `read`, and the paths it was read from."""
    import pyarrow

    tables, paths = [], []
    for path in _list(folder):
        try:
            tables.append(pd.read_parquet(path, columns=columns))
            paths.append(path)
        except FileNotFoundError:
            # Another run has just merged it: its rows are in a part that was not listed.
            return _read(folder, columns)
        except (OSError, pyarrow.ArrowException):
            continue  # damaged, by a failing disk for instance: computed again
    table = pd.concat(tables) if tables else pd.DataFrame(columns=columns)
    return table.drop_duplicates(columns[0]).set_index(columns[0]), paths
