"""Everything that is wrong with a data folder, with file and row, not only the first thing."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mmage_utils.data.clips import MEDIA
from mmage_utils.data.labels import (
    AGE_GROUPS,
    ATTRIBUTES,
    LABEL_COLUMNS,
    LABEL_LIST,
    SPLITS,
    read_csv_rows,
)
from mmage_utils.errors import DataError

SECONDS = (1.0, 60.0)  # a recording outside is worth a warning; the data's have 15.302 s
DUPLICATE, UNKNOWN = "is listed again", "is not a known code"  # errors; the others are warnings
OTHER_USER = "the VideoName does not begin with the UserID"


class Problem(NamedTuple):
    """A problem of a data folder; warnings do not keep the notebooks from running."""

    error: bool
    place: str  # file, and row where there is one
    what: str

    def __str__(self):
        return f"{'error' if self.error else 'warning'}: {self.place}: {self.what}"


def check_data(folder, *, n_jobs=2):
    """Check the label lists and the media of a First Impressions folder.

    Parameters
    ----------
    folder : path-like
    n_jobs : int
        Threads that read media.

    Returns
    -------
    list of Problem
        In the order of the lists, then of the media.

    Raises
    ------
    DataError
        When there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"The data folder {folder} does not exist: check the path.")
    problems, lists = [], []
    for split in SPLITS:
        path = folder / LABEL_LIST.format(split=split)
        if not path.is_file():
            problems.append(Problem(True, path.name, "the list is missing"))
            continue
        problems += _check_bytes(path)
        try:
            table = read_csv_rows(path)
        except DataError as error:
            problems.append(Problem(True, path.name, str(error)))
            continue
        problems += _check_list(path.name, table)
        if set(LABEL_COLUMNS) <= set(table):
            lists.append(table.assign(split=split, file=path.name))
    if lists:
        labels = pd.concat(lists, ignore_index=True)
        problems += _check_users(labels)
        problems += _check_media(folder, labels, n_jobs)
    return problems


def label_schema():
    """The pandera schema of a label list, read as text."""
    import pandera.pandas as pa

    def form(pattern):
        return pa.Check.str_matches(rf"^\s*{pattern}\s*$", error="does not have the usual form")

    text = pa.Check(lambda column: column == column.str.strip(), error="has spaces around it")
    once = pa.Check(lambda column: ~column.duplicated(), error=DUPLICATE)
    columns = {
        "VideoName": pa.Column(str, [text, form(r".{11}\.\d{3}\.mp4"), once]),
        "UserID": pa.Column(str, [text, form(".{11}")]),
    }
    for name, codes in ATTRIBUTES.items():
        columns[name] = pa.Column(str, pa.Check.isin([*map(str, codes)], error=UNKNOWN))
    own = pa.Check(
        lambda table: [
            video.strip().startswith(user.strip())
            for video, user in zip(table["VideoName"], table["UserID"], strict=True)
        ],
        error=OTHER_USER,
    )
    return pa.DataFrameSchema(columns, checks=own)


def _check_bytes(path):
    """Byte-order mark, line ends and blank lines: read all the same, and worth knowing."""
    data = path.read_bytes()
    found = []
    if data.startswith(b"\xef\xbb\xbf"):
        found.append("begins with a byte-order mark")
    if b"\r\n" in data:
        found.append("has Windows line ends (CRLF)")
    blank = [i for i, line in enumerate(data.splitlines(), start=1) if not line.strip()]
    if blank:
        found.append(f"has {len(blank)} blank lines, first row {blank[0]}")
    return [Problem(False, path.name, what) for what in found]


def _check_list(name, table):
    """What the schema says of a list, one problem a cell."""
    import pandera.errors

    missing = [column for column in LABEL_COLUMNS if column not in table]
    if missing:
        return [Problem(True, f"{name}, row 1", f"the column {m} is missing") for m in missing]
    if table.empty:
        return [Problem(True, name, "lists no clip")]
    try:
        label_schema().validate(table, lazy=True)
    except pandera.errors.SchemaErrors as failed:
        cases = failed.failure_cases.dropna(subset="index")
        cases = cases.drop_duplicates(["check", "column", "index"])
        problems = []
        for case in cases.sort_values("index", kind="stable").itertuples():
            row, what = table.iloc[int(case.index)], case.check
            if what != OTHER_USER:
                what = f"{case.column} {row[case.column]!r:.60} {what}"
            error = case.check in (DUPLICATE, UNKNOWN)
            problems.append(Problem(error, f"{name}, row {row['row']}", what))
        return list(dict.fromkeys(problems))
    return []


def _check_users(labels):
    """Clips in two lists, users in two splits, users with several age groups."""
    problems = []
    clips = labels.assign(VideoName=labels["VideoName"].str.strip())
    for name, rows in _several(clips, "VideoName", "split"):
        problems.append(Problem(True, _places(rows), f"the clip {name} is in two lists"))
    for user, rows in _several(labels, "UserID", "split"):
        place = _places(rows.drop_duplicates("split"))
        problems.append(Problem(True, place, f"the user {user} is in two splits"))
    for user, rows in _several(labels, "UserID", "AgeGroup"):
        ages = ", ".join(sorted(rows["AgeGroup"].unique()))
        what = f"the user {user} has several age groups: {ages}"
        problems.append(Problem(False, _places(rows[:1]), what))
    return problems


def _several(labels, name, column):
    """Each clip or user with several values of a column, and its rows."""
    return labels[labels.groupby(name)[column].transform("nunique") > 1].groupby(name)


def _places(rows):
    return "; ".join(f"{row.file}, row {row.row}" for row in rows.itertuples())


def _check_media(folder, labels, n_jobs):
    """Media without a row or in the wrong folder, rows without media, files that do not open."""
    from joblib import Parallel, delayed

    problems, files = [], []
    stems = labels["VideoName"].str.strip().str.removesuffix(".mp4")
    home = dict(zip(stems, zip(labels["split"], labels["AgeGroup"], strict=True), strict=True))
    found = {medium: set() for medium in MEDIA}
    suffixes = {suffix: medium for medium, suffix in MEDIA.items()}
    for split in SPLITS:
        for group in AGE_GROUPS:
            place = folder / split / str(group)
            for path in sorted(place.iterdir()) if place.is_dir() else ():
                shown = f"{split}/{group}/{path.name}"
                medium = suffixes.get(path.suffix)
                stem = path.name.removesuffix(path.suffix)
                if medium is None:
                    problems.append(Problem(False, shown, "is no face, voice or transcript"))
                elif stem not in home:
                    problems.append(Problem(False, shown, "has no row in the label lists"))
                elif home[stem] != (split, str(group)):
                    right = "/".join(home[stem])
                    problems.append(Problem(True, shown, f"belongs to {right} by its row"))
                else:
                    found[medium].add(stem)
                    files.append((path, medium, shown))
    read = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_unreadable)(path, medium) for path, medium, _ in files
    )
    for (_, _, shown), reason in zip(files, read, strict=True):
        if reason:
            problems.append(Problem(True, shown, reason))
    for medium, here in found.items():
        without = len(home.keys() - here)
        if without:
            what = f"{without} of {len(home)} listed clips have no {medium}"
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
            if not SECONDS[0] <= info.duration <= SECONDS[1]:
                return f"lasts {info.duration:.1f} s"
        else:
            read_transcript(path)
    except Exception as error:  # damaged media raise almost anything
        text = error.reason if isinstance(error, DataError) else str(error)
        text = text.replace(str(path), path.name).strip() or type(error).__name__
        return f"cannot be read as {medium}: {text.splitlines()[0]}"
    return ""
