"""What one's own clips cost: videos imported, and answered by the models of a run.

    python benchmarks/clips.py [--data data/sample] [--run sample] [--videos 200] [--answered 100]

Clips of a sample are filmed at 1280 x 720, 30 frames a second, some of them, each copied under
several names: to the commands every name is a clip of its own. Each command runs in a process of
its own, from a cold start: seconds by the clock, and the most memory that it and its children held
together (shared pages counted in each). Ends with 1 when a limit is not kept.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pandas as pd
import psutil

from mmage_utils.data.clips import read_clips, with_media
from mmage_utils.files import save_json
from mmage_utils.sample.videos import write_video

SCALE, FRAMES_A_SECOND = 2, 30  # times 640 x 360
IMPORT_LIMIT, FIRST_LIMIT, MORE_LIMIT = 1.5, 15.0, 1.0  # seconds: a video, one cold, one of many
MEMORY_LIMIT = 2.0  # GB
WATCH = 0.2  # s


def film(data, folder, names, distinct):
    """Film some clips, and put them under as many names into a folder; return seconds of one."""
    clips = with_media(read_clips(data)).iloc[: min(distinct, names)]
    paths = []
    for number, clip in enumerate(clips.itertuples()):
        paths.append(folder / f"film{number}.000.mp4")
        settings = {"scale": SCALE, "frames_a_second": FRAMES_A_SECOND}
        write_video(paths[-1], clip.image, clip.audio, seed=number, **settings)
    for number in range(len(paths), names):
        shutil.copy(paths[number % len(paths)], folder / f"film{number}.000.mp4")


def measure(*arguments):
    """Seconds and GB of one command, in a process of its own; its exit code must be 0."""
    program = [sys.executable, "-m", "mmage_utils.cli", *map(str, arguments)]
    clock = time.perf_counter()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(program, **streams, env=os.environ | {"TQDM_DISABLE": "1"})
    most, done = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(psutil.Process(process.pid), most, done))
    watcher.start()
    errors = process.stderr.read()
    code = process.wait()
    seconds = time.perf_counter() - clock
    done.set()
    watcher.join()
    if code:
        raise SystemExit(f"mmage {arguments[0]} failed: {errors.decode()[-500:]}")
    return seconds, most[0]


def _watch(process, most, done):
    """Keep the most GB that a process and its children held."""
    while not done.wait(WATCH):
        used = 0
        try:
            for one in [process, *process.children(recursive=True)]:
                used += one.memory_info().rss
        except psutil.NoSuchProcess:
            pass
        most[0] = max(most[0], used / 1e9)


def measure_all(options, folder):
    """One row a command: videos, seconds in all and each, the limit of each, and GB."""
    videos, answered, rows = folder / "videos", folder / "answered", []
    for place in (videos, answered):
        place.mkdir()
    film(options.data, videos, max(options.videos, options.answered), options.distinct)
    for path in sorted(videos.iterdir())[: options.answered]:
        shutil.copy(path, answered)
    one = next(answered.iterdir())
    for path in sorted(videos.iterdir())[options.videos :]:
        path.unlink()
    out, run = folder / "imported", ("--run", options.run)
    page = ("--html", folder / "answers.html")
    for name, n, limit, command in (
        ("import", options.videos, IMPORT_LIMIT, ("import", videos, out, "--jobs", 2)),
        ("import again, nothing new", options.videos, None, ("import", videos, out)),
        ("predict, one video", 1, FIRST_LIMIT, ("predict", one, *run)),
        ("predict", options.answered, MORE_LIMIT, ("predict", answered, *run)),
        ("predict, one video, page", 1, None, ("predict", one, *run, *page)),
    ):
        seconds, memory = measure(*command)
        rows.append((name, n, seconds, seconds / n, limit, memory))
        print(_line(rows[-1]), flush=True)
    return pd.DataFrame(rows, columns=["command", "videos", "seconds", "each", "limit", "GB"])


def _line(row):
    name, n, seconds, each, limit, memory = row
    asked = f"at most {limit:.1f}" if limit else "no limit"
    return f"{name:26}{n:7,}{seconds:9.1f} s{each:8.2f} s each ({asked}){memory:7.2f} GB"


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/sample"))
    parser.add_argument("--run", default="sample", help="a run, or a folder with its models")
    for name, value in (("videos", 200), ("answered", 100), ("distinct", 8)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", type=Path, help="write the table here")
    options = parser.parse_args()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{cores} cores; load of the machine before the start: {load:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        table = measure_all(options, Path(folder))
    if options.json:
        save_json(options.json, {"cores": cores, "load": load, "rows": table})
    slow = table[table["each"] > table["limit"]]["command"].tolist()
    large = table[table["GB"] > MEMORY_LIMIT]["command"].tolist()
    print(f"Seconds: {'not kept by ' + '; '.join(slow) if slow else 'all limits are kept'}.")
    kept = f"not kept by {'; '.join(large)}" if large else "kept by all"
    print(f"At most {MEMORY_LIMIT:.0f} GB: {kept}.")
    return 1 if slow or large else 0


if __name__ == "__main__":
    sys.exit(main())
