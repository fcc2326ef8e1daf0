"""Where the time of the report goes: with an empty cache, and when nothing has changed.

    python benchmarks/report.py [-f PARAMS.yaml] [--toy] [--json FILE]

The report runs in a temporary copy of the repository with data and cache of its own, then once
more, and then with all notebooks again. Seconds are by the clock. With `--toy` there are two small
notebooks.
"""

import argparse
import tempfile
import time
from pathlib import Path

import interruptions
import nbformat
import pandas as pd
import psutil
import record

MOST = 15  # cells shown


def run(root, options):
    """Seconds of one command, and the share of all processors that was busy meanwhile."""
    clock, before = time.perf_counter(), psutil.cpu_times()
    done = interruptions.start(root, *options, parameters=None)
    _, said = done.communicate()
    if done.returncode:
        raise SystemExit(f"The report failed: {said[-500:]}")
    spent = [now - then for now, then in zip(psutil.cpu_times(), before, strict=True)]
    idle = spent[before._fields.index("idle")]
    return time.perf_counter() - clock, 1 - idle / sum(spent)


def cell_times(folder):
    """One row a code cell of executed notebooks: the notebook, the cell's last line, seconds."""
    rows = []
    for path in sorted(folder.glob("[0-9]*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        rows += [
            (path.stem, cell.source.strip().splitlines()[-1][:60], cell.metadata.papermill.duration)
            for cell in cells
            if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("duration")
        ]
    return pd.DataFrame(rows, columns=["notebook", "last line of the cell", "seconds"])


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-f", dest="parameters", type=Path, help="parameters of the notebooks")
    parser.add_argument("--toy", action="store_true", help="two small notebooks")
    record.add_option(parser)
    options = parser.parse_args()
    given = ["-f", str(options.parameters.resolve())] if options.parameters else []
    with tempfile.TemporaryDirectory() as place:
        root = interruptions.make_root(Path(place) / "copy", toy=options.toy)
        cold, busy = run(root, given)
        [folder] = (root / "runs").iterdir()
        cells = cell_times(folder / "notebooks")
        again, _ = run(root, given)
        everything, _ = run(root, [*given, "--again"])
        warm = cell_times(folder / "notebooks")
    table = pd.DataFrame({
        name: rows.groupby("notebook")["seconds"].sum()
        for name, rows in (("empty cache", cells), ("filled cache", warm))
    }).reset_index()  # fmt: skip
    first = (
        f"The report takes {_minutes(cold)} with an empty cache, the sample included, "
        f"{_minutes(everything)} with a filled one, and {again:.0f} s where nothing has changed."
    )
    sentences = [first, f"The processors were busy {busy:.0%} of the first run."]
    whole = {"empty cache": cold, "filled cache": everything, "nothing changed": again}
    tables = {
        "Seconds of the whole report": pd.DataFrame([whole]),
        "Seconds of the cells of each notebook": table,
        "The longest cells, empty cache": cells.nlargest(MOST, "seconds"),
    }
    for about, rows in tables.items():
        print(f"{about}:\n\n{record.markdown(rows.to_dict('records'))}\n")
    print(*sentences, sep="\n")
    record.write_record(options.json, tables, sentences)


def _minutes(seconds):
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"


if __name__ == "__main__":
    main()
