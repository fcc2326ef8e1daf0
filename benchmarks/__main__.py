"""Run the benchmarks and put what they found into docs/performance.json, its page and the README.

    .venv/bin/python -m benchmarks [NAME ...] [--tiny] [--into FOLDER]

Each runs in a process of its own, one after another, on a machine that should do nothing else. All
together take about two hours; `--help` lists the names. What an earlier call found of the others is
kept. `clips` asks the models of the run `sample`, so `./run_all.sh` comes first.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import record

from mmage_utils.files import ROOT, save_json, write_text
from mmage_utils.processes import keep_memory

# By name: what it measures, and options that make it tiny.
BENCHMARKS = {
    "report": ("The report, notebook by notebook", ["--toy"]),
    "faces": (
        "Face networks against the report's loop",
        ["--batch", "4", "--batches", "1", "--rounds", "1", "--head", "60"],
    ),
    "networks": ("Packaged networks", ["--faces", "3", "--voices", "2"]),
    "words": (
        "Embeddings of transcripts",
        ["--texts", "20", "--some", "4", "--passes", "1"],
    ),
    "voices": (
        "Acoustic features",
        [*("--files", "4", "--clips", "1", "--seconds", "3", "--passes", "1"),
         *("--first", "1", "--known", "2", "--speech", "2")],
    ),
    "clips": ("One's own videos", ["--videos", "1", "--answered", "1", "--distinct", "1"]),
    "scale": ("Large data", ["--clips", "400", "--media", "6", "--workers", "1"]),
}  # fmt: skip
WITHOUT_DATA = ("report", "words")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def measure(name, options):
    """Run one benchmark; what it wrote, with its command and the seconds that it took.

    Raises
    ------
    SystemExit
        It failed.
    """
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "found.json"
        command = [f"benchmarks/{name}.py", *options]
        keep_memory()  # as commands of mmage do
        clock = time.perf_counter()
        done = subprocess.run([sys.executable, *command, "--json", str(out)], cwd=ROOT)
        if not out.is_file():
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode} and found nothing.")
        found = json.loads(out.read_text(encoding="utf-8"))
    more = {"command": f"python {' '.join(command)}", "seconds": time.perf_counter() - clock}
    return found | more


def page_of(found):
    """What was found, as Markdown: a section a benchmark."""
    parts = []
    for name, (title, _) in BENCHMARKS.items():
        if name not in found:
            continue
        one = found[name]
        commit = f"{(one['commit'] or 'unknown')[:8]}{', files changed' if one['changed'] else ''}"
        parts += [
            f"### {title}",
            f"`{one['command']}`: {one['seconds']:.0f} s on {one['date']}, {one['machine']}; load "
            f"before the start {one['load']}, {one['gigaflops']:,} GFLOP/s; commit {commit}.",
            "\n".join(f"- {sentence}" for sentence in one["sentences"]),
        ]
        for about, rows in one["tables"].items():
            parts += [f"{about}:", record.markdown(rows)] if rows else []
    return "\n\n".join(parts)


def summary_of(found):
    """The first sentence of each benchmark, as a list in Markdown, with the machines."""
    names = [name for name in BENCHMARKS if name in found]
    machines = dict.fromkeys(found[name]["machine"] for name in names)
    lines = [f"- {found[name]['sentences'][0]}" for name in names]
    return "\n".join([f"Measured on {'; '.join(machines)}:", "", *lines])


def put(path, text):
    """Replace what stands between the two marks of a page."""
    page = path.read_text(encoding="utf-8")
    block = f"{BEGIN}\n{text}\n{END}"
    page, times = re.subn(f"{BEGIN}.*?{END}", lambda _: block, page, flags=re.DOTALL)
    if times != 1:
        raise SystemExit(f"{path.name} must have the two marks of the measurements once.")
    write_text(path, page)


def main():
    """Measure what is asked for, and write it after each benchmark."""
    about = "; ".join(f"{name}: {title}" for name, (title, _) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=about)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them unless given")
    parser.add_argument("--tiny", action="store_true", help="only to see that they run")
    parser.add_argument("--into", type=Path, default=ROOT, help="a copy of README.md and docs/")
    parser.add_argument("--data", type=Path, help="a sample's folder, other than data/sample")
    parser.add_argument("--run", help="a run, or a folder with its models, for clips")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}, only {', '.join(BENCHMARKS)}")
    kept = options.into / "docs" / "performance.json"
    found = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name in options.names or BENCHMARKS:
        given = list(BENCHMARKS[name][1]) if options.tiny else []
        if options.data and name not in WITHOUT_DATA:
            given += ["--data", str(options.data)]
        if options.run and name == "clips":
            given += ["--run", options.run]
        found[name] = measure(name, given)
        save_json(kept, found)
        put(options.into / "docs" / "performance.md", page_of(found))
        put(options.into / "README.md", summary_of(found))


if __name__ == "__main__":
    main()
