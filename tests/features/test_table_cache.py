"""Rows come back as they were, to the last bit."""

import sqlite3
import struct
from contextlib import closing

import numpy as np
import pytest

from mmage_utils.errors import DataError
from mmage_utils.features import table_cache

COLUMNS = ["key", "number", "text", "bytes"]


def test_rows_come_back_as_they_were(tmp_path, rng):
    path = tmp_path / "new" / "rows.sqlite"
    assert table_cache.load(path) == (path, {})
    table_cache.add(path, COLUMNS, [])
    assert not path.parent.exists()
    numbers = [
        *rng.normal(size=50) * 10.0 ** rng.integers(-300, 300, 50),
        3.0,
        -0.0,
        5e-324,
        np.inf,
    ]
    rows = [(f"{k}", number, "é\n", bytes([k])) for k, number in enumerate(map(float, numbers))]
    table_cache.add(path, COLUMNS, [*rows, ("nan", np.nan, "", b"")])
    place, read = table_cache.load(path)
    assert place == path
    assert read.pop("nan") == (None, "", b"")
    assert read == {key: tuple(values) for key, *values in rows}
    for key, number, *_ in rows:
        assert struct.pack("d", read[key][0]) == struct.pack("d", number)
    table_cache.add(path, COLUMNS, [("0", 2.0, "replaced", b"")])
    assert table_cache.load(path)[1]["0"] == (2.0, "replaced", b"")


def test_rows_are_added_when_the_work_is_interrupted(tmp_path, monkeypatch):
    path, seen = tmp_path / "rows.sqlite", []

    def work():
        with table_cache.adding(path, ["key", "value"]) as collect:
            for key, seconds in (("a", 60), ("b", 0), ("c", 60)):
                monkeypatch.setattr(table_cache, "COMMIT_SECONDS", seconds)
                collect([(key, 1)])
                seen.append("".join(table_cache.load(path)[1]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert seen == ["", "ab", "ab"]
    assert list(table_cache.load(path)[1]) == ["a", "b", "c"]


def test_a_file_that_another_run_has_just_begun_is_used(tmp_path):
    path = tmp_path / "rows.sqlite"
    path.touch()
    assert table_cache.load(path) == (path, {})


def test_a_folder_that_may_only_be_read_is_read(tmp_path):
    path = tmp_path / "rows.sqlite"
    table_cache.add(path, ["key", "value"], [("a", 1)])
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert table_cache.load(path) == (path, {"a": (1,)})
    finally:
        tmp_path.chmod(0o755)


def test_a_lock_that_is_never_released_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(table_cache, "WAIT", 0.1)
    path = tmp_path / "rows.sqlite"
    table_cache.add(path, ["key", "value"], [("a", 1)])
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DataError, match=r"rows\.sqlite cannot be written: database is locked"):
            table_cache.add(path, ["key", "value"], [("b", 1)])
