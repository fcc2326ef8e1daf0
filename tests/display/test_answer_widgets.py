"""The button that takes videos: what is uploaded is answered, named or refused, and not kept."""

import numpy as np
import pytest
from helpers.bundles import few, make_small
from helpers.films import film

from mmage_utils.display import answer_widgets
from mmage_utils.display.answer_text import answers_table
from mmage_utils.fusion.answers import predict_new
from mmage_utils.fusion.bundle import read_bundle
from mmage_utils.sample.videos import write_video

WALL = np.full((96, 96, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def model(clips, tmp_path_factory):
    ways = {"image": "none", "audio": "head", "text": "head"}
    return read_bundle(make_small(tmp_path_factory.mktemp("run"), few(clips, 16), ways)[2])


def _file(name, content):
    return {"name": name, "content": memoryview(content)}


@pytest.fixture
def tone(tmp_path):
    return film(tmp_path / "tone.mp4", [WALL] * 3).read_bytes()


def test_a_video_and_its_words_are_answered(model, clips, tmp_path):
    clip = few(clips, 1).iloc[0]
    write_video(tmp_path / "a.mp4", clip["image"], clip["audio"], seed=1)
    files = [_file("a b.mp4", (tmp_path / "a.mp4").read_bytes()), _file("a b.txt", b"We <b>go")]
    shown = answer_widgets.answer_uploaded(model, files)
    assert "<h2>a b.mp4</h2>" in shown
    assert "perceived age group, not true age" in shown
    assert "faces are drawn" in shown
    assert "We &lt;b&gt;go" in shown
    assert str(tmp_path) not in shown
    assert "/tmp" not in shown


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.txt", b"words", "None of the files is a video"),
        ("a/b.mp4", b"x", "cannot be that of a clip: it has a path in it"),
        ("../../a.mp4", b"x", "cannot be that of a clip"),
        ("../a.txt", b"x", "cannot be that of a clip"),
        ("/tmp/a.srt", b"x", "cannot be that of a clip: it has a path in it"),
        ("x.mp4", b"no video", "x.mp4</h2><p>It cannot be read: it is not a video"),
    ],
)
def test_what_is_no_video_is_a_sentence(model, name, content, message):
    assert message in answer_widgets.answer_uploaded(model, [_file(name, content)])


def test_the_button_shows_its_answers_and_can_be_used_again(model, tone):
    box = answer_widgets.upload_button(model)
    button, shown = box.children
    assert ".mp4" in button.accept
    for name in ("one.mp4", "two.mp4", "two.mp4"):
        button.value = (_file(name, tone) | {"type": "", "size": 1, "last_modified": _now()},)
        assert f"<h2>{name}</h2>" in shown.value
        assert button.value == ()
        assert not button.disabled


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_the_table_of_answers_is_in_words(model, tone, tmp_path):
    (tmp_path / "b.mp4").write_bytes(b"")
    table = answers_table(predict_new(model, [tmp_path], tmp_path / "work")[1])
    assert table.index.tolist() == ["b.mp4", "tone.mp4"]
    assert table.loc["b.mp4", "reason"] == "it has no content (0 bytes)"
    assert table.loc["b.mp4", ["answer", "most likely", "confidence", "set"]].tolist() == [""] * 4
    assert table.loc["tone.mp4", "from"] == "audio"
    assert "-" in table.loc["tone.mp4", "most likely"]
