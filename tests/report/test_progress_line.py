"""The line of the notebook that runs: in place on a terminal, a line now and then in a log."""

import io
import os
import pty
import threading
import time

from nbformat.v4 import new_code_cell, new_notebook, new_output

from mmage_utils import files
from mmage_utils.report import run_log
from mmage_utils.report.notebook_runner import run_report
from mmage_utils.report.progress_line import ProgressLine

HEAD = "[2/11] 02_image_classifier"
TRAINS = """import time
from mmage_utils.progress import progress_bar
with progress_bar(12, "training image_baseline", "epoch") as bar:
    bar.update()
    bar.set_postfix_str("valid 64.1%")
    time.sleep(1.1)
    bar.update()
    time.sleep(1)
time.sleep(0.5)
"""


class Screen:
    """A terminal of so many columns; what it got can be read afterwards."""

    def __init__(self, monkeypatch, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        self.ours, theirs = pty.openpty()
        self.stream, self.got = os.fdopen(theirs, "w", encoding="utf-8"), b""
        self.reader = threading.Thread(target=self.collect, daemon=True)
        self.reader.start()

    def collect(self):
        try:
            while chunk := os.read(self.ours, 4096):
                self.got += chunk
        except OSError:
            pass  # its end

    def shown(self):
        """Everything that stood on the line, one after the other."""
        self.stream.close()
        self.reader.join(10)
        os.close(self.ours)
        return [line for line in self.got.decode().split("\r") if line.strip()]


def test_a_terminal_shows_it_in_place_and_then_how_it_ended(tmp_path, monkeypatch):
    screen, place = Screen(monkeypatch, 60), tmp_path / "told"
    line = ProgressLine(stream=screen.stream)
    line.show({HEAD: place})
    place.write_text("training x, epoch 3 of 12, valid 64.1%, about 40 s left")
    line.show({HEAD: place})
    line.print(f"{HEAD} … 12 s")
    line.print("all done")
    begun, told, last, end = screen.shown()
    assert begun == f"{HEAD} …".ljust(59)
    assert told == "[2/11] 02_image_classifier … training x, epoch 3 of 12, va…"
    assert len(told) == 59
    assert last == f"{HEAD} … 12 s"
    assert end.strip() == "all done"


def test_two_share_a_line_of_a_terminal(tmp_path, monkeypatch):
    screen, words = Screen(monkeypatch, 60), tmp_path / "words"
    faces = tmp_path / "faces"
    faces.write_text("training x, epoch 3 of 12, valid 64.1%")
    words.write_text("cell 3 of 30")
    line = ProgressLine(stream=screen.stream)
    line.show({HEAD: faces, "[6/11] 06_text_features": words})
    (told,) = screen.shown()
    assert told.rstrip() == "02 … training x, epoch 3 of 12, valid … | 06 … cell 3 of 30"
    assert len(told) == 59


def test_a_text_that_is_short_leaves_its_room_to_the_others(tmp_path, monkeypatch):
    screen, texts = Screen(monkeypatch, 40), ("abcdefghijklmnop", "k", "ABCDEFGHIJKLMNOP")
    running = {}
    for number, text in enumerate(texts, start=1):
        place = tmp_path / str(number)
        place.write_text(text)
        running[f"[{number}/3] 0{number}_toy"] = place
    ProgressLine(stream=screen.stream).show(running)
    (told,) = screen.shown()
    assert told.rstrip() == "01 … abcdefg… | 02 … k | 03 … ABCDEFGH…"
    assert len(told) == 39


def test_a_log_gets_lines_and_no_control_characters(tmp_path):
    stream, place, noted = io.StringIO(), tmp_path / "told", []
    line = ProgressLine(stream=stream, log=noted.append, seconds=0.05)
    place.write_text("Faces, 3 of 4 faces")
    for _ in range(3):
        line.show({HEAD: place, "[6/11] 06_text_features": tmp_path / "not yet"})
        time.sleep(0.06)
    line.print(f"{HEAD} … 12 s")
    told = "02_image_classifier: Faces, 3 of 4 faces"
    assert noted == [told] * 2
    assert stream.getvalue().splitlines() == [f"  {told}"] * 2 + [f"{HEAD} … 12 s"]


def test_where_nothing_is_told_nothing_is_printed(tmp_path):
    stream = io.StringIO()
    line = ProgressLine(stream=stream, seconds=0.01)
    for _ in range(3):
        line.show({HEAD: tmp_path / "told"})
        time.sleep(0.02)
    assert stream.getvalue() == ""


def test_a_run_tells_its_training_keeps_a_log_and_nothing_in_its_notebook(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr("mmage_utils.report.progress_line.LOG_SECONDS", 0.2)
    cells = ['RUN = "mine"', TRAINS, "import warnings\nwarnings.warn('an odd clip')"]
    notebook = new_notebook(cells=list(map(new_code_cell, cells)))
    notebook.cells[0].metadata["tags"] = ["parameters"]
    path = tmp_path / "notebooks" / "01_toy.ipynb"
    path.parent.mkdir()
    path.write_text(files.json.dumps(notebook))
    folder = run_report()
    printed = capfd.readouterr()
    told = "  01_toy: training image_baseline, epoch 3 of 12, valid 64.1%, about "
    assert told in printed.out
    assert "  01_toy: cell 2 of 3\n" in printed.out
    assert printed.err == ""
    executed = (folder / "notebooks" / "01_toy.ipynb").read_text()
    assert "epoch 3 of 12" not in executed
    assert [p.name for p in (folder / "notebooks").iterdir()] == ["01_toy.ipynb"]
    log = (folder / run_log.NAME).read_text()
    assert "versions: python 3." in log
    assert "training image_baseline, epoch 3 of 12" in log
    assert "01_toy: " in log
    assert "UserWarning: an odd clip" in log
    run_report()
    assert "01_toy: reused" in (folder / run_log.NAME).read_text()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "run").write_text("a file")
    run_log.note(tmp_path / "run", "something")


def test_many_warnings_are_counted(tmp_path):
    text = "".join(f"warning {k}\n" for k in range(50))
    cell = new_code_cell(outputs=[new_output("stream", name="stderr", text=text)])
    path = tmp_path / "a.ipynb"
    path.write_text(files.json.dumps(new_notebook(cells=[cell])))
    said = run_log.warnings_of(path, "at the end\n")
    assert said[0] == "warning 0"
    assert len(said) == run_log.MOST_WARNINGS + 1
    assert said[-1] == "and 31 lines more"
