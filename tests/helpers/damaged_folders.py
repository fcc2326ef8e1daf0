"""A corpus of damaged data folders, each a small whole folder with one thing wrong."""

import os
import shutil
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from helpers import damaged_faces, damaged_lists, damaged_sounds, damaged_texts
from helpers.damaged_texts import SCRIPTS

MEDIA = {"image": ".jpg", "audio": ".wav", "transcript": ".pkl"}
SOUND = {"image": damaged_faces.saved(), "audio": damaged_sounds.saved()}
SOUND["transcript"] = damaged_texts.TRANSCRIPTS["protocol 4"][0]
FIRST = "train/3/train_____0.000"  # the clip that is damaged, of six
HEADER = "VideoName,UserID,AgeGroup,Gender,Ethnicity\n"


class Damage(NamedTuple):
    """What is done to a whole folder (and to one outside it), and what must come of it.

    ``code`` is the exit code of check-data and ``says`` a pattern of what it prints; ``lost`` the
    media of the first clip that cannot be used afterwards. None where either is right.
    """

    do: Callable[[Path, Path], None]
    code: int | None
    says: str
    lost: tuple[str, ...] | None = ()


def make_folder(folder):
    """A folder of two clips a split, with all media."""
    for split in ("train", "valid", "test"):
        rows = []
        for k in range(2):
            user, group = f"{split:_<10}{k}", 3 + k
            rows.append(f"{user}.000.mp4,{user},{group},{1 + k},2\n")
            place = folder / split / str(group)
            place.mkdir(parents=True)
            for medium, suffix in MEDIA.items():
                (place / f"{user}.000{suffix}").write_bytes(SOUND[medium])
        (folder / f"{split}_set_age_labels.csv").write_text(HEADER + "".join(rows))


def _edit(change):
    def do(folder, outside):
        path = folder / damaged_lists.NAME
        path.write_bytes(change(path.read_bytes()))

    return do


def _fill(medium, content):
    def do(folder, outside):
        data = content() if callable(content) else content
        (folder / (FIRST + MEDIA[medium])).write_bytes(data)

    return do


def _at(name, do):
    return lambda folder, outside: do(folder / name, outside)


def _nothing_there(path, outside):
    path.unlink()
    path.symlink_to(outside / "nowhere")


def _password_file(path, outside):
    path.unlink()
    path.symlink_to("/etc/passwd")


def _relative(path, outside):
    """A link by .. to a file beside the data folder."""
    damaged_lists.linked(path, outside)
    path.unlink()
    path.symlink_to(os.path.relpath(outside / path.name, path.parent))


def _socket(path, outside):
    path.unlink()
    here = os.getcwd()
    os.chdir(path.parent)  # as the address of a socket has a hundred bytes
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(here)


# What stands in the place of a medium: whether it can be used, and what check-data says.
PLACES = {
    "a link to a file elsewhere": (damaged_lists.linked, True, ""),
    "a link by .. to a file elsewhere": (_relative, True, ""),
    "a loop": (damaged_lists.loop, False, "link that leads to itself"),
    "a link to nothing": (_nothing_there, False, "there is no such file"),
    "a link to another kind of file": (_password_file, False, "cannot be read as"),
    "a pipe": (damaged_lists.fifo, False, "not a regular file"),
    "a socket": (_socket, False, "not a regular file"),
    "a folder": (damaged_lists.folder, False, "it is a folder"),
    "a device": (damaged_lists.device, False, "not a regular file"),
    "five gigabytes": (damaged_lists.sparse, False, "too large"),
    "closed": (damaged_lists.closed, False, "no permission to read it"),
}

# Names of clips: each is in the list, as user too, and names the files where a file may have it.
NAMES = {
    "a path upwards": "../../../outside/x",
    "a path": "/etc/passwd",
    "two dots": "..",
    "nothing": "",
    "a backslash": "..\\..\\x",
    "spaces": " a b  c ",
    "a dash": "-rf",
    "a formula": "=cmd|' -C calc'!A0",
    "right to left": "abc\u202egpj.exe",
    "composed": unicodedata.normalize("NFC", "Zoë"),
    "decomposed": unicodedata.normalize("NFD", "Zoë"),
    "251 bytes": "x" * 247,
    "a line end": "a\nerror: all is well",
    "colours": "\x1b[31mred\x1b[0m",
    "a script": "<script>alert(1)<\\script>",
    "a whole script": "<script>alert(1)</script>",
    "an image that fails": "<img src=x onerror=alert(1)>",
    "a link to a script": "[x](javascript:alert(1))",
    "a broken link": "x](javascript:alert(1))",
    "a picture elsewhere": "![x](file:___etc_passwd)",
    "a table": "| a | b |",
    "a formula of maths": "$\\href{javascript:alert(1)}{x}$",
    "backticks": "`` ` ```",
    "an attribute": "\" onmouseover=alert(1) x='",
    "a template": "${HOME}{0}%s",
    "emphasis": "**a** _b_ # c",
}


def rename_first(folder, name, user):
    """Give the first clip another name and user, in the list and on disk where it can be."""
    path = folder / damaged_lists.NAME
    old = damaged_lists.FIRST.decode()
    cells = ['"' + text.replace('"', '""') + '"' for text in (name + ".mp4", user)]
    path.write_text(path.read_text().replace(old, ",".join([*cells, "3,1,2"])), newline="")
    for suffix in MEDIA.values():
        if name and "/" not in name and name != "..":
            (folder / (FIRST + suffix)).rename(folder / "train" / "3" / (name + suffix))
        else:
            (folder / (FIRST + suffix)).unlink()


def _whole_link(folder, outside):
    folder.rename(outside / "data")
    folder.symlink_to(outside / "data")


def _split_link(folder, outside):
    (folder / "train").rename(outside / "train")
    (folder / "train").symlink_to(outside / "train")


def _place(name, make):
    """Something else in the place of the folder of the first clip."""

    def do(folder, outside):
        shutil.rmtree(folder / name)
        make(folder / name)

    return do


def _add(name):
    """A file of a strange name beside the media."""

    def do(folder, outside):
        with open(os.fsencode(folder / "train" / "3") + b"/" + name, "wb") as stream:
            stream.write(b"x")

    return do


def _mark(text):
    return lambda folder, outside: (folder / "synthetic.json").write_text(text)


ALL = tuple(MEDIA)
UNLISTED = "has no row in the label lists|is not a face, voice or transcript"
FOLDERS = {
    "the folder is a link": Damage(_whole_link, 0, "6 users"),
    "a split is a link": Damage(_split_link, 0, "6 users"),
    "a group is a loop": Damage(
        _place("train/3", lambda path: path.symlink_to("3")), 0, "have no image", ALL
    ),
    "a group is a pipe": Damage(_place("train/3", os.mkfifo), 0, "have no image", ALL),
    "a split is a file": Damage(
        _place("train", lambda path: path.write_text("")), 0, "have no image", None
    ),
    "a link to the folder within": Damage(
        lambda folder, outside: (folder / "train" / "3" / "up").symlink_to(folder), 0, UNLISTED
    ),
    "a group is closed": Damage(
        lambda folder, outside: (folder / "train" / "3").chmod(0), 1, "ermission", None
    ),
    "a name that is no text": Damage(_add(b"\xff\xfe.jpg"), 0, r"\\udcff\\udcfe"),
    "a name with colours": Damage(_add(b"\x1b[2J.wav"), 0, r"\\x1b\[2J"),
    "a name with a line end": Damage(_add(b"a\nerror: b.pkl"), 0, r"a\\nerror"),
    "a name of 255 bytes": Damage(_add(b"x" * 255), 0, UNLISTED),
    "a name that is a suffix": Damage(_add(b".jpg"), 0, UNLISTED),
    "a name in capitals": Damage(_add(b"train_____0.000.JPG"), 0, UNLISTED),
    "a mark 100,000 deep": Damage(_mark("[" * 9_000), 1, "is damaged"),
    "a mark with an endless seed": Damage(_mark('{"seed": 1e999}'), 1, "is damaged"),
    "a mark that is a list": Damage(_mark("[1]"), 1, "is damaged"),
    "a mark of 1 MB": Damage(_mark(" " * 1_000_000), 1, "is damaged"),
    "a mark with a script": Damage(_mark('{"seed": "<script>"}'), 1, "is damaged"),
}


def corpus():
    """All damages by name."""
    found = {f"folder: {name}": damage for name, damage in FOLDERS.items()}
    for name, (change, code, says) in damaged_lists.CONTENTS.items():
        found[f"list: {name}"] = Damage(_edit(change), code, says, None)
    for name, (do, code, says) in damaged_lists.PLACES.items():
        found[f"list: {name}"] = Damage(_at(damaged_lists.NAME, do), code, says, None)
    for medium, damages in (
        ("image", damaged_faces.FACES),
        ("audio", damaged_sounds.RECORDINGS),
        ("transcript", damaged_texts.TRANSCRIPTS),
    ):
        for name, (content, used, says) in damages.items():
            code = None if used is None or says else 1 - used
            lost = None if used is None else () if used else (medium,)
            code = 1 if says else code
            found[f"{medium}: {name}"] = Damage(_fill(medium, content), code, says, lost)
        for name, (do, used, says) in PLACES.items():
            damage = Damage(
                _at(FIRST + MEDIA[medium], do), 1 - used, says, () if used else (medium,)
            )
            found[f"{medium}: {name}"] = damage
    for name, text in NAMES.items():
        lost = ALL if not text or "/" in text or text == ".." else ()

        def do(folder, outside, text=text):
            rename_first(folder, text, text)

        found[f"name: {name}"] = Damage(do, 0, "does not have the usual form", lost)
    return found


__all__ = ["MEDIA", "SCRIPTS", "Damage", "corpus", "make_folder", "rename_first"]
