"""What large data cost: the commands on lists of up to a million clips, and features of clips.

    python benchmarks/scale.py [--clips 2000 20000 200000 1000000] [--media 1200 10000]
        [--data FOLDER] [--workers 2] [--half] [--json FILE]

Lists: label lists and predictions of each size are written to a temporary folder (`mmage sample
--lists`), and each command runs in a process of its own. Features: `mmage features` of each
modality, of the first clips of FOLDER that have media, or of a sample that is made for it. Seconds
are by the clock; GB are the most that a command and its processes held at once (memory that they
share counted once). `--clips` or `--media` without a number leaves that part out. Ends with 1 when
the time or the memory of a command grows faster than the clips.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import record

from mmage_utils.data.clips import MEDIA, describe_data, read_clips
from mmage_utils.data.labels import LABEL_COLUMNS, LABEL_LIST, SPLITS
from mmage_utils.features.parts import RECORD
from mmage_utils.sample.large_lists import write_lists

SLACK = 1.5  # times the growth of the clips
TICK = 0.2  # s between two looks at the memory
MILLION = 1_000_000
COMMANDS = {
    "evaluate, CSV": ("evaluate", "predictions.csv"),
    "evaluate, Parquet": ("evaluate", "predictions.parquet"),
    "check-predictions": ("check-predictions", "predictions.parquet"),
    "compare": ("compare", "predictions.csv", "predictions.parquet"),
    "check-data": ("check-data",),
}
STAGES = {
    "voice, fast": ("--modality", "voice"),
    "voice, speaker": ("--modality", "voice", "--recipe", "speaker"),
    "face, dlib": ("--modality", "face", "--recipe", "dlib"),
    "face, dlib-age": ("--modality", "face", "--recipe", "dlib-age"),
    "words, minilm": ("--modality", "words"),
}


def measure(what, *arguments, fine=(0,)):
    """Seconds and GB of one command, in a process of its own."""
    clock, peak = time.perf_counter(), 0
    program = [sys.executable, "-m", "mmage_utils.cli", *map(str, arguments)]
    with tempfile.TemporaryFile() as errors:
        process = psutil.Popen(program, stdout=subprocess.DEVNULL, stderr=errors)
        while process.poll() is None:
            peak = max(peak, record.memory_of(process))
            time.sleep(TICK)
        if process.returncode not in fine:
            errors.seek(0)
            raise SystemExit(f"{what} failed: {errors.read().decode()[-500:]}")
    return time.perf_counter() - clock, peak / 1e9


def list_rows(sizes):
    """One row a size and command: clips listed, seconds, GB."""
    rows = []
    for clips in sizes:
        with tempfile.TemporaryDirectory() as place:
            folder, clock = Path(place) / "lists", time.perf_counter()
            write_lists(folder, clips)
            rows.append(("write the lists", clips, time.perf_counter() - clock, float("nan")))
            for command, (verb, *names) in COMMANDS.items():
                arguments = [verb, *(folder / name for name in names), folder]
                arguments += ["--split", "train"] if names else []  # the largest
                rows.append((command, clips, *measure(command, *arguments)))
    return pd.DataFrame(rows, columns=["command", "clips", "seconds", "GB"])


def part_of(folder, clips, place):
    """A folder of the first clips that have all media: lists of its own, and links to the media."""
    listed = read_clips(folder)
    whole = listed[listed[list(MEDIA)].notna().all(axis=1)]
    if len(whole) < clips:
        raise SystemExit(f"{folder} has {len(whole):,} clips with all media, fewer than {clips:,}.")
    # From every split its share, so that each has some.
    some = whole.groupby("split", sort=False).head(-(-clips // 3))
    some = pd.concat([some, whole.drop(some.index)]).head(clips)
    place.mkdir()
    for split in SPLITS:
        rows = some.loc[some["split"] == split, LABEL_COLUMNS]
        rows.to_csv(place / LABEL_LIST.format(split=split), index=False)
        (place / split).symlink_to((folder / split).absolute())
    for mark in folder.glob("synthetic*"):
        (place / mark.name).symlink_to(mark.absolute())
    return place


def feature_rows(sizes, folder, *, workers, half):
    """One row a size and stage: clips, seconds, clips a second, GB, bytes a clip of the parts."""
    rows = []
    for clips in sizes:
        with tempfile.TemporaryDirectory() as work:
            part, work = part_of(folder, clips, Path(work) / "part"), Path(work)
            for number, (stage, how) in enumerate(STAGES.items()):
                out = work / str(number)
                options = [*how, "--workers", workers, *(["--half"] if half else [])]
                # 1: some file of the folder cannot be read.
                seconds, held = measure(stage, "features", part, "-o", out, *options, fine=(0, 1))
                if not is_complete(out):
                    raise SystemExit(f"{stage} ended without all parts of {clips:,} clips.")
                size = sum(path.stat().st_size for path in out.glob("part-*"))
                rows.append((stage, clips, seconds, held, clips / seconds, size / clips))
    columns = ["command", "clips", "seconds", "GB", "clips a second", "bytes a clip"]
    return pd.DataFrame(rows, columns=columns)


def is_complete(out):
    """Whether `mmage features` has written all parts of a folder; 1 is its exit code for much."""
    return (out / RECORD).is_file() and json.loads((out / RECORD).read_text())["complete"]


def extrapolate(table):
    """Hours of each command for a million clips, by what a clip more costs between two sizes.

    With one size, the start counts as if every clip paid for it.
    """
    hours = {}
    for command, rows in table.groupby("command", sort=False):
        rows = rows.sort_values("clips")
        last = rows.iloc[-1]
        first = rows.iloc[0] if len(rows) > 1 else pd.Series({"clips": 0, "seconds": 0.0})
        each = (last["seconds"] - first["seconds"]) / (last["clips"] - first["clips"])
        hours[command] = each * MILLION / 3600
    return pd.Series(hours, name="hours for a million").rename_axis("command").reset_index()


def too_fast_growing(table):
    """Commands whose seconds or GB grow faster than the clips, from the second size on."""
    found = []
    for command, rows in table.dropna(subset=["GB"]).groupby("command"):
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
    sizes = [2_000, 20_000, 200_000, MILLION]
    parser.add_argument("--clips", type=int, nargs="*", default=sizes, help="of the lists")
    parser.add_argument("--media", type=int, nargs="*", default=[1_200, 10_000])
    parser.add_argument("--data", type=Path, help="a folder with media, read only")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--half", action="store_true", help="embeddings in half precision")
    record.add_option(parser)
    options = parser.parse_args()
    tables, sentences, found = {}, [], []
    if options.clips:
        rows = tables["Commands on lists"] = list_rows(options.clips)
        found = too_fast_growing(rows)
        last = rows[rows["clips"] == max(options.clips)]
        slowest = last.loc[last["seconds"].idxmax()]
        sentences.append(
            f"Lists of {slowest['clips']:,} clips take at most {slowest['seconds']:.0f} s and "
            f"{last['GB'].max():.1f} GB a command."
        )
    if options.media:
        with tempfile.TemporaryDirectory() as place:
            folder = options.data or make_sample_in(Path(place) / "sample", max(options.media))
            rows = feature_rows(options.media, folder, workers=options.workers, half=options.half)
            about = f"Features ({describe_data(folder)}) by {options.workers} processes"
        tables |= {about: rows, "Hours for a million clips": extrapolate(rows)}
        sentences.append(
            f"Features of {max(options.media):,} clips take at most {rows['GB'].max():.1f} GB."
        )
    sentences += found or ["Neither time nor memory grows faster than the clips."]
    print(record.describe()["machine"])
    for about, rows in tables.items():
        print(f"\n{about}:\n\n{record.markdown(rows.to_dict('records'))}")
    print("", *sentences, sep="\n")
    record.write_record(options.json, tables, sentences)
    return 1 if found else 0


def make_sample_in(folder, clips):
    """A sample with media of so many clips, which takes some minutes for ten thousand."""
    from mmage_utils.sample.write import make_sample

    make_sample(folder, n_clips=max(160, clips))
    return folder


if __name__ == "__main__":
    sys.exit(main())
