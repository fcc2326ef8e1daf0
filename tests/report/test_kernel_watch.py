"""A kernel notes which files of its run it uses, and does not outlive the runner."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mmage_utils.report.kernel_watch import read_notes, start_line

USES = """
import os
import pandas as pd
from pathlib import Path
from mmage_utils.files import ROOT, save_json, whole
folder = Path({folder!r})
(folder / "read.csv").read_text()
pd.read_csv(folder / "table.csv")
save_json(folder / "results" / "own.json", [1])
(folder / "results" / "own.json").read_text()
with whole(folder / "kept.csv") as path:
    path.write_text((folder / "kept.csv").read_text())
open(folder / "plain.txt", "w").close()
os.chdir(folder)
open("relative.txt").close()
(folder / ".hidden").read_text()
(folder.parent / "beside.txt").read_text()
try:
    open(folder / "missing.txt")
except FileNotFoundError:
    pass
"""
# As ipykernel does where its kernel is told to end.
ENDS_EARLY = """
import asyncio
class Kernel:
    async def {task}(self):
        await asyncio.Future()
async def begin():
    asyncio.ensure_future(Kernel().{task}())
    await asyncio.sleep(0)
loop = asyncio.new_event_loop()
loop.run_until_complete(begin())
loop.close()
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE,
                         start_new_session=True,
                         env=os.environ | {"JPY_PARENT_PID": str(os.getpid())})
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


def test_uses_are_noted_as_read_or_written(tmp_path):
    folder, notes = tmp_path / "run", tmp_path / "notes"
    folder.mkdir()
    for name in ("read.csv", "table.csv", "kept.csv", "relative.txt", ".hidden", "../beside.txt"):
        (folder / name).write_text("a\n1\n")
    program = start_line(folder, notes) + USES.format(folder=str(folder))
    subprocess.run([sys.executable, "-c", program], check=True, env=without_parent())
    read, written = read_notes(notes)
    assert read == ["missing.txt", "read.csv", "relative.txt", "table.csv"]
    assert written == ["kept.csv", "plain.txt", "results/own.json"]


def test_no_notes_are_no_uses(tmp_path):
    assert read_notes(tmp_path / "nowhere") == ([], [])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel polls for its parent")
def test_it_dies_with_its_parent_and_its_children_with_it(tmp_path):
    line = start_line(tmp_path, tmp_path / "notes")
    # As in a long computation: no other thread of it gets to run.
    program = f"{line}\nimport subprocess\nsubprocess.Popen(['sleep', '60'])\n"
    program += "print('begun', flush=True)\nsum(range(10**12))"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, program], stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(parent.stdout.readline()))
    family = [child, *child.children()]
    assert {process.name() for process in family} >= {"sleep", "sh"}
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    end = time.monotonic() + 10
    while any(map(is_alive, family)):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(("task", "hidden"), [("dispatch_control", True), ("compute", False)])
def test_of_tasks_that_end_with_the_kernel_only_its_own_is_not_told(tmp_path, task, hidden):
    program = f"{start_line(tmp_path, tmp_path / 'notes')}{ENDS_EARLY.format(task=task)}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=without_parent(), capture_output=True, text=True
    )
    assert done.returncode == 0
    assert ("Task was destroyed but it is pending!" in done.stderr) is not hidden
    assert bool(done.stderr) is not hidden, done.stderr


IMPORTS = [
    "import colorsys\nfrom json import tool",
    "%matplotlib inline",
    "import nothing_of_that_name",
    "def late():\n    import wave",
]


@pytest.mark.parametrize(("word", "ends"), [("go", False), ("end", True)])
def test_it_imports_and_then_waits_until_it_is_told(tmp_path, word, ends):
    source, go = tmp_path / "one.ipynb", tmp_path / "one.go"
    cells = [{"cell_type": "code", "source": code} for code in IMPORTS]
    cells.append({"cell_type": "markdown", "source": ["import quopri"]})
    source.write_text(json.dumps({"cells": cells}))
    names = ["colorsys", "json.tool", "sndhdr", "wave", "quopri"]
    how = {"source": str(source), "late": ("sndhdr",), "go": str(go)}
    program = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{start_line(tmp_path, tmp_path / "notes", **how)}
print("ready", flush=True)
shell.run_cell("import sys")
shell.run_cell("print([name for name in {names} if name in sys.modules])")
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    child = subprocess.Popen(command, env=without_parent(), stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    with pytest.raises(subprocess.TimeoutExpired):
        child.communicate(timeout=3)
    go.write_text(word)
    printed, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    assert printed == ("" if ends else "['colorsys', 'json.tool', 'sndhdr']\n")


def test_what_is_imported_late_is_left_where_it_may_go_at_once(tmp_path):
    go = tmp_path / "one.go"
    go.write_text("go")
    program = start_line(tmp_path, tmp_path / "notes", late=("sndhdr",), go=str(go))
    program += "\nimport sys\nassert 'sndhdr' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], env=without_parent(), check=True, timeout=60)


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def without_parent():
    return {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
