"""Scores of predictions as one tidy table, beside the constant predictor, n and intervals.

All scores are functions of sums over clips, so that a bootstrap over users is one matrix product:
draws x users times users x 49.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, N_GROUPS, SPLITS
from mmage_utils.predictions import P_COLUMNS, age_groups_of
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, sum_per_user, user_confusions
from mmage_utils.scores.metrics import (
    confusion,
    probability_scores,
    probability_sums,
    scores_of,
    unit_weights,
)

COLUMNS = ("model", "split", "unit", "metric", "value", "low", "high", "constant", "clips", "users")


def score(table, *, majority, prior=None, model="", unit="clip", draws=DRAWS, seed=0):
    """Score predictions of one split, beside the constant predictor.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of the clips to be scored (UserID, split, ground_truth, prediction, maybe
        p1..p7).
    majority : int
        The age group that the constant predictor always answers: the train majority.
    prior : array-like, shape (7,), optional
        Shares of the age groups in train, which the constant predictor gives as probabilities.
        With it, log-loss and calibration error are scored where the table has p1..p7.
    model : str
        Name of the model in the rows.
    unit : str
        ``clip``, or ``user``: every user counts the same, however many clips there are.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row a metric: each score of `metrics.scores_of`, and log_loss in nats and
        ece, the expected calibration error; low and high are the 95% interval by a bootstrap over
        users, constant the constant predictor's value.
    """
    weights = unit_weights(table, unit)
    counts = user_confusions(table, weights)
    drawn = draw_users(len(counts), draws=draws, seed=seed)
    constant = table.assign(prediction=majority)
    values = scores_of(confusion(table, weights))
    spread = scores_of((drawn @ counts).reshape(-1, N_GROUPS, N_GROUPS))
    base = scores_of(confusion(constant, weights))
    if prior is not None and set(P_COLUMNS) <= set(table):
        sums = sum_per_user(table, probability_sums(table, weights))
        values |= probability_scores(sums.sum(0))
        spread |= probability_scores(drawn @ sums)
        constant[P_COLUMNS] = np.broadcast_to(prior, (len(table), N_GROUPS))
        base |= probability_scores(probability_sums(constant, weights).sum(0))
    place = (model, table["split"].iloc[0], unit)
    rows = [
        (*place, name, values[name], *interval(spread[name]), base[name], len(table), len(counts))
        for name in values
    ]
    numbers = dict.fromkeys(("value", "low", "high", "constant"), float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def score_models(tables, *, units=("clip",), **settings):
    """`score` of each split of several models' predictions, as one table.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Model to predictions, of one split or several.
    units : sequence of str
    **settings
        As `score`.
    """
    return pd.concat(
        [
            score(table[table["split"] == split], model=model, unit=unit, **settings)
            for model, table in tables.items()
            for split in SPLITS
            if (table["split"] == split).any()
            for unit in units
        ],
        ignore_index=True,
    )


def select(scores, **where):
    """Rows of a table whose columns have the given values."""
    keep = np.ones(len(scores), dtype=bool)
    for column, value in where.items():
        keep &= (scores[column] == value).to_numpy()
    return scores[keep]


def pick(scores, **where):
    """The one row of a table whose columns have the given values, accuracy on test by default.

    Returns
    -------
    pandas.Series
        Of a table of scores: value, low, high, constant, clips, users.

    Raises
    ------
    KeyError
        When no row, or more than one, has these values.
    """
    defaults = {"metric": "accuracy", "split": "test", "unit": "clip"}
    where = {name: value for name, value in defaults.items() if name in scores} | where
    rows = select(scores, **where)
    if len(rows) != 1:
        raise KeyError(f"{len(rows)} rows have {where}")
    return rows.iloc[0]


def constant_scores(labels):
    """Scores of the constant predictor on each split of a table of labels or predictions.

    Returns
    -------
    pandas.DataFrame
        One row a score of `scores_of`, one column a split.
    """
    always = labels.assign(ground_truth=age_groups_of(labels), prediction=train_majority(labels))
    values = {split: scores_of(confusion(part)) for split, part in always.groupby("split")}
    return pd.DataFrame(values)[list(SPLITS)].astype(float)


def train_prior(table):
    """Shares of the age groups 1..7 in the train split of labels or predictions, shape (7,)."""
    train = age_groups_of(table)[table["split"] == "train"]
    return np.bincount(train, minlength=N_GROUPS + 1)[1:] / len(train)


def train_majority(table):
    """The most frequent age group of the train split, which the constant predictor answers."""
    return int(np.argmax(train_prior(table))) + 1


def average_seeds(tables, *, split="test"):
    """Mean scores of methods over their training seeds.

    Parameters
    ----------
    tables : dict of str to list of pandas.DataFrame
        Method to predictions, one table a seed.

    Returns
    -------
    pandas.DataFrame
        One row a method: mean and spread (standard deviation over seeds) of accuracy and balanced
        accuracy, and the mean recall of each age group.
    """
    rows = {}
    for method, seeds in tables.items():
        matrices = np.stack([confusion(table[table["split"] == split]) for table in seeds])
        scores = scores_of(matrices)
        rows[method] = {}
        for metric in ("accuracy", "balanced_accuracy"):
            name = metric.replace("_", " ")
            rows[method][name] = scores[metric].mean()
            rows[method][f"{name}, spread"] = scores[metric].std()
        with np.errstate(invalid="ignore"):
            recalls = np.diagonal(matrices, axis1=1, axis2=2) / matrices.sum(2)
        rows[method] |= dict(zip(AGE_GROUPS.values(), recalls.mean(0), strict=True))
    return pd.DataFrame(rows).T
