"""Labels of videos: codes, names and splits of users."""

import os

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmage_utils.data.labels import SPLITS
from mmage_utils.data.video_files import clip_name, find_videos, place_inside, user_name
from mmage_utils.data.video_labels import read_video_labels, split_users
from mmage_utils.errors import DataError, UsageError


def _csv(folder, *lines):
    path = folder / "labels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_missing_columns_and_cells(tmp_path):
    path = _csv(
        tmp_path, "VideoName,AgeGroup,Gender,Ethnicity", "-a_b.000.mp4,4,1,2", "x.webm,,1,2"
    )
    table, lacking = read_video_labels(path)
    assert table.to_dict("records") == [
        {"VideoName": "-a_b.000.mp4", "UserID": "-a_b", "AgeGroup": 4, "Gender": 1,
         "Ethnicity": 2, "split": "train"}
    ]  # fmt: skip
    assert lacking == {"x": "no AgeGroup"}
    table, lacking = read_video_labels(_csv(tmp_path, "VideoName", "x.mp4"))
    assert table.empty
    assert lacking == {"x": "no AgeGroup, Gender, Ethnicity"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.mp4,u,9,1,2,", "row 3: AgeGroup '9' is not one of 1, 2"),
        ("a.mp4,u,4,1,2,dev", "row 3: split 'dev' is not one of train, valid, test"),
        ("a.mp4,u,4,1,2,train", "row 2: the split is empty"),
        ("ok.webm,u,4,1,2,", r"row 3: ok\.mp4 is listed twice"),
        ("../a.mp4,u,4,1,2,", "row 3: The name '../a.mp4' cannot be that of a clip"),
    ],
)
def test_wrong_rows_are_named(tmp_path, line, message):
    header = "VideoName,UserID,AgeGroup,Gender,Ethnicity,split"
    with pytest.raises(DataError, match=message):
        read_video_labels(_csv(tmp_path, header, "ok.mp4,u,4,1,2,", line))


def test_label_lists_keep_their_splits(lists):
    table, lacking = read_video_labels(lists)
    assert table["split"].value_counts().to_dict() == {"train": 3, "valid": 3, "test": 3}
    assert lacking == {}


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 7), min_size=3))
def test_every_split_has_users_and_their_shares(users):
    table = pd.DataFrame({"UserID": list(users), "AgeGroup": list(users.values())})
    splits = split_users(table)
    assert splits == split_users(table.iloc[::-1])
    counts = pd.Series(splits).value_counts()
    assert set(counts.index) == set(SPLITS)
    assert abs(counts["train"] - 0.6 * len(users)) <= 1.2
    assert abs(counts["valid"] - 0.2 * len(users)) <= 1
    for group in set(users.values()):
        of_group = [splits[user] for user in users if users[user] == group]
        assert abs(of_group.count("test") - 0.2 * len(of_group)) <= 1


@given(st.text(max_size=30))
def test_names_of_clips_stay_where_they_are_put(name):
    try:
        clip = clip_name(name)
    except DataError:
        return
    assert clip == clip_name(clip + ".mp4")
    assert clip not in ("", ".", "..")
    assert not set("/\\\n\r\0") & set(clip)


@pytest.mark.parametrize(
    ("clip", "user"),
    [("-9BZ8A9U7TE.000", "-9BZ8A9U7TE"), ("a b", "a b"), ("a.b.12", "a.b"), (".5", ".5")],
)
def test_user_of_a_clip(clip, user):
    assert user_name(clip) == user


def test_videos_are_found_once_and_hidden_ones_not(tmp_path):
    for name in ("b.mp4", "-a.WEBM", ".c.mp4", "text.txt", "sub/b.mov", "e\u0301.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "nowhere")
    videos, refused = find_videos(tmp_path)
    assert list(videos) == ["-a", "b", "é"]
    assert [(path.name, why) for path, why in refused] == [
        ("link.mp4", "it is not a regular file"),
        ("pipe.mp4", "it is not a regular file"),
        ("b.mov", "another video is b already"),
    ]
    with pytest.raises(UsageError, match="no video in"):
        find_videos(tmp_path / "text.txt")
    with pytest.raises(UsageError, match="check the path"):
        find_videos(tmp_path / "nowhere")


def test_links_that_lead_out_are_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train").symlink_to(tmp_path / "out")
    with pytest.raises(DataError, match="leads out of"):
        place_inside(tmp_path / "in", "train", "4")
    assert place_inside(tmp_path / "in", "test", "4").is_dir()
