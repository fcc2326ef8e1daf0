"""The prediction table: one row per clip, joined on VideoName and never by position."""

import numpy as np
import pandas as pd
from scipy import special

from mmage_utils.data import provenance
from mmage_utils.data.labels import N_GROUPS
from mmage_utils.errors import DataError
from mmage_utils.files import file_name, shown, whole

P_COLUMNS = [f"p{group}" for group in range(1, N_GROUPS + 1)]
MODALITIES = ("image", "audio", "text")
PREDICTION_COLUMNS = ["VideoName", "UserID", "split", "ground_truth", "prediction", *P_COLUMNS]


def tabulate(clips, probabilities):
    """Build a prediction table from probabilities in the order of `clips`.

    Parameters
    ----------
    clips : pandas.DataFrame
        The predicted clips: a label list or a prediction table.
    probabilities : array-like, shape (n clips, 7)

    Returns
    -------
    pandas.DataFrame
        `PREDICTION_COLUMNS`; ground_truth and prediction are age groups 1..7, the latter by argmax.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    table = clips[["VideoName", "UserID", "split"]].reset_index(drop=True)
    table["ground_truth"] = age_groups_of(clips).to_numpy()
    table["prediction"] = probabilities.argmax(1) + 1
    table[P_COLUMNS] = probabilities
    return table


def age_groups_of(table):
    """True age groups 1..7: ground_truth of predictions, AgeGroup of label lists."""
    return table["ground_truth"] if "ground_truth" in table else table["AgeGroup"]


def softmax(logits):
    """Probabilities of logits, along the last axis, in double precision."""
    return special.softmax(np.asarray(logits, dtype=float), axis=-1)


def logits(table):
    """Log-probabilities, shape (n, 7): the logits up to a constant per row."""
    return np.log(np.clip(table[P_COLUMNS].to_numpy(float), 1e-12, 1))


def log_losses(table):
    """Log-loss of each clip: minus the log-probability of its true age group, nats, shape (n,)."""
    return -logits(table)[np.arange(len(table)), table["ground_truth"] - 1]


def with_logits(table, values):
    """A prediction table with other logits, shape (n, 7), and the predictions they give."""
    changed = table.copy()
    changed[P_COLUMNS], changed["prediction"] = softmax(values), values.argmax(1) + 1
    return changed


def prediction_path(run, model):
    """``predictions/<model>.csv`` of a run, of a model's label (`files.file_name`)."""
    return run.folder / "predictions" / f"{file_name(model)}.csv"


def write_predictions(run, model, table):
    """Write the predictions of all splits to `prediction_path`, and the record of the file."""
    path = prediction_path(run, model)
    with whole(path) as temporary:
        table[PREDICTION_COLUMNS].to_csv(
            temporary, index=False, float_format="%.9g", lineterminator="\n"
        )
    provenance.write_record(run, path)


def write_seeds(run, model, tables):
    """Write the predictions of several trainings: the first as `model`, then its ``seed k``."""
    for seed, table in enumerate(tables):
        write_predictions(run, f"{model}, seed {seed}" if seed else model, table)


def read_predictions(run, model, notebook):
    """Read the prediction table that an earlier notebook of this run wrote.

    Raises
    ------
    DataError
        When the file or a column is missing, or it was made from other data or with another seed
        than the run has; the message names the notebook to run.
    """
    path = prediction_path(run, model)
    if not path.is_file():
        raise DataError(
            f"{shown(path)} is missing: run notebooks/{notebook}.ipynb first "
            f"(or ./run_all.sh --only {notebook[:2]})."
        )
    provenance.check_origin(run, path, notebook)
    table = pd.read_csv(path)
    missing = [column for column in PREDICTION_COLUMNS if column not in table]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}: run notebooks/{notebook}.ipynb again.")
    return table


def shared_rows(table, other):
    """The rows of a table whose VideoName another table has too, in their order."""
    known = pd.Index(other["VideoName"].unique())
    return table[known.get_indexer(table["VideoName"]) >= 0].reset_index(drop=True)


def of_split(tables, split):
    """The rows of one split, of each table of a dict."""
    return {name: table[table["split"] == split] for name, table in tables.items()}


def join_labels(table, clips):
    """Join gender and ethnicity to predictions on VideoName.

    Raises
    ------
    DataError
        When a predicted clip is not listed, a clip is listed twice, or the age group differs.
    """
    labels = clips[["VideoName", "AgeGroup", "Gender", "Ethnicity"]]
    try:
        joined = table.merge(labels, on="VideoName", how="left", validate="1:1")
    except pd.errors.MergeError:
        raise DataError("A clip is listed twice in the predictions or the label lists.") from None
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
    """Keep the clips that all tables predict, in the order of the first table, as a list."""
    first, *others = tables
    for other in others:
        first = shared_rows(first, other)
    names = first["VideoName"]
    return [table.set_index("VideoName").loc[names].reset_index() for table in tables]


def add_up_per_user(table):
    """Average the probabilities of each user's clips (the report's task d).

    The ground truth of a user is the most frequent age group of the user's clips, the younger one
    on a tie.

    Returns
    -------
    pandas.DataFrame
        One row per user: UserID, p1..p7, prediction, ground_truth, split, clips (their number).
    """
    by_user = table.groupby("UserID", sort=False)
    users = by_user[P_COLUMNS].mean()
    users["prediction"] = users[P_COLUMNS].to_numpy().argmax(1) + 1
    counts = np.zeros((len(users), N_GROUPS), dtype=int)
    np.add.at(counts, (by_user.ngroup().to_numpy(), table["ground_truth"].to_numpy() - 1), 1)
    users["ground_truth"] = counts.argmax(1) + 1
    users["split"] = by_user["split"].first()
    users["clips"] = by_user.size()
    return users.reset_index()


def spread_to_clips(table):
    """Give every clip the prediction of its user, so that `add_up_per_user` is scored by clip."""
    users = add_up_per_user(table).set_index("UserID")
    values = users.loc[table["UserID"], [*P_COLUMNS, "prediction"]]
    return table.assign(**values.set_index(table.index))


def adjust(table, adjustment):
    """Subtract an adjustment, `class_balance.adjustment`, from the logits of predictions."""
    return with_logits(table, logits(table) - adjustment)
