"""Transcripts of videos: pickled dictionaries, CSV files, texts and captions; untrusted, too."""

import pickle

import pytest

from mmage_utils.data.transcripts import read_transcript_dict
from mmage_utils.data.video_words import read_captions, read_given_words, words_beside
from mmage_utils.errors import DataError

WORDS = {"-a_b.000.mp4": "hello there", "c.001.mp4": "so I thought"}
SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i>\nthere\n\n"
    "2\n00:00:02,500 --> 00:00:04,000\nBob\n"
)
VTT = (
    "WEBVTT\nKind: captions\n\nNOTE made by hand\n\n00:01.000 --> 00:02.500 align:start\n"
    "Hello<00:00:01.500><c> there</c>\n\n00:02.500 --> 00:04.000\nHello there\nBob\n"
)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_dictionaries_of_every_protocol(tmp_path, protocol):
    path = tmp_path / "words.pkl"
    path.write_bytes(pickle.dumps(WORDS, protocol=protocol))
    assert read_transcript_dict(path) == WORDS
    assert read_given_words([path]) == {"-a_b.000": "hello there", "c.001": "so I thought"}


def test_dictionary_of_python_2_bytes(tmp_path):
    # What Python 2 writes for {'a.mp4': 'caf\xc3\xa9'} at protocol 0.
    (tmp_path / "words.pkl").write_bytes(b"(dp0\nS'a.mp4'\np1\nS'caf\\xc3\\xa9'\np2\ns.")
    assert read_transcript_dict(tmp_path / "words.pkl") == {"a.mp4": "café"}


class _Call:
    def __reduce__(self):
        return (open, ("called", "w"))


@pytest.mark.parametrize(
    "content",
    [{"a": _Call()}, {"a": {"b": "c"}}, {"a": 3}, {"a": ["b"]}, ["a"], "a text", None],
    ids=["call", "nested", "number", "list", "only a list", "only a text", "nothing"],
)
def test_anything_else_is_refused_and_not_run(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.pkl").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(DataError, match=r"words\.pkl is not a pickled dictionary of texts: "):
        read_given_words([tmp_path / "words.pkl"])
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("name", ["../a.mp4", "/etc/a.mp4", "..", "", "a/b.mp4", "a\\b", "a\nb"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    (tmp_path / "words.pkl").write_bytes(pickle.dumps({name: "text"}))
    with pytest.raises(DataError, match=r"words\.pkl: The name .* cannot be that of a clip"):
        read_given_words([tmp_path / "words.pkl"])


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", " Hello there \n Bob\n"), ("a.srt", SRT), ("a.vtt", VTT)]
)
def test_captions_are_what_is_said(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_captions(tmp_path / name) == "Hello there Bob"
    assert words_beside(tmp_path / "a.webm") == "Hello there Bob"
    assert words_beside(tmp_path / "b.webm") == ""


def test_later_sources_win_and_empty_texts_are_no_words(tmp_path):
    (tmp_path / "table.csv").write_text("VideoName,text\na.mp4,from the table\nb,!\n")
    (tmp_path / "a.txt").write_text("from the folder")
    assert read_given_words([tmp_path / "table.csv"]) == {"a": "from the table"}
    assert read_given_words([tmp_path / "table.csv", tmp_path])["a"] == "from the folder"


def test_missing_and_wrong_files_are_named(tmp_path):
    (tmp_path / "table.csv").write_text("VideoName,words\na.mp4,b\n")
    with pytest.raises(DataError, match=r"table\.csv needs one column text"):
        read_given_words([tmp_path / "table.csv"])
    with pytest.raises(DataError, match=r"nowhere\.pkl are missing"):
        read_given_words([tmp_path / "nowhere.pkl"])
