"""Files of the data are opened only if they are regular, and texts of the data obey nobody."""

import json
import os

import pytest

from mmage_utils.data.labels import read_labels
from mmage_utils.data.media_files import open_regular
from mmage_utils.errors import DataError, visible
from mmage_utils.files import save_json


def test_a_link_to_a_regular_file_is_followed(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    with open_regular(tmp_path / "link", most=3) as stream:
        assert stream.read() == b"abc"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "it is not a regular file. "),
        (os.mkdir, "it is a folder. "),
        (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file. "),
        (lambda path: path.symlink_to(path.name), "it is a link that leads to itself. "),
        (lambda path: path.symlink_to("nowhere"), "there is no such file. "),
        (lambda path: path.write_bytes(b"abcd"), "it is too large: more than 0 MB. "),
    ],
)
def test_what_is_not_opened(tmp_path, make, reason):
    make(tmp_path / "it")
    with pytest.raises(DataError) as refused:
        open_regular(tmp_path / "it", most=3)
    assert str(refused.value).startswith(reason)
    assert isinstance(refused.value.__cause__, OSError)


def test_what_a_terminal_obeys_is_written_out():
    assert visible("Zoë, 25-32 …\n\tplain") == "Zoë, 25-32 …\n\tplain"
    assert visible("a\nb", lines=False) == r"a\nb"
    obeyed = "\x1b[2J \x9b31m \u202e \u2028 \udcff \x00"
    shown = visible(obeyed)
    assert shown == r"\x1b[2J \x9b31m \u202e \u2028 \udcff \x00"
    assert visible(shown) == shown
    assert str(DataError(obeyed)) == shown
    assert DataError("a", obeyed).reason == shown


def test_a_path_that_is_no_text_can_be_saved(tmp_path):
    save_json(tmp_path / "a.json", {"\udcff.jpg": "it is damaged"})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"\udcff.jpg": "it is damaged"}


def test_a_list_without_rows_is_refused(lists):
    path = lists / "valid_set_age_labels.csv"
    path.write_text(path.read_text().split("\n")[0] + "\n")
    with pytest.raises(DataError, match=r"valid_set_age_labels\.csv lists no clip"):
        read_labels(lists)
