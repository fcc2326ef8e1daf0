"""Damaged folders, through check-data and the loaders: a result or a sentence, and nothing else.

All are met in one process, so that its memory is that of the whole corpus; `helpers.hostile_run`
meets them.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.damaged_folders import MEDIA, corpus

from mmage_utils.files import ROOT

pytestmark = pytest.mark.slow

CORPUS = corpus()
SECONDS, MEGABYTES = 30, 4000  # of a folder, of all
ALL_SECONDS = 500
CLIPS = 6
PROGRAM = Path(__file__).parent / "helpers" / "hostile_run.py"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def records(base):
    """What came of each folder, by name; a folder that hangs is the last that began."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    with open(base / "records", "w+") as out, open(base / "errors", "w+") as errors:
        place = base / "base"
        place.mkdir()
        command = [sys.executable, str(PROGRAM), str(place)]
        try:
            subprocess.run(
                command, stdout=out, stderr=errors, env=environment, timeout=ALL_SECONDS, check=True
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            last = (base / "records").read_text().splitlines()[-1:]
            end = (base / "errors").read_text()[-1000:]
            pytest.fail(f"{type(error).__name__} after {last}: {end}")
    lines = map(json.loads, (base / "records").read_text().splitlines())
    return {line["name"]: line for line in lines if "name" in line}


def test_the_corpus_is_large_and_every_folder_was_met(records):
    assert len(CORPUS) >= 100
    assert set(records) == set(CORPUS)


def test_memory_is_bounded(records):
    assert max(record["megabytes"] for record in records.values()) < MEGABYTES


def test_no_program_of_a_file_ran(records, base):
    assert not [record["changed"] for record in records.values() if record["changed"]]
    assert list((base / "base" / "work").iterdir()) == []
    assert {path.name for path in (base / "base").iterdir()} == {"work", "cache"}


@pytest.mark.parametrize("name", CORPUS)
def test_check_data_says_what_is_wrong(records, name):
    record, damage = records[name], CORPUS[name]
    assert "crash" not in record, record["crash"]
    assert record["seconds"] < SECONDS
    assert record["code"] in ({0, 1} if damage.code is None else {damage.code}), record["output"]
    assert re.search(damage.says, record["output"]), record["output"]
    assert "Traceback" not in record["output"]
    assert all(len(line) < 1000 for line in record["output"].splitlines())
    assert not [c for c in record["output"] if not (c.isprintable() or c == "\n")]


@pytest.mark.parametrize("name", [name for name, x in CORPUS.items() if x.lost is not None])
def test_the_loaders_use_what_can_be_used(records, name):
    loaded, lost = records[name]["loaded"], CORPUS[name].lost
    for medium in MEDIA:
        if medium == "transcript" and lost == ("transcript",):
            assert re.search("transcript .*train_____0", loaded[medium])  # refused, and named
        else:
            assert loaded[medium] == CLIPS - (medium in lost), loaded


@pytest.mark.parametrize("name", [name for name, x in CORPUS.items() if x.lost is None])
def test_lists_are_read_or_refused_in_a_sentence(records, name):
    loaded = records[name]["loaded"]
    if "refused" in loaded:
        assert records[name]["code"] == 1
        assert len(loaded["refused"].splitlines()) == 1
    else:
        assert all(CLIPS - 2 <= loaded[medium] <= CLIPS for medium in MEDIA), loaded
