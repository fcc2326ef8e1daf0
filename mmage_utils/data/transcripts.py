"""Pickled transcripts, which are untrusted, as text (task f)."""

import codecs
import io
import pickle
import re
from contextlib import suppress
from types import MappingProxyType

import pandas as pd

from mmage_utils.data.media_files import open_regular
from mmage_utils.errors import DataError, first_few

MAX_BYTES = 1_000_000  # a transcript of 15 s has some hundred bytes
REASON = 200  # letters of a reason: a damaged pickle may name something endless
MAX_DICT_BYTES = 100_000_000  # of many transcripts in one file
MANY_WORDS = 150  # ten words a second: nobody speaks so fast for 15 s
ENGLISH_SHARE = 0.25  # of common words; English speech has a half, other languages a tenth
ENGLISH_WORDS = 8  # fewer words say nothing about the language
TEXTS = "a pickled dictionary of texts"
EMPTY, FOREIGN = "without words", "hardly English"
LONG = "unusually long"  # of very long ones only the first 512 tokens are embedded

# The codes of a text; those that call something are let in so that the refusal can name it.
CODES = [
    getattr(pickle, name)[0]
    for name in (
        *("PROTO", "FRAME", "STOP", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
        *("GLOBAL", "STACK_GLOBAL", "INST"),
    )
]
# Those that make up a flat dictionary beside.
DICT_CODES = [
    getattr(pickle, name)[0]
    for name in (
        "MARK",
        "EMPTY_DICT",
        "DICT",
        "SETITEM",
        "SETITEMS",
        "GET",
        "BINGET",
        "LONG_BINGET",
    )
]


class _TextUnpickler(pickle._Unpickler):
    """Obeys only the codes that make up a text: nothing is called, nested or reserved.

    The pure Python unpickler, as the compiled one reserves as much memory as a few bytes ask for.
    """

    dispatch = MappingProxyType({code: pickle._Unpickler.dispatch[code] for code in CODES})

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a transcript never needs")


class _DictUnpickler(_TextUnpickler):
    """Obeys also the codes that make up a dictionary."""

    dispatch = MappingProxyType(
        {code: pickle._Unpickler.dispatch[code] for code in CODES + DICT_CODES}
    )


def read_transcript_dict(path):
    """Read a pickled dictionary of transcripts, as ChaLearn gives them, without running anything.

    Returns
    -------
    dict of str to str
        Text by VideoName, as the file has it.

    Raises
    ------
    DataError
        When the file is anything but a pickled dictionary of texts; the message names it.
    """
    content = _load(path, _DictUnpickler, MAX_DICT_BYTES, "texts")
    if not isinstance(content, dict):
        raise _refused(path, TEXTS, "it is one text")
    texts = {}
    for name, text in content.items():
        if not (isinstance(name, str | bytes) and isinstance(text, str | bytes)):
            raise _refused(path, TEXTS, f"{name!r:.60} has no text")
        texts[_as_text(name)[0]] = _as_text(text)[0]
    return texts


def read_transcript(path):
    """Read one transcript without running anything that the pickle may carry.

    Bytes, as Python 2 wrote its texts, are decoded.

    Returns
    -------
    str

    Raises
    ------
    DataError
        When the file is anything but a pickled text; the message names it.
    """
    return _decode(path)[0]


def read_noted_transcript(path):
    """One transcript, and a list of notes on what is unusual about it, as `read_transcripts`."""
    text, notes = _decode(path)
    return text, notes + _unusual(text)


def read_transcripts(clips):
    """Transcripts of all clips, in their order, with what is unusual about each.

    Returns
    -------
    pandas.DataFrame, shape (n clips, 3)
        VideoName, text and notes (the encoding it was decoded from, `EMPTY`, `FOREIGN` or `LONG`,
        joined by ``; ``; mostly empty).

    Raises
    ------
    DataError
        When some cannot be read; the message counts them and names the first.
    """
    rows, failed = [], []
    for path in clips["transcript"]:
        try:
            text, notes = read_noted_transcript(path)
            rows.append((text, "; ".join(notes)))
        except DataError as error:
            failed.append(str(error))
    if len(failed) == 1:
        raise DataError(failed[0])
    if failed:
        raise DataError(
            f"{len(failed):,} of {len(clips):,} transcripts cannot be read. Put the right files "
            "there, or remove them: a clip may lack its transcript.\n"
            + first_few(failed, between="\n")
        )
    table = pd.DataFrame(rows, columns=["text", "notes"], dtype=object)
    table.insert(0, "VideoName", clips["VideoName"].to_numpy())
    return table


def _decode(path):
    """Text of a transcript, and a list of notes on how it was decoded."""
    return _as_text(_load(path, _TextUnpickler, MAX_BYTES, "a text"))


def _load(path, unpickler, most, what):
    """What a pickle holds; DataError when it is too large, damaged or holds something else."""
    form = "a pickled str" if unpickler is _TextUnpickler else TEXTS
    try:
        with open_regular(path, most=most) as stream:
            data = stream.read()
        # From memory, where a code that asks for more than there is gets what there is.
        return unpickler(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a damaged pickle raises almost anything
        usual = {KeyError: f"it contains more than {what}.", EOFError: "it is cut short."}
        usual[IndexError] = "it contains nothing."
        reason = usual.get(type(error)) or str(error) or type(error).__name__
        raise _refused(path, form, f"{reason:.{REASON}}") from None


def _refused(path, form, reason):
    reason = f"not {form}: {reason}"
    return DataError(f"The transcript {path} is {reason}", reason)


def _as_text(text):
    """A text or bytes as valid text, and a list of notes on how it was decoded."""
    if isinstance(text, bytes):
        return decode_text(text)
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return valid, [] if valid == text else ["with invalid characters, replaced by ?"]


def decode_text(data):
    """Bytes as text, by their byte-order mark or the first encoding that fits, and notes on it."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace"), [f"from bytes ({encoding})"]
    if data[1::2].count(0) > len(data) / 4:
        return data.decode("utf-16-le", "replace"), ["from bytes (utf-16)"]
    for encoding in ("utf-8", "cp1252", "latin-1"):  # the last decodes any byte
        with suppress(UnicodeDecodeError):
            return data.decode(encoding), [f"from bytes ({encoding})"]


def _unusual(text):
    """Notes on a text that has no words, too many, or is hardly English."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = re.findall(r"\w+", text.lower())
    if not words:
        return [EMPTY]
    notes = [LONG] if len(words) > MANY_WORDS else []
    common = sum(word in ENGLISH_STOP_WORDS for word in words)
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter.isascii() for letter in letters)
    few = len(words) >= ENGLISH_WORDS and common < ENGLISH_SHARE * len(words)
    if few or (len(letters) >= ENGLISH_WORDS and 2 * latin < len(letters)):
        notes.append(FOREIGN)
    return notes
