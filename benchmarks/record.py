"""What benchmarks share: a command measured, and what was found as a file, with the machine."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import torch

from mmage_utils.data.provenance import make_provenance
from mmage_utils.files import save_json

LOAD = os.getloadavg()[0]  # before anything began
TICK = 0.2  # s between two looks at the memory, but a tenth of the time that has passed at first


def add_option(parser):
    """Let a script take the file to write to."""
    parser.add_argument("--json", type=Path, help="write what was found here")


def write_record(path, tables, sentences=()):
    """Write what was found, if a file was asked for.

    Parameters
    ----------
    path : Path or None
    tables : dict of str to DataFrame or list of dict
        By their headings.
    sentences : iterable of str
        The first one is for the README.
    """
    if path is not None:
        record = {"tables": tables, "sentences": list(sentences), "load": round(LOAD, 1)}
        record["gigaflops"] = yardstick()
        save_json(path, record | describe())


def measure(*arguments, program=("-m", "mmage_utils.cli"), fine=(0,)):
    """Run one command in a process of its own, from a cold start.

    Parameters
    ----------
    *arguments
        Of the program: a command of mmage, unless another one is given to Python.
    program : sequence of str
    fine : sequence of int
        Exit codes that are no failure.

    Returns
    -------
    seconds : float
        By the clock.
    gigabytes : float
        The most that it and its children held at once.

    Raises
    ------
    SystemExit
        It failed; with the end of what it said.
    """
    command = [sys.executable, *program, *map(str, arguments)]
    clock, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile() as errors:
        streams = {"stdout": subprocess.DEVNULL, "stderr": errors}
        process = psutil.Popen(command, **streams, env=os.environ | {"TQDM_DISABLE": "1"})
        while True:
            with suppress(psutil.TimeoutExpired):
                process.wait(min(TICK, (time.perf_counter() - clock) / 10))
                break
            peak = max(peak, memory_of(process))
        seconds = time.perf_counter() - clock
        if process.returncode not in fine:
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-500:]
            raise SystemExit(f"{' '.join(command[1:])} failed: {said}")
    return seconds, peak / 1e9


def memory_of(process):
    """Bytes that a process and its children hold now; what they share is divided among them."""
    held = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in family:
        try:
            held += member.memory_full_info().pss
        except psutil.Error:  # it has just ended
            continue
    return held


def yardstick(side=2048, times=5):
    """Billions of float32 operations a second of a product of matrices on all cores, the median.

    Machines of one name differ by a factor of two; so do the hours of a shared one.
    """
    torch.set_num_threads(os.cpu_count())
    x, speeds = torch.ones(side, side), []
    for _ in range(times):
        clock = time.perf_counter()
        x @ x
        speeds.append(2 * side**3 / (time.perf_counter() - clock) / 1e9)
    return round(statistics.median(speeds))


def describe():
    """The day, the commit, and the machine in words."""
    origin = make_provenance("", "")
    machine, versions = origin["machine"], origin["versions"]
    words = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']:.0f} GiB"
    words += f", {' and '.join(machine['gpus']) or 'no GPU'}"
    words += f", Python {versions['python']}, torch {versions['torch']}"
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": origin["commit"],
        "changed": origin["changed"],
        "machine": words,
    }


def markdown(rows):
    """Rows, a list of dict of one set of keys, as a table in Markdown, with three digits.

    A column that has nothing in any row is left out.
    """
    heads = [head for head in rows[0] if any(_cell(row[head]) for row in rows)]
    lines = [heads, ["---" if isinstance(rows[0][head], str) else "---:" for head in heads]]
    lines += [[_cell(row[head]) for head in heads] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value):
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value.replace("|", "\\|")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
