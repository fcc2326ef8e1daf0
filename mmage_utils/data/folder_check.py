"""Everything that is wrong with a data folder, with file and row, not only the first thing."""

from operator import itemgetter
from typing import NamedTuple

import pandas as pd

from mmage_utils.data.clips import MEDIA, list_media
from mmage_utils.data.labels import (
    LABEL_LIST,
    SPLITS,
    existing_folder,
    read_label_text,
    wrong_cells,
)
from mmage_utils.data.recordings import USUAL_SECONDS
from mmage_utils.errors import DataError

FORMS = {"VideoName": r".{11}\.\d{3}\.mp4", "UserID": ".{11}"}  # as YouTube names its videos


class Problem(NamedTuple):
    """A problem of a data folder; warnings do not keep the notebooks from running."""

    error: bool
    place: str  # file, and row where there is one
    what: str

    def __str__(self):
        return f"{'error' if self.error else 'warning'}: {self.place}: {self.what}"


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
    return problems


def _check_bytes(path):
    """Byte-order mark, line ends and blank lines: read all the same, and worth knowing."""
    data = path.read_bytes()
    remarks = []
    if data.startswith(b"\xef\xbb\xbf"):
        remarks.append("begins with a byte-order mark")
    if b"\r\n" in data:
        remarks.append("has Windows line ends (CRLF)")
    blank = [i for i, line in enumerate(data.splitlines(), start=1) if not line.strip()]
    if blank:
        remarks.append(f"has {len(blank)} blank lines, first row {blank[0]}")
    return [Problem(False, path.name, what) for what in remarks]


def _check_list(name, table):
    """Wrong and unusual cells of a list, in the order of its rows."""
    if table.empty:
        return [Problem(True, name, "lists no clip")]
    checks = [(True, *cells) for cells in wrong_cells(table)]
    checks += [(False, *cells) for cells in _unusual_cells(table)]
    rows = [
        (row, Problem(error, f"{name}, row {row}", f"{column} {value!r:.60} {what}"))
        for error, column, wrong, what in checks
        for row, value in table.loc[wrong, ["row", column]].itertuples(index=False)
    ]
    return [problem for _, problem in sorted(rows, key=itemgetter(0))]


def _unusual_cells(table):
    """Cells that are worth a warning, as `labels.wrong_cells`."""
    for column, form in FORMS.items():
        text = table[column].str.strip()
        yield column, table[column] != text, "has spaces around it"
        yield column, ~text.str.fullmatch(form), "does not have the usual form"
    pairs = zip(table["VideoName"].str.strip(), table["UserID"].str.strip(), strict=True)
    foreign = pd.Series([not video.startswith(user) for video, user in pairs], index=table.index)
    yield "VideoName", foreign, "does not begin with the UserID"


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
    from joblib import Parallel, delayed

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
    reasons = Parallel(n_jobs=2, prefer="threads")(
        delayed(_unreadable)(path, medium) for path, medium, _ in files
    )
    for (_, _, shown), reason in zip(files, reasons, strict=True):
        if reason:
            problems.append(Problem(True, shown, reason))
    for medium, clips in present.items():
        if len(clips) < len(home):
            what = f"{len(home) - len(clips)} of {len(home)} listed clips have no {medium}"
            problems.append(Problem(False, str(folder), what))
    return problems


def _unreadable(path, medium):
    """Why a file cannot be used, or an empty text."""
    import soundfile

    from mmage_utils.data.face_images import read_face
    from mmage_utils.data.transcripts import read_transcript

    try:
        if medium == "image":
            read_face(path, 16)
        elif medium == "audio":
            info = soundfile.info(str(path))
            if not USUAL_SECONDS[0] <= info.duration <= USUAL_SECONDS[1]:
                return f"lasts {info.duration:.1f} s"
        else:
            read_transcript(path)
    except Exception as error:  # damaged media raise almost anything
        text = error.reason if isinstance(error, DataError) else str(error)
        text = text.replace(str(path), path.name).strip() or type(error).__name__
        return f"cannot be read as {medium}: {text.splitlines()[0]}"
    return ""
