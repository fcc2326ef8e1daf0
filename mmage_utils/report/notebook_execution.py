"""Notebooks run by papermill, each in a process: watched, and written whole or not at all."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

import nbformat

from mmage_utils.errors import DataError
from mmage_utils.files import shown, write_text
from mmage_utils.progress import PLACE
from mmage_utils.report import kernel_watch, notebook_process, run_log
from mmage_utils.report.alternative_text import add_alternatives
from mmage_utils.report.failures import find_disk_trouble, find_failure

KERNEL = {"kernel_name": "python3", "language": "python"}
# Kernels work without progress bars, and show figures whatever the caller's backend is.
KERNEL_ENV = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}
STOP = 10  # s that processes have to end their kernels


class Running(NamedTuple):
    """A notebook that runs, or is prepared to.

    Attributes
    ----------
    source, target : Path
        The notebook, and where it is written executed (``runs/<RUN>/notebooks``).
    process : subprocess.Popen
        Executes it (`notebook_process`).
    partial : Path
        The notebook as far as it ran.
    told : Path
        What the kernel is doing (`progress.PLACE`).
    """

    source: Path
    target: Path
    process: subprocess.Popen
    partial: Path
    told: Path

    @property
    def log(self):
        """What the kernel printed outside of cells."""
        return self.partial.with_suffix(".log")

    @property
    def may_go(self):
        """What the kernel waits for with its first cell."""
        return self.target.with_name(f".go_{self.target.stem}")

    @property
    def notes(self):
        """Which files of the run the kernel used (`kernel_watch`)."""
        return self.partial.with_suffix(".uses")


def prepare(source, target, parameters, threads="1", *, late=()):
    """Start papermill and a kernel for one notebook, in its own folder.

    The kernel imports what the notebook imports, and waits with the first cell until it is told to
    `go`.

    Parameters
    ----------
    source, target : Path
        The notebook, and where to write it executed (``runs/<RUN>/notebooks``); absolute.
    parameters : dict
        Values to inject; with none, the notebook runs as it is.
    threads : str
        Of the kernel's libraries (``OMP_NUM_THREADS``).
    late : tuple of str
        Modules to import too while it waits, as functions that the notebook calls import them.

    Returns
    -------
    Running
        For `go`, and then `finish` or `stop`.
    """
    partial = target.with_name(f"partial_{target.name}")
    # A hidden file is no product of the notebook, and none of a killed run is left for long.
    running = Running(source, target, None, partial, target.with_name(f".progress_{target.stem}"))
    partial.parent.mkdir(parents=True, exist_ok=True)
    _remove(running, partial, running.log)
    how = {"cells": count_cells(source, parameters)}
    how |= {"source": str(source), "late": late, "go": str(running.may_go)}
    begin = kernel_watch.start_line(target.parent.parent, running.notes, **how)
    order = {"input_path": str(source), "output_path": str(partial), "parameters": parameters}
    order |= {"cwd": str(source.parent), **KERNEL}
    # A kernel that is stopped after a failure must not log that on the screen.
    order["extra_arguments"] = ["--IPKernelApp.log_level=50", f"--IPKernelApp.exec_lines={begin}"]
    # papermill cannot give an environment to the kernel, which inherits that of its process.
    environment = os.environ | KERNEL_ENV | {"OMP_NUM_THREADS": threads}
    with open(running.log, "wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-P", "-m", notebook_process.__name__, json.dumps(order)],
            env=environment | {PLACE: str(running.told)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            process_group=0,  # an interrupt is passed on by `stop`
        )
    return running._replace(process=process)


def go(running):
    """Let a prepared notebook begin."""
    write_text(running.may_go, "go")


def ended(running, seconds):
    """Which of the notebooks have ended, or do so within some seconds.

    Parameters
    ----------
    running : list of Running
    seconds : float

    Returns
    -------
    list of Running
    """
    ready = wait([one.process.stdout for one in running], seconds) if running else []
    return [one for one in running if one.process.stdout in ready]


def finish(running):
    """See how a notebook ended, and write it.

    ``target`` is written whole or not at all. A failed run leaves the notebook as far as it ran
    beside it, as ``partial_NN_name.ipynb``.

    Parameters
    ----------
    running : Running
        Which has `ended`; it is waited for.

    Returns
    -------
    read, written : list of str
        What it used of the run, as `kernel_watch.read_notes`; None if the kernel did not say.

    Raises
    ------
    DataError
        A code cell failed or was not reached. ``sys.exit(0)`` counts as a failure.
    """
    source, partial, notes, log = running.source, running.partial, running.notes, running.log
    answer, _ = running.process.communicate()
    ended_by = f"its process ended with exit code {running.process.returncode}"
    crash = json.loads(answer)["crash"] if answer else ended_by
    uses = kernel_watch.read_notes(notes) if notes.is_file() else None
    printed = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    _remove(running, *([log] if crash is None or not printed else []))
    failure = _describe_failure(partial, crash)
    if failure:
        trouble = find_disk_trouble(failure)
        if trouble:
            raise DataError(f"{source.stem} stopped: {trouble}")
        where = f"\nThe notebook as far as it ran: {shown(partial)}" if partial.exists() else ""
        raise DataError(f"{source.stem} failed {failure}{where}")
    for line in run_log.warnings_of(partial, printed):
        run_log.note(running.target.parent.parent, f"{source.stem}: {line}")
    executed = nbformat.read(partial, as_version=4)
    add_alternatives(executed)
    nbformat.write(executed, partial)
    os.replace(partial, running.target)
    return uses


def stop(running):
    """Stop notebooks; nothing of them is left.

    Parameters
    ----------
    running : list of Running
    """
    for one in running:
        if not one.may_go.exists():  # the kernel waits, and papermill sees that it ends
            with suppress(OSError):  # on a full disk
                write_text(one.may_go, kernel_watch.END)
                continue
        one.process.send_signal(signal.SIGINT)
    end = time.monotonic() + STOP
    for one in running:
        try:
            one.process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.process.kill()
        with suppress(ValueError):  # if it was stopped before
            one.process.communicate()
        _remove(one, one.partial, one.log)


def count_cells(source, parameters):
    """How many code cells a notebook runs, with the one that papermill adds for parameters."""
    cells = nbformat.read(source, as_version=4).cells
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells) + bool(
        parameters
    )


def _remove(running, *more):
    for path in (running.notes, running.told, running.may_go, *more):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _describe_failure(partial, crash):
    """`find_failure` in what papermill wrote; where that says nothing, what it raised."""
    try:
        failure = find_failure(nbformat.read(partial, as_version=4), crash)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:  # not even written
        return f": {crash or error}"
    return failure or (f": {crash}" if crash else "")
