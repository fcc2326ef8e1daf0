"""A full disk and a lack of rights are told in one sentence, other errors in their own words."""

import errno
import os

import pytest

from mmage_utils.report.failures import find_disk_trouble


@pytest.mark.parametrize(
    "text",
    [
        str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))),
        str(OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))),
        "DataError: The cache x.sqlite cannot be written: database or disk is full.",
        "OSError: 40000 requested and 128 written",
        "RuntimeError: [enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0",
        "RuntimeError: PytorchStreamWriter failed writing file data/3",
    ],
)
def test_a_full_disk_is_known(text):
    assert find_disk_trouble(f"in code cell 3:\n    {text}").startswith("the disk is full: free ")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_lack_of_rights_names_the_file(number):
    said = find_disk_trouble(f"in code cell 3:\n    {OSError(number, os.strerror(number), '/a/b')}")
    assert "'/a/b'" in said
    assert said.count("\n") == 0


@pytest.mark.parametrize("text", ["", "ValueError: too few clips", "Kernel died", "File not found"])
def test_other_errors_are_none(text):
    assert find_disk_trouble(text) == ""
