"""What the commands on prediction files cost, from thousands of clips to a million.

    python benchmarks/scale.py [--clips 2000 20000 200000 1000000] [--json FILE]

Label lists and predictions of each size are written to a temporary folder (`mmage sample --lists`),
and each command runs in a process of its own: seconds by the clock, and the most memory it held.
Ends with 1 when the time or the memory of a command grows faster than the clips.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from mmage_utils.files import save_json
from mmage_utils.sample.large_lists import write_lists

SLACK = 1.5  # times the growth of the clips
COMMANDS = {
    "evaluate, CSV": ("evaluate", "predictions.csv"),
    "evaluate, Parquet": ("evaluate", "predictions.parquet"),
    "check-predictions": ("check-predictions", "predictions.parquet"),
    "compare": ("compare", "predictions.csv", "predictions.parquet"),
    "check-data": ("check-data",),
}


def measure(command, folder):
    """Seconds and GB of one command, in a process of its own."""
    verb, *names = COMMANDS[command]
    arguments = [verb, *(str(folder / name) for name in names), str(folder)]
    if names:
        arguments += ["--split", "train"]  # the largest
    clock = time.perf_counter()
    program = [sys.executable, "-m", "mmage_utils.cli", *arguments]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed: {errors.decode()[-500:]}")
    return time.perf_counter() - clock, used.ru_maxrss / 1e6


def table_of(sizes):
    """One row a size and command: clips listed, clips scored, seconds, GB."""
    rows = []
    for clips in sizes:
        with tempfile.TemporaryDirectory() as place:
            folder, clock = Path(place) / "lists", time.perf_counter()
            write_lists(folder, clips)
            rows.append(("write the lists", clips, time.perf_counter() - clock, float("nan")))
            rows += [(command, clips, *measure(command, folder)) for command in COMMANDS]
    return pd.DataFrame(rows, columns=["command", "clips", "seconds", "GB"])


def too_fast_growing(table):
    """Commands whose seconds or GB grow faster than the clips, from the second size on."""
    found = []
    for command, rows in table.dropna().groupby("command"):
        rows = rows.sort_values("clips")
        for before, after in zip(rows[1:-1].itertuples(), rows[2:].itertuples(), strict=True):
            growth = SLACK * after.clips / before.clips
            found += [
                f"{command}: {name} grows {getattr(after, name) / getattr(before, name):.1f} times "
                f"from {before.clips:,} to {after.clips:,} clips"
                for name in ("seconds", "GB")
                if getattr(after, name) > growth * getattr(before, name)
            ]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    sizes = [2_000, 20_000, 200_000, 1_000_000]
    parser.add_argument("--clips", type=int, nargs="+", default=sizes)
    parser.add_argument("--json", type=Path, help="write the table here")
    options = parser.parse_args()
    table = table_of(options.clips)
    for name, column in (("seconds", "seconds"), ("GB", "GB")):
        shown = table.pivot_table(column, "command", "clips", sort=False)
        print(f"{name}\n{shown.round(2).to_string()}\n")
    if options.json:
        save_json(options.json, {"cores": os.cpu_count(), "rows": table})
    found = too_fast_growing(table)
    print("\n".join(found) or "Neither time nor memory grows faster than the clips.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
