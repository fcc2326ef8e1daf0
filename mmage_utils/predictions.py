"""The prediction table: one row a clip, joined on VideoName and never by position."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.errors import DataError
from mmage_utils.files import shown, whole

P_COLUMNS = [f"p{group}" for group in range(1, N_GROUPS + 1)]
COLUMNS = ["VideoName", "UserID", "split", "ground_truth", "prediction", *P_COLUMNS]


def tabulate(clips, probabilities):
    """Build a prediction table from probabilities in the order of `clips`.

    Parameters
    ----------
    clips : pandas.DataFrame
        The clips that were predicted.
    probabilities : array-like, shape (n clips, 7)
        Rows sum to 1.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`; ground_truth and prediction are age groups 1..7, prediction is the argmax.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    table = clips[["VideoName", "UserID", "split"]].reset_index(drop=True)
    table["ground_truth"] = clips["AgeGroup"].to_numpy()
    table["prediction"] = probabilities.argmax(1) + 1
    table[P_COLUMNS] = probabilities
    return table


def age_groups_of(table):
    """Age groups 1..7 of a table: ground_truth of predictions, AgeGroup of label lists."""
    return table["ground_truth"] if "ground_truth" in table else table["AgeGroup"]


def softmax(logits):
    """Probabilities of logits, row by row, in double precision."""
    logits = np.asarray(logits, dtype=float)
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    return exponents / exponents.sum(-1, keepdims=True)


def logits(table, *, floor=1e-12):
    """Log-probabilities, shape (n, 7): the logits up to a constant per row.

    A softmax does not see that constant, so adding these is adding logits.
    """
    return np.log(np.clip(table[P_COLUMNS].to_numpy(float), floor, 1))


def write_predictions(run, model, table):
    """Write ``predictions/<model>.csv`` of a run, all splits in one file."""
    with whole(run.folder / "predictions" / f"{model}.csv") as path:
        table[COLUMNS].to_csv(path, index=False, float_format="%.9g", lineterminator="\n")


def read_predictions(run, model, notebook):
    """Read the prediction table that an earlier notebook of this run wrote.

    Raises
    ------
    DataError
        When it is not there (the message names the notebook to run) or lacks a column.
    """
    path = run.folder / "predictions" / f"{model}.csv"
    if not path.is_file():
        raise DataError(
            f"{shown(path)} is missing: run notebooks/{notebook}.ipynb first "
            f"(or ./run_all.sh --only {notebook[:2]})."
        )
    table = pd.read_csv(path)
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}: run notebooks/{notebook}.ipynb again.")
    return table


def shared_rows(table, other):
    """The rows of a table whose clips another table has too, in their order.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Clips or predictions; both have VideoName.
    """
    return table[table["VideoName"].isin(other["VideoName"])].reset_index(drop=True)


def join_labels(table, clips):
    """Join gender and ethnicity to predictions on VideoName.

    Raises
    ------
    DataError
        When a prediction has no listed clip, a clip stands twice, or the age group differs.
    """
    labels = clips[["VideoName", "AgeGroup", "Gender", "Ethnicity"]]
    try:
        joined = table.merge(labels, on="VideoName", how="left", validate="1:1")
    except pd.errors.MergeError:
        raise DataError("A clip stands twice in the predictions or in the label lists.") from None
    unknown = joined["AgeGroup"].isna()
    if unknown.any():
        first = joined.loc[unknown, "VideoName"].iloc[0]
        raise DataError(
            f"{unknown.sum()} predicted clips are not in the label lists, first {first}: "
            "the predictions were made on other data."
        )
    wrong = joined["AgeGroup"] != joined["ground_truth"]
    if wrong.any():
        first = joined.loc[wrong, "VideoName"].iloc[0]
        raise DataError(
            f"The ground truth of {wrong.sum()} clips contradicts the label lists, first {first}."
        )
    return joined.drop(columns="AgeGroup").astype({"Gender": int, "Ethnicity": int})


def shared_clips(tables):
    """Keep, in each table, the clips that all of them predict, in one common order.

    Returns
    -------
    list of pandas.DataFrame
        Tables with equal VideoName columns.
    """
    common = set.intersection(*(set(table["VideoName"]) for table in tables))
    order = [name for name in tables[0]["VideoName"] if name in common]
    return [table.set_index("VideoName").loc[order].reset_index() for table in tables]


def add_up_per_user(table):
    """Add the probabilities of each user's clips: one row a user (the report's task d).

    The ground truth of a user is the age group of most of the user's clips, the younger one on a
    tie.

    Returns
    -------
    pandas.DataFrame
        UserID, split, ground_truth, prediction, clips, p1..p7 (means over the user's clips).
    """
    by_user = table.groupby("UserID", sort=False)
    users = by_user[P_COLUMNS].mean()
    users["prediction"] = users[P_COLUMNS].to_numpy().argmax(1) + 1
    users["ground_truth"] = by_user["ground_truth"].agg(lambda groups: groups.mode().iloc[0])
    users["split"] = by_user["split"].first()
    users["clips"] = by_user.size()
    return users.reset_index()


def spread_to_clips(table):
    """Give every clip the prediction of its user: aggregation scored in the unit of clips."""
    users = add_up_per_user(table).set_index("UserID")
    spread = table.copy()
    spread[[*P_COLUMNS, "prediction"]] = users.loc[
        table["UserID"], [*P_COLUMNS, "prediction"]
    ].to_numpy()
    return spread.astype({"prediction": int})


def adjust(table, adjustment):
    """Take an adjustment off the logits of a prediction table.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions with p1..p7.
    adjustment : array-like, shape (7,)
        `class_balance.adjustment`.
    """
    z = logits(table) - adjustment
    adjusted = table.copy()
    adjusted[P_COLUMNS], adjusted["prediction"] = softmax(z), z.argmax(1) + 1
    return adjusted
