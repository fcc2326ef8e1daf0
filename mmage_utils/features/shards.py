"""Features of any number of clips as Parquet parts, one a shard, by any number of processes.

A shard is some thousand clips: one job of a process or of a Dask worker, which reads the files and
writes the part whole. Whatever is killed costs no more than the shards in hand.
"""

import os
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from mmage_utils.data.clips import MEDIA, describe_data, read_clips
from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import modalities
from mmage_utils.features.parts import FIRST, PART, RECORD, Shard, find_part, make_part, read_record
from mmage_utils.files import LEFTOVER_AGE, locked, save_json
from mmage_utils.progress import progress_bar

SHARD = 2000  # clips
FEW_SHARDS, SMALL_SHARD = 16, 100  # short lists are divided too, but not below so many clips


def write_features(
    folder, out, *, modality="voice", recipe=None, shard_size=None, half=False, scheduler=None,
    n_workers=None,
):  # fmt: skip
    """Compute the features of all clips of a data folder, and write them as Parquet parts.

    Every part has a row a clip that has the medium: VideoName, the columns of
    `modalities.columns_of` (none where the file cannot be read), problem (why, else an empty text)
    and notes. Together the parts hold the clips in the order of the label lists.

    Parameters
    ----------
    folder : path-like
        A First Impressions folder.
    out : path-like
        New, empty, or the folder of an earlier call, which goes on.
    modality, recipe : str
        As `modalities.check_recipe`; without a recipe, the first of the modality.
    shard_size : int, optional
        Clips a part: by default `SHARD`, and less for short lists, so that all processes have
        something to do.
    half : bool
        Store embeddings in half precision.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers compute. They must have this package, and find
        both folders under the same paths.
    n_workers : int, optional
        Processes of this machine, where no scheduler is given; by default one a core.

    Returns
    -------
    dict
        The record that `RECORD` holds, and the counts: computed, kept (clips of parts that were
        there), notes, problems (the first reasons by path).

    Raises
    ------
    UsageError
        For settings that are unknown or not those of the folder, or a scheduler that does not
        answer.
    DataError
        As `clips.read_clips`; when there is no file of the medium, another call writes to the
        folder, it holds something else, or workers were lost with a shard.
    """
    folder, out = Path(folder).absolute(), Path(out).absolute()
    recipe = recipe or modalities.RECIPES.get(modality, ("",))[0]
    modalities.check_recipe(modality, recipe)
    clips, medium = read_clips(folder), modalities.MEDIUM.get(modality)
    listed, clips = len(clips), clips[clips[medium].notna()]
    if clips.empty:
        place = f"train/4/NAME{MEDIA[medium]}"
        raise DataError(f"{folder}: no clip has a file of {modality}, for example {place}.")
    settings = {"modality": modality, "recipe": recipe, "half": half}
    try:
        with locked(out / ".lock", wait=False):
            size = _shard_size(out, settings, shard_size, len(clips))
            shards = list(_divide(clips["VideoName"], clips[medium], folder, size))
            record = {"what": "features", "data": describe_data(folder)} | settings
            record |= {"shard_size": size, "clips": len(clips), "parts": len(shards)}
            record |= {"without_file": listed - len(clips), "complete": False}
            record["networks"] = modalities.describe_networks(modality, recipe)
            save_json(out / RECORD, record)
            counts = _collect(shards, folder, out, settings, scheduler, n_workers)
            _remove_surplus(out, len(shards))
            record |= {"complete": True, "unreadable": counts["unreadable"]}
            save_json(out / RECORD, record)
            return record | counts
    except BlockingIOError:
        raise DataError(f"{out}: another process is writing features there.") from None


def _divide(names, paths, folder, size):
    """The clips as shards of a size."""
    names, start = tuple(names), len(str(folder)) + 1
    paths = tuple(path[start:] for path in paths)
    for number, first in enumerate(range(0, len(names), size)):
        yield Shard(number, names[first : first + size], paths[first : first + size])


def _shard_size(out, settings, asked, n_clips):
    """Clips a shard, of an earlier call where there was one; errors where that was another."""
    if asked is not None and asked < 1:
        raise UsageError(f"A shard needs a clip or more, not {asked}.")
    if not [path for path in out.iterdir() if not path.name.startswith(".")]:
        fair = -(-n_clips // FEW_SHARDS)
        return asked or min(SHARD, max(SMALL_SHARD, fair))
    record = read_record(out)
    for name, value in (settings | {"shard_size": asked or record["shard_size"]}).items():
        if record.get(name) != value:
            raise UsageError(
                f"{out} holds features with {name} {record.get(name)!r}, not {value!r}: name "
                "another folder."
            )
    return record["shard_size"]


def _collect(shards, folder, out, settings, scheduler, n_workers):
    """Counts of all parts, which are made as far as they are not there."""
    total, lost = sum(len(shard.names) for shard in shards), []
    counts = {"computed": 0, "kept": 0, "unreadable": 0, "notes": Counter(), "problems": {}}
    known = {"folder": str(folder), "out": str(out), "settings": settings}
    known["key"] = modalities.recipe_key(settings["modality"], settings["recipe"])
    with (
        progress_bar(total, f"Features of {settings['modality']}", "clip") as bar,
        closing(_parts(shards, known, scheduler, n_workers)) as parts,
    ):
        for shard, part in parts:
            bar.update(len(shard.names))
            if part is None:
                lost.append(f"{shard.names[0]} to {shard.names[-1]}")
                continue
            if not (out / PART.format(shard.number)).is_file():
                raise DataError(f"The Dask workers write to another {out}: it must be shared.")
            counts["computed" if part.computed else "kept"] += part.clips
            counts["unreadable"] += part.unreadable
            counts["notes"] += part.notes
            if len(counts["problems"]) < FIRST:
                counts["problems"] |= part.problems
    if lost:
        raise DataError(
            f"Several Dask workers ended while they computed {lost[0]}: look there for a file that "
            f"ends a program, or for want of memory ({len(lost)} such shards; the others are kept)."
        )
    return counts


def _parts(shards, known, scheduler, n_workers):
    """Each shard and its `Part`, None if it was given up, in the order in which they are done."""
    from mmage_utils.features.dask_jobs import compute, open_cluster

    if scheduler is None:
        # What is done is found sooner than processes are started.
        todo = []
        for shard in shards:
            part = find_part(shard, **known)
            if part:
                yield shard, part
            else:
                todo.append(shard)
        shards, n_workers = todo, min(n_workers or len(os.sched_getaffinity(0)), len(todo))
        if n_workers <= 1:
            yield from ((shard, make_part(shard, **known)) for shard in shards)
            return
    with open_cluster(scheduler, n_workers=n_workers) as client:
        yield from compute(make_part, shards, client=client, **known)


def _remove_surplus(out, n_parts):
    """Remove the parts of a longer list, which are none of this one's, and what a kill left."""
    for path in out.glob(PART.replace("{:05d}", "*")):
        number = path.stem.removeprefix("part-")
        if number.isdigit() and int(number) >= n_parts:
            path.unlink()
    for path in out.glob(".????????.parquet"):  # of `whole`; a worker may be writing the newest
        if path.stat().st_mtime < time.time() - LEFTOVER_AGE:
            path.unlink()
