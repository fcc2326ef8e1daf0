"""Labels of raw videos, and the split of their users."""

import hashlib
from pathlib import Path

import pandas as pd

from mmage_utils.data import labels as lists
from mmage_utils.data.labels import ATTRIBUTES, LABEL_COLUMNS, LABEL_LIST, SPLITS
from mmage_utils.data.video_files import clip_name, user_name
from mmage_utils.errors import DataError
from mmage_utils.files import write_text

DEAL = ("train", "valid", "test", "train", "train")  # 60, 20, 20 per cent, as in the data


def read_video_labels(path):
    """Read the labels of videos: one CSV file, or a folder with the three label lists.

    Parameters
    ----------
    path : path-like
        The CSV needs a column VideoName (with or without ``.mp4``); it may have UserID, AgeGroup,
        Gender, Ethnicity (codes as in the label lists, or empty) and split. Without UserID, the
        user is the VideoName without its number; without split, `split_users` decides.

    Returns
    -------
    labels : pandas.DataFrame
        The columns of the label lists and split; clips that have all labels.
    incomplete : dict of str to str
        What clips lack that have not, by clip.

    Raises
    ------
    DataError
        When a name is no clip's, a clip is listed twice, or a code or split is unknown; the message
        names the row.
    """
    path = Path(path)
    if path.is_dir():
        labels = lists.read_labels(path)
        for name in labels["VideoName"]:
            clip_name(name)
        return labels, {}
    if not path.is_file():
        raise DataError(f"The labels {path} are missing: check the path.")
    table = lists.read_label_text(path, columns=["VideoName"])
    table = table.reindex(columns=["row", *LABEL_COLUMNS, "split"], fill_value="")
    table = table.apply(lambda column: column if column.name == "row" else column.str.strip())
    table["VideoName"] = [_name(path, row) for row in table.itertuples()]
    users = table["VideoName"].str.removesuffix(".mp4").map(user_name)
    table["UserID"] = table["UserID"].where(table["UserID"] != "", users)
    known = {name: list(map(str, codes)) for name, codes in ATTRIBUTES.items()}
    for column, codes in (known | {"split": list(SPLITS)}).items():
        wrong = table[~table[column].isin([*codes, ""])]
        if len(wrong):
            first = wrong.iloc[0]
            raise DataError(
                f"{path}, row {first['row']}: {column} {first[column]!r} is not one of "
                f"{', '.join(codes)} ({len(wrong)} such rows)."
            )
    twice = table[table["VideoName"].duplicated()]
    if len(twice):
        first = twice.iloc[0]
        raise DataError(
            f"{path}, row {first['row']}: {first['VideoName']} is listed twice; keep one row."
        )
    lacking = {
        row["VideoName"].removesuffix(".mp4"): "no " + ", ".join(missing)
        for row in table.to_dict("records")
        if (missing := [name for name in ATTRIBUTES if not row[name]])
    }
    labels = table[~table["VideoName"].str.removesuffix(".mp4").isin(lacking)]
    labels = labels.astype(dict.fromkeys(ATTRIBUTES, int)).reset_index(drop=True)
    given = labels["split"] != ""
    if given.any() and not given.all():
        first = labels[~given].iloc[0]
        raise DataError(
            f"{path}, row {first['row']}: the split is empty; give all rows one, or none."
        )
    if not given.any():
        labels["split"] = labels["UserID"].map(split_users(labels))
    return labels[[*LABEL_COLUMNS, "split"]], lacking


def _name(path, row):
    try:
        return clip_name(row.VideoName) + ".mp4"
    except DataError as error:
        raise DataError(f"{path}, row {row.row}: {error}") from None


def split_users(labels):
    """Deal users to train, valid and test, about 60, 20 and 20 per cent of every age group.

    The order is drawn from the names of the users: the same list gives the same splits, on any
    machine and whatever videos are there.

    Parameters
    ----------
    labels : pandas.DataFrame
        UserID and AgeGroup.

    Returns
    -------
    dict of str to str
        Split by UserID.
    """
    groups = labels.groupby("UserID")["AgeGroup"].min()
    order = sorted(
        groups.index, key=lambda user: (groups[user], hashlib.sha256(user.encode()).digest())
    )
    return {user: DEAL[turn % len(DEAL)] for turn, user in enumerate(order)}


def write_label_lists(folder, labels):
    """Write the three label lists of a First Impressions folder."""
    for split in SPLITS:
        rows = labels.loc[labels["split"] == split, LABEL_COLUMNS]
        text = pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
        write_text(Path(folder) / LABEL_LIST.format(split=split), text)
