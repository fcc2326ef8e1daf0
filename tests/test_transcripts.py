"""Transcripts run nothing when read, and are embedded without their padding."""

import builtins
import contextlib
import os
import pickle
import tracemalloc

import numpy as np
import pytest

from mmage_utils import transcripts
from mmage_utils.clips import with_media
from mmage_utils.errors import DataError

TEXTS = ["I like trains.", "we played football after school " * 20, "", "So, um, my knees hurt."]


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
    assert transcripts.read_transcripts(some) == expected
    assert len(set(expected)) == 3


@pytest.mark.parametrize("wrap", [lambda attack: attack, lambda attack: ["text", attack]])
@pytest.mark.parametrize(
    ("function", "code"),
    [(os.system, "touch {}"), (builtins.exec, "open({!r}, 'w')"), (os.mkdir, "{}")],
)
def test_malicious_pickle_does_nothing_and_is_named(tmp_path, function, code, wrap):
    trace, path = tmp_path / "trace", tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(wrap(_Attack(function, code.format(str(trace))))))
    with pytest.raises(DataError, match=r"evil\.pkl is not a pickled str: it asks for"):
        transcripts.read_transcript(path)
    assert not trace.exists()
    pickle.loads(path.read_bytes())  # the attack itself works
    assert trace.exists()


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(["a", "list"]),
        pickle.dumps(b"bytes"),
        pickle.dumps(None),
        pickle.dumps("cut short")[:-6],
        b"",
        b"plain text",
        pickle.dumps("x" * 2_000_000),
        pickle.dumps(np.float64(1)),
    ],
    ids=["list", "bytes", "None", "truncated", "empty", "text", "2 MB", "numpy"],
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


def test_missing_transcript_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.pkl"):
        transcripts.read_transcript(tmp_path / "none.pkl")


def test_embeddings_have_one_row_a_text_whatever_stands_beside_it(tmp_path):
    together = transcripts.embed(TEXTS, cache=tmp_path)
    assert together.shape == (4, 384)
    assert together.dtype == np.float32
    for row in (0, 2):
        alone = transcripts.embed([TEXTS[row]], cache=tmp_path)
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
    assert np.abs(together[0] - together[3]).max() > 0.05


def test_embeddings_are_kept(tmp_path, monkeypatch):
    kept = np.arange(4, dtype=np.float32).reshape(2, 2)
    monkeypatch.setattr(transcripts, "_embed", lambda *_: kept)
    transcripts.embed(["a", "b"], cache=tmp_path)
    monkeypatch.setattr(transcripts, "_embed", lambda *_: pytest.fail("embedded again"))
    np.testing.assert_array_equal(transcripts.embed(["a", "b"], cache=tmp_path), kept)


@pytest.mark.parametrize(("texts", "model"), [(["b", "a"], "minilm"), (["a", "b"], "other")])
def test_other_texts_or_another_model_are_embedded_anew(tmp_path, monkeypatch, texts, model):
    asked = []
    monkeypatch.setattr(transcripts, "_embed", lambda *key: asked.append(key) or np.zeros(1))
    transcripts.embed(["a", "b"], cache=tmp_path)
    transcripts.embed(texts, model, cache=tmp_path)
    assert asked == [(["a", "b"], "minilm"), (texts, model)]


@pytest.mark.parametrize("model", ["no-such-model", "nobody/nothing", "empty folder"])
def test_unknown_text_model_is_named(tmp_path, model):
    if model == "empty folder":
        (tmp_path / "folder").mkdir()
        model = str(tmp_path / "folder")
    with pytest.raises(DataError, match=rf"{model}' cannot be loaded.*TEXT_MODEL"):
        transcripts.embed(["a"], model, cache=tmp_path / "cache")
