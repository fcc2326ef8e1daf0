"""Rows kept in an SQLite file by their key: several runs may add at once, and any may be killed."""

import sqlite3
import time
from contextlib import closing, contextmanager
from itertools import chain, count

from mmage_utils.errors import DataError

WAIT = 60  # s, for another run that is writing
COMMIT_SECONDS = 5  # between two additions: what a kill may cost


def load(path):
    """Read all rows of a file.

    A damaged file is left in its place and the next one used: to remove it could remove what
    another run has just begun there.

    Parameters
    ----------
    path : pathlib.Path
        It need not exist.

    Returns
    -------
    path : pathlib.Path
        Where to add rows: `path`, or ``NAME.1.sqlite`` beside it, and so on.
    rows : dict of tuple
        By the first column, the key; the other columns in order, NaN as None.
    """
    for place in chain([path], (path.with_suffix(f".{n}.sqlite") for n in count(1))):
        if not place.is_file():
            return place, {}
        try:
            with closing(sqlite3.connect(place, timeout=WAIT)) as connection:
                if connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                    rows = connection.execute("SELECT * FROM rows")
                    return place, {key: tuple(values) for key, *values in rows}
        except sqlite3.Error as error:
            if "no such table" in str(error):  # another run has just begun it, or was killed then
                return place, {}


def add(path, columns, rows):
    """Add rows (tuples, the key first) to a file that `load` named; a known key is replaced.

    Raises
    ------
    DataError
        When it cannot be written.
    """
    if not rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    names, marks = ", ".join(columns[1:]), ", ".join("?" * len(columns))
    try:
        with closing(sqlite3.connect(path, timeout=WAIT)) as connection, connection:
            # Without types of columns a float stays the same to the last bit.
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS rows ({columns[0]} PRIMARY KEY, {names})"
            )
            # Only question marks stand in the text.
            connection.executemany(f"INSERT OR REPLACE INTO rows VALUES ({marks})", rows)  # noqa: S608
    except sqlite3.Error as error:
        raise DataError(f"The cache {path} cannot be written: {error}.") from None


@contextmanager
def adding(path, columns):
    """Give a function that collects rows, and `add` them every few seconds and at the end.

    The end may also be an error or an interrupt.
    """
    waiting, last = [], time.monotonic()

    def collect(rows):
        nonlocal last
        waiting.extend(rows)
        if time.monotonic() - last >= COMMIT_SECONDS:
            add(path, columns, waiting)
            waiting.clear()
            last = time.monotonic()

    try:
        yield collect
    finally:
        add(path, columns, waiting)
