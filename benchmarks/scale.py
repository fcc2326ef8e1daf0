"""What large data cost: the commands on lists of up to a million clips, and features of clips.

    python benchmarks/scale.py [--clips 2000 20000 200000 1000000] [--media 1200 10000]
        [--data FOLDER] [--stages NAME ...] [--workers 2] [--half] [--json FILE]

Lists: label lists and predictions of each size are written to a temporary folder (`mmage sample
--lists`), and each command runs in a process of its own. All clips are scored, of all splits, as
one list. `read_clips` finds an empty recording of each clip, as far as they can be made in a
minute. Features: `mmage features` of each modality, of the first clips of FOLDER that have media,
or of a sample that is made for it, and `mmage train` on each. Seconds are by the clock; GB are the
most that a command and its processes held at once (memory that they share counted once). `--clips`
or `--media` without a number leaves that part out. Ends with 1 when a command passes its limit at
the largest size, when its time or memory grows faster than the clips, or when the memory of
features or heads grows with them.
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import record
from pyarrow import csv, parquet

from mmage_utils.data.clips import MEDIA, describe_data, read_clips
from mmage_utils.data.labels import LABEL_COLUMNS, LABEL_LIST, SPLITS, read_labels
from mmage_utils.features.parts import RECORD
from mmage_utils.sample.large_lists import write_lists

SLACK = 1.5  # times the growth of the clips
FLAT = 1.2  # times the memory of features of the fewest clips
HOLDS = {True: "holds", False: "does not hold"}
TOUCH_SECONDS = 60  # for empty recordings
MILLION = 1_000_000
COMMANDS = {
    "evaluate, CSV": ("evaluate", "predictions.csv"),
    "evaluate, Parquet": ("evaluate", "predictions.parquet"),
    "check-predictions": ("check-predictions", "predictions.parquet"),
    "compare": ("compare", "predictions.csv", "predictions.parquet"),
    "check-data": ("check-data",),
}
TRAIN, LABELS = (LABEL_LIST.format(split=split) for split in ("train", "test"))
READ = "read_clips, with recordings"
READER = "import sys; from mmage_utils.data.clips import read_clips; read_clips(sys.argv[1])"
# s and GB, at the largest size
LIMITS = dict.fromkeys(COMMANDS, (60, 4)) | dict.fromkeys(("check-data", READ), (30, math.inf))
STAGES = {
    "voice, fast": ("--modality", "voice"),
    "voice, speaker": ("--modality", "voice", "--recipe", "speaker"),
    "face, dlib": ("--modality", "face", "--recipe", "dlib"),
    "face, dlib-age": ("--modality", "face", "--recipe", "dlib-age"),
    "words, minilm": ("--modality", "words"),
}


def list_rows(sizes):
    """One row a size and command: clips listed, seconds, GB, files of media; and the users."""
    rows = []
    for clips in sizes:
        with tempfile.TemporaryDirectory() as place:
            folder, clock = Path(place) / "lists", time.perf_counter()
            write_lists(folder, clips)
            rows.append(("write the lists", clips, time.perf_counter() - clock, None, 0))
            one, users = as_one_list(folder, Path(place) / "one")
            for command, (verb, *names) in COMMANDS.items():
                arguments = [*(one / name for name in names), one / LABELS] if names else [folder]
                rows.append((command, clips, *record.measure(verb, *arguments), 0))
            files = touch_recordings(folder)
            rows.append((READ, clips, *record.measure(folder, program=("-c", READER)), files))
    return pd.DataFrame(rows, columns=["command", "clips", "seconds", "GB", "files"]), users


def as_one_list(folder, place):
    """A folder whose test list has all clips, and predictions of them as CSV and as Parquet.

    Returns
    -------
    place : Path
    users : int
    """
    place.mkdir()
    shutil.copy(folder / TRAIN, place / TRAIN)  # for the constant predictor
    with (place / LABELS).open("wb") as stream:
        for split in SPLITS:
            data = (folder / LABEL_LIST.format(split=split)).read_bytes()
            stream.write(data.partition(b"\n")[2] if stream.tell() else data)  # one header
    # By their splits, some would not belong to this list.
    table = parquet.read_table(folder / "predictions.parquet").drop_columns("split")
    parquet.write_table(table, place / "predictions.parquet")
    plain = csv.WriteOptions(quoting_style="none", quoting_header="none")
    csv.write_csv(table, place / "predictions.csv", plain)
    return place, len(table["UserID"].unique())


def touch_recordings(folder):
    """Make an empty recording of each clip in its folder, for a minute at most; how many."""
    end, clips = time.perf_counter() + TOUCH_SECONDS, read_labels(folder)
    for split, group in set(zip(clips["split"], clips["AgeGroup"], strict=True)):
        (folder / split / str(group)).mkdir(parents=True)
    columns = (clips[name] for name in ("split", "AgeGroup", "VideoName"))
    for number, (split, group, name) in enumerate(zip(*columns, strict=True)):
        if time.perf_counter() > end:
            return number
        path = folder / split / str(group) / f"{name.removesuffix('.mp4')}{MEDIA['audio']}"
        path.touch()
    return len(clips)


def check_limits(table):
    """Yield a sentence a limit, at the largest size, and whether it holds."""
    for row in table[table["clips"] == table["clips"].max()].itertuples():
        if row.command not in LIMITS:
            continue
        seconds, most = LIMITS[row.command]
        holds = row.seconds <= seconds and most >= row.GB
        limit = f"{seconds} s" + (f" and {most} GB" if most < math.inf else "")
        yield (
            f"{row.command}, {row.clips:,} clips in at most {limit}: {HOLDS[holds]} "
            f"({row.seconds:.1f} s, {row.GB:.2f} GB).",
            holds,
        )


def check_memory(table):
    """Yield a sentence a stage: whether its memory stays, and whether that holds."""
    few, many = table["clips"].min(), table["clips"].max()
    held = table.set_index(["clips", "command"])["GB"]
    for stage in dict.fromkeys(table["command"]) if few < many else ():
        times = held.loc[many, stage] / held.loc[few, stage]
        yield (
            f"{stage}, memory of {many:,} clips at most {FLAT} times that of {few:,}: "
            f"{HOLDS[bool(times <= FLAT)]} ({times:.2f}).",
            times <= FLAT,
        )


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


def feature_rows(sizes, folder, *, stages, workers, half):
    """One row a size and stage: clips, seconds, clips a second, GB, bytes a clip of the parts.

    And one of the training of a head on them, which predicts valid and test.
    """
    rows, heads = [], []
    for clips in sizes:
        with tempfile.TemporaryDirectory() as work:
            part, work = part_of(folder, clips, Path(work) / "part"), Path(work)
            for number, stage in enumerate(stages):
                out = work / str(number)
                options = [*STAGES[stage], "--workers", workers, *(["--half"] if half else [])]
                # 1: some file of the folder cannot be read.
                seconds, held = record.measure("features", part, "-o", out, *options, fine=(0, 1))
                if not is_complete(out):
                    raise SystemExit(f"{stage} ended without all parts of {clips:,} clips.")
                size = sum(path.stat().st_size for path in out.glob("part-*"))
                rows.append((stage, clips, seconds, held, clips / seconds, size / clips))
                seconds, held = record.measure("train", out, part, "-o", work / f"head{number}")
                heads.append((f"head on {stage}", clips, seconds, held))
    columns = ["command", "clips", "seconds", "GB", "clips a second", "bytes a clip"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(heads, columns=columns[:4])


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
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=[*STAGES], metavar="NAME")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--half", action="store_true", help="embeddings in half precision")
    record.add_option(parser)
    options = parser.parse_args()
    tables, sentences, checks = {}, [], []
    if options.clips:
        rows, users = list_rows(sorted(options.clips))
        tables["Commands on lists"] = rows
        last = rows[rows["clips"] == max(options.clips)]
        sentences.append(
            f"Lists of {max(options.clips):,} clips of {users:,} users, all scored, take at most "
            f"{last['seconds'].max():.0f} s and {last['GB'].max():.1f} GB a command."
        )
        sentences.append(f"read_clips finds {last['files'].max():,} empty recordings.")
        checks += check_limits(rows)
    if options.media:
        with tempfile.TemporaryDirectory() as place:
            folder = options.data or make_sample_in(Path(place) / "sample", max(options.media))
            how = {"stages": options.stages, "workers": options.workers, "half": options.half}
            rows, heads = feature_rows(options.media, folder, **how)
            about = f"Features ({describe_data(folder)}) by {options.workers} processes"
        tables |= {about: rows, "Linear heads on these features": heads}
        tables["Hours for a million clips"] = extrapolate(rows)
        both = pd.concat([rows, heads])
        sentences.append(
            f"Features of {max(options.media):,} clips, and heads on them, take at most "
            f"{both['GB'].max():.1f} GB."
        )
        checks += check_memory(both)
    sentences += [sentence for sentence, _ in checks]
    growing = too_fast_growing(tables["Commands on lists"]) if options.clips else []
    if options.clips:
        sentences += growing or ["Neither time nor memory of lists grows faster than the clips."]
    print(record.describe()["machine"])
    for about, rows in tables.items():
        print(f"\n{about}:\n\n{record.markdown(rows.to_dict('records'))}")
    print("", *sentences, sep="\n")
    record.write_record(options.json, tables, sentences)
    return 1 if growing or not all(holds for _, holds in checks) else 0


def make_sample_in(folder, clips):
    """A sample with media of so many clips, which takes some minutes for ten thousand."""
    from mmage_utils.sample.write import make_sample

    make_sample(folder, n_clips=max(160, clips))
    return folder


if __name__ == "__main__":
    sys.exit(main())
