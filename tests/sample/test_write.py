"""The sample has the layout of the data set, and the same seed gives the same bytes."""

import hashlib
import json
import pickle
import wave

import pytest
from PIL import Image

from mmage_utils.data.clips import with_media
from mmage_utils.data.labels import AGE_GROUPS, SPLITS
from mmage_utils.errors import DataError, UsageError
from mmage_utils.sample.write import N_CLIPS, choose_clips, make_sample

LISTS = {"train": 6006, "valid": 2019, "test": 1975}


def _tree(folder):
    """Hash of every file under a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("split", SPLITS)
def test_label_lists_have_the_exact_form(sample, split):
    content = (sample / f"{split}_set_age_labels.csv").read_bytes()
    lines = content.decode("ascii").split("\n")
    assert lines[0] == "VideoName,UserID,AgeGroup,Gender,Ethnicity"
    assert lines[-1] == ""
    assert len(lines) == LISTS[split] + 2
    assert b"\r" not in content
    assert all(line.count(",") == 4 for line in lines[:-1])


def test_folders_hold_nothing_but_triples(sample, clips):
    files = {path.relative_to(sample).as_posix() for path in sample.rglob("*") if path.is_file()}
    lists = {f"{split}_set_age_labels.csv" for split in SPLITS}
    complete = with_media(clips)
    places = complete["split"] + "/" + complete["AgeGroup"].astype(str) + "/" + complete["clip"]
    media = {place + suffix for place in places for suffix in (".jpg", ".wav", ".pkl")}
    assert files == media | lists | {"synthetic.json", "synthetic_cues.csv"}
    assert sorted(path.name for path in (sample / "valid").iterdir()) == list("1234567")


def test_recordings_are_16_bit_mono_of_the_real_length(clips):
    for path in with_media(clips)["audio"].iloc[::16]:
        with wave.open(path) as recording:
            assert recording.getparams()[:4] == (1, 2, 16000, 244_832)


def test_faces_are_rgb_jpegs_of_224_pixels(clips):
    for path in with_media(clips)["image"].iloc[::8]:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (224, 224))


def test_transcripts_are_pickled_str_of_25_to_60_words(clips):
    for path in with_media(clips)["transcript"]:
        with open(path, "rb") as stream:
            text = pickle.load(stream)
        assert type(text) is str
        assert 25 <= len(text.split()) <= 60


def test_the_clips_asked_for_have_media_by_whole_users(clips):
    complete = with_media(clips)
    assert complete["split"].value_counts().to_dict() == {"train": 96, "valid": 32, "test": 32}
    listed = clips[clips["UserID"].isin(complete["UserID"])]
    assert len(listed) == len(complete) == 160
    assert clips[["image", "audio", "transcript"]].notna().any(axis=1).sum() == 160


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("n_clips", [2975, N_CLIPS, 5000, 9990, 9999, 10000])
def test_choice_holds_the_whole_test_split(labels, n_clips, seed):
    chosen = choose_clips(labels, n_clips, seed)
    assert len(chosen) == n_clips
    assert labels["UserID"].isin(chosen["UserID"]).sum() == n_clips
    clips = chosen["split"].value_counts()
    assert clips["test"] == LISTS["test"]
    assert clips["train"] / clips["valid"] == pytest.approx(1.8, abs=0.1) or n_clips > 7000


def test_default_sample_can_choose_on_valid_and_decide_on_test(labels):
    chosen = choose_clips(labels, N_CLIPS, 0)
    assert chosen["split"].value_counts().to_dict() == {"train": 720, "valid": 400, "test": 1975}
    assert chosen.loc[chosen["split"] == "test", "UserID"].nunique() == 612


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("n_clips", [160, 161, 200, 333, 1200, 2974])
def test_small_choice_is_exact_whole_and_about_60_20_20(labels, n_clips, seed):
    chosen = choose_clips(labels, n_clips, seed)
    assert len(chosen) == n_clips
    assert labels["UserID"].isin(chosen["UserID"]).sum() == n_clips
    share = chosen["split"].value_counts() / n_clips
    assert share.to_dict() == pytest.approx({"train": 0.6, "valid": 0.2, "test": 0.2}, abs=0.005)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_clips", [160, 200, N_CLIPS])
def test_every_age_group_of_every_split_has_two_users_with_media(labels, n_clips, seed):
    chosen = choose_clips(labels, n_clips, seed)
    users = chosen.groupby(["split", "user_group"])["UserID"].nunique()
    assert len(users) == len(SPLITS) * len(AGE_GROUPS)
    assert users.min() >= 2


def test_same_seed_gives_the_same_bytes_after_an_interruption(sample, tmp_path):
    rest = tmp_path / ".again.partial" / "train" / "4"
    rest.mkdir(parents=True)
    (rest / "half.jpg").write_bytes(b"half")
    (tmp_path / "again").mkdir()  # empty: taken as it is
    assert make_sample(tmp_path / "again", n_clips=160, seed=0, n_jobs=1) is True
    assert _tree(tmp_path / "again") == _tree(sample)
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_identical_folder_is_left_alone(sample):
    before = {path: path.stat().st_mtime_ns for path in sample.rglob("*")}
    assert make_sample(sample, n_clips=160, seed=0) is False
    assert {path: path.stat().st_mtime_ns for path in sample.rglob("*")} == before


@pytest.mark.parametrize("asked", [{"n_clips": 161}, {"seed": 1}])
def test_another_sample_is_refused(sample, asked):
    with pytest.raises(DataError, match=f"{sample} contains another sample"):
        make_sample(sample, **{"n_clips": 160, "seed": 0, **asked})


@pytest.mark.parametrize("name", ["notes.txt", "synthetic.json"])
def test_folder_with_other_files_is_refused_and_kept(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(DataError, match=rf"{tmp_path}(/{name} is damaged| contains)"):
        make_sample(tmp_path, n_clips=160)
    assert (tmp_path / name).read_text() == "mine"


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="contains other files"):
        make_sample(tmp_path / "file", n_clips=160)


@pytest.mark.parametrize("asked", [{"n_clips": 159}, {"n_clips": 10_001}, {"seed": -1}])
def test_sizes_and_seeds_out_of_range_are_refused(tmp_path, asked):
    with pytest.raises(UsageError, match=str(next(iter(asked.values())))):
        make_sample(tmp_path / "new", **asked)
    assert list(tmp_path.iterdir()) == []


def test_mark_says_what_the_folder_is(sample):
    mark = json.loads((sample / "synthetic.json").read_text())
    assert mark | {"format": None} == {
        "what": "synthetic sample", "format": None, "clips": 160, "seed": 0
    }  # fmt: skip
