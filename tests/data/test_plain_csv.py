"""The fast reader reads what the careful one reads, and leaves the rest to it."""

import csv
import io

import pytest

from mmage_utils.data.plain_csv import read_plain_csv

PLAIN = b"name,group\nanna,3\nbea, 4 \nz\xc3\xb6e,\n"


@pytest.mark.parametrize(
    "data", [PLAIN, PLAIN.rstrip(), b"\xef\xbb\xbf" + PLAIN, PLAIN.replace(b"\n", b"\r\n")]
)
def test_cells_are_those_of_the_careful_reader(data):
    table = read_plain_csv(data)
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert list(table) == header
    assert table.to_numpy().tolist() == rows


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name,group\n",
        b'name,group\n"anna",3\n',  # quotes
        b"name,group\nanna,[3]\n",  # lists
        b"name,group\nanna,3\n\nbea,4\n",  # an empty line
        b"name,group\n,\n",
        b"name,group\nanna\n",  # rows of unequal length
        b"name,group\nanna,3,4\n",
        b"name,name\nanna,3\n",
        b"name,group\n\xff,3\n",  # not UTF-8
        b"name,gr\xf6\xdfe\nanna,3\n",
        b"name,group\nan\0na,3\n",
        b"name,group\ranna,3\r",  # an old Macintosh
    ],
)
def test_what_is_unusual_is_left_to_the_careful_reader(data):
    assert read_plain_csv(data) is None
