"""A full disk and a folder without rights end a run in one sentence and spoil nothing."""

import os
import shutil
import subprocess

import interruptions
import pytest

from mmage_utils import runs
from mmage_utils.features import table_cache
from mmage_utils.features.fingerprint import data_fingerprint
from mmage_utils.files import save_json


@pytest.fixture
def mounted(tmp_path):
    """Function that mounts something on a folder, where this user may and the system can."""
    places = []

    def mount(place, *options):
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", *map(str, options), str(place)]
        if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("nothing can be mounted here")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("place", ["runs", "cache"])
@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_earlier_results_stay(tmp_path, mounted, place):
    root = interruptions.make_root(tmp_path / "root", toy=True)
    disk = mounted(root / place, "-t", "tmpfs", "-o", "size=600k", "tmpfs")
    earlier = root / "runs" / "tiny" / "results" / "a.json"
    save_json(earlier, {"earlier": 1})
    before = earlier.read_bytes()
    run = interruptions.start(root)
    printed, said = run.communicate()
    assert run.returncode == 1
    assert printed.splitlines()[-1].endswith("01_makes … failed")
    assert said == (
        "mmage: 01_makes stopped: the disk is full: free some space, and the same command goes on "
        "where it stopped.\n"
    )
    assert earlier.read_bytes() == before
    for path in (root / "runs" / "tiny" / "predictions").glob("[!.]*.csv"):
        assert path.read_text().count("\n") == 20_001
    _, rows = table_cache.load(root / "cache" / "toy.sqlite")
    assert len(rows) % 5_000 == 0
    assert shutil.disk_usage(disk).free < 300_000


@pytest.mark.parametrize("names", [("results",), ("notebooks",), ()])
@pytest.mark.slow
def test_a_run_that_may_not_be_written_is_one_sentence(tmp_path, mounted, names):
    root = interruptions.make_root(tmp_path / "root", toy=True)
    place = mounted(root.joinpath("runs", "tiny", *names), "-t", "tmpfs", "-o", "ro", "tmpfs")
    run = interruptions.start(root)
    _, said = run.communicate()
    assert run.returncode == 1
    assert said.startswith("mmage: ")
    assert said.count("\n") == 1
    assert "Read-only file system" in said
    assert not any(place.iterdir())


@pytest.fixture
def read_only(sample, tmp_path, mounted):
    """The sample, where nothing can be written."""
    place = mounted(tmp_path / "data", "--bind", sample)
    subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
    return place


def test_data_that_may_only_be_read_are_read(sample, tmp_path, read_only):
    run, clips = runs.open_run("x", read_only, n_clips=160)
    assert run.synthetic
    assert len(clips) == 10_000
    cache = tmp_path / "cache"
    assert data_fingerprint(read_only, cache) == data_fingerprint(sample, cache)


@pytest.mark.slow
def test_a_notebook_runs_on_data_that_may_only_be_read(tmp_path, read_only):
    root = interruptions.make_root(tmp_path / "root")
    run = interruptions.start(root, "--only", "01", "--data", read_only)
    _, said = run.communicate()
    assert (run.returncode, said) == (0, "")
    assert len(list(root.glob("runs/*/results/a_statistics.json"))) == 1
