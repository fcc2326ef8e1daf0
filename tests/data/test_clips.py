"""Clips are found with their media, and those without stay listed."""

import os

import pandas as pd
import pytest

from mmage_utils.data.clips import (
    MEDIA,
    by_split,
    count_media,
    describe_data,
    is_synthetic,
    list_media,
    list_unlabelled,
    read_clips,
    with_media,
)
from mmage_utils.data.folder_check import check_data
from mmage_utils.data.labels import SPLITS
from mmage_utils.errors import DataError


def _put(lists, split, group, name, *suffixes):
    folder = lists / split / str(group)
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in suffixes:
        (folder / (name + suffix)).write_bytes(b"")


def test_clips_without_media_stay_and_are_counted(lists):
    _put(lists, "train", 3, "-train_0.000", ".jpg", ".wav", ".pkl")
    _put(lists, "train", 4, "-train_1.000", ".jpg")
    _put(lists, "train", 3, "-train_2.000", ".jpg")  # another age group's folder
    counts = count_media(read_clips(lists))
    assert counts.loc["train"].to_dict() == {
        "listed": 3, "image": 2, "audio": 1, "transcript": 1, "complete": 1, "without media": 1
    }  # fmt: skip
    assert counts.loc["all", ["listed", "image", "without media"]].tolist() == [9, 2, 7]
    assert counts.index.tolist() == [*SPLITS, "all"]


def test_paths_are_those_of_the_clip_in_a_folder_with_a_space(lists):
    _put(lists, "valid", 4, "-valid_1.000", ".jpg", ".wav")
    clips = read_clips(lists).set_index("VideoName")
    found = clips.loc["-valid_1.000.mp4"]
    assert found["clip"] == "-valid_1.000"
    assert found["image"] == str(lists / "valid" / "4" / "-valid_1.000.jpg")
    assert found["audio"] == str(lists / "valid" / "4" / "-valid_1.000.wav")
    assert pd.isna(found["transcript"])


@pytest.mark.parametrize("name", ["-9BZ8A9U7TE.000", "_9BZ8A9U7TE.000", "a.mp4b-cd_ef.001"])
def test_names_may_begin_with_a_dash_or_an_underscore(lists, name):
    with (lists / "test_set_age_labels.csv").open("a") as stream:
        stream.write(f"{name}.mp4,{name[:11]},6,1,2\n")
    _put(lists, "test", 6, name, ".jpg", ".wav", ".pkl")
    last = read_clips(lists).iloc[-1]
    assert last["clip"] == name
    assert last["transcript"] == str(lists / "test" / "6" / f"{name}.pkl")


def test_clips_with_the_media_asked_for_are_kept(lists):
    for split in SPLITS:
        _put(lists, split, 3, f"-{split}_0.000", ".jpg", ".wav", ".pkl")
        _put(lists, split, 5, f"-{split}_2.000", ".jpg")
    clips = read_clips(lists)
    assert with_media(clips)["clip"].tolist() == [f"-{split}_0.000" for split in SPLITS]
    assert len(with_media(clips, "image")) == 6
    assert with_media(clips, "image").index.tolist() == list(range(6))


def test_split_without_media_is_named(lists):
    for split in ("train", "test"):
        _put(lists, split, 3, f"-{split}_0.000", ".jpg", ".wav")
    clips = read_clips(lists)
    with pytest.raises(DataError, match=r"No valid clip has audio .*valid/4/NAME\.wav"):
        with_media(clips, "audio")
    with pytest.raises(DataError, match="No train clip has transcript"):
        with_media(clips, "transcript")


def test_no_media_file_is_asked_for_where_folders_are_listed(lists, monkeypatch):
    """A stat for each of a million files takes minutes on a shared disk."""

    def watched(name):
        known = getattr(os, name)

        def run(path, *arguments, **settings):
            assert not str(path).endswith(tuple(MEDIA.values())), f"{name} of {path}"
            return known(path, *arguments, **settings)

        return run

    _put(lists, "train", 3, "nobody.000", ".jpg", ".wav", ".pkl")
    for name in ("stat", "lstat", "access"):
        monkeypatch.setattr(os, name, watched(name))
    with pytest.raises(AssertionError, match="stat of"):
        (lists / "train" / "3" / "nobody.000.jpg").is_file()
    problems = [problem.what for problem in check_data(lists)]
    assert problems.count("has no row in the label lists") == 3
    _put(lists, "train", 3, "-train_0.000", ".jpg", ".wav", ".pkl")
    counts = count_media(read_clips(lists)).loc["all"]
    assert counts[["image", "audio", "transcript"]].tolist() == [1, 1, 1]
    assert len([*list_media(lists)]) == 6
    assert list(list_unlabelled(lists, ["-train_0.000"])) == ["nobody.000"]


def test_real_and_synthetic_folders_are_told_apart(lists, sample):
    assert describe_data(lists) == "First Impressions"
    assert not is_synthetic(lists)
    assert describe_data(sample) == "synthetic sample, seed 0"
    assert is_synthetic(sample)


def test_one_split_comes_with_a_fresh_index(lists):
    clips = read_clips(lists)
    valid = by_split(clips, "valid")
    assert valid["UserID"].tolist() == ["-valid_0", "-valid_1", "-valid_2"]
    assert valid.index.tolist() == [0, 1, 2]
