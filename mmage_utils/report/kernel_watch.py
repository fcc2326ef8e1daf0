"""What a kernel of the report does before its notebook: it imports, waits until it may begin, notes
files, tells what it does, and dies with the runner.

Nothing else that takes time is imported, as every notebook waits for it.
"""

import ast
import ctypes
import importlib
import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, suppress
from pathlib import Path

from mmage_utils.progress import tell_cell
from mmage_utils.report.used_modules import named_modules

PR_SET_PDEATHSIG = 1  # of Linux
LOOK = 0.02  # s
END = "end"
_WAITING = []  # whose pipe stays open as long as this process lives


def start_line(folder, record, **how):
    """The line of Python by which a kernel starts to do all this: a call of `begin`."""
    begun = f"__import__({__name__!r}, fromlist=['x'])"
    return f"{begun}.begin({str(folder)!r}, {str(record)!r}, **{how!r})"


def begin(folder, record, *, cells=0, source=None, late=(), go=None):
    """End with the process that started this one, note which files of a folder are used, import
    what a notebook will need, wait with its first cell, and tell which of its cells runs.

    Parameters
    ----------
    folder, record : str
        As `note_files`.
    cells : int
        How many a runner is told of.
    source : str, optional
        A notebook, of which what it imports is imported now.
    late : iterable of str
        Other modules to import while it waits.
    go : str, optional
        A file, before which no cell is run; if it says ``end``, none is.
    """
    end_with_children()
    end_with_parent(int(os.environ.get("JPY_PARENT_PID", 0)) or os.getppid())
    note_files(folder, record)
    go = Path(go) if go else None
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        before_cells(shell.events, cells, go)
    hide_last_task()
    import_all(imports_of(source) if source else (), go)
    import_all((name for name in late if not (go and go.is_file())), go)


def imports_of(source):
    """Names of the modules, and of what may be modules, that the cells of a notebook import."""
    for cell in json.loads(Path(source).read_bytes())["cells"]:
        code = "".join(cell["source"]) if cell["cell_type"] == "code" else ""
        with suppress(SyntaxError):  # it fails in the notebook
            yield from named_modules(ast.parse(code).body)


def import_all(names, go=None):
    """Import modules; what cannot be imported fails in the notebook."""
    for name in names:
        if go is not None and go.is_file():
            end_if_told(go)
        # What an import warns of is kept with what is printed outside of cells.
        with suppress(Exception), redirect_stderr(sys.__stderr__):
            importlib.import_module(name)


def before_cells(events, cells, go):
    """Let a kernel wait with its first cell, and tell its runner which of so many cells it runs
    (`progress`)."""

    def wait_once(_):
        events.unregister("pre_run_cell", wait_once)
        while not go.is_file():
            time.sleep(LOOK)
        end_if_told(go)

    numbers = itertools.count(1)
    if go is not None:
        events.register("pre_run_cell", wait_once)
    events.register("pre_run_cell", lambda _: tell_cell(next(numbers), cells))


def end_if_told(go):
    """End this process if a file says so."""
    if go.read_text(encoding="utf-8") == END:
        os._exit(0)


def hide_last_task():
    """Let a kernel that is told to end say nothing of ipykernel's own task, which waits then.

    Where other work keeps the machine busy, asyncio prints that it was destroyed while pending. Of
    other tasks it still does.
    """
    own = "coro=<Kernel.dispatch_control()"
    logging.getLogger("asyncio").addFilter(lambda record: own not in record.getMessage())


def end_with_children():
    """Let the processes that this one starts end with it, however it ends: those of joblib do not.

    A shell of the same group waits for the end of a pipe, and then kills the group. Of a process
    that shares the group of another one, as no kernel does, nothing is killed.
    """
    if os.getpgrp() == os.getpid():
        # An interrupt of the kernel goes to its whole group.
        command = ["sh", "-c", "trap '' INT TERM HUP; read _; kill -KILL 0"]
        none = subprocess.DEVNULL
        streams = {"stdin": subprocess.PIPE, "stdout": none, "stderr": none}
        waiting = subprocess.Popen(command, **streams)  # noqa: S603 - the command is ours
        _WAITING.append(waiting)


def end_with_parent(parent):
    """Let the system kill this process as soon as its parent has died, however that happened.

    A kernel asks only once a second whether its parent is alive, and where orphans go to another
    process than the first, never notices. Other systems than Linux have no more than that.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before
            os._exit(1)


def note_files(folder, record):
    """Note in a file which files of a folder this process opens from now on: a line of each use.

    A line is ``r`` or ``w`` and the path within the folder. What is written whole is renamed to its
    name; the temporary name, which is hidden, is left out.
    """
    folder, seen = os.path.join(os.path.abspath(folder), ""), set()
    notes = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def note(event, arguments):
        if event == "open":
            path, _, flags = arguments
            use = "w" if flags & (os.O_WRONLY | os.O_RDWR) else "r"
        elif event == "os.rename":
            path, use = arguments[1], "w"
        else:
            return
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor that is open already
        path = os.path.abspath(os.fsdecode(path))
        hidden = os.path.basename(path).startswith(".")
        if path.startswith(folder) and not hidden and (use, path) not in seen:
            seen.add((use, path))
            os.write(notes, os.fsencode(f"{use} {path.removeprefix(folder)}\n"))

    sys.addaudithook(note)


def read_notes(record):
    """What `note_files` noted.

    Returns
    -------
    read, written : list of str
        Paths within the folder, sorted. What is written and read is a product, and only written.
    """
    lines = Path(record).read_bytes().splitlines() if Path(record).is_file() else []
    uses = {(use, os.fsdecode(path)) for use, _, path in (line.partition(b" ") for line in lines)}
    written = {path for use, path in uses if use == b"w"}
    return sorted({path for _, path in uses} - written), sorted(written)
