"""Run the notebooks of the report in order, each with the parameters it declares."""

import logging
import os
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
from mmage_utils.features.recording_keys import INDEX
from mmage_utils.files import save_json, shown
from mmage_utils.report import kernel_watch, stamps
from mmage_utils.report.committed_outputs import refresh_outputs
from mmage_utils.report.failures import find_disk_trouble, find_failure
from mmage_utils.report.parameters import find_notebooks, find_unnumbered, resolve_parameters

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


def run_report(
    *, data=None, run=None, params_file=None, start=None, only=None, again=False, refresh=False
):
    """Execute the notebooks and write them to ``runs/<RUN>/notebooks``.

    A notebook that an earlier run finished is reused where nothing that it rests on has changed
    (`stamps`), unless it is named by `start` or `only`, or everything is wanted `again`.

    Parameters
    ----------
    data, run, params_file : optional
        As `resolve_parameters`.
    start, only : optional
        As `choose_notebooks`.
    again : bool
        Reuse nothing.
    refresh : bool
        Reuse nothing, and copy outputs and figures of a full default run to ``notebooks/`` and
        ``figures/``.

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
    # The index of known files is there from the first look at the data.
    empty_cache = not any(path.name != INDEX for path in (files.ROOT / "cache").glob("*"))
    if {"DATA_DIR", "N_CLIPS", "SEED"} <= set(settings):
        _prepare_data(settings)

    reuse = not (again or refresh or start or only)
    shared, made = stamps.shared_inputs(settings), {}
    for path in chosen:
        print(f"[{notebooks.index(path) + 1}/{len(notebooks)}] {path.stem} … ", end="", flush=True)
        try:
            made[path.stem] = _finish(path, folder, parameters[path], shared, reuse, empty_cache)
        except KeyboardInterrupt:
            print("stopped", flush=True)
            raise

    # The README gives the time of a run that computes everything.
    times = folder / "results" / "times.json"
    cold = all(stamp["empty_cache"] for stamp in made.values())
    if chosen == notebooks and (cold or not times.exists()):
        seconds = {name: stamp["seconds"] for name, stamp in made.items()}
        record = {"cores": os.cpu_count(), "empty_cache": cold, "seconds": seconds}
        save_json(times, record)
    if refresh:
        refresh_outputs(folder, since=began)
        print(f"refreshed: notebooks and figures/{folder.name}")
    print(f"report: {shown(folder / 'notebooks')} ({time.time() - began:.0f} s in all)")
    return folder


def _finish(source, folder, injected, shared, reuse, empty_cache):
    """Execute a notebook, or find it finished; print how it went and return its stamp."""
    stamp_path, target = (
        folder / place for place in (f"stamps/{source.stem}.json", f"notebooks/{source.name}")
    )
    inputs = stamps.notebook_inputs(source, injected, shared)
    stamp = stamps.read_stamp(stamp_path) if reuse else None
    later = (path for path in stamp_path.parent.glob("*.json") if path.name > stamp_path.name)
    if stamps.is_current(stamp, inputs, folder, map(stamps.read_stamp, later)):
        print(f"reused (nothing changed since {stamps.since(stamp)})", flush=True)
        return stamp
    stamp_path.unlink(missing_ok=True)
    clock = time.time()
    uses = execute(source, target, injected)
    more = {"seconds": round(time.time() - clock, 1), "empty_cache": empty_cache}
    print(f"{more['seconds']:.0f} s  {shown(target)}", flush=True)
    if uses is None:  # nobody has noted what it used, so it runs again the next time
        return more
    read, written = uses
    written = [*written, f"notebooks/{source.name}"]
    return stamps.write_stamp(stamp_path, inputs, folder, read=read, written=written, **more)


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
        The notebook, and where to write it executed (``runs/<RUN>/notebooks``); absolute.
    parameters : dict
        Values to inject; with none, the notebook runs as it is.

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
    for path in (partial, log, notes):
        path.unlink(missing_ok=True)
    crash, begin = None, kernel_watch.start_line(target.parent.parent, notes)
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
        if crash is None or (log.is_file() and log.stat().st_size == 0):
            log.unlink(missing_ok=True)
    failure = _describe_failure(partial, crash)
    if failure:
        print("failed", flush=True)
        trouble = find_disk_trouble(failure)
        if trouble:
            raise DataError(f"{source.stem} stopped: {trouble}") from crash
        where = f"\nThe notebook as far as it ran: {shown(partial)}" if partial.exists() else ""
        raise DataError(f"{source.stem} failed {failure}{where}") from crash
    os.replace(partial, target)
    return uses


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


def prepare_copies(params_file, folder):
    """Write copies of the notebooks with injected parameters, for others to execute.

    Those without a number come last: they show what a run of the others has made. Only cells
    tagged ``nbval-check-output`` keep their outputs, which nbval compares.

    Returns
    -------
    list of Path
        The copies, in order.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    notebooks = [*find_notebooks(files.ROOT), *find_unnumbered(files.ROOT)]
    parameters, _ = resolve_parameters(notebooks, params_file)
    for path, values in parameters.items():
        copy = papermill.execute_notebook(path, None, values, **KERNEL, prepare_only=True)
        for cell in copy.cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type == "code" and "nbval-check-output" not in tags:
                cell.outputs = []
        nbformat.write(copy, folder / path.name)
    return [folder / path.name for path in parameters]
