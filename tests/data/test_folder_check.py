"""check-data says everything that is wrong with a folder, with file and row."""

import shutil

import pytest

from mmage_utils.data.folder_check import check_data

TRAIN = "train_set_age_labels.csv"
HEADER = "VideoName,UserID,AgeGroup,Gender,Ethnicity"


@pytest.fixture
def folder(tmp_path):
    """Three correct lists of three clips each, without media."""
    folder = tmp_path / "data"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        users = [f"{split:_<10}{k}" for k in range(3)]
        rows = [f"{user}.000.mp4,{user},{3 + k},1,2" for k, user in enumerate(users)]
        text = "\n".join([HEADER, *rows]) + "\n"
        (folder / f"{split}_set_age_labels.csv").write_text(text, encoding="utf-8")
    return folder


def edit(folder, old, new, name=TRAIN):
    path = folder / name
    data = path.read_bytes()
    assert old.encode() in data
    path.write_bytes(data.replace(old.encode(), new.encode(), 1))


def said(folder, *, error):
    return [f"{p.place}: {p.what}" for p in check_data(folder) if p.error == error]


def test_correct_lists_without_media_give_warnings_only(folder):
    assert said(folder, error=True) == []
    assert len(said(folder, error=False)) == 3  # nine clips without face, voice and words


def test_the_sample_has_only_its_known_peculiarities(sample):
    problems = check_data(sample)
    assert not any(problem.error for problem in problems)
    several = [problem for problem in problems if "several age groups" in problem.what]
    assert len(several) == 8


def test_all_problems_are_told_not_the_first(folder):
    edit(folder, "train_____0,3,1,2", "train_____0,9,3,2")
    edit(folder, "train_____1,4,1,2", "train_____1,4,1,7")
    assert said(folder, error=True) == [
        f"{TRAIN}, row 2: AgeGroup '9' is not one of 1, 2, 3, 4, 5, 6, 7",
        f"{TRAIN}, row 2: Gender '3' is not one of 1, 2",
        f"{TRAIN}, row 3: Ethnicity '7' is not one of 1, 2, 3",
    ]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("Gender", "Sex", f"{TRAIN}: needs one column Gender"),
        ("train_____1.000", "train_____0.000", "row 3: VideoName 'train_____0.000.mp4' is"),
        ("4,1,2\n", "4,1\n", "row 3: 4 fields"),
        ("train_____0.000.mp4,train_____0", "test______0.000.mp4,test______0", "in two lists"),
        ("train_____0.000.mp4,train_____0", "test______0.001.mp4,test______0", "in two splits"),
    ],
)
def test_errors_of_lists(folder, old, new, what):
    edit(folder, old, new)
    assert any(what in one for one in said(folder, error=True))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("VideoName", "\ufeffVideoName", "begins with a byte-order mark"),
        ("4,1,2\n", "4,1,2\r\n", "CRLF"),
        ("4,1,2\n", "4,1,2\n\n", "1 blank lines, first row 4"),
        ("train_____1,4", " train_____1,4", "row 3: UserID ' train_____1' has spaces around it"),
        ("train_____1.000.mp4,train_____1", "train_____1.001.mp4,train_____0", "several age"),
        ("train_____1.000.mp4", "train_____1.mp4", "does not have the usual form"),
    ],
)
def test_warnings_of_lists(folder, old, new, what):
    edit(folder, old, new)
    assert any(what in one for one in said(folder, error=False))
    assert not [one for one in said(folder, error=True) if "column" in one]


def test_missing_list(folder):
    (folder / TRAIN).unlink()
    assert any(f"{TRAIN} is missing from" in one for one in said(folder, error=True))


@pytest.fixture
def small(sample, tmp_path):
    """A copy of the sample's lists, with the valid media of one age group."""
    folder = tmp_path / "small"
    (folder / "valid").mkdir(parents=True)
    for path in sample.glob("*.csv"):
        shutil.copy(path, folder)
    shutil.copytree(sample / "valid" / "2", folder / "valid" / "2")
    return folder


@pytest.mark.parametrize("suffix", [".jpg", ".wav", ".pkl"])
@pytest.mark.parametrize("content", [b"", b"no such thing"])
def test_unreadable_media_are_errors(small, suffix, content):
    path = sorted((small / "valid/2").glob(f"*{suffix}"))[0]
    path.write_bytes(content)
    found = said(small, error=True)
    assert len(found) == 1
    assert found[0].startswith(f"valid/2/{path.name}: cannot be read as")


def test_media_in_the_wrong_folder_and_without_a_row(small):
    first, second = sorted((small / "valid/2").glob("*.jpg"))[:2]
    (small / "valid/5").mkdir()
    first.rename(small / "valid/5" / first.name)
    second.rename(second.with_name("nobody_here.000.jpg"))
    (small / "valid/2/notes.txt").write_text("mine")
    assert said(small, error=True) == [f"valid/5/{first.name}: belongs to valid/2 by its row"]
    warnings = said(small, error=False)
    assert "valid/2/nobody_here.000.jpg: has no row in the label lists" in warnings
    assert "valid/2/notes.txt: is not a face, voice or transcript" in warnings


def _without_lists(sample, folder):
    """Media of a few clips of the sample, without label lists."""
    for place in ("train/4", "test/5"):
        (folder / place).mkdir(parents=True)
        for path in sorted((sample / place).iterdir())[:6]:
            shutil.copy(path, folder / place)
    return folder


def test_a_folder_without_lists_is_said_to_be_for_predictions_only(sample, tmp_path):
    folder = _without_lists(sample, tmp_path / "data")
    (folder / "unlabelled").mkdir()
    (folder / "unlabelled" / "new.jpg").write_text("no picture")
    (lists,) = said(folder, error=False)
    assert lists.startswith(f"{folder}: has no label lists (train_set_age_labels.csv and so on)")
    assert "for its 5 clips: they can be answered (mmage predict), but not trained on" in lists
    (broken,) = said(folder, error=True)
    assert broken.startswith("unlabelled/new.jpg: cannot be read as image: it is not an image")


def test_clips_without_labels_beside_lists_are_counted_and_keep_nothing_from_running(folder):
    (folder / "unlabelled").mkdir()
    (folder / "unlabelled" / "a b.wav").write_text("no sound")
    (folder / "unlabelled" / "notes.txt").write_text("mine")
    assert said(folder, error=True) == []
    warnings = said(folder, error=False)
    assert "unlabelled/: holds 1 clips without labels" in "\n".join(warnings)
    assert any(one.startswith("unlabelled/a b.wav: cannot be read") for one in warnings)


def test_an_empty_folder_still_lacks_its_lists(tmp_path):
    assert len(said(tmp_path, error=True)) == 3
