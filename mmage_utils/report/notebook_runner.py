"""Run the notebooks of the report in order, each with the parameters it declares."""

import os
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mmage_utils import files, runs
from mmage_utils.data import provenance
from mmage_utils.data.clips import count_media, with_media
from mmage_utils.errors import DataError, UsageError
from mmage_utils.features.recording_keys import INDEX
from mmage_utils.files import save_json, shown
from mmage_utils.report import notebook_execution, notebook_order, run_log, stamps
from mmage_utils.report.committed_outputs import refresh_outputs
from mmage_utils.report.parameters import find_notebooks, resolve_parameters
from mmage_utils.report.progress_line import REFRESH, ProgressLine

SAME = (*provenance.SAME, "versions")  # of the times that are kept


def run_report(
    *,
    data=None,
    run=None,
    params_file=None,
    start=None,
    only=None,
    again=False,
    refresh=False,
    at_once=None,
):
    """Execute the notebooks and write them to ``runs/<RUN>/notebooks``.

    A notebook that an earlier run finished is reused where nothing that it rests on has changed
    (`stamps`), unless it is named by `start` or `only`, or everything is wanted `again`. One that
    fails stops none of those that run beside it, but no other begins.

    Parameters
    ----------
    data, run, params_file : optional
        As `resolve_parameters`.
    start, only : optional
        As `notebook_order.choose_notebooks`.
    again : bool
        Reuse nothing.
    refresh : bool
        Reuse nothing, and copy outputs and figures of a full default run to ``notebooks/`` and
        ``figures/``.
    at_once : int, optional
        How many notebooks may run at once; as `notebook_order.choose_at_once` unless given.

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
    chosen = notebook_order.choose_notebooks(notebooks, start=start, only=only)
    if refresh and (chosen != notebooks or (data, run, params_file) != (None, None, None)):
        raise UsageError(
            "--refresh takes a full run of the sample as it is: leave out --data, --run, -f, "
            "--from and --only."
        )
    if at_once is not None and at_once < 1:
        raise UsageError(f"--at-once is 1 or more, not {at_once}.")
    parameters, settings = resolve_parameters(notebooks, params_file, data, run)
    folder = files.ROOT / "runs" / settings["RUN"]
    # The index of known files is there from the first look at the data.
    empty_cache = not any(path.name != INDEX for path in (files.ROOT / "cache").glob("*"))
    opened = None
    if {"DATA_DIR", "N_CLIPS", "SEED"} <= set(settings):
        opened = _prepare_data(settings)

    run_log.note_start(folder)
    steps = _Steps(
        folder=folder,
        notebooks=notebooks,
        parameters=parameters,
        shared=stamps.shared_inputs(settings),
        reuse=not (again or refresh or start or only),
        empty_cache=empty_cache,
    )
    at_once = at_once or notebook_order.choose_at_once(provenance.memory())
    made = _run_all(chosen, steps, at_once)
    if chosen == notebooks:
        _save_times(folder, made, opened)
    if refresh:
        refresh_outputs(folder, since=began)
        print(f"refreshed: notebooks and figures/{folder.name}")
    print(f"report: {shown(folder / 'notebooks')} ({time.time() - began:.0f} s in all)")
    run_log.note(folder, f"end: {time.time() - began:.0f} s in all")
    return folder


class _Steps(NamedTuple):
    """What the notebooks of a run have in common."""

    folder: Path
    notebooks: list
    parameters: dict
    shared: dict
    reuse: bool
    empty_cache: bool

    def head(self, path):
        return f"[{self.notebooks.index(path) + 1}/{len(self.notebooks)}] {path.stem}"

    def stamp_of(self, path):
        return self.folder / "stamps" / f"{path.stem}.json"


class _Step(NamedTuple):
    """A notebook that runs or is prepared, what it rests on, and since when."""

    one: notebook_execution.Running
    inputs: dict
    began: float


def _run_all(chosen, steps, at_once):
    """Execute notebooks, each when those that it waits for have ended; their stamps by name.

    While fewer run than may, the next are prepared: their kernels import what they will need.
    """
    waiting, running, prepared, made, failures = list(chosen), {}, {}, {}, []
    ended = notebook_execution.ended
    line = ProgressLine(log=partial(run_log.note, steps.folder))

    def tell(path, how):
        line.print(f"{steps.head(path)} … {how}")
        run_log.note(steps.folder, f"{path.stem}: {how}")

    try:
        while running or (waiting and not failures):
            for path in notebook_order.sort_by_urgency(waiting):
                before = notebook_order.waits_for(path, steps.notebooks)
                if failures or len(running) == at_once or before & {*waiting, *running}:
                    continue
                waiting.remove(path)
                inputs = stamps.notebook_inputs(path, steps.parameters[path], steps.shared)
                made[path.stem] = stamp = _find_finished(path, inputs, steps)
                # What it imported, and read of the notebook, may have changed since.
                fit = path in prepared and prepared[path].inputs == inputs
                if path in prepared and (stamp or not fit or ended([prepared[path].one], 0)):
                    notebook_execution.stop([prepared[path].one])
                    del prepared[path]
                if stamp:
                    tell(path, f"reused (nothing changed since {stamps.since(stamp)})")
                    continue
                run_log.note(steps.folder, path.stem)
                running[path] = prepared.pop(path, None) or _prepare(path, inputs, steps)
                running[path] = _start(running[path], steps)
            for path in notebook_order.soonest(waiting, running, steps.notebooks):
                free = len(running) + len(prepared) < at_once
                if free and not failures and path not in prepared:
                    inputs = stamps.notebook_inputs(path, steps.parameters[path], steps.shared)
                    prepared[path] = _prepare(path, inputs, steps)
            line.show({steps.head(path): step.one.told for path, step in running.items()})
            over = ended([step.one for step in running.values()], REFRESH)
            for path, step in [item for item in running.items() if item[1].one in over]:
                try:
                    made[path.stem] = _finish(step, steps, tell)
                except DataError as error:
                    tell(path, "failed")
                    run_log.note(steps.folder, str(error))
                    failures.append(str(error))
                del running[path]
    except BaseException:
        notebook_execution.stop([step.one for step in (running | prepared).values()])
        for path in running:
            tell(path, "stopped")
        raise
    notebook_execution.stop([step.one for step in prepared.values()])
    if failures:
        raise DataError("\n\n".join(failures))
    return {path.stem: made[path.stem] for path in chosen}


def _find_finished(path, inputs, steps):
    """The stamp of a notebook that need not run again, or None."""
    mine = steps.stamp_of(path)
    stamp = stamps.read_stamp(mine) if steps.reuse else None
    later = (one for one in mine.parent.glob("*.json") if one.name > mine.name)
    current = stamps.is_current(stamp, inputs, steps.folder, map(stamps.read_stamp, later))
    return stamp if current else None


def _prepare(path, inputs, steps):
    """Start a notebook's kernel, which waits (`notebook_execution.prepare`)."""
    target = steps.folder / "notebooks" / path.name
    how = {"threads": notebook_order.choose_threads(path)}
    how["late"] = notebook_order.LATE.get(path.stem, ())
    one = notebook_execution.prepare(path, target, steps.parameters[path], **how)
    return _Step(one, inputs, time.time())


def _start(step, steps):
    """Let a prepared notebook begin; its step from now on."""
    steps.stamp_of(step.one.source).unlink(missing_ok=True)
    step = step._replace(began=time.time())
    notebook_execution.go(step.one)
    return step


def _finish(step, steps, tell):
    """See how a notebook ended, tell, and return its stamp."""
    path, target = step.one.source, step.one.target
    uses = notebook_execution.finish(step.one)
    _check_order(path, uses[0] if uses else (), steps)
    now = time.time()
    more = {"seconds": round(now - step.began, 1), "finished": now}
    more["empty_cache"] = steps.empty_cache
    tell(path, f"{more['seconds']:.0f} s  {shown(target)}")
    if uses is None:  # nobody has noted what it used, so it runs again the next time
        return more
    read, written = uses
    written = [*written, f"notebooks/{path.name}"]
    stamp = steps.stamp_of(path)
    return stamps.write_stamp(stamp, step.inputs, steps.folder, read=read, written=written, **more)


def _check_order(path, read, steps):
    """See that what a notebook read was made by those that it waits for."""
    before = notebook_order.waits_for(path, steps.notebooks)
    for other in set(steps.notebooks) - before - {path}:
        stamp = stamps.read_stamp(steps.stamp_of(other)) or {"written": ()}
        for name in sorted(set(read) & set(stamp["written"])):
            raise DataError(
                f"{path.stem} read {name}, which {other.stem} makes, but does not wait for it: "
                f"add it to WAITS_FOR in {notebook_order.__name__}."
            )


def _save_times(folder, made, opened):
    """Save how long notebooks took, unless the times of a run that computed everything are there.

    The README gives those; of other data, seeds or versions they would say nothing of this run.
    """
    path, cold = folder / "results" / "times.json", all(one["empty_cache"] for one in made.values())
    origin = opened.provenance if opened else {}
    try:
        kept = provenance.read_json(path)
        earlier, whole = kept.get("provenance", {}), "together" in kept
        same = all(earlier.get(key, origin.get(key)) == origin.get(key) for key in SAME)
        if whole and same and not cold:
            return
    except (FileNotFoundError, DataError):
        pass  # there is nothing to keep
    record = {"cores": os.cpu_count(), "empty_cache": cold}
    record |= {"seconds": {name: stamp["seconds"] for name, stamp in made.items()}}
    record["together"] = stamps.seconds_together(made.values())
    save_json(path, record | ({"provenance": origin} if opened else {}))
    if opened:
        provenance.write_record(opened, path)


def _prepare_data(settings):
    """Make the sample if its folder is missing, and check the label lists before anything runs.

    Returns the run (`runs.Run`), with the threads that most notebooks have.
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
    machine = run.provenance["machine"] | {"threads": notebook_order.choose_threads()}
    return run._replace(provenance=run.provenance | {"machine": machine})
