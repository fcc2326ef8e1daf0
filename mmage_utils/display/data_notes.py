"""Sentences on what was read of the data: what is used, left out, converted or unusual."""

from pathlib import Path

from mmage_utils.data.clips import MEDIA
from mmage_utils.errors import first_few


def used_sentence(used, listed, *, data):
    """A sentence on how many of the listed clips with media are used, and how many are not.

    Parameters
    ----------
    used, listed : pandas.DataFrame
        `read_clips`, and those of them that have all that is needed.
    data : str
        What the data are (`runs.Run`).
    """
    some = listed[list(MEDIA)].notna().any(axis=1).sum()
    said = f"{len(used):,} clips ({data}) have a face, a voice and a transcript."
    lost = some - len(used)
    return said + (f" {lost:,} more lack one of them, or it cannot be read." if lost else "")


def transcripts_sentence(table, *, data):
    """Sentences on how many transcripts were read, their lengths, and what is unusual.

    Parameters
    ----------
    table : pandas.DataFrame
        `read_transcripts`.
    data : str
        What the data are (`runs.Run`).
    """
    words = table["text"].str.split().str.len()
    lengths = f"{words.min():.0f} to {words.max():.0f} words, {words.mean():.0f} on average"
    said = f"{len(table):,} transcripts ({data}) have {lengths}."
    odd = table[table["notes"] != ""]
    if odd.empty:
        return f"{said} None is empty, unusually long, or looks like another language than English."
    kinds = odd["notes"].str.split("; ").explode().value_counts()
    parts = [f"{count:,} {kind}" for kind, count in kinds.items()]
    named = first_few(odd["VideoName"])
    return f"{said} Unusual, and used all the same: {'; '.join(parts)} ({named})."


def faces_sentence(faces, *, data):
    """Sentences on how many faces were read, and what was left out or converted.

    Parameters
    ----------
    faces : Faces
    data : str
        What the data are (`runs.Run`).
    """
    said = f"{len(faces.clips):,} faces ({data}) are used at {faces.images.shape[-1]} pixels."
    if len(faces.problems):
        reasons = faces.problems.str.rstrip(".").items()
        named = first_few((f"{Path(path).name}: {why}" for path, why in reasons), between="; ")
        said += f" Left out, as they cannot be read: {len(faces.problems):,} ({named})."
    if len(faces.notes):
        kinds = faces.notes.str.split("; ").explode().str.split(": ").str[0].value_counts()
        counted = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        said += f" Converted: {len(faces.notes):,} ({counted})."
    return said


def extraction_text(counts):
    """Lines on what was computed, converted, and could not be read (`summarise_extraction`)."""
    rate = f" in {counts['seconds']:.1f} s ({counts['computed'] / counts['seconds']:.1f} a second)"
    problems = [f"{path}: {reason}" for path, reason in counts["problems"].items()]
    lines = [
        f"{counts['clips']:,} clips: {counts['computed']:,} recordings computed"
        f"{rate if counts['computed'] else ''}, {counts['cached']:,} clips from the cache.",
        f"{counts['silent']:,} without voice, {counts['unreadable']:,} cannot be read.",
        *(f"  {count:,} {kind}" for kind, count in counts["notes"].items()),
        *([first_few(problems, most=10, between="\n")] if problems else []),
        f"Features are in {counts['file']}.",
    ]
    return "\n".join(lines)
