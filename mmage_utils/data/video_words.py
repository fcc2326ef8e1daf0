"""Transcripts of raw videos: a pickled dictionary, a CSV file, or files beside the videos."""

import re
from pathlib import Path

from mmage_utils.data.labels import read_label_text
from mmage_utils.data.transcripts import MAX_BYTES, decode_text, read_transcript_dict
from mmage_utils.data.video_files import clip_name
from mmage_utils.errors import DataError

CAPTIONS = (".txt", ".srt", ".vtt")
TEXT_COLUMNS = ("text", "transcript")
# Lines of captions that are not spoken: numbers, times, headers, notes and styles.
NOT_SPOKEN = re.compile(r"\d+|.*-->.*|WEBVTT.*|(Kind|Language): .*|(NOTE|STYLE|REGION)\b.*")


def read_given_words(paths):
    """Read transcripts from files that hold those of many clips, or folders with one file each.

    Parameters
    ----------
    paths : iterable of path-like
        Pickled dictionaries of text by VideoName, CSV files with the columns VideoName and text,
        or folders of files NAME.txt, NAME.srt or NAME.vtt. A later path wins.

    Returns
    -------
    dict of str to str
        Text by clip; those without words are left out.

    Raises
    ------
    DataError
        When a path is missing, a file cannot be read, or a name in it is no clip's.
    """
    words = {}
    for path in map(Path, paths):
        if path.is_dir():
            files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in CAPTIONS]
            texts = {file.stem: read_captions(file) for file in files}
        elif not path.is_file():
            raise DataError(f"The transcripts {path} are missing: check the path.")
        elif path.suffix.lower() == ".csv":
            texts = _read_table(path)
        else:
            texts = read_transcript_dict(path)
        try:
            words |= {clip_name(name): " ".join(text.split()) for name, text in texts.items()}
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
    return {clip: text for clip, text in words.items() if re.search(r"\w", text)}


def _read_table(path):
    table = read_label_text(path, columns=["VideoName"])
    column = next((name for name in table if name.lower() in TEXT_COLUMNS), None)
    if column is None:
        raise DataError(f"{path} needs one column text: its first line must be VideoName,text.")
    return dict(zip(table["VideoName"], table[column], strict=True))


def words_beside(video):
    """Text of the captions beside a video (NAME.txt, NAME.srt or NAME.vtt), or an empty text.

    Raises
    ------
    DataError
        When they cannot be read.
    """
    files = [Path(video).with_suffix(suffix) for suffix in CAPTIONS]
    return next((read_captions(file) for file in files if file.is_file()), "")


def read_captions(path):
    """Read what is said from a text or from captions (.srt, .vtt), without times and repeats.

    Returns
    -------
    str
        One line; empty where there are no words.

    Raises
    ------
    DataError
        When the file cannot be read, or is too large for a transcript.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"The captions {path} have more than {MAX_BYTES:,} bytes: cut them.")
        text = decode_text(path.read_bytes())[0]
    except OSError as error:
        raise DataError(f"The captions {path} cannot be read: {error.strerror}.") from None
    lines = [line.strip() for line in text.splitlines()]
    if path.suffix.lower() != ".txt":
        lines = [re.sub(r"<[^>]*>", "", line).strip() for line in lines]
        lines = [line for line in lines if line and not NOT_SPOKEN.fullmatch(line)]
        # Captions that roll show a line twice.
        lines = [line for k, line in enumerate(lines) if k == 0 or line != lines[k - 1]]
    return " ".join(" ".join(lines).split())
