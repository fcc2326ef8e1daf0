"""Run one notebook with papermill: watched, told of, and written whole or not at all."""

import functools
import logging
import os
import warnings
from contextlib import contextmanager
from unittest.mock import patch

import nbformat
import papermill
from traitlets.config import Config

from mmage_utils.errors import DataError
from mmage_utils.files import shown
from mmage_utils.progress import PLACE
from mmage_utils.report import kernel_watch, run_log
from mmage_utils.report.alternative_text import add_alternatives
from mmage_utils.report.failures import find_disk_trouble, find_failure
from mmage_utils.report.progress_line import show_progress

KERNEL = {"kernel_name": "python3", "language": "python"}
# Kernels work without progress bars, and show figures whatever the caller's backend is.
KERNEL_ENV = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}

# Errors are read from the notebook that papermill writes.
logging.getLogger("papermill").setLevel(logging.CRITICAL + 1)


def execute(source, target, parameters, head=""):
    """Run one notebook with papermill, in its own folder.

    ``target`` is written whole or not at all. A failed run leaves the notebook as far as it ran
    beside it, as ``partial_NN_name.ipynb``.

    Parameters
    ----------
    source, target : Path
        The notebook, and where to write it executed (``runs/<RUN>/notebooks``); absolute.
    parameters : dict
        Values to inject; with none, the notebook runs as it is.
    head : str
        What stands on the line already that tells what the kernel does (`show_progress`).

    Returns
    -------
    read, written : list of str
        What it used of the run, as `kernel_watch.read_notes`; None if the kernel did not say.

    Raises
    ------
    DataError
        A code cell failed or was not reached. ``sys.exit(0)`` counts as a failure.
    """
    partial = target.with_name(f"partial_{target.name}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    log, notes = partial.with_suffix(".log"), partial.with_suffix(".uses")
    # A hidden file is no product of the notebook, and none of a killed run is left for long.
    told = target.with_name(f".progress_{target.stem}")
    for path in (partial, log, notes):
        path.unlink(missing_ok=True)
    folder, crash = target.parent.parent, None
    begin = kernel_watch.start_line(folder, notes, count_cells(source, parameters))
    note = functools.partial(run_log.note, folder)
    try:
        # papermill cannot give an environment to the kernel, which inherits ours.
        ignored = warnings.catch_warnings(action="ignore")
        environment = patch.dict(os.environ, KERNEL_ENV | {PLACE: str(told)})
        with environment, ignored, _stderr_to(log), show_progress(head, told, log=note):
            papermill.execute_notebook(
                source,
                partial,
                parameters,
                **KERNEL,
                progress_bar=False,
                cwd=source.parent,
                start_timeout=120,
                # A kernel that is stopped after a failure must not log that on the screen.
                extra_arguments=["--IPKernelApp.log_level=50", f"--IPKernelApp.exec_lines={begin}"],
                # By default the kernel warns that its connection is not encrypted.
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),
            )
    except KeyboardInterrupt:
        partial.unlink(missing_ok=True)
        raise
    except Exception as error:  # a cell that raised or a kernel that died
        crash = error
    finally:
        uses = kernel_watch.read_notes(notes) if notes.is_file() else None
        notes.unlink(missing_ok=True)
        printed = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        if crash is None or not printed:
            log.unlink(missing_ok=True)
    failure = _describe_failure(partial, crash)
    if failure:
        print("failed", flush=True)
        trouble = find_disk_trouble(failure)
        if trouble:
            raise DataError(f"{source.stem} stopped: {trouble}") from crash
        where = f"\nThe notebook as far as it ran: {shown(partial)}" if partial.exists() else ""
        raise DataError(f"{source.stem} failed {failure}{where}") from crash
    for line in run_log.warnings_of(partial, printed):
        note(f"{source.stem}: {line}")
    executed = nbformat.read(partial, as_version=4)
    add_alternatives(executed)
    nbformat.write(executed, partial)
    os.replace(partial, target)
    return uses


def count_cells(source, parameters):
    """How many code cells a notebook runs, with the one that papermill adds for parameters."""
    cells = nbformat.read(source, as_version=4).cells
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells) + bool(
        parameters
    )


def _describe_failure(partial, crash):
    """`find_failure` in what papermill wrote; where that says nothing, what it raised."""
    try:
        failure = find_failure(nbformat.read(partial, as_version=4), crash)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:  # not even written
        return f": {crash or error}"
    return failure or (f": {crash}" if crash else "")


@contextmanager
def _stderr_to(path):
    """Send what this process and its children print on stderr to a file.

    A kernel that is shut down may complain about its closed sockets, which nobody can fix; the
    stderr of a cell is in the notebook anyway.
    """
    screen = os.dup(2)
    with open(path, "wb") as log:
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(screen, 2)
        os.close(screen)
