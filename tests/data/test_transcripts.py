"""Transcripts run nothing when read; what is unusual about them is said."""

import builtins
import contextlib
import os
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from mmage_utils.data import transcripts
from mmage_utils.data.clips import with_media
from mmage_utils.display import data_notes
from mmage_utils.errors import DataError


class _Attack:
    """Calls a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def test_transcript_is_read(tmp_path):
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps("Café, naïve — “so”"))
    assert transcripts.read_transcript(tmp_path / "clip.pkl") == "Café, naïve — “so”"


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol_is_read_without_a_change(tmp_path, protocol):
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps("a b\nc", protocol=protocol))
    assert transcripts.read_transcript(str(tmp_path / "clip.pkl")) == "a b\nc"


def test_transcripts_come_in_the_order_of_the_clips(clips):
    some = with_media(clips).iloc[[5, 0, 3]]
    expected = [transcripts.read_transcript(path) for path in some["transcript"]]
    table = transcripts.read_transcripts(some)
    assert table["text"].tolist() == expected
    assert table["VideoName"].tolist() == some["VideoName"].tolist()
    assert table["notes"].eq("").all()
    assert len(set(expected)) == 3


@pytest.mark.parametrize("wrap", [lambda attack: attack, lambda attack: ["text", attack]])
@pytest.mark.parametrize(
    ("function", "code"),
    [(os.system, "touch {}"), (builtins.exec, "open({!r}, 'w')"), (os.mkdir, "{}")],
)
def test_malicious_pickle_does_nothing_and_is_named(tmp_path, function, code, wrap):
    trace, path = tmp_path / "trace", tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(wrap(_Attack(function, code.format(str(trace))))))
    with pytest.raises(
        DataError, match=r"evil\.pkl is not a pickled str: it (asks for|contains more)"
    ):
        transcripts.read_transcript(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())  # the attack itself works
    assert trace.exists()


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(["a", "list"]),
        pickle.dumps({"text": "a"}),
        pickle.dumps(None),
        pickle.dumps("cut short")[:-6],
        b"",
        b"plain text",
        pickle.dumps("x" * 50_000_000),
        pickle.dumps(np.float64(1)),
    ],
    ids=["list", "dict", "None", "truncated", "empty", "text", "50 MB", "numpy"],
)
def test_what_is_no_pickled_str_is_named(tmp_path, content):
    (tmp_path / "clip.000.pkl").write_bytes(content)
    with pytest.raises(DataError, match=r"clip\.000\.pkl"):
        transcripts.read_transcript(tmp_path / "clip.000.pkl")


def test_small_pickle_cannot_ask_for_much_memory(tmp_path):
    # It names the 4,194,303rd place of the memo, which the unpickler then makes room for.
    (tmp_path / "clip.pkl").write_bytes(b"\x80\x04\x8c\x01ar" + b"\xff\xff\x3f\x00.")
    tracemalloc.start()
    try:
        with contextlib.suppress(DataError):
            transcripts.read_transcript(tmp_path / "clip.pkl")
        assert tracemalloc.get_traced_memory()[1] < 10e6  # bytes
    finally:
        tracemalloc.stop()


def _write(folder, contents):
    """Transcripts with these contents, as clips."""
    paths = [folder / f"clip{k}.pkl" for k in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
    names = [f"clip{k}.mp4" for k in range(len(contents))]
    return pd.DataFrame({"VideoName": names, "transcript": paths})


# What Python 2 wrote for "caf\xe9" and for "plain".
PYTHON2 = [b"S'caf\\xe9'\np0\n.", b"\x80\x02U\x05plainq\x01."]


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        (pickle.dumps("café".encode()), "café", "from bytes (utf-8)"),
        (pickle.dumps("it’s".encode("cp1252")), "it’s", "from bytes (cp1252)"),
        (pickle.dumps(b"\x81\xe9"), "\x81é", "from bytes (latin-1)"),
        (pickle.dumps("où".encode("utf-16")), "où", "from bytes (utf-16)"),
        (pickle.dumps("a b c".encode("utf-16-le")), "a b c", "from bytes (utf-16)"),
        (pickle.dumps("a".encode("utf-8-sig")), "a", "from bytes (utf-8-sig)"),
        (pickle.dumps("a \ud800", protocol=4), "a ?", "with invalid characters, replaced by ?"),
        (PYTHON2[0], "café", "from bytes (cp1252)"),
        (PYTHON2[1], "plain", "from bytes (utf-8)"),
    ],
)
def test_bytes_are_decoded_with_a_note(tmp_path, content, text, note):
    table = transcripts.read_transcripts(_write(tmp_path, [content]))
    assert table["text"].tolist() == [text]
    assert table["notes"].tolist() == [note]
    assert transcripts.read_transcript(tmp_path / "clip0.pkl") == text


ENGLISH = "I was so tired that we went home before they had even opened the door for us."


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "without words"),
        (" \n…", "without words"),
        (ENGLISH, ""),
        ("Straight to Kathmandu!", ""),
        ("Hoy fuimos al mercado con mi abuela y compramos muchas frutas", "hardly English"),
        ("Gestern waren wir mit meiner Schwester im Kino und danach lange essen", "hardly English"),
        ("昨天 我们 一起 去 看 电影 然后 吃饭 很 开心", "hardly English"),
        ("昨天我们一起去看电影", "hardly English"),
        (ENGLISH * 20, "unusually long"),
    ],
)
def test_what_is_unusual_about_a_text_is_noted(tmp_path, text, note):
    table = transcripts.read_transcripts(_write(tmp_path, [text]))
    assert table["text"].tolist() == [text]
    assert table["notes"].iloc[0].startswith(note)
    assert bool(table["notes"].iloc[0]) == bool(note)


def test_unusual_transcripts_are_counted_and_named(tmp_path):
    table = transcripts.read_transcripts(
        _write(tmp_path, [ENGLISH, "", b"\x80\x02U\x00.", ENGLISH])
    )
    said = data_notes.transcripts_sentence(table, data="a sample")
    assert said.startswith("4 transcripts (a sample) have 0 to 17 words, 8 on average.")
    assert "2 without words; 1 from bytes (utf-8) (`clip1.mp4`, `clip2.mp4`)" in said
    said = data_notes.transcripts_sentence(table.iloc[[0, 3]], data="a sample")
    assert "None is empty" in said


def test_unreadable_transcripts_are_counted_and_the_first_named(tmp_path):
    clips = _write(tmp_path, [["list"]] * 7 + [ENGLISH])
    with pytest.raises(
        DataError, match=r"7 of 8 transcripts cannot be read.*\n.*clip0\.pkl"
    ) as said:
        transcripts.read_transcripts(clips)
    assert "clip4.pkl" in str(said.value)
    assert "clip5.pkl" not in str(said.value)
    assert str(said.value).endswith("\nand 2 more")
    with pytest.raises(DataError, match=r"clip0\.pkl is not a pickled str: it contains more"):
        transcripts.read_transcripts(clips.iloc[[0, 7]])


NESTED = b"\x80\x04" + b")" + b"2\x86" * 60 + b"K\x01s."  # a tuple of twice itself, 60 times
BYTEARRAY = b"\x80\x05\x96" + (1_500_000_000).to_bytes(8, "little") + b"."


@pytest.mark.parametrize("content", [NESTED, BYTEARRAY, b"\x80\x04]]]]]].", b"\x80\x04N."])
def test_what_is_no_text_is_refused_at_once(tmp_path, content):
    (tmp_path / "clip.pkl").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"clip\.pkl is not a pickled str: it contains more"):
            transcripts.read_transcript(tmp_path / "clip.pkl")
        assert tracemalloc.get_traced_memory()[1] < 10e6  # bytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", pickle.dumps("cut short")[:-6]])
def test_a_cut_transcript_is_said_to_be_cut(tmp_path, content):
    (tmp_path / "clip.pkl").write_bytes(content)
    with pytest.raises(DataError, match=r"not a pickled str: (it is cut|pickle exhausted)"):
        transcripts.read_transcript(tmp_path / "clip.pkl")


def test_missing_transcript_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.pkl"):
        transcripts.read_transcript(tmp_path / "none.pkl")
