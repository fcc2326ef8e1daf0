"""Which files are videos, what clips they are, and names that stay where they belong."""

import os
import unicodedata
from pathlib import Path

from mmage_utils.data.videos import SUFFIXES
from mmage_utils.errors import DataError, UsageError

LONGEST_NAME = 200  # bytes; file systems take 255 with a suffix


def clip_name(name):
    """The clip that a file or a row names: without the suffix of a video, in one Unicode form.

    Parameters
    ----------
    name : str
        Such as ``-9BZ8A9U7TE.000.mp4``, with or without its suffix.

    Returns
    -------
    str

    Raises
    ------
    DataError
        When it is not a plain name: empty, with a path or control characters, not UTF-8, too long.
    """
    clip = unicodedata.normalize("NFC", name.strip())
    stem, suffix = os.path.splitext(clip)
    if suffix.lower() in SUFFIXES:
        clip = stem
    reason = ""
    try:
        if len(clip.encode()) > LONGEST_NAME:
            reason = f"it has more than {LONGEST_NAME} bytes"
    except UnicodeEncodeError:
        reason = "it is not UTF-8"
    if not clip or clip.startswith("."):  # hidden, and . and .. among them
        reason = "it is empty or begins with a full stop"
    elif any(letter in "/\\:" for letter in clip):
        reason = "it has a path in it"
    elif any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in clip):
        reason = "it has control characters in it"
    if reason:
        shown = name.encode("utf-8", "backslashreplace").decode()
        message = f"The name {shown!r:.80} cannot be that of a clip: {reason}. Rename it."
        raise DataError(message, f"the name: {reason}")
    return clip


def user_name(clip):
    """The user of a clip where no list says it: its name without the number at its end."""
    stem, dot, number = clip.rpartition(".")
    return stem if dot and stem and number.isdigit() else clip


def find_videos(place):
    """Find the videos of a folder and of the folders in it.

    Hidden files are passed over, links to folders are not followed.

    Parameters
    ----------
    place : path-like
        A folder, or one video.

    Returns
    -------
    videos : dict of str to pathlib.Path
        By clip, sorted.
    refused : list of (pathlib.Path, str)
        Videos whose name is no clip's or another video's, and why.

    Raises
    ------
    UsageError
        When there is no such place, or no video in it.
    """
    place = Path(place)
    if not place.exists():
        raise UsageError(f"There is no folder of videos {place}: check the path.")
    paths = [place] if place.is_file() else []
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise UsageError(f"There is no video in {place}: expected for example NAME.mp4.")
    videos, refused = {}, []
    for path in paths:
        try:
            clip = clip_name(path.name)
        except DataError as error:
            refused.append((path, error.reason))
            continue
        if not path.is_file():  # a pipe, which would be waited for, or a link to nowhere
            refused.append((path, "it is not a regular file"))
        elif clip in videos:
            refused.append((path, f"another video is {clip} already"))
        else:
            videos[clip] = path
    return dict(sorted(videos.items())), refused


def place_inside(folder, *parts):
    """Make a folder inside another; DataError where a link leads out of it."""
    folder = Path(folder)
    place = folder.joinpath(*parts)
    place.mkdir(parents=True, exist_ok=True)
    if not place.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{place} is a link that leads out of {folder}: remove it.")
    return place
