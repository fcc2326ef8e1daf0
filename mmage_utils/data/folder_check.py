"""Everything that is wrong with a data folder, with file and row, not only the first thing."""

import io
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mmage_utils.data.clips import MEDIA, UNLABELLED, list_media, list_unlabelled
from mmage_utils.data.labels import (
    ATTRIBUTES,
    LABEL_LIST,
    SPLITS,
    existing_folder,
    has_lists,
    read_label_text,
)
from mmage_utils.data.recordings import SAMPLE_RATE, USUAL_SECONDS, read_recording
from mmage_utils.errors import DataError, visible

DUPLICATE, UNKNOWN = "is listed twice", "is not one of "  # errors; others are warnings
OTHER_USER = "VideoName does not begin with the UserID"
ONLY_ASKED = "they can be answered (mmage predict), but not trained on or scored"
MOST = 300  # letters of a problem: a cell may hold a book


class Problem(NamedTuple):
    """A problem of a data folder; warnings do not keep the notebooks from running."""

    error: bool
    place: str  # file, and row where there is one
    what: str

    def __str__(self):
        place, what = visible(self.place, lines=False), visible(self.what[:MOST], lines=False)
        return f"{'error' if self.error else 'warning'}: {place}: {what}"


def check_data(folder):
    """Check the label lists and the media of a First Impressions folder.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of Problem
        In the order of the lists, then of the media.

    Raises
    ------
    DataError
        When the folder does not exist.
    """
    folder = existing_folder(folder)
    if not has_lists(folder) and (clips := list_unlabelled(folder)):
        first = LABEL_LIST.format(split=SPLITS[0])
        what = f"has no label lists ({first} and so on) for its {len(clips)} clips: {ONLY_ASKED}"
        return [Problem(False, str(folder), what), *_check_unlabelled(folder, clips, error=True)]
    problems, lists = [], []
    for split in SPLITS:
        path = folder / LABEL_LIST.format(split=split)
        try:
            table = read_label_text(path)
        except DataError as error:
            message = str(error).removeprefix(str(path)).lstrip(", ")
            problems.append(Problem(True, path.name, message))
            continue
        problems += _check_bytes(path) + _check_list(path.name, table)
        names = table["VideoName"].str.strip()
        lists.append(table.assign(VideoName=names, split=split, file=path.name))
    if lists:
        labels = pd.concat(lists, ignore_index=True)
        problems += _check_users(labels)
        problems += _check_media(folder, labels)
    clips = list_unlabelled(folder, places=[UNLABELLED])
    if clips:
        what = f"holds {len(clips)} clips without labels: {ONLY_ASKED}"
        problems.append(Problem(False, f"{UNLABELLED}/", what))
    problems += _check_unlabelled(folder, clips, error=False)
    return problems


def _check_bytes(path):
    """Byte-order mark, line ends and blank lines: read all the same, and worth knowing."""
    data = path.read_bytes()
    remarks = []
    if data.startswith(b"\xef\xbb\xbf"):
        remarks.append("begins with a byte-order mark")
    if b"\r\n" in data:
        remarks.append("has Windows line ends (CRLF)")
    blank = [row for row, line in enumerate(io.BytesIO(data), start=1) if not line.strip()]
    if blank:
        remarks.append(f"has {len(blank)} blank lines, first row {blank[0]}")
    return [Problem(False, path.name, what) for what in remarks]


def label_schema():
    """The pandera schema of a label list read as text; an error is what is wrong with a cell."""
    import pandera.pandas as pa

    def usual(pattern):
        return pa.Check.str_matches(rf"^\s*{pattern}\s*$", error="does not have the usual form")

    trimmed = pa.Check(lambda column: column == column.str.strip(), error="has spaces around it")
    once = pa.Check(lambda column: ~column.duplicated(), error=DUPLICATE)
    own = pa.Check(
        lambda table: [
            video.strip().startswith(user.strip())
            for video, user in zip(table["VideoName"], table["UserID"], strict=True)
        ],
        error=OTHER_USER,
    )
    columns = {
        "VideoName": pa.Column(str, [trimmed, usual(r".{11}\.\d{3}\.mp4"), once]),
        "UserID": pa.Column(str, [trimmed, usual(".{11}")]),
    }
    for name, codes in ATTRIBUTES.items():
        known = [*map(str, codes)]
        columns[name] = pa.Column(str, pa.Check.isin(known, error=UNKNOWN + ", ".join(known)))
    return pa.DataFrameSchema(columns, checks=own)


def _check_list(name, table):
    """Wrong and unusual cells of a list, in the order of its rows."""
    import pandera.errors

    if table.empty:
        return [Problem(True, name, "lists no clip")]
    try:
        label_schema().validate(table, lazy=True)
    except pandera.errors.SchemaErrors as failed:
        cases = failed.failure_cases.dropna(subset="index")
        cases = cases.drop_duplicates(["check", "column", "index"])
        problems, cells = [], table.to_dict("list")  # looked up once, of millions of rows
        cases = cases.sort_values("index", kind="stable")
        for index, column, what in zip(
            cases["index"], cases["column"], cases["check"], strict=True
        ):
            error, index = what.startswith((DUPLICATE, UNKNOWN)), int(index)
            if what != OTHER_USER:
                what = f"{column} {cells[column][index]!r:.60} {what}"
            problems.append(Problem(error, f"{name}, row {cells['row'][index]}", what))
        return list(dict.fromkeys(problems))
    return []


def _check_users(labels):
    """Clips in two lists, users in two splits, users with several age groups."""
    problems = []
    for column, what in (
        ("VideoName", "the clip {} is in two lists"),
        ("UserID", "the user {} is in two splits"),
    ):
        for name, rows in _several(labels, column, "split"):
            place = "; ".join(f"{row.file}, row {row.row}" for row in rows.itertuples())
            problems.append(Problem(True, place, what.format(name)))
    for user, rows in _several(labels, "UserID", "AgeGroup"):
        place = f"{rows['file'].iloc[0]}, row {rows['row'].iloc[0]}"
        ages = ", ".join(sorted(rows["AgeGroup"]))
        problems.append(Problem(False, place, f"the user {user} has several age groups: {ages}"))
    return problems


def _several(labels, column, other):
    """Values of a column that go with several values of another, and the first row of each."""
    rows = labels.drop_duplicates([column, other])
    return rows[rows.duplicated(column, keep=False)].groupby(column)


def _check_media(folder, labels):
    """Media without a row or in the wrong folder, rows without media, files that do not open."""
    problems, files = [], []
    stems = labels["VideoName"].str.removesuffix(".mp4")
    home = dict(zip(stems, zip(labels["split"], labels["AgeGroup"], strict=True), strict=True))
    present = {medium: set() for medium in MEDIA}
    media = {suffix: medium for medium, suffix in MEDIA.items()}
    for (split, group), path in list_media(folder):
        shown = f"{split}/{group}/{path.name}"
        medium, stem = media.get(path.suffix), path.name.removesuffix(path.suffix)
        if medium is None:
            problems.append(Problem(False, shown, "is not a face, voice or transcript"))
        elif stem not in home:
            problems.append(Problem(False, shown, "has no row in the label lists"))
        elif home[stem] != (split, str(group)):
            problems.append(Problem(True, shown, f"belongs to {'/'.join(home[stem])} by its row"))
        else:
            present[medium].add(stem)
            files.append((path, medium, shown))
    problems += _check_files(files)
    for medium, clips in present.items():
        if len(clips) < len(home):
            what = f"{len(home) - len(clips)} of {len(home)} listed clips have no {medium}"
            problems.append(Problem(False, str(folder), what))
    return problems


def _check_unlabelled(folder, clips, *, error):
    """The files of clips without labels that do not open: errors, or warnings beside lists."""
    files = [
        (Path(path), medium, Path(path).relative_to(folder).as_posix())
        for media in clips.values()
        for medium, path in media.items()
    ]
    return [problem._replace(error=error) for problem in _check_files(files)]


def _check_files(files):
    """Those of the files (path, medium, name as shown) that do not open."""
    from joblib import Parallel, delayed

    reasons = Parallel(n_jobs=2, prefer="threads")(
        delayed(_unreadable)(path, medium) for path, medium, _ in files
    )
    found = zip(files, reasons, strict=True)
    return [Problem(True, shown, reason) for (_, _, shown), reason in found if reason]


def _unreadable(path, medium):
    """Why a file cannot be used, or an empty text."""
    from mmage_utils.data.face_images import read_face
    from mmage_utils.data.transcripts import read_transcript

    try:
        if medium == "image":
            read_face(path, 16)
        elif medium == "audio":
            seconds = len(read_recording(path)[0]) / SAMPLE_RATE
            if not USUAL_SECONDS[0] <= seconds <= USUAL_SECONDS[1]:
                return f"lasts {seconds:.1f} s"
        else:
            read_transcript(path)
    except Exception as error:  # damaged media raise almost anything
        text = error.reason if isinstance(error, DataError) else str(error)
        text = text.replace(str(path), path.name).strip() or type(error).__name__
        return f"cannot be read as {medium}: {text.splitlines()[0]}"
    return ""
