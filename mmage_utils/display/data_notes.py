"""Sentences on the data: what is used, left out, converted or unusual.

In each, `data` says what the data are (`runs.Run`).
"""

from pathlib import Path

from mmage_utils.data.clips import MEDIA
from mmage_utils.display.notebook import quoted
from mmage_utils.errors import first_few


def used_sentence(used, listed, *, data):
    """How many clips with media are used, and how many are not.

    Parameters
    ----------
    used, listed : pandas.DataFrame
        The clips that have all that is needed, and all of `read_clips`.
    data : str
    """
    text = f"{len(used):,} clips ({data}) have a face, a voice and a transcript."
    lost = listed[list(MEDIA)].notna().any(axis=1).sum() - len(used)
    return text + (f" {lost:,} more lack one of them, or it cannot be read." if lost else "")


def transcripts_sentence(table, *, data):
    """How many transcripts `read_transcripts` found, their lengths, and what is unusual."""
    words = table["text"].str.split().str.len()
    lengths = f"{words.min():.0f} to {words.max():.0f} words, {words.mean():.0f} on average"
    text = f"{len(table):,} transcripts ({data}) have {lengths}."
    odd = table[table["notes"] != ""]
    if odd.empty:
        return f"{text} None is empty, unusually long, or seems not to be English."
    kinds = odd["notes"].str.split("; ").explode().value_counts()
    counts = "; ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    return f"{text} Unusual, but used: {counts} ({first_few(map(quoted, odd['VideoName']))})."


def faces_sentence(faces, *, data):
    """How many `Faces` are used, and which were left out or converted."""
    text = f"{len(faces.clips):,} faces ({data}) are used at {faces.images.shape[-1]} pixels."
    if len(faces.problems):
        reasons = faces.problems.str.rstrip(".").items()
        named = (f"{quoted(Path(path).name)}: {quoted(why)}" for path, why in reasons)
        names = first_few(named, between="; ")
        text += f" Left out, as they cannot be read: {len(faces.problems):,} ({names})."
    if len(faces.notes):
        kinds = faces.notes.str.split("; ").explode().str.split(": ").str[0].value_counts()
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        text += f" Converted: {len(faces.notes):,} ({counts})."
    return text


def features_text(record):
    """What `shards.write_features` made: clips computed and kept, converted and unreadable."""
    clips, computed = record["clips"], record["computed"]
    rate = f" ({computed / record['seconds']:.1f} a second)" if computed else ""
    first = [f"{path}: {reason}" for path, reason in record["problems"].items()]
    more = record["unreadable"] - len(first)
    lines = [
        f"{clips:,} clips ({record['data']}) in {record['parts']:,} parts: {computed:,} computed "
        f"in {record['seconds']:.1f} s{rate}, {record['kept']:,} there already.",
        f"{record['without_file']:,} more are listed without a file; {record['unreadable']:,} "
        "cannot be read.",
        *(f"  {count:,} {kind}" for kind, count in sorted(record["notes"].items())),
        *first,
        *([f"and {more:,} more"] if more > 0 else []),
    ]
    return "\n".join(lines)


def import_text(record, left_out):
    """What `video_import.import_videos` made of raw videos, and what was left out."""
    used = record[record["place"] != ""]
    counts = {what: int((used[what] == "").sum()) for what in (*MEDIA, "labels")}
    lines = [
        f"{len(record):,} videos: {counts['image']:,} faces, {counts['audio']:,} voices and "
        f"{counts['transcript']:,} transcripts are written; {counts['labels']:,} clips have labels."
    ]
    whole = left_out[left_out["what"] == "video"]
    lines += [f"  left out: {row.video}: {row.why}" for row in whole.itertuples()]
    parts = left_out[left_out["what"] != "video"].groupby(["what", "why"], sort=False)
    for (what, why), rows in parts["VideoName"]:
        lines.append(f"  {len(rows):,} without {what}: {why} ({first_few(rows, most=3)})")
    notes = used["notes"].str.split("; ").explode()
    kinds = notes[~notes.str.startswith("face: ")].str.split(": ").str[0].value_counts()
    lines += [f"  {count:,} {kind}" for kind, count in kinds.items() if kind]
    return "\n".join(lines)
