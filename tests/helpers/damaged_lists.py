"""Damaged label lists: what is done to the list of train, and what check-data says of it."""

import gzip
import os

NAME = "train_set_age_labels.csv"
FIRST = b"train_____0.000.mp4,train_____0,3,1,2"  # the first row of the list
CODE = "is not one of 1, 2, 3, 4, 5, 6, 7"
UNUSUAL = "does not have the usual form"
NO_CSV = "cannot be read as a UTF-8 comma-separated list"


def cell(text):
    """The list with another age group in its first row."""
    return lambda data: data.replace(b"_0,3,", b"_0," + text + b",", 1)


def named(text):
    """The list with another VideoName in its first row."""
    return lambda data: data.replace(b"train_____0.000.mp4", text, 1)


def wider(header, value=b"x"):
    """The list with more columns."""

    def change(data):
        head, *rows = data.splitlines()
        more = b"," + header if header else b""
        values = b"," + b",".join([value] * (header.count(b",") + 1))
        return b"\n".join([head + more, *(row + values for row in rows)]) + b"\n"

    return change


# What is done to the bytes, the exit code of check-data, and a part of what it prints.
CONTENTS = {
    "empty": (lambda data: b"", 1, "is empty: its first line"),
    "header only": (lambda data: data.splitlines()[0] + b"\n", 1, "lists no clip"),
    "rows only": (lambda data: data.split(b"\n", 1)[1], 1, "needs one column"),
    "semicolons": (lambda data: data.replace(b",", b";"), 1, "needs one column"),
    "tabs": (lambda data: data.replace(b",", b"\t"), 1, "needs one column"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), 1, NO_CSV),
    "Latin-1": (named("père_____0.000.mp4".encode("latin-1")), 1, NO_CSV),
    "byte-order mark": (lambda data: b"\xef\xbb\xbf" + data, 0, "byte-order mark"),
    "two byte-order marks": (lambda data: b"\xef\xbb\xbf" * 2 + data, 1, "needs one column"),
    "NUL in a cell": (cell(b"3\0"), 1, CODE),
    "NUL in a name": (named(b"train\0____0.000.mp4"), 0, "have no image"),
    "NUL bytes only": (lambda data: bytes(1000), 1, "needs one column"),
    "a line of 10 MB": (named(b"x" * 10_000_000), 1, "field larger than field limit"),
    "a cell of 100 kB": (named(b"x" * 100_000), 0, UNUSUAL),
    "21 MB": (lambda data: data + b"\n" * 21_000_000, 1, "too large"),
    "a formula as name": (named(b"=cmd|'/C calc'!A0"), 0, UNUSUAL),
    "a formula as age group": (cell(b"=1+2"), 1, CODE),
    "infinite": (cell(b"1e999"), 1, CODE),
    "400 digits": (cell(b"9" * 400), 1, CODE),
    "NaN": (cell(b"NaN"), 1, CODE),
    "minus one": (cell(b"-1"), 1, CODE),
    "a decimal": (cell(b"3.0"), 1, CODE),
    "an Arabic digit": (cell("٣".encode()), 1, CODE),
    "a wide digit": (cell("３".encode()), 1, CODE),
    "no age group": (cell(b""), 1, CODE),
    "a row twice": (lambda data: data + FIRST + b"\n", 1, "is listed twice"),
    "a thousand columns": (wider(b",".join(b"c%d" % k for k in range(1000))), 0, "6 users"),
    "a column twice": (wider(b"AgeGroup", b"3"), 1, "needs one column AgeGroup"),
    "two columns of one other name": (wider(b"x,x"), 0, "6 users"),
    "columns of our names": (wider(b"row,split,file,clip,image"), 0, "6 users"),
    "columns without name": (wider(b","), 0, "6 users"),
    "other case": (lambda data: data.lower(), 1, "needs one column"),
    "CRLF": (lambda data: data.replace(b"\n", b"\r\n"), 0, "CRLF"),
    "CR": (lambda data: data.replace(b"\n", b"\r"), 0, "6 users"),
    "a quote open": (named(b'"train'), 1, "cannot be read|fields where"),
    "a quote within": (named(b'tr"ain'), 0, UNUSUAL),
    "a line end in a name": (named(b'"tr\nain"'), 0, UNUSUAL),
    "a Unicode line end in a name": (named("tr\u2028ain".encode()), 0, r"tr\\u2028ain"),
    "blank lines": (lambda data: data.replace(b"\n", b"\n\n"), 0, "blank lines"),
    "a short row": (lambda data: data + b"a,b\n", 1, "2 fields where the header has 5"),
    "a long row": (lambda data: data + b"a,b,1,1,1,1\n", 1, "6 fields"),
    "gzip": (gzip.compress, 1, NO_CSV),
    "a spreadsheet": (lambda data: b"PK\x03\x04" + bytes(range(256)), 1, NO_CSV),
    "a web page": (lambda data: b"<html><script>alert(1)</script>", 1, "needs one column"),
    "JSON": (lambda data: b'[{"VideoName": "a"}]', 1, "cannot be read|needs one column"),
    "a terminal's codes": (named(b"\x1b[2J\x1b]0;hi\x07"), 0, r"\\x1b\[2J"),
    "a script as user": (
        lambda data: data.replace(b",train_____0,", b",<script>alert(1)</script>,"),
        0,
        UNUSUAL,
    ),
    "a clip of another list": (named(b"valid_____0.000.mp4"), 1, "is in two lists"),
    "a user of another list": (
        lambda data: data.replace(b",train_____0,", b",valid_____0,"),
        1,
        "is in two splits",
    ),
}


def fifo(path, outside):
    path.unlink()
    os.mkfifo(path)


def folder(path, outside):
    path.unlink()
    path.mkdir()


def loop(path, outside):
    path.unlink()
    path.symlink_to(path.name)


def device(path, outside):
    path.unlink()
    path.symlink_to("/dev/zero")


def linked(path, outside):
    target = outside / path.name
    path.rename(target)
    path.symlink_to(target)


def sparse(path, outside):
    """Five gigabytes that take no room on the disk."""
    os.truncate(path, 5_000_000_000)


def closed(path, outside):
    path.chmod(0)


PLACES = {
    "missing": (lambda path, outside: path.unlink(), 1, "is missing from"),
    "a pipe": (fifo, 1, "not a regular file"),
    "a folder": (folder, 1, "is a folder"),
    "a loop": (loop, 1, "leads to itself"),
    "a device": (device, 1, "not a regular file"),
    "a link to a list elsewhere": (linked, 0, "6 users"),
    "five gigabytes": (sparse, 1, "too large"),
    "closed": (closed, 1, "no permission"),
}
