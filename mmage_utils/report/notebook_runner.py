"""Run the notebooks of the report in order, each with the parameters it declares.

``run_report`` is what ``mmage report`` and ``run_all.sh`` call; ``prepare_copies`` makes the
notebooks that ``run_tests.sh`` executes on a tiny sample.
"""

import os
import re
import time
import warnings
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from mmage_utils import files, runs
from mmage_utils.data.clips import count_media, with_media
from mmage_utils.errors import DataError, UsageError
from mmage_utils.files import save_json, shown
from mmage_utils.report.committed_outputs import refresh_outputs
from mmage_utils.report.parameters import find_notebooks, resolve_parameters

# Kernels work without progress bars, and show figures whatever the caller's backend.
KERNEL_ENV = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}


def run_report(*, data=None, run=None, params_file=None, start=None, only=None, refresh=False):
    """Execute the notebooks and write them to ``runs/<RUN>/notebooks``.

    Parameters
    ----------
    data : path, optional
        Folder of the clips, injected as ``DATA_DIR``.
    run : str, optional
        Name of the run, injected as ``RUN``; otherwise the notebooks' own default.
    params_file : path, optional
        YAML mapping of parameter names to values.
    start, only : str or int, optional
        Number of the first notebook to run, or of the only one.
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
        A notebook did not run to its end; the message names the cell and the error.
    """
    began = time.time()
    notebooks = find_notebooks(files.ROOT)
    chosen = choose_notebooks(notebooks, start=start, only=only)
    if refresh and (chosen != notebooks or (data, run, params_file) != (None, None, None)):
        raise UsageError(
            "--refresh takes a full run of the sample as it is: leave out --data, --run, -f, "
            "--from and --only."
        )
    parameters, settings = resolve_parameters(
        notebooks, params_file=params_file, data=data, run=run
    )
    folder = files.ROOT / "runs" / settings["RUN"]
    if {"DATA_DIR", "N_CLIPS", "SEED"} <= set(settings):
        prepare_data(settings)

    seconds, empty_cache = {}, not any((files.ROOT / "cache").glob("*"))
    for path in chosen:
        print(f"[{notebooks.index(path) + 1}/{len(notebooks)}] {path.stem} … ", end="", flush=True)
        clock, target = time.time(), folder / "notebooks" / path.name
        execute(path, target, parameters[path])
        seconds[path.stem] = round(time.time() - clock, 1)
        print(f"{seconds[path.stem]:.0f} s  {shown(target)}", flush=True)

    # The README tells what a run costs that computes everything.
    times = folder / "results" / "times.json"
    if chosen == notebooks and (empty_cache or not times.exists()):
        record = {"cores": os.cpu_count(), "empty_cache": empty_cache, "seconds": seconds}
        save_json(times, record)
    if refresh:
        refresh_outputs(folder, since=began)
        print(f"refreshed: notebooks and figures/{folder.name}")
    print(f"report: {shown(folder / 'notebooks')} ({time.time() - began:.0f} s in all)")
    return folder


def prepare_data(settings):
    """Make the sample if its folder is missing, and check the label lists before anything runs.

    Raises
    ------
    DataError
        The folder, a label list or its content is wrong, or no clip has media.
    """
    folder, size = settings["DATA_DIR"], {"n_clips": settings["N_CLIPS"], "seed": settings["SEED"]}
    run, clips = runs.open_run(settings["RUN"], folder, **size)
    with_media(clips)
    complete = count_media(clips).loc["all", "complete"]
    print(
        f"data: {shown(run.data_folder)} ({run.data}; {len(clips):,} clips listed, "
        f"{complete:,} with face, voice and words)",
        flush=True,
    )


def choose_notebooks(notebooks, *, start=None, only=None):
    """Return the notebooks from number ``start`` on, or number ``only`` alone, or all.

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
    """Run one notebook in its own folder.

    `target` is written whole or not at all. What a failed run got to is left beside it as
    ``partial_NN_name.ipynb``, and what its kernel wrote on stderr as ``partial_NN_name.log``.

    Parameters
    ----------
    source, target : Path
        The notebook, and where to write it executed; absolute.
    parameters : dict
        Values to inject; with none, the notebook runs as it is.

    Raises
    ------
    DataError
        A code cell failed. ``sys.exit(0)`` counts as a failure.
    """
    notebook = _read(source, parameters)
    partial = target.with_name(f"partial_{target.name}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    log, started, failure = partial.with_suffix(".log"), [], None
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        timeout=None,
        startup_timeout=120,
        # A kernel that is stopped after a failure must not log that on the screen.
        extra_arguments=["--IPKernelApp.log_level=50"],
        # Left to its default, the kernel warns that its connection is not encrypted.
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )
    try:
        # A kernel that is shut down may complain of its closed sockets, which nobody can fix; what
        # cells write on stderr goes to the notebook anyway.
        with log.open("wb") as stderr, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # As `client.execute` does, which does not pass an interruption by the keyboard on.
            with client.setup_kernel(env=os.environ | KERNEL_ENV, stderr=stderr):
                for index, cell in enumerate(notebook.cells):
                    if cell.cell_type == "code" and cell.source.strip():
                        started.append(cell)
                        client.execute_cell(cell, index, execution_count=len(started))
                        nbformat.write(notebook, partial)
    except Exception as error:  # a cell that raised, or a kernel that died or did not start
        failure = error
    finally:
        nbformat.write(notebook, partial)
        if failure is None or log.stat().st_size == 0:
            log.unlink()
    if failure:
        print("failed", flush=True)
        raise DataError(
            f"{source.stem} failed {_describe_failure(started, failure)}\n"
            f"The notebook as far as it ran: {shown(partial)}"
        ) from failure
    os.replace(partial, target)


def _describe_failure(started, failure):
    """The number of the code cell that started last, its first lines, and why it failed."""
    if not started:
        return f": {failure}"
    reason = str(failure)  # of a kernel that died
    if isinstance(failure, CellExecutionError):
        reason = f"{failure.ename}: {failure.evalue}"
        for output in started[-1].outputs:
            if output.output_type == "error" and output.ename != "SystemExit":
                reason = "\n".join(output.traceback)
    reason = re.sub(r"\x1b\[[\d;]*m", "", reason).strip().splitlines()[-8:]
    lines = [*started[-1].source.strip().splitlines()[:5], "", *reason]
    return f"in code cell {len(started)}:\n" + "\n".join(f"    {line}".rstrip() for line in lines)


def prepare_copies(params_file, folder):
    """Write copies of the notebooks with injected parameters, not executed.

    Only cells tagged ``nbval-check-output`` keep their outputs, for nbval to compare.

    Returns
    -------
    list of Path
        The copies, in order.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # The explorer has no number, as it is no part of the report.
    explorer = (files.ROOT / "notebooks").glob("explore.ipynb")
    notebooks = [*find_notebooks(files.ROOT), *explorer]
    parameters, _ = resolve_parameters(notebooks, params_file=params_file)
    for path, values in parameters.items():
        nbformat.write(_read(path, values, keep="nbval-check-output"), folder / path.name)
    return [folder / path.name for path in parameters]


def _read(path, parameters, keep=None):
    """A notebook with parameters injected, without outputs but those of cells tagged `keep`."""
    notebook = load_notebook_node(str(path))
    if parameters:
        names = {"kernel_name": "python3", "language": "python"}
        notebook = parameterize_notebook(notebook, parameters, **names)
    for cell in notebook.cells:
        if cell.cell_type == "code" and keep not in cell.metadata.tags:
            cell.outputs, cell.execution_count = [], None
    return notebook
