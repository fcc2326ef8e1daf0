"""What a long computation says: lines for its runner, lines on stderr, bars, or nothing."""

import re
import sys

import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from mmage_utils import progress
from mmage_utils.progress import describe, progress_bar

BAR = "from mmage_utils import progress\nprogress.LOG_SECONDS = 0\n"
BAR += "for _ in progress.progress_bar(1200, 'Faces', 'face', range(1200)): pass"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("TQDM_DISABLE", progress.PLACE, *progress.WIDGETS):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("done", "text"),
    [
        ((0, 12, "training x", "epoch"), "training x, epoch 1 of 12"),
        ((12, 12, "training x", "epoch"), "training x, epoch 12 of 12"),
        ((812, 1200, "Faces", "face"), "Faces, 812 of 1,200 faces"),
    ],
)
def test_what_is_done_is_said_in_words(done, text):
    assert describe(*done) == text


@pytest.mark.parametrize(
    ("rate", "left"),
    [(10, "about 40 s"), (1000, "about 1 s"), (2, "about 3 min"), (0.05, "about 2.2 h")],
)
def test_the_time_that_is_left_is_a_round_number(rate, left):
    said = describe(2, 402, "training x", "epoch", rate=rate, more="valid 64.1%")
    assert said == f"training x, epoch 3 of 402, valid 64.1%, {left} left"


def test_a_runner_reads_what_its_kernel_does(tmp_path, monkeypatch, capsys):
    place = tmp_path / "told"
    monkeypatch.setenv(progress.PLACE, str(place))
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    progress.tell_cell(7, 21)
    assert place.read_text() == "cell 7 of 21"
    with progress_bar(12, "training x", "epoch") as bar:
        assert place.read_text() == "training x, epoch 1 of 12"
        bar.set_postfix_str("valid 64.1%")
        bar.update()
        assert place.read_text().startswith("training x, epoch 2 of 12, valid 64.1%, about ")
    assert place.read_text() == "cell 7 of 21"
    assert list(progress_bar(3, "Faces", "face", "abc")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_not_more_than_a_line_a_second_is_written(tmp_path, monkeypatch):
    place, clock = tmp_path / "told", [0.0]
    monkeypatch.setenv(progress.PLACE, str(place))
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress_bar(100, "Faces", "face") as bar:
        bar.update(10)
        assert "0 of 100" in place.read_text()
        clock[0] = 1.0
        bar.update(10)
        assert place.read_text() == "Faces, 20 of 100 faces, about 4 s left"


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.PLACE, str(tmp_path / "nowhere" / "told"))
    assert len(list(progress_bar(3, "Faces", "face", range(3)))) == 3


def test_a_resumed_training_is_not_said_to_be_fast(tmp_path, monkeypatch):
    place, clock = tmp_path / "told", [0.0]
    monkeypatch.setenv(progress.PLACE, str(place))
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress_bar(12, "training x", "epoch") as bar:
        bar.n = bar.initial = 10
        clock[0] = 20.0
        bar.update()
        assert place.read_text() == "training x, epoch 12 of 12, about 20 s left"


def test_a_log_gets_a_line_a_minute_and_a_terminal_a_bar(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    for clock[0] in progress_bar(4, "Faces", "face", (30, 59, 61, 100)):
        pass
    assert capsys.readouterr().err.splitlines() == ["Faces, 3 of 4 faces, about 20 s left"]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    list(progress_bar(4, "Faces", "face", range(4)))
    assert "4/4" in capsys.readouterr().err


def test_silence_is_kept(monkeypatch, capsys):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr(progress, "LOG_SECONDS", 0)
    list(progress_bar(4, "Faces", "face", range(4)))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("shown", "kind"), [(None, "stream"), ("x.ipynb", "display_data")])
def test_papermill_gets_lines_and_jupyter_a_bar(tmp_path, monkeypatch, shown, kind):
    if shown:
        monkeypatch.setenv("JPY_SESSION_NAME", shown)
    notebook = new_notebook(cells=[new_code_cell(BAR)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    done = papermill.execute_notebook(
        notebook, None, kernel_name="python3", progress_bar=False, cwd=tmp_path
    )
    outputs = done.cells[-1].outputs
    assert {output.output_type for output in outputs} == {kind}
    if kind == "stream":
        assert re.match(r"Faces, 1 of 1,200 faces, about [\d.]+ (s|min|h) left\n", outputs[0].text)
