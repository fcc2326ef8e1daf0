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

    text = pa.Check(lambda column: column == column.str.strip(), error="spaces")
    columns = {
        "VideoName": pa.Column(
            str,
            [
                text,
                pa.Check.str_matches(r"^\s*.{11}\.\d{3}\.mp4\s*$", error="form"),
                pa.Check(lambda column: ~column.duplicated(), error="duplicate"),
            ],
        ),
        "UserID": pa.Column(str, [text, pa.Check.str_matches(r"^\s*.{11}\s*$", error="form")]),
    }
    for name, codes in ATTRIBUTES.items():
        known = pa.Check.isin([str(code) for code in codes], error="code")
        columns[name] = pa.Column(str, known)
    own = pa.Check(
        lambda table: [
            video.strip().startswith(user.strip())
            for video, user in zip(table["VideoName"], table["UserID"], strict=True)
        ],
        error="user",
    )
    return pa.DataFrameSchema(columns, checks=own)


SAID = {
    "spaces": (False, "has spaces around it"),
    "form": (False, "has not the usual form"),
    "duplicate": (True, "stands here again"),
    "code": (True, "is not a known code"),
    "user": (False, "the VideoName does not begin with the UserID"),
}


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
            error, what = SAID[case.check]
            place = f"{name}, row {table['row'].iloc[int(case.index)]}"
            if case.check == "user":
                problems.append(Problem(error, place, what))
            else:
                value = table[case.column].iloc[int(case.index)]
                problems.append(Problem(error, place, f"{case.column} {value!r:.60} {what}"))
        return list(dict.fromkeys(problems))
    return []


def _check_users(labels):
    """Clips in two lists, users in two splits, users with several age groups."""
    problems = []
    clips = labels.assign(VideoName=labels["VideoName"].str.strip())
    for name, rows in clips[clips.duplicated("VideoName", keep=False)].groupby("VideoName"):
        if len(rows["split"].drop_duplicates()) > 1:
            place = "; ".join(f"{r.file}, row {r.row}" for r in rows.itertuples())
            problems.append(Problem(True, place, f"the clip {name} stands in two lists"))
    splits = labels.groupby("UserID")["split"].nunique()
    for user in splits[splits > 1].index:
        rows = labels[labels["UserID"] == user].drop_duplicates("split")
        place = "; ".join(f"{r.file}, row {r.row}" for r in rows.itertuples())
        problems.append(Problem(True, place, f"the user {user} is in two splits"))
    groups = labels.groupby("UserID")["AgeGroup"].nunique()
    for user in groups[groups > 1].index:
        rows = labels[labels["UserID"] == user]
        place = f"{rows['file'].iloc[0]}, row {rows['row'].iloc[0]}"
        ages = ", ".join(sorted(rows["AgeGroup"].unique()))
        problems.append(Problem(False, place, f"the user {user} has several age groups: {ages}"))
    return problems


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

    from mmage_utils.data.face_images import CANNOT, read_face
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
        text = str(error).removeprefix(CANNOT.format(path=path)).replace(str(path), path.name)
        text = text.strip() or type(error).__name__
        return f"cannot be read as {medium}: {text.splitlines()[0]}"
    return ""
