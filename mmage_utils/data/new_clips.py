"""Clips to predict: videos, or folders in the report's layout, with or without label lists.

Nothing is kept of a video: its face and voice are written to a folder that the caller removes.
"""

from pathlib import Path

import pandas as pd

from mmage_utils.data.clips import MEDIA, UNLABELLED, list_unlabelled, read_clips
from mmage_utils.data.face_images import read_face
from mmage_utils.data.labels import has_lists
from mmage_utils.data.recordings import read_recording
from mmage_utils.data.transcripts import read_transcript
from mmage_utils.data.video_files import clip_name, find_videos, user_name
from mmage_utils.data.video_media import import_clip
from mmage_utils.data.video_words import words_beside
from mmage_utils.data.videos import RATE
from mmage_utils.errors import DataError, UsageError
from mmage_utils.progress import progress_bar

NEW = "new"  # split of a clip without a label
MISSING = {"image": "no face", "audio": "no voice", "text": "no words"}
# `lacks` is a dict of modality to reason; `video` is empty for a clip that is read from files.
COLUMNS = ["VideoName", "UserID", "split", "AgeGroup", "image", "audio", "text"]
COLUMNS += ["lacks", "notes", "problem", "video"]
OF_MEDIA = {"image": "image", "audio": "audio", "transcript": "text"}
THREADS = 2  # that read videos; processes would each hold the libraries, most of a gigabyte


def find_new_clips(places):
    """List the clips of the places, none of which is read yet.

    Parameters
    ----------
    places : iterable of path-like
        Videos, folders of videos, and folders in the report's layout, with or without label
        lists: clips that no list has (``train/4/NAME.jpg``, ``unlabelled/NAME.jpg``) follow those
        of the lists.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`; image, audio and text are paths or None. AgeGroup is 0 where no list says it.
        problem says why a file is no clip.

    Raises
    ------
    UsageError
        When a place is missing, or holds neither a video nor media.
    DataError
        As `labels.read_labels`.
    """
    rows, known = [], set()
    for place in map(Path, places):
        for row in _rows_of(place):
            if row["VideoName"] in known and not row["problem"]:
                row |= {"problem": "another clip has this name already"}
            known.add(row["VideoName"])
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _rows_of(place):
    rows = _labelled(place) if has_lists(place) else []
    names = {row["VideoName"].removesuffix(".mp4") for row in rows}
    for clip, own in list_unlabelled(place, names).items():
        rows.append(_unlabelled(clip, **{OF_MEDIA[medium]: path for medium, path in own.items()}))
    if rows:
        return rows
    try:
        videos, refused = find_videos(place)
    except UsageError as error:
        raise UsageError(
            f"{error} Or media, for example {UNLABELLED}/NAME.jpg, NAME.wav and NAME.pkl."
        ) from None
    rows = [_unlabelled(clip, video=path) for clip, path in videos.items()]
    for path, why in refused:
        name = path.name.encode("utf-8", "backslashreplace").decode()
        rows.append(_row(VideoName=name, video=path, problem=why))
    return rows


def _labelled(place):
    """The clips of label lists that have media."""
    try:
        clips = read_clips(place)
    except DataError as error:
        raise DataError(
            f"{error} Without its label lists, all clips of the folder are answered."
        ) from None
    clips = clips[clips[list(MEDIA)].notna().any(axis=1)]
    clips = clips.rename(columns=OF_MEDIA)[COLUMNS[:7]].astype(object)
    return [_row(**row) for row in clips.where(clips.notna(), None).to_dict("records")]


def _unlabelled(clip, **known):
    return _row(VideoName=f"{clip}.mp4", UserID=user_name(clip), split=NEW, AgeGroup=0, **known)


def _row(**known):
    blank = {"UserID": "", "split": NEW, "AgeGroup": 0, "notes": "", "problem": "", "video": ""}
    return dict.fromkeys(COLUMNS) | blank | {"lacks": {}} | known


def read_new_clips(clips, folder, *, recogniser=None):
    """Read what the modalities need: faces and voices of videos into files, and all texts.

    Parameters
    ----------
    clips : pandas.DataFrame
        `find_new_clips`.
    folder : path-like
        Where faces and voices of videos are written.
    recogniser : callable, optional
        As `video_import.import_videos`.

    Returns
    -------
    pandas.DataFrame
        The same clips, with text as a str. Media that cannot be read are None, and lacks says why;
        problem says why nothing of a clip can be read.
    """
    rows = clips.to_dict("records")
    films = [row for row in rows if row["video"] and not row["problem"]]
    stems = [Path(folder) / clip_name(row["VideoName"]) for row in films]
    made = _import_all([row["video"] for row in films], stems)
    shown = progress_bar(len(films), "Reading videos", "video", made) if len(films) > 1 else made
    for row, stem, (_, record) in zip(films, stems, shown, strict=True):
        row |= _of_video(row, stem, record, recogniser)
    for row in rows:
        if not row["problem"] and not row["video"]:
            row |= _of_files(row)
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _import_all(videos, stems):
    """What `video_media.import_clip` gives for each video, in their order."""
    from concurrent.futures import ThreadPoolExecutor

    import torch

    if len(videos) < THREADS:
        yield from map(import_clip, videos, stems)
        return
    before = torch.get_num_threads()
    try:
        one = {"initializer": torch.set_num_threads, "initargs": (1,)}  # of each thread
        with ThreadPoolExecutor(THREADS, **one) as pool:
            yield from pool.map(import_clip, videos, stems)
    finally:
        torch.set_num_threads(before)


def _of_video(row, stem, record, recogniser):
    if not record["content"]:
        return {"problem": record["notes"]}
    found, lacks = {}, {}
    for medium in ("image", "audio"):
        if record[medium]:
            lacks[medium] = record[medium]
        else:
            found[medium] = str(stem.with_name(stem.name + MEDIA[medium]))
    try:
        text = words_beside(row["video"])
        if not text and recogniser and "audio" in found:
            text = recogniser(read_recording(found["audio"], rate=RATE)[0])
        lacks |= {} if text else {"text": "no transcript beside the video"}
    except DataError as error:
        text, lacks["text"] = "", error.reason
    return found | {"text": text or None, "lacks": lacks, "notes": record["notes"]}


def _of_files(row):
    """Leave out of a clip what cannot be read."""
    readers = {"image": _readable_face, "audio": _readable_voice, "text": read_transcript}
    found, lacks = {}, {}
    for medium, read in readers.items():
        if row[medium] is None:
            lacks[medium] = "no file"
            continue
        try:
            found[medium] = read(row[medium])
        except DataError as error:
            found[medium], lacks[medium] = None, error.reason
    problem = (
        ""
        if len(lacks) < len(readers)
        else "; ".join(dict.fromkeys(why.rstrip(".") for why in lacks.values()))
    )
    return found | {"lacks": lacks, "problem": problem}


def _readable_face(path):
    read_face(path, 16)
    return path


def _readable_voice(path):
    read_recording(path)
    return path
