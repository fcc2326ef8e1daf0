"""Run the notebooks of the report in order, each with the parameters it declares."""

import logging
import os
import re
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import nbformat
import papermill
from traitlets.config import Config

from mmage_utils import files, runs
from mmage_utils.data.clips import count_media, with_media
from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import save_json, shown
from mmage_utils.report.committed_outputs import refresh_outputs
from mmage_utils.report.parameters import find_notebooks, resolve_parameters

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


def run_report(*, data=None, run=None, params_file=None, start=None, only=None, refresh=False):
    """Execute the notebooks and write them to ``runs/<RUN>/notebooks``.

    Parameters
    ----------
    data, run, params_file : optional
        As `resolve_parameters`.
    start, only : optional
        As `choose_notebooks`.
    refresh : bool
        Copy outputs and figures of a full default run to ``notebooks/`` and ``figures/``.

    Returns
    -------
    Path
        ``runs/<RUN>``.

    Raises
    ------
    UsageError
        An option or a parameter is wrong; nothing has run.
    DataError
        The data are wrong, or a notebook failed; the message names the cell and the error.
    """
    began = time.time()
    notebooks = find_notebooks(files.ROOT)
    chosen = choose_notebooks(notebooks, start=start, only=only)
    if refresh and (chosen != notebooks or (data, run, params_file) != (None, None, None)):
        raise UsageError(
            "--refresh takes a full run of the sample as it is: leave out --data, --run, -f, "
            "--from and --only."
        )
    parameters, settings = resolve_parameters(notebooks, params_file, data, run)
    folder = files.ROOT / "runs" / settings["RUN"]
    if {"DATA_DIR", "N_CLIPS", "SEED"} <= set(settings):
        _prepare_data(settings)

    seconds, empty_cache = {}, not any((files.ROOT / "cache").glob("*"))
    for path in chosen:
        print(f"[{notebooks.index(path) + 1}/{len(notebooks)}] {path.stem} … ", end="", flush=True)
        clock, target = time.time(), folder / "notebooks" / path.name
        execute(path, target, parameters[path])
        seconds[path.stem] = round(time.time() - clock, 1)
        print(f"{seconds[path.stem]:.0f} s  {shown(target)}", flush=True)

    # The README gives the time of a run that computes everything.
    times = folder / "results" / "times.json"
    if chosen == notebooks and (empty_cache or not times.exists()):
        record = {"cores": os.cpu_count(), "empty_cache": empty_cache, "seconds": seconds}
        save_json(times, record)
    if refresh:
        refresh_outputs(folder, since=began)
        print(f"refreshed: notebooks and figures/{folder.name}")
    print(f"report: {shown(folder / 'notebooks')} ({time.time() - began:.0f} s in all)")
    return folder


def _prepare_data(settings):
    """Make the sample if its folder is missing, and check the label lists before anything runs."""
    run, clips = runs.open_run(
        settings["RUN"], settings["DATA_DIR"], n_clips=settings["N_CLIPS"], seed=settings["SEED"]
    )
    with_media(clips)
    complete = count_media(clips).loc["all", "complete"]
    print(
        f"data: {shown(run.data_folder)} ({run.data}; {len(clips):,} clips listed, "
        f"{complete:,} with face, voice and words)",
        flush=True,
    )


def choose_notebooks(notebooks, *, start=None, only=None):
    """Return the notebooks from number `start` on, or number `only` alone, or all.

    Raises
    ------
    UsageError
        The number is unknown, or both are given.
    """
    if start is not None and only is not None:
        raise UsageError("--from and --only exclude each other.")
    if start is None and only is None:
        return notebooks
    number = str(start if only is None else only).zfill(2)
    numbers = [path.name[:2] for path in notebooks]
    if number not in numbers:
        raise UsageError(f"There is no notebook {number}, only {', '.join(numbers)}.")
    first = numbers.index(number)
    return notebooks[first:] if only is None else [notebooks[first]]


def execute(source, target, parameters):
    """Run one notebook with papermill, in its own folder.

    ``target`` is written whole or not at all. A failed run leaves the notebook as far as it ran
    beside it, as ``partial_NN_name.ipynb``.

    Parameters
    ----------
    source, target : Path
        The notebook, and where to write it executed; absolute.
    parameters : dict
        Values to inject; with none, the notebook runs as it is.

    Raises
    ------
    DataError
        A code cell failed or was not reached. ``sys.exit(0)`` counts as a failure.
    """
    partial = target.with_name(f"partial_{target.name}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)
    crash, log = None, partial.with_suffix(".log")
    try:
        # papermill cannot give an environment to the kernel, which inherits ours.
        ignored = warnings.catch_warnings(action="ignore")
        with patch.dict(os.environ, KERNEL_ENV), ignored, _stderr_to(log):
            papermill.execute_notebook(
                source,
                partial,
                parameters,
                **KERNEL,
                progress_bar=False,
                cwd=source.parent,
                start_timeout=120,
                # A kernel that is stopped after a failure must not log that on the screen.
                extra_arguments=["--IPKernelApp.log_level=50"],
                # By default the kernel warns that its connection is not encrypted.
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),
            )
    except Exception as error:  # a cell that raised or a kernel that died
        crash = error
    finally:
        if log.stat().st_size == 0 or crash is None:
            log.unlink()
    written = partial.exists()
    failure = find_failure(nbformat.read(partial, as_version=4), crash) if written else ""
    if failure or crash:
        print("failed", flush=True)
        where = f"\nThe notebook as far as it ran: {shown(partial)}" if written else ""
        raise DataError(f"{source.stem} failed {failure or f': {crash}'}{where}") from crash
    os.replace(partial, target)


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


def find_failure(notebook, crash=None):
    """Describe the first code cell of an executed notebook that did not run to its end.

    Parameters
    ----------
    notebook : NotebookNode
        What papermill wrote.
    crash : Exception, optional
        What papermill raised, printed if the cell itself contains no reason.

    Returns
    -------
    str
        Number of the cell (among the code cells), its first lines, and the end of the error's
        traceback; empty if every cell ran.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    # A kernel that died leaves its cell marked as completed: it is the last one that started.
    started = [cell for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    for number, cell in enumerate(cells, start=1):
        errors = [output for output in cell.outputs if output.output_type == "error"]
        completed = cell.metadata.get("papermill", {}).get("status") == "completed"
        died = crash is not None and started[-1:] == [cell]
        if completed and cell.execution_count is not None and not errors and not died:
            continue
        if errors and errors[0].ename == "SystemExit":
            reason = f"SystemExit: {errors[0].evalue}"
        elif errors:
            reason = "\n".join(errors[0].traceback)
        else:  # a bad magic leaves its message on stderr, a dead kernel nothing at all
            printed = [output.text for output in cell.outputs if output.get("name") == "stderr"]
            reason = "".join(printed) or str(crash or "The cell did not run.")
        reason = re.sub(r"\x1b\[[\d;]*m", "", reason).strip().splitlines()[-8:]
        lines = [*cell.source.strip().splitlines()[:5], "", *reason]
        return f"in code cell {number}:\n" + "\n".join(f"    {line}".rstrip() for line in lines)
    return ""


def prepare_copies(params_file, folder):
    """Write copies of the notebooks with injected parameters, for others to execute.

    Only cells tagged ``nbval-check-output`` keep their outputs, which nbval compares.

    Returns
    -------
    list of Path
        The copies, in order.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # The explorer has no number, as it is not part of the report.
    explorer = (files.ROOT / "notebooks").glob("explore.ipynb")
    notebooks = [*find_notebooks(files.ROOT), *explorer]
    parameters, _ = resolve_parameters(notebooks, params_file)
    for path, values in parameters.items():
        copy = papermill.execute_notebook(path, None, values, **KERNEL, prepare_only=True)
        for cell in copy.cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type == "code" and "nbval-check-output" not in tags:
                cell.outputs = []
        nbformat.write(copy, folder / path.name)
    return [folder / path.name for path in parameters]
