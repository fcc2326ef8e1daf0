"""Run the notebooks of the report in order, each with the parameters it declares."""

import os
import time
from pathlib import Path

import nbformat
import papermill

from mmage_utils import files, runs
from mmage_utils.data import provenance
from mmage_utils.data.clips import count_media, with_media
from mmage_utils.errors import DataError, UsageError
from mmage_utils.features.recording_keys import INDEX
from mmage_utils.files import save_json, shown
from mmage_utils.report import run_log, stamps
from mmage_utils.report.committed_outputs import refresh_outputs
from mmage_utils.report.notebook_execution import KERNEL, execute
from mmage_utils.report.parameters import find_notebooks, find_unnumbered, resolve_parameters

SAME = (*provenance.SAME, "versions")  # of the times that are kept


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
    opened = None
    if {"DATA_DIR", "N_CLIPS", "SEED"} <= set(settings):
        opened = _prepare_data(settings)

    reuse = not (again or refresh or start or only)
    shared, made = stamps.shared_inputs(settings), {}
    run_log.note_start(folder)
    for path in chosen:
        head = f"[{notebooks.index(path) + 1}/{len(notebooks)}] {path.stem} … "
        print(head, end="", flush=True)
        run_log.note(folder, path.stem)
        try:
            stamp = _finish(path, folder, parameters[path], shared, reuse, empty_cache, head)
        except KeyboardInterrupt:
            print("stopped", flush=True)
            run_log.note(folder, f"{path.stem}: stopped")
            raise
        except DataError as error:
            run_log.note(folder, str(error))
            raise
        made[path.stem] = stamp

    if chosen == notebooks:
        _save_times(folder, made, opened)
    if refresh:
        refresh_outputs(folder, since=began)
        print(f"refreshed: notebooks and figures/{folder.name}")
    print(f"report: {shown(folder / 'notebooks')} ({time.time() - began:.0f} s in all)")
    run_log.note(folder, f"end: {time.time() - began:.0f} s in all")
    return folder


def _finish(source, folder, injected, shared, reuse, empty_cache, head):
    """Execute a notebook, or find it finished; print how it went and return its stamp."""
    stamp_path, target = (
        folder / place for place in (f"stamps/{source.stem}.json", f"notebooks/{source.name}")
    )
    inputs = stamps.notebook_inputs(source, injected, shared)
    stamp = stamps.read_stamp(stamp_path) if reuse else None
    later = (path for path in stamp_path.parent.glob("*.json") if path.name > stamp_path.name)
    if stamps.is_current(stamp, inputs, folder, map(stamps.read_stamp, later)):
        _outcome(folder, source, f"reused (nothing changed since {stamps.since(stamp)})")
        return stamp
    stamp_path.unlink(missing_ok=True)
    clock = time.time()
    uses = execute(source, target, injected, head)
    more = {"seconds": round(time.time() - clock, 1), "empty_cache": empty_cache}
    _outcome(folder, source, f"{more['seconds']:.0f} s  {shown(target)}")
    if uses is None:  # nobody has noted what it used, so it runs again the next time
        return more
    read, written = uses
    written = [*written, f"notebooks/{source.name}"]
    return stamps.write_stamp(stamp_path, inputs, folder, read=read, written=written, **more)


def _save_times(folder, made, opened):
    """Save how long notebooks took, unless the times of a run that computed everything are there.

    The README gives those; of other data, seeds or versions they would say nothing of this run.
    """
    path, cold = folder / "results" / "times.json", all(one["empty_cache"] for one in made.values())
    origin = opened.provenance if opened else {}
    try:
        earlier = provenance.read_json(path).get("provenance", {})
        if not cold and all(earlier.get(key, origin.get(key)) == origin.get(key) for key in SAME):
            return
    except (FileNotFoundError, DataError):
        pass  # there is nothing to keep
    record = {"cores": os.cpu_count(), "empty_cache": cold}
    record |= {"seconds": {name: stamp["seconds"] for name, stamp in made.items()}}
    save_json(path, record | ({"provenance": origin} if opened else {}))
    if opened:
        provenance.write_record(opened, path)


def _outcome(folder, source, text):
    print(text, flush=True)
    run_log.note(folder, f"{source.stem}: {text}")


def _prepare_data(settings):
    """Make the sample if its folder is missing, and check the label lists before anything runs.

    Returns the run (`runs.Run`).
    """
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
    return run


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
