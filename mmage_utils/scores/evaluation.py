"""Scores with the constant predictor, n and a user-clustered interval beside them.

All scores are functions of the confusion matrix, so that a bootstrap over users is one matrix
product: draws x users times users x 49.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, N_GROUPS, SPLITS
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, sum_per_user, user_confusions
from mmage_utils.scores.metrics import (
    _probability_sums,
    confusion,
    probability_scores,
    scores_of,
    unit_weights,
)


def score(table, *, majority, prior=None, unit="clip", draws=DRAWS, seed=0):
    """Score predictions of one split, beside the constant predictor.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of the clips to be scored (UserID, ground_truth, prediction, maybe p1..p7).
    majority : int
        The age group that the constant predictor always answers: the train majority.
    prior : array-like, shape (7,), optional
        Shares of the age groups in train, which the constant predictor gives as probabilities.
        With it, log-loss and calibration error are scored where the table has p1..p7.
    unit : str
        ``clip``, or ``user``: every user counts the same, however many clips there are.

    Returns
    -------
    dict
        n_clips, n_users, and for each score of `scores_of` (and log_loss in nats and ece, the
        expected calibration error) a dict with value, interval (95%, bootstrap over users) and
        constant.
    """
    weights = unit_weights(table, unit)
    counts = user_confusions(table, weights)
    drawn = draw_users(len(counts), draws=draws, seed=seed)
    shape = (-1, N_GROUPS, N_GROUPS)
    constant = table.assign(prediction=majority)
    values = scores_of(confusion(table, weights))
    spread = scores_of((drawn @ counts).reshape(shape))
    base = scores_of(confusion(constant, weights))
    if prior is not None and set(P_COLUMNS) <= set(table):
        sums = sum_per_user(table, _probability_sums(table, weights))
        values |= probability_scores(sums.sum(0))
        spread |= probability_scores(drawn @ sums)
        constant[P_COLUMNS] = np.broadcast_to(prior, (len(table), N_GROUPS))
        base |= probability_scores(_probability_sums(constant, weights).sum(0))
    return {
        "n_clips": len(table),
        "n_users": len(counts),
        **{
            name: {
                "value": float(values[name]),
                "interval": interval(spread[name]),
                "constant": float(base[name]),
            }
            for name in values
        },
    }


def constant_scores(labels):
    """Scores of the constant predictor on each split of a table of labels.

    Returns
    -------
    pandas.DataFrame
        One row a score of `scores_of`, one column a split.
    """
    always = labels.assign(ground_truth=labels["AgeGroup"], prediction=train_majority(labels))
    found = {split: scores_of(confusion(part)) for split, part in always.groupby("split")}
    return pd.DataFrame(found)[list(SPLITS)].astype(float)


def train_prior(labels):
    """Shares of the age groups 1..7 in a table of train labels, shape (7,)."""
    counts = np.bincount(labels["AgeGroup"], minlength=N_GROUPS + 1)[1:]
    return counts / counts.sum()


def train_majority(clips):
    """The most frequent age group of the train split, which the constant predictor answers."""
    return int(clips.loc[clips["split"] == "train", "AgeGroup"].mode().iloc[0])


def score_splits(table, *, majority):
    """`score` of each split of a prediction table, as a dict."""
    return {name: score(part, majority=majority) for name, part in table.groupby("split")}


def log_loss(table):
    """Mean negative log-probability of the true age group, in nats."""
    p = table[P_COLUMNS].to_numpy()[np.arange(len(table)), table["ground_truth"] - 1]
    return float(-np.log(np.clip(p, 1e-12, 1)).mean())


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
        matrices = np.stack([confusion(one[one["split"] == split]) for one in seeds])
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
