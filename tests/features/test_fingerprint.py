"""The fingerprint of a data folder changes with its content, and with nothing else."""

import os
import shutil

import pytest

from mmage_utils import files
from mmage_utils.data.clips import list_media
from mmage_utils.features import recording_keys
from mmage_utils.features.fingerprint import data_fingerprint


@pytest.fixture
def folder(lists):
    """Three label lists, and the face and the voice of one clip."""
    (lists / "train" / "3").mkdir(parents=True)
    for suffix in (".jpg", ".wav"):
        (lists / "train" / "3" / f"-train_0.000{suffix}").write_bytes(suffix.encode())
    return lists


def test_a_copy_elsewhere_has_the_same_fingerprint(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    first = data_fingerprint(folder, tmp_path / "cache")
    assert data_fingerprint(tmp_path / "copy", tmp_path / "cache") == first
    assert data_fingerprint(folder, tmp_path / "other cache") == first


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "test_set_age_labels.csv").write_text("changed"),
        lambda folder: (folder / "train/3/-train_0.000.jpg").write_bytes(b".jpe"),
        lambda folder: (folder / "train/3/-train_0.000.jpg").unlink(),
        lambda folder: (folder / "train/3/new.pkl").write_bytes(b""),
        lambda folder: (folder / "train/3").rename(folder / "train/4"),
        lambda folder: (folder / "synthetic.json").write_text("{}"),
    ],
    ids=["list", "same size", "removed", "added", "other group", "mark"],
)
def test_a_change_is_noticed(folder, tmp_path, change):
    first = data_fingerprint(folder, tmp_path / "cache")
    change(folder)
    assert data_fingerprint(folder, tmp_path / "cache") != first


@pytest.mark.parametrize("name", ["import.csv", "left_out.csv", "answers.csv", "notes.json"])
def test_tables_that_are_kept_beside_are_no_change(folder, tmp_path, name):
    first = data_fingerprint(folder, tmp_path / "cache")
    (folder / name).write_text("VideoName\n")
    assert data_fingerprint(folder, tmp_path / "cache") == first


def test_the_smallest_sample_has_the_content_that_it_always_had(sample, tmp_path):
    # Other content by another way to take it would make every run of it begin anew.
    beside = sorted(path for path in sample.glob("*") if path.is_file())
    names = [path.relative_to(sample).as_posix() for path in beside]
    names += [path.relative_to(sample).as_posix() for _, path in list_media(sample)]
    keys = (recording_keys.content_key(sample / name) for name in names)
    assert data_fingerprint(sample, tmp_path) == files.digest(zip(names, keys, strict=True))


def test_what_has_not_changed_is_not_read_again(folder, tmp_path, monkeypatch):
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))
    monkeypatch.setattr(recording_keys, "SETTLED", 0)  # the files are younger than two seconds
    first = data_fingerprint(folder, tmp_path / "cache")
    monkeypatch.setattr(recording_keys, "content_key", lambda path: pytest.fail(f"read {path}"))
    assert data_fingerprint(folder, tmp_path / "cache") == first


def test_a_file_that_cannot_be_read_is_no_error(folder, tmp_path):
    (folder / "train/3/gone.wav").symlink_to(tmp_path / "nowhere")
    first = data_fingerprint(folder, tmp_path / "cache")
    (folder / "train/3/gone.wav").unlink()
    assert data_fingerprint(folder, tmp_path / "cache") != first
