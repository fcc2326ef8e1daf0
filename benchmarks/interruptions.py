"""Kill a run again and again, let it go on, and hold what it made against a run left in peace.

.venv/bin/python benchmarks/interruptions.py [--kills 20] [--seed 0] [--toy]

Everything happens in temporary copies of the repository with data and caches of their own. Each row
of the table is a kill: the signal, when, its exit code, what the run printed last, and what is
wrong with how it ended. The exit code is 1 if anything is wrong.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook

from mmage_utils.features import table_cache
from mmage_utils.features.recording_keys import INDEX
from mmage_utils.files import ROOT

SIGNALS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}
TINY = "params/tiny.yaml"
ENVIRONMENT = "environment"  # folder, in a copy
START = 1.5  # s; a program that has not even loaded its command line has nothing to say
OF_THE_TIME = ("provenance", "computed", "cached")
LEFT = 5  # s after which no process of a killed run may be left
TOY = (
    'RUN = "tiny"',
    "import time\nimport pandas as pd\nfrom mmage_utils import files, predictions, runs\n"
    "from mmage_utils.features import table_cache",
    "run = runs.Run(RUN, files.ROOT / 'runs' / RUN, 'toy', files.ROOT / 'data', True)",
)
TOY_STEPS = {
    "01_makes": (
        "for k in range(10):\n"
        "    time.sleep(0.1)\n"
        "    with files.whole(run.folder / 'predictions' / f'{k}.csv') as path:\n"
        "        pd.DataFrame({'x': range(20_000)}).to_csv(path, index=False)\n"
        "    rows = [(f'{k} {row}', row) for row in range(5_000)]\n"
        "    table_cache.add(files.CACHE / 'toy.sqlite', ['key', 'x'], rows)",
        "runs.save_results(run, 'a', {'n': 20_000, 'seconds': time.time()}, headline='')",
    ),
    "02_reads": (
        "n = [len(pd.read_csv(run.folder / 'predictions' / f'{k}.csv')) for k in range(10)]",
        "time.sleep(1)\nruns.save_results(run, 'b', {'n': n}, headline='')",
    ),
}


def make_root(place, *, toy=False):
    """Copy what a run needs of the repository to a folder; with `toy`, two small notebooks."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("mmage_utils",) if toy else ("mmage_utils", "notebooks", "params", "figures"):
        shutil.copytree(ROOT / name, place / name, ignore=ignore)
    shutil.copytree(ROOT / "tools", place / "tools", ignore=ignore)
    for path in (*ROOT.glob("requirements*.lock"), ROOT / "pyproject.toml", ROOT / "run_all.sh"):
        shutil.copy(path, place)
    borrow_environment(place)
    if toy:
        (place / "notebooks").mkdir()
        for name, steps in TOY_STEPS.items():
            cells = [new_code_cell(source) for source in (*TOY, *steps)]
            cells[0].metadata["tags"] = ["parameters"]
            nbformat.write(new_notebook(cells=cells), place / "notebooks" / f"{name}.ipynb")
    return place


def borrow_environment(root):
    """Let a copy of the repository use the programs that are here, as a conda environment.

    They have no Python beside them, so that a set-up, were it to begin, fails and changes nothing.
    """
    programs = root / ENVIRONMENT / "bin"
    programs.mkdir(parents=True)
    (programs / "mmage").symlink_to(Path(sys.executable).parent / "mmage")
    rests = ("requirements*.lock", "pyproject.toml", "tools/jupyter/*.json")
    rests = (*rests, "tools/jupyter/labconfig/*.json", "tools/ipython/*.py")
    texts = [path.read_text("utf-8") for name in rests for path in sorted(root.glob(name))]
    (root / ENVIRONMENT / "mmage.stamp").write_text(
        "".join([f"{root.resolve()}\n", *texts]), "utf-8"
    )


def start(root, *options, parameters=TINY, environment=()):
    """Start run_all.sh as a group of processes of its own.

    Parameters are those of a file in `root`, if it is there.
    """
    given = ("-f", parameters) if parameters and (root / parameters).is_file() else ()
    here = {"PYTHONPATH": str(root), "TQDM_DISABLE": "1"}
    here |= {"CONDA_DEFAULT_ENV": "mmage", "CONDA_PREFIX": str(root / ENVIRONMENT)}
    return subprocess.Popen(
        [root / "run_all.sh", *given, *options],
        cwd=root,
        env=os.environ | here | dict(environment),
        start_new_session=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def processes_of(root):
    """Processes that a run in `root` started, found by the environment that they inherit."""
    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("PYTHONPATH") == str(root)
            if mine and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(run, root, number):
    """Send a signal to a run's group and say what is wrong with how it ends.

    Returns
    -------
    code : int or None
        None when the run was over before.
    last : str
        The last line that it printed.
    faults : list of str
    """
    over = run.poll() is not None
    if not over:
        os.killpg(run.pid, number)
    printed, said = run.communicate(timeout=60)
    last, faults = (printed.strip().splitlines() or [""])[-1], []
    if over:
        return None, last, [said.strip()] * (run.returncode != 0)
    end = time.monotonic() + LEFT
    while processes_of(root) and time.monotonic() < end:
        time.sleep(0.1)
    for process in processes_of(root):
        faults.append(f"left behind: {' '.join(process.cmdline())[:60]}")
        process.kill()
    if run.returncode not in (0, SIGNALS[number]):  # 0: it ended in the same moment
        faults.append(f"exit code {run.returncode}")
    if number != signal.SIGKILL and run.returncode and not is_polite(said):
        faults.append(f"said {said[:300]!r}")
    return run.returncode, last, faults


def is_polite(said):
    """Whether what a stopped run said is its one line."""
    return (
        said.count("\n") == 1
        and said.startswith("mmage: interrupted; ./run_all.sh")
        and said.endswith("goes on where it stopped.\n")
    )


def products(root):
    """What a run made: its results without times, its predictions, and the features in the cache.

    A hidden file is what a killed process was writing; a day later it is removed.

    Returns
    -------
    dict of str to object
        By the name of the file; comparable.
    """
    folder, made = root / "runs" / "tiny", {}
    for path in sorted(folder.glob("results/[!.]*.json")):
        if path.name != "times.json":
            text = path.read_text(encoding="utf-8").replace(str(root), "")
            made[path.name] = without_times(json.loads(text))
    for path in sorted(
        [*folder.glob("predictions/[!.]*.csv"), *(root / "cache").glob("[!.]*.npy")]
    ):
        made[path.name] = path.read_bytes()
    for path in sorted((root / "cache").glob("[!.]*.sqlite")):
        if path.name != INDEX:  # which holds places and times
            made[path.name] = table_cache.load(path)[1]
    return made


def without_times(value):
    """A record without what tells when it was made, how long it took, and by which code."""
    if isinstance(value, list):
        return [without_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    # Which features were in the cache already, and a headline of milliseconds, tell that too.
    kept = {k: v for k, v in value.items() if "second" not in k and k not in OF_THE_TIME}
    return {k: without_times(v) for k, v in kept.items() if " ms a clip" not in str(v)[:20]}


def differences(made, expected):
    """Names of products that are missing, too many, or different."""
    return sorted(k for k in made.keys() | expected.keys() if made.get(k) != expected.get(k))


def finish(root):
    """Run to the end; the seconds that it took and what it said if it failed."""
    clock = time.monotonic()
    run = start(root)
    try:
        printed, said = run.communicate()
    except KeyboardInterrupt:  # which does not reach a group of its own
        os.killpg(run.pid, signal.SIGKILL)
        raise
    return time.monotonic() - clock, "" if run.returncode == 0 else printed + said


def interrupt(place, kills, *, seed=0, toy=False):
    """Kill runs, let the last one end, and compare.

    Parameters
    ----------
    place : Path
        A folder for the two copies.
    kills, seed : int
        How many kills, and what draws their moments.
    toy : bool
        Two small notebooks instead of the report on the tiny sample.

    Returns
    -------
    rows : list of tuple
        Signal, seconds after the start, last line, exit code, faults.
    faults : list of str
        Of the end: what it said, and the products that differ.
    """
    peace, war = (make_root(place / name, toy=toy) for name in ("peace", "war"))
    peaceful, failed = finish(peace)
    if failed:
        return [], [f"left in peace, it failed: {failed}"]
    draw, rows, whole = random.Random(seed), [], peaceful
    while sum(row[3] is not None for row in rows) < kills:
        number = list(SIGNALS)[len(rows) % len(SIGNALS)]
        run, moment = start(war), draw.uniform(START, max(whole, 2 * START))
        clock = time.monotonic()
        with suppress(subprocess.TimeoutExpired):
            run.wait(moment)
            # It was faster than the one left in peace: the next moments are drawn for that.
            whole = time.monotonic() - clock
        code, last, faults = kill(run, war, number)
        rows.append((number.name, moment, last, code, faults))
        print(f"{number.name:<8}{moment:7.1f} s  {code!s:>5}  {last[:60]:<60}  {faults or ''}")
        if code is None:  # finished: begin anew, with an empty cache
            for name in ("runs", "cache", "data"):
                shutil.rmtree(war / name, ignore_errors=True)
    seconds, failed = finish(war)
    print(f"To the end in {seconds:.0f} s, where a run left in peace took {peaceful:.0f} s.")
    wrong = [f"differs: {name}" for name in differences(products(war), products(peace))]
    return rows, [failed] * bool(failed) + wrong


def main(arguments=None):
    """Print the table, and what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--toy", action="store_true", help="two small notebooks, not the report")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        rows, faults = interrupt(Path(place), options.kills, seed=options.seed, toy=options.toy)
    faults += [fault for row in rows for fault in row[4]]
    print("\n".join(faults) or f"{options.kills} kills: nothing was lost, and nothing left behind.")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
