"""Names and codes of the label lists, and the reader that checks them.

Source: the data set's own CSV files; the codes are those of the report's task a.
"""

import csv
import io
import os
from pathlib import Path

import pandas as pd

from mmage_utils.data.media_files import open_regular
from mmage_utils.data.plain_csv import read_plain_csv
from mmage_utils.errors import DataError

AGE_GROUPS = {1: "7-13", 2: "14-18", 3: "19-24", 4: "25-32", 5: "33-45", 6: "46-60", 7: "61+"}
GENDERS = {1: "Male", 2: "Female"}
ETHNICITIES = {1: "Asian", 2: "Caucasian", 3: "African-American"}
SPLITS = ("train", "valid", "test")
ATTRIBUTES = {"AgeGroup": AGE_GROUPS, "Gender": GENDERS, "Ethnicity": ETHNICITIES}
LABEL_COLUMNS = ["VideoName", "UserID", *ATTRIBUTES]
N_GROUPS = len(AGE_GROUPS)

LABEL_LIST = "{split}_set_age_labels.csv"
SYNTHETIC_MARK = "synthetic.json"
MAX_BYTES = 200_000_000  # some six million clips; the largest real list has 0.2 million bytes
CAREFUL_BYTES = 20_000_000  # of a list with quotes or empty lines, which takes 20 times its size


def read_labels(folder):
    """Read and check the three label lists of a First Impressions folder.

    Parameters
    ----------
    folder : path-like
        The folder that holds ``train_set_age_labels.csv`` and its two siblings.

    Returns
    -------
    pandas.DataFrame
        One row a clip in list order: VideoName (with ``.mp4``), UserID, AgeGroup (1..7),
        Gender (1, 2), Ethnicity (1..3), split.

    Raises
    ------
    DataError
        When the folder or a list is missing, a column is missing, a code is unknown, or a clip is
        listed twice. The message names the file, the row and the fix.
    """
    folder = existing_folder(folder)
    labels = pd.concat(
        [read_label_list(folder / LABEL_LIST.format(split=split), split) for split in SPLITS],
        ignore_index=True,
    )
    repeated = labels["VideoName"].duplicated(keep=False)
    if repeated.any():
        name = labels.loc[repeated, "VideoName"].iloc[0]
        splits = labels.loc[labels["VideoName"] == name, "split"]
        raise DataError(
            f"{folder}: the clip {name} is in the lists of {' and '.join(splits)}; keep it in "
            f"one ({repeated.sum()} such rows)."
        )
    return labels


def has_lists(folder):
    """Whether a folder has at least one of the three label lists."""
    return any(Path(folder, LABEL_LIST.format(split=split)).is_file() for split in SPLITS)


def existing_folder(folder):
    """The data folder as a path; DataError when it does not exist."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"The data folder {folder} does not exist: check the path.")
    return folder


def read_label_list(path, split):
    """Read and check the label list of one split; raises as `read_labels`."""
    table = read_label_text(path)
    if table.empty:
        raise DataError(f"{path} lists no clip: put the rows below its header.")
    for column, wrong, what in wrong_cells(table):
        if wrong.any():
            first = table[wrong].iloc[0]
            raise DataError(
                f"{path}, row {first['row']}: {column} {first[column]!r:.60} {what} "
                f"({wrong.sum()} such rows)."
            )
    return table[LABEL_COLUMNS].astype(dict.fromkeys(ATTRIBUTES, int)).assign(split=split)


def read_label_text(path, columns=LABEL_COLUMNS):
    """Read a label list as text, with the row of each entry as an editor counts it.

    Parameters
    ----------
    path : path-like
    columns : list of str
        Those that it must have.

    Raises
    ------
    DataError
        When it is missing or too large, is no UTF-8 list of equally long rows, or lacks a column.
    """
    path, header_line = Path(path), f"its first line must be {','.join(columns)}."
    if not os.path.lexists(path):
        raise DataError(
            f"The label list {path.name} is missing from {path.parent}: give the folder that "
            "holds the three *_set_age_labels.csv files."
        )
    try:
        with open_regular(path, most=MAX_BYTES) as stream:
            data = stream.read()
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}") from error.__cause__
    table = read_plain_csv(data)
    if table is not None and set(columns) <= set(table):
        return _label_columns(table, columns).assign(row=range(2, len(table) + 2))
    if len(data) > CAREFUL_BYTES:
        raise DataError(
            f"{path} is too large for a list with quotes, empty lines or other unusual rows: write "
            f"it plainly, or with less than {CAREFUL_BYTES / 1e6:.0f} MB."
        )
    try:
        # utf-8-sig: spreadsheet programs put a byte-order mark in front of the header.
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} cannot be read as a UTF-8 comma-separated list: {error}."
        ) from None
    if not rows:
        raise DataError(f"{path} is empty: {header_line}")
    header = rows[0][1]
    for number, row in rows:
        if len(row) != len(header):
            raise DataError(
                f"{path}, row {number}: {len(row)} fields where the header has {len(header)}."
            )
    missing = [column for column in columns if header.count(column) != 1]
    if missing:
        raise DataError(f"{path} needs one column {', '.join(missing)}: {header_line}")
    table = pd.DataFrame([row for _, row in rows[1:]], columns=header, dtype=str)
    return _label_columns(table, columns).assign(row=[number for number, _ in rows[1:]])


def _label_columns(table, columns):
    """A label list without what else a file holds; a table of other columns as it is."""
    return table[LABEL_COLUMNS] if columns is LABEL_COLUMNS else table


def wrong_cells(table):
    """Yield (column, rows, what is wrong there) for all that makes the text of a list unusable.

    Parameters
    ----------
    table : pandas.DataFrame
        `read_label_text`; the rows are a Series of bool with its index.

    Yields
    ------
    column, rows, reason
        str, pandas.Series of bool, str.
    """
    for column, codes in ATTRIBUTES.items():
        known = [str(code) for code in codes]
        yield column, ~table[column].isin(known), f"is not one of {', '.join(known)}"
    yield "VideoName", table["VideoName"].duplicated(), "is listed twice; keep one of the rows"


def count_labels(labels, column, *, by=None):
    """Count clips per code of a label column, with every code present.

    Parameters
    ----------
    labels : pandas.DataFrame
        Clips with the label columns.
    column : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.
    by : str, optional
        A second label column or ``split``: one column of counts for each of its values.

    Returns
    -------
    pandas.Series or pandas.DataFrame
        Counts indexed by the names of the codes, in the order of the codes (task a).
    """
    names = ATTRIBUTES[column]
    if by is None:
        counts = labels[column].value_counts().reindex(list(names), fill_value=0)
        return counts.rename(index=names).rename("clips")
    others = dict(zip(SPLITS, SPLITS, strict=True)) if by == "split" else ATTRIBUTES[by]
    table = pd.crosstab(labels[column], labels[by])
    table = table.reindex(index=list(names), columns=list(others), fill_value=0)
    return table.rename(index=names, columns=others)


def compare_splits(labels):
    """Compare the make-up of each split with that of all clips.

    Parameters
    ----------
    labels : pandas.DataFrame
        `read_labels`.

    Returns
    -------
    pandas.DataFrame
        One row a label column: distance to the whole of each split (total variation, 0 same to 1
        disjoint), and the p-value of a chi-square test over users, each in the first of the
        user's age groups, as a user's clips are not independent draws.
    """
    from scipy.stats import chi2_contingency

    users = labels.drop_duplicates("UserID")
    rows = {}
    for column in ATTRIBUTES:
        shares = count_labels(labels, column, by="split")
        shares = shares / shares.sum()
        whole = count_labels(labels, column) / len(labels)
        row = {split: shares[split].sub(whole).abs().sum() / 2 for split in SPLITS}
        table = count_labels(users, column, by="split")
        table = table[table.sum(axis=1) > 0]
        rows[column] = row | {"p (chi-square, users)": chi2_contingency(table).pvalue}
    return pd.DataFrame(rows).T
