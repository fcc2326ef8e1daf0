"""Raw videos as the folder that the report starts from; what is done is not done again."""

import pickle
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from mmage_utils.data.clips import MEDIA, PLACES, UNLABELLED, copy_mark
from mmage_utils.data.labels import LABEL_LIST, SPLITS
from mmage_utils.data.recordings import read_recording
from mmage_utils.data.video_files import clip_name, find_videos, place_inside
from mmage_utils.data.video_labels import read_video_labels, write_label_lists
from mmage_utils.data.video_media import COLUMNS, RECOGNISED, import_clip, media_file
from mmage_utils.data.video_words import read_given_words, words_beside
from mmage_utils.data.videos import RATE
from mmage_utils.errors import DataError
from mmage_utils.files import whole, write_text
from mmage_utils.progress import progress_bar

RECORD, LEFT_OUT = "import.csv", "left_out.csv"
WHAT = [*MEDIA, "labels"]  # of a video that can be left out
NO_LABELS = pd.DataFrame(columns=["VideoName", "split", "AgeGroup"], dtype=str)
SAVE_SECONDS = 20  # between two states of the record on disk


def import_videos(videos, folder, *, labels=None, transcripts=(), recogniser=None, n_jobs=2):
    """Write the faces, voices and words of videos as a First Impressions folder.

    A clip without labels comes into the folder ``unlabelled``. `RECORD` lists every clip with what
    was found, `LEFT_OUT` what was left out and why; with them a later call goes on.

    Parameters
    ----------
    videos : path-like
        A folder of videos, searched with the folders in it, or one video.
    folder : path-like
        A new or empty folder, or one of an earlier import.
    labels : path-like, optional
        As `video_labels.read_video_labels`; without it, label lists of an earlier import hold.
    transcripts : iterable of path-like
        As `video_words.read_given_words`. They win over files beside the videos.
    recogniser : callable, optional
        ``recogniser(samples)`` gives the words of a clip that has no transcript from mono samples
        at `videos.RATE`, or raises `DataError` with a reason (`speech_recognition`).
    n_jobs : int
        Processes, which share the cores evenly.

    Returns
    -------
    record : pandas.DataFrame
        One row a video, with the columns `COLUMNS`; image, audio, transcript and labels are
        empty, or say why they were left out, and so is place where a video gave nothing.
    left_out : pandas.DataFrame
        VideoName, video, what and why.

    Raises
    ------
    UsageError
        When there is no video.
    DataError
        When labels or transcripts are wrong, or `folder` contains other files or cannot be written
        to, as on a full disk; what is done is kept then.
    """
    found, refused = find_videos(videos)
    folder = Path(folder)
    rows = _earlier(folder)
    if labels is None and (folder / LABEL_LIST.format(split=SPLITS[0])).is_file():
        labels = folder
    table, incomplete = read_video_labels(labels) if labels else (NO_LABELS, {})
    given = read_given_words(transcripts)
    for place in PLACES:
        place_inside(folder, *place.split("/"))
    copy_mark(videos, folder)
    if len(table):
        write_label_lists(folder, table)
    clips = table["VideoName"].str.removesuffix(".mp4")
    unlabelled = "not in the labels" if len(table) else "no labels given"
    homes = dict(zip(clips, table["split"] + "/" + table["AgeGroup"].astype(str), strict=True))
    homes = {clip: homes.get(clip, UNLABELLED) for clip in [*rows, *found]}
    for clip, row in rows.items():  # labels may have changed since
        if row["place"] and row["place"] != homes[clip]:
            _move(folder, clip, row["place"], homes[clip])
            row["place"] = homes[clip]
    with _kept(folder):
        _read_all(found, videos, folder, homes, rows, n_jobs)
        shown = (
            rows if recogniser is None else progress_bar(len(rows), "Writing words", "clip", rows)
        )
        try:
            for clip in shown:
                row = rows[clip]
                lacking = incomplete.get(clip, unlabelled)
                row["labels"] = lacking if homes[clip] == UNLABELLED else ""
                if row["place"] and clip in found:
                    stem = folder / row["place"] / clip
                    row |= _write_words(row, stem, given.get(clip), found[clip], recogniser)
        finally:
            record = _save(folder, rows)
    left_out = _left_out(record, [(_shown(path, videos), why) for path, why in refused])
    write_text(folder / LEFT_OUT, left_out.to_csv(index=False, lineterminator="\n"))
    return record, left_out


@contextmanager
def _kept(folder):
    """End with one sentence where a file cannot be written; nothing that is done is removed."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise DataError(
            f"The import stopped at {error.filename or folder}: {reason}. What is done is kept: "
            "the same command goes on when files can be written again."
        ) from None


def _earlier(folder):
    """Rows of the record of an earlier import, by clip."""
    path = folder / RECORD
    if not path.is_file():
        if folder.is_file() or (folder.exists() and any(folder.iterdir())):
            raise DataError(f"{folder} contains other files: name a new or an empty folder.")
        write_text(path, ",".join(COLUMNS) + "\n")  # the mark of the folder
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)[COLUMNS].to_dict("records")
        rows = {clip_name(row["VideoName"]): row for row in rows}
        if not {row["place"] for row in rows.values()} <= {*PLACES, ""}:
            raise ValueError
    except (ValueError, KeyError):  # a name or place that leads out of the folder, too
        message = f"{path} is damaged: remove {folder}, and import again."
        raise DataError(message) from None
    return rows


def _read_all(found, videos, folder, homes, rows, n_jobs):
    """Read every video that is not done yet; put its row into the rows of the record."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    jobs = (
        delayed(import_clip)(path, folder / homes[clip] / clip, rows.get(clip))
        for clip, path in found.items()
    )
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
    saved = time.monotonic()
    try:
        for clip, row in progress_bar(len(found), "Reading videos", "video", results):
            place = "" if row["content"] == "" else homes[clip]
            rows[clip] = row | {"video": _shown(found[clip], videos), "place": place}
            if time.monotonic() - saved > SAVE_SECONDS:
                _save(folder, rows)
                saved = time.monotonic()
    except TerminatedWorkerError:
        raise DataError(
            "A process was lost, perhaps for want of memory. Start again: what is done is kept."
        ) from None
    finally:  # when interrupted too
        _save(folder, rows)


def _move(folder, clip, old, new):
    for suffix in MEDIA.values():
        path = folder / old / f"{clip}{suffix}"
        if path.is_file():
            path.replace(folder / new / path.name)


def _write_words(row, stem, given, video, recogniser):
    """Write the transcript of a clip, given or recognised; return what the record says of it."""
    path, voice = media_file(stem, "transcript"), media_file(stem, "audio")
    notes = [note for note in row["notes"].split("; ") if note not in ("", RECOGNISED)]
    try:
        text = given or words_beside(video)
        if not text and path.is_file():
            return {"transcript": ""}  # of an earlier import
        if not text and recogniser and voice.is_file():
            text = recogniser(read_recording(voice, rate=RATE)[0])
            notes.append(RECOGNISED)
    except DataError as error:
        return {"transcript": error.reason}
    if not text:
        return {"transcript": "no transcript"}
    content = pickle.dumps(text, protocol=4)
    if not path.is_file() or path.read_bytes() != content:
        with whole(path) as temporary:
            temporary.write_bytes(content)
    return {"transcript": "", "notes": "; ".join(notes)}


def _shown(path, videos):
    """A path in the folder of videos as text, whatever bytes it has."""
    path = path.relative_to(videos) if path != Path(videos) else Path(path.name)
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def _save(folder, rows):
    record = pd.DataFrame(list(rows.values()), columns=COLUMNS)
    record = record.sort_values("VideoName", ignore_index=True)
    write_text(folder / RECORD, record.to_csv(index=False, lineterminator="\n"))
    return record


def _left_out(record, refused):
    """One row for each video, modality or label that was left out."""
    rows = [("", video, "video", why) for video, why in refused]
    for row in record.to_dict("records"):
        reasons = {what: row[what] for what in WHAT if row[what]}
        reasons = reasons if row["place"] else {"video": row["notes"]}
        rows += [(row["VideoName"], row["video"], *reason) for reason in reasons.items()]
    return pd.DataFrame(rows, columns=["VideoName", "video", "what", "why"])
