"""A First Impressions folder as one table of clips: labels, paths, and what is missing."""

import json
import os
from itertools import product
from pathlib import Path

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, SPLITS, SYNTHETIC_MARK, read_labels
from mmage_utils.data.media_files import open_regular
from mmage_utils.errors import DataError
from mmage_utils.files import whole

MARK_BYTES = 10_000  # of `SYNTHETIC_MARK`, which has some hundred
MEDIA = {"image": ".jpg", "audio": ".wav", "transcript": ".pkl"}
UNLABELLED = "unlabelled"  # the place of clips without labels
PLACES = [f"{split}/{group}" for split in SPLITS for group in AGE_GROUPS] + [UNLABELLED]


def read_clips(folder):
    """Read the label lists of a folder and find the media of every clip.

    Listed clips without media are normal (a partial download, the synthetic sample): they stay
    in the table with empty paths, and `count_media` counts them.

    Parameters
    ----------
    folder : path-like
        A First Impressions folder: three label lists, and ``train/ valid/ test/`` with one
        folder per age group.

    Returns
    -------
    pandas.DataFrame
        `labels.read_labels` with the columns clip (VideoName without ``.mp4``) and image, audio,
        transcript: the path as str, or None where there is no file.

    Raises
    ------
    DataError
        As `labels.read_labels`.
    """
    clips = read_labels(folder)
    clips["clip"] = clips["VideoName"].str.removesuffix(".mp4")
    names = {place: set(files) for place, files in list_names(folder)}
    homes = list(zip(clips["split"], clips["AgeGroup"], strict=True))
    heads = {place: f"{Path(folder, *map(str, place))}{os.sep}" for place in names}
    for medium, suffix in MEDIA.items():
        found = [
            heads[home] + clip + suffix if clip + suffix in names[home] else None
            for home, clip in zip(homes, clips["clip"], strict=True)
        ]
        clips[medium] = pd.Series(found, clips.index, dtype=object)
    return clips


def list_names(folder):
    """Yield ((split, age group), sorted names) of the files in each folder where media belong.

    A folder is listed once, and no file asked for: of millions that takes seconds.
    """
    for split, group in product(SPLITS, AGE_GROUPS):
        path = Path(folder, split, str(group))
        yield (split, group), sorted(os.listdir(path)) if path.is_dir() else []


def list_media(folder):
    """Yield ((split, age group), path) of each file where media belong, sorted by name."""
    for place, names in list_names(folder):
        head = Path(folder, *map(str, place))
        yield from ((place, head / name) for name in names)


def list_unlabelled(folder, labelled=(), *, places=PLACES):
    """The media of clips that no label list has: in `UNLABELLED`, or where media belong.

    Parameters
    ----------
    folder : path-like
    labelled : collection of str
        Clips (VideoName without ``.mp4``) whose media are left out.
    places : sequence of str
        Of `PLACES`.

    Returns
    -------
    dict of str to dict
        Clip to medium to path (str), in the order of the places and names.
    """
    found, media = {}, {suffix: medium for medium, suffix in MEDIA.items()}
    for place in places:
        path = Path(folder, place)
        for file in sorted(path.iterdir()) if path.is_dir() else ():
            clip = file.name.removesuffix(file.suffix)
            if file.suffix in media and clip not in labelled:
                found.setdefault(clip, {})[media[file.suffix]] = str(file)
    return found


def with_media(clips, *media):
    """Keep the clips that have the media asked for (all three when none is named).

    Raises
    ------
    DataError
        When no clip, or no clip of some split, is left.
    """
    media = list(media or MEDIA)
    kept = clips[clips[media].notna().all(axis=1)].reset_index(drop=True)
    for split in SPLITS:
        if not (kept["split"] == split).any():
            raise DataError(
                f"No {split} clip has {' and '.join(media)} files: expected for example "
                f"{split}/4/NAME{MEDIA[media[0]]} in the data folder."
            )
    return kept


def count_media(clips):
    """Count listed clips, and those with and without each kind of file, per split.

    Returns
    -------
    pandas.DataFrame
        One row a split and one for all; columns listed, image, audio, transcript, complete,
        and without media.
    """
    has = clips[list(MEDIA)].notna()
    counts = has.assign(
        listed=True, complete=has.all(axis=1), **{"without media": ~has.any(axis=1)}
    )
    table = counts.groupby(clips["split"].to_numpy()).sum().reindex(list(SPLITS))
    table.loc["all"] = table.sum()
    return table[["listed", *MEDIA, "complete", "without media"]].astype(int)


def describe_data(folder):
    """Say what a folder holds: ``synthetic sample, seed 0`` or ``First Impressions``."""
    mark = read_mark(folder)
    return f"synthetic sample, seed {mark['seed']}" if mark else "First Impressions"


def read_mark(folder):
    """Read what `write.make_sample` says of a folder it wrote, or None for any other folder.

    Raises
    ------
    DataError
        When the mark is damaged.
    """
    path = Path(folder) / SYNTHETIC_MARK
    if not path.is_file():
        return None
    try:
        with open_regular(path, most=MARK_BYTES) as stream:
            mark = json.load(stream)
        return mark | {"seed": int(mark["seed"])}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise DataError(f"{path} is damaged: make the sample again in an empty folder.") from None


def is_synthetic(folder):
    """Tell whether a folder was written by `write.make_sample`."""
    return (Path(folder) / SYNTHETIC_MARK).is_file()


def copy_mark(source, folder):
    """Copy what says that data are synthetic, and how they were drawn, to a folder made of them."""
    if is_synthetic(source):
        for path in Path(source).glob("synthetic*"):
            with whole(Path(folder) / path.name) as temporary:
                temporary.write_bytes(path.read_bytes())


def by_split(table, split):
    """Rows of one split, with a fresh index."""
    return table[table["split"] == split].reset_index(drop=True)
