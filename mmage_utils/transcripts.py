"""Pickled transcripts, which are untrusted, as text (task f)."""

import pickle
import re
from pathlib import Path

import pandas as pd

from mmage_utils.errors import DataError

MAX_BYTES = 1_000_000  # a transcript of 15 s has some hundred bytes
MANY_WORDS = 150  # ten words a second: nobody speaks so fast for 15 s
ENGLISH_SHARE = 0.25  # of common words; English speech has a half, other languages a tenth
ENGLISH_WORDS = 8  # fewer words say nothing about the language
SHOWN = 5  # transcripts that a message names
EMPTY, FOREIGN, LONG = "no words", "few common English words", "unusually many words"


class _TextUnpickler(pickle._Unpickler):
    """Admits plain values only: a transcript needs no class and no function.

    The pure Python unpickler, as the compiled one reserves as much memory as a few bytes ask for.
    """

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a transcript never needs")


def read_transcript(path):
    """Read one transcript without running anything that the pickle may carry.

    Bytes, as Python 2 wrote its texts, are decoded.

    Returns
    -------
    str

    Raises
    ------
    DataError
        When the file holds anything but a text; the message names the file.
    """
    return _decode(path)[0]


def read_transcripts(clips):
    """Transcripts of all clips, in their order, with what is unusual about each.

    Returns
    -------
    pandas.DataFrame, shape (n clips, 3)
        VideoName, text and notes (from which encoding it was decoded, `EMPTY`, `FOREIGN` or
        `LONG`; joined by ``; ``, mostly an empty text).

    Raises
    ------
    DataError
        When some cannot be read; the message counts them and names the first.
    """
    rows, failed = [], []
    for path in clips["transcript"]:
        try:
            text, notes = _decode(path)
            rows.append((text, "; ".join(notes + _unusual(text))))
        except DataError as error:
            failed.append(str(error))
    if len(failed) == 1:
        raise DataError(failed[0])
    if failed:
        more = f"\nand {len(failed) - SHOWN:,} more." if len(failed) > SHOWN else ""
        raise DataError(
            f"{len(failed):,} of {len(clips):,} transcripts cannot be read. Put the right files "
            "there, or remove them: a clip may lack its transcript.\n"
            + "\n".join(failed[:SHOWN])
            + more
        )
    table = pd.DataFrame(rows, columns=["text", "notes"], dtype=object)
    table.insert(0, "VideoName", clips["VideoName"].to_numpy())
    return table


def say_transcripts(table, *, data):
    """Sentences on how many transcripts were read, their lengths, and what is unusual.

    Parameters
    ----------
    table : pandas.DataFrame
        `read_transcripts`.
    data : str
        What the data are (`runs.Run`).
    """
    words = table["text"].str.split().str.len()
    lengths = f"{words.min():.0f} to {words.max():.0f} words, {words.mean():.0f} on average"
    said = f"{len(table):,} transcripts ({data}) have {lengths}."
    odd = table[table["notes"] != ""]
    if odd.empty:
        return f"{said} None is empty, unusually long, or looks like another language than English."
    kinds = odd["notes"].str.split("; ").explode().value_counts()
    parts = [f"{count:,} {kind}" for kind, count in kinds.items()]
    named = ", ".join(odd["VideoName"].head(SHOWN))
    return f"{said} Unusual, and used as they are: {'; '.join(parts)} ({named}{_more(odd)})."


def _more(odd):
    return f" and {len(odd) - SHOWN:,} more" if len(odd) > SHOWN else ""


def _decode(path):
    """Text of a transcript, and a list of notes on how it was decoded."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        with path.open("rb") as stream:
            text = _TextUnpickler(stream, encoding="bytes").load()
    except Exception as error:  # a damaged pickle raises almost anything
        raise DataError(f"The transcript {path} is not a pickled str: {error}") from None
    if isinstance(text, bytes):
        for encoding in ("utf-8", "cp1252", "latin-1"):  # the last decodes any byte
            try:
                return text.decode(encoding), [f"bytes decoded as {encoding}"]
            except UnicodeDecodeError:
                continue
    if not isinstance(text, str):
        raise DataError(f"The transcript {path} holds a {type(text).__name__}, not a str.")
    return text, []


def _unusual(text):
    """What a reader should know of a text: no words, too many, or hardly an English one."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = re.findall(r"\w+", text.lower())
    if not words:
        return [EMPTY]
    notes = [LONG] if len(words) > MANY_WORDS else []
    common = sum(word in ENGLISH_STOP_WORDS for word in words)
    if len(words) >= ENGLISH_WORDS and common < ENGLISH_SHARE * len(words):
        notes.append(FOREIGN)
    return notes
