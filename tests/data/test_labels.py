"""Label lists are read, or refused with the file and the row that is wrong."""

import pytest

from mmage_utils.data.labels import LABEL_COLUMNS, count_labels, read_labels
from mmage_utils.errors import DataError

TRAIN = "train_set_age_labels.csv"


def _edit(lists, old, new, name=TRAIN):
    path = lists / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_lists_are_read_in_order(lists):
    labels = read_labels(lists)
    assert list(labels) == [*LABEL_COLUMNS, "split"]
    assert labels["split"].tolist() == ["train"] * 3 + ["valid"] * 3 + ["test"] * 3
    assert labels.iloc[4].tolist() == ["-valid_1.000.mp4", "-valid_1", 4, 2, 2, "valid"]


def test_extra_columns_are_left_out_and_order_of_columns_is_free(lists):
    rows = ["Note,Ethnicity,Gender,AgeGroup,UserID,VideoName", "x,3,2,1,u,u.000.mp4"]
    (lists / TRAIN).write_text("\n".join(rows) + "\n")
    first = read_labels(lists).iloc[0]
    assert first.to_dict() == dict(
        zip([*LABEL_COLUMNS, "split"], ["u.000.mp4", "u", 1, 2, 3, "train"], strict=True)
    )


def test_byte_order_mark_and_windows_line_ends_are_accepted(lists):
    expected = read_labels(lists)
    text = (lists / TRAIN).read_text(encoding="utf-8").replace("\n", "\r\n")
    (lists / TRAIN).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_labels(lists).equals(expected)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        read_labels(tmp_path / "nowhere")


def test_empty_folder_lacks_the_train_list(tmp_path):
    with pytest.raises(DataError, match=rf"{TRAIN} is missing from {tmp_path}"):
        read_labels(tmp_path)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_missing_list_is_named(lists, split):
    (lists / f"{split}_set_age_labels.csv").unlink()
    with pytest.raises(DataError, match=rf"{split}_set_age_labels\.csv is missing"):
        read_labels(lists)


@pytest.mark.parametrize("column", LABEL_COLUMNS)
def test_missing_column_is_named_with_its_file(lists, column):
    _edit(lists, column, "Other", "test_set_age_labels.csv")
    with pytest.raises(DataError, match=rf"test_set_age_labels\.csv needs one column {column}:"):
        read_labels(lists)


def test_column_named_twice_is_refused(lists):
    (lists / TRAIN).write_text(",".join([*LABEL_COLUMNS, "Gender"]) + "\nu.000.mp4,u,1,2,3,1\n")
    with pytest.raises(DataError, match=rf"{TRAIN} needs one column Gender:"):
        read_labels(lists)


@pytest.mark.parametrize(
    ("column", "bad"),
    [("AgeGroup", "9"), ("AgeGroup", "0"), ("AgeGroup", ""), ("AgeGroup", "4.0"),
     ("Gender", "3"), ("Ethnicity", "NA")],
)  # fmt: skip
def test_unknown_code_is_named_with_file_and_row(lists, column, bad):
    fields = {"AgeGroup": "4", "Gender": "2", "Ethnicity": "2"}
    old = ",".join(fields.values())
    _edit(lists, old, ",".join((fields | {column: bad}).values()))
    with pytest.raises(
        DataError, match=rf"{TRAIN}, row 3: {column} '{bad}' is not one of 1.*\(1 such rows\)"
    ):
        read_labels(lists)


def test_row_that_stops_early_is_refused(lists):
    _edit(lists, "4,2,2\n", "4\n")
    with pytest.raises(DataError, match=rf"{TRAIN}, row 3"):
        read_labels(lists)


def test_rows_with_a_field_too_many_are_refused_rather_than_shifted(lists):
    path = lists / TRAIN
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *[f"{row[:-3]}1,1,1" for row in rows]]), encoding="utf-8")
    with pytest.raises(DataError, match=TRAIN):
        read_labels(lists)


def test_row_is_counted_as_an_editor_counts_lines(lists):
    _edit(lists, "-train_1.000", "\n-train_1.000")  # an empty line, then the bad one
    _edit(lists, "4,2,2", "9,2,2")
    with pytest.raises(DataError, match=rf"{TRAIN}, row 4: AgeGroup '9' is not one of"):
        read_labels(lists)


def test_clip_listed_twice_is_named_with_file_and_row(lists):
    _edit(lists, "-train_2.000.mp4", "-train_0.000.mp4")
    message = rf"{TRAIN}, row 4: VideoName '-train_0\.000\.mp4' is listed twice"
    with pytest.raises(DataError, match=message):
        read_labels(lists)


def test_clip_in_two_lists_is_refused(lists):
    _edit(lists, "-test_2.000.mp4", "-train_0.000.mp4", "test_set_age_labels.csv")
    with pytest.raises(DataError, match=r"-train_0\.000\.mp4"):
        read_labels(lists)


@pytest.mark.parametrize(
    "content",
    [b"", "VideoName,Größe\n".encode("latin-1"), "a,b\n".encode("utf-16"), b"a,b\n1,2\n1,2,3\n"],
)
def test_what_is_no_utf8_list_is_named(lists, content):
    (lists / TRAIN).write_bytes(content)
    with pytest.raises(DataError, match=rf"{TRAIN}( cannot be read|, row 3| is empty)"):
        read_labels(lists)


def test_counts_keep_empty_categories_in_order(lists):
    labels = read_labels(lists)
    counts = count_labels(labels, "AgeGroup")
    assert counts.to_dict() == {
        "7-13": 0, "14-18": 0, "19-24": 3, "25-32": 3, "33-45": 3, "46-60": 0, "61+": 0
    }  # fmt: skip
    assert count_labels(labels[:0], "Gender").to_dict() == {"Male": 0, "Female": 0}


def test_counts_by_another_label_keep_empty_rows_and_columns(lists):
    labels = read_labels(lists)[:2]  # a male Asian of 19-24 and a female Caucasian of 25-32
    table = count_labels(labels, "AgeGroup", by="Ethnicity")
    assert table.shape == (7, 3)
    assert list(table) == ["Asian", "Caucasian", "African-American"]
    assert (table.loc["19-24", "Asian"], table.loc["25-32", "Caucasian"]) == (1, 1)
    assert table.to_numpy().sum() == 2
    assert count_labels(labels, "Gender", by="split").to_numpy().tolist() == [[1, 0, 0], [1, 0, 0]]
