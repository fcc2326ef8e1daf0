"""What one's own clips cost: videos imported, and answered by the models of a run.

    python benchmarks/clips.py [--data data/sample] [--run sample] [--videos 200] [--answered 100]
        [--scale 2] [--frames 30]

Some clips of a sample are filmed, by default at 1280 x 720 and 30 frames a second, each copied
under several names: to the commands every name is a clip of its own. Each command runs in a process
of its own, from a cold start: seconds by the clock, and the most memory that it and its children
held together (what they share counted once). Then the answers to the films are held against those
to the clips themselves. Ends with 1 when a limit is not kept.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
import record
from joblib import Parallel, delayed

from mmage_utils.data.clips import MEDIA, UNLABELLED, read_clips, with_media
from mmage_utils.data.transcripts import read_transcript
from mmage_utils.sample.videos import SIZE, write_video

IMPORT_LIMIT, FIRST_LIMIT, MORE_LIMIT = 1.5, 15.0, 1.0  # seconds: a video, one cold, one of many
MEMORY_LIMIT = 2.0  # GB
AGREEMENT = 0.9  # of films whose likeliest age group is that of their clip


def film(clips, folder, names, **settings):
    """Film clips with their words beside them, and copy the films until there are enough names."""
    films = [Path(folder, f"film{number}.000.mp4") for number in range(names)]
    rows = list(zip(films, clips.itertuples(), strict=False))
    Parallel(n_jobs=-1)(
        delayed(write_video)(path, clip.image, clip.audio, seed=number, **settings)
        for number, (path, clip) in enumerate(rows)
    )
    for path, clip in rows:
        path.with_suffix(".txt").write_text(read_transcript(clip.transcript))
    for number in range(len(clips), names):
        for suffix in (".mp4", ".txt"):
            first = films[number % len(clips)]
            shutil.copy(first.with_suffix(suffix), films[number].with_suffix(suffix))
    return films


def measure_all(options, clips, folder):
    """One row a command: videos, seconds in all and each, the limit of each, and GB."""
    videos, answered, rows = folder / "videos", folder / "answered", []
    for place in (videos, answered):
        place.mkdir()
    how = {"scale": options.scale, "frames_a_second": options.frames}
    films = film(clips, answered, options.answered, **how)
    for number in range(options.videos):
        shutil.copy(films[number % len(films)], videos / f"film{number}.000.mp4")
    out, run = folder / "imported", ("--run", options.run)
    page = ("--html", folder / "answers.html")
    for name, n, limit, command in (
        ("import", options.videos, IMPORT_LIMIT, ("import", videos, out, "--jobs", 2)),
        ("import again, nothing new", options.videos, None, ("import", videos, out)),
        ("predict, one video", 1, FIRST_LIMIT, ("predict", films[0], *run)),
        ("predict", options.answered, MORE_LIMIT,
         ("predict", answered, *run, "-o", folder / "films.csv")),
        ("predict, one video, page", 1, None, ("predict", films[0], *run, *page)),
    ):  # fmt: skip
        seconds, memory = record.measure(*command)
        rows.append((name, n, seconds, seconds / n, limit, memory))
        print(_line(rows[-1]), flush=True)
    return pd.DataFrame(rows, columns=["command", "videos", "seconds", "each", "limit", "GB"])


def agreement(clips, folder, run):
    """How many films, and of how many, have the likeliest age group of the clip that they show."""
    place = folder / "clips" / UNLABELLED
    place.mkdir(parents=True)
    for number, clip in enumerate(clips.itertuples()):
        for medium, suffix in MEDIA.items():
            shutil.copy(getattr(clip, medium), place / f"film{number}.000{suffix}")
    record.measure("predict", place.parent, "--run", run, "-o", folder / "clips.csv")
    own, filmed = (
        pd.read_csv(folder / f"{name}.csv", index_col="VideoName")["prediction"]
        for name in ("clips", "films")
    )
    own = own[own.index.isin(filmed.index)]
    return int((own == filmed[own.index]).sum()), len(own)


def _line(row):
    name, n, seconds, each, limit, memory = row
    asked = f"at most {limit:.1f}" if limit else "no limit"
    return f"{name:26}{n:7,}{seconds:9.1f} s{each:8.2f} s each ({asked}){memory:7.2f} GB"


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/sample"))
    parser.add_argument("--run", default="sample", help="a run, or a folder with its models")
    for name, value in (("videos", 200), ("answered", 100), ("distinct", 20), ("frames", 30)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--scale", type=int, default=2, help=f"times {SIZE[0]} x {SIZE[1]}")
    record.add_option(parser)
    options = parser.parse_args()
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{cores} cores; load of the machine before the start: {load:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        clips = with_media(read_clips(options.data))
        clips = clips[clips["split"] == "test"].iloc[: min(options.distinct, options.answered)]
        table = measure_all(options, clips, Path(folder))
        same, films = agreement(clips, Path(folder), options.run)
    slow = table[table["each"] > table["limit"]]["command"].tolist()
    large = table[table["GB"] > MEMORY_LIMIT]["command"].tolist()
    print(f"Seconds: {'not kept by ' + '; '.join(slow) if slow else 'all limits are kept'}.")
    kept = f"not kept by {'; '.join(large)}" if large else "kept by all"
    print(f"At most {MEMORY_LIMIT:.0f} GB: {kept}.")
    agreed = same >= AGREEMENT * films
    agreement_said = (
        f"{same} of {films} films get the likeliest age group of their clip; at least "
        f"{AGREEMENT:.0%}: {'holds' if agreed else 'does not hold'}."
    )
    print(agreement_said)
    each = table.set_index("command")["each"]
    first = (
        f"A video is imported in {each['import']:.1f} s and answered in {each['predict']:.1f} s "
        f"where there are many, and in {each['predict, one video']:.1f} s alone from a cold start."
    )
    size = " x ".join(str(options.scale * side) for side in SIZE)
    about = f"Videos of {size}, seconds by the clock from a cold start"
    record.write_record(options.json, {about: table}, [first, agreement_said])
    return 1 if slow or large or not agreed else 0


if __name__ == "__main__":
    sys.exit(main())
