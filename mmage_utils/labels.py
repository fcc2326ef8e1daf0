"""Names and codes of the label lists, and the reader that checks them.

Source: the data set's own CSV files; the codes are those of the report's task a.
"""

from pathlib import Path

import pandas as pd

from mmage_utils.errors import DataError

AGE_GROUPS = {
    1: "7-13",
    2: "14-18",
    3: "19-24",
    4: "25-32",
    5: "33-45",
    6: "46-60",
    7: "61+",
}
GENDERS = {1: "Male", 2: "Female"}
ETHNICITIES = {1: "Asian", 2: "Caucasian", 3: "African-American"}
SPLITS = ("train", "valid", "test")
ATTRIBUTES = {"AgeGroup": AGE_GROUPS, "Gender": GENDERS, "Ethnicity": ETHNICITIES}
LABEL_COLUMNS = ["VideoName", "UserID", *ATTRIBUTES]
N_GROUPS = len(AGE_GROUPS)

LABEL_LIST = "{split}_set_age_labels.csv"
SYNTHETIC_MARK = "synthetic.json"


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
        When the folder or a list is missing, a column is missing, or a code is unknown. The
        message names the file, the row and the mend.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"The data folder {folder} does not exist: check the path given as --data.")
    return pd.concat([_read_list(folder, split) for split in SPLITS], ignore_index=True)


def _read_list(folder, split):
    path = folder / LABEL_LIST.format(split=split)
    if not path.is_file():
        raise DataError(
            f"The label list {path.name} is missing from {folder}: give the folder that holds "
            "the three *_set_age_labels.csv files."
        )
    try:
        # utf-8-sig: spreadsheet programs put a byte-order mark in front of the header.
        table = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise DataError(
            f"{path} cannot be read as a UTF-8 comma-separated list: {reason}"
        ) from None
    missing = [column for column in LABEL_COLUMNS if column not in table.columns]
    if missing:
        raise DataError(
            f"{path} lacks the column {', '.join(missing)}: its first line must be "
            f"{','.join(LABEL_COLUMNS)}."
        )
    table = table[LABEL_COLUMNS].copy()
    table["row"] = range(2, len(table) + 2)  # the header is row 1
    for column, codes in ATTRIBUTES.items():
        known = table[column].isin([str(code) for code in codes])
        if not known.all():
            bad = table[~known].iloc[0]
            raise DataError(
                f"{path}, row {bad['row']}: {column} is {bad[column]!r}, but must be one of "
                f"{', '.join(map(str, codes))} ({(~known).sum()} such rows)."
            )
        table[column] = table[column].astype(int)
    repeated = table["VideoName"].duplicated()
    if repeated.any():
        bad = table[repeated].iloc[0]
        raise DataError(
            f"{path}, row {bad['row']}: the clip {bad['VideoName']} stands twice; keep one of the "
            f"rows ({repeated.sum()} such rows)."
        )
    return table.drop(columns="row").assign(split=split)


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
