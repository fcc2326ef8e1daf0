"""Scores with the constant predictor, n and a user-clustered interval beside them, and bias.

All scores are functions of the confusion matrix, so that a bootstrap over users is one matrix
product: draws x users times users x 49.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from mmage_utils.labels import ATTRIBUTES, N_GROUPS
from mmage_utils.predictions import P_COLUMNS

DRAWS = 2000
MIN_USERS = 10  # below this many users a percentage says nothing
GROUP_COLUMNS = {"AgeGroup": "ground_truth", "Gender": "Gender", "Ethnicity": "Ethnicity"}


def confusion(table):
    """Confusion matrix of clips: rows are the true age groups, columns the predicted ones."""
    matrix = np.zeros((N_GROUPS, N_GROUPS), dtype=int)
    np.add.at(matrix, (table["ground_truth"] - 1, table["prediction"] - 1), 1)
    return matrix


def scores_of(matrix):
    """Scores of confusion matrices.

    Parameters
    ----------
    matrix : array-like, shape (..., 7, 7)
        Counts, true age group by predicted age group.

    Returns
    -------
    dict of str to numpy.ndarray, shape (...)
        accuracy, balanced_accuracy (over groups that occur), macro_f1 (over groups that occur or
        are predicted), kappa (quadratic weights), mae (age groups), within_one.
    """
    matrix = np.asarray(matrix, dtype=float)
    total = matrix.sum((-2, -1))
    true, predicted = matrix.sum(-1), matrix.sum(-2)
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    distance = np.abs(np.subtract.outer(np.arange(N_GROUPS), np.arange(N_GROUPS)))
    expected = true[..., :, None] * predicted[..., None, :] / total[..., None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.where(true > 0, hits / true, np.nan)
        f1 = np.where(true + predicted > 0, 2 * hits / (true + predicted), np.nan)
        disagreement = (expected * distance**2).sum((-2, -1))
        kappa = 1 - (matrix * distance**2).sum((-2, -1)) / disagreement
    # One group on both sides: no disagreement is possible, and none is there.
    kappa = np.where(disagreement == 0, 1.0, kappa)
    return {
        "accuracy": hits.sum(-1) / total,
        "balanced_accuracy": np.nanmean(recall, axis=-1),
        "macro_f1": np.nanmean(f1, axis=-1),
        "kappa": kappa,
        "mae": (matrix * distance).sum((-2, -1)) / total,
        "within_one": (matrix * (distance <= 1)).sum((-2, -1)) / total,
    }


def draw_users(n_users, *, draws=DRAWS, seed=0):
    """Weights of a bootstrap over users, shape (draws, n_users): how often each is drawn."""
    rng = np.random.default_rng([seed, n_users])
    return rng.multinomial(n_users, np.full(n_users, 1 / n_users), size=draws).astype(np.float32)


def user_confusions(table):
    """Confusion counts of every user, shape (n_users, 49), in order of UserID."""
    user = pd.factorize(table["UserID"], sort=True)[0]
    cell = (table["ground_truth"] - 1) * N_GROUPS + table["prediction"] - 1
    counts = np.zeros((user.max() + 1, N_GROUPS**2), dtype=np.float32)
    np.add.at(counts, (user, cell.to_numpy()), 1)
    return counts


def interval(values):
    """The 2.5th and 97.5th percentile of bootstrap values, as a list."""
    return [float(x) for x in np.nanpercentile(values, [2.5, 97.5])]


def score(table, *, majority, draws=DRAWS, seed=0):
    """Score predictions of one split, beside the constant predictor.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of the clips to be scored (UserID, ground_truth, prediction).
    majority : int
        The age group that the constant predictor always answers: the train majority.

    Returns
    -------
    dict
        n_clips, n_users, and for each score of `scores_of` a dict with value, interval (95%,
        bootstrap over users) and constant.
    """
    counts = user_confusions(table)
    drawn = draw_users(len(counts), draws=draws, seed=seed) @ counts
    values = scores_of(confusion(table))
    spread = scores_of(drawn.reshape(-1, N_GROUPS, N_GROUPS))
    constant = scores_of(confusion(table.assign(prediction=majority)))
    return {
        "n_clips": len(table),
        "n_users": len(counts),
        **{
            name: {
                "value": float(values[name]),
                "interval": interval(spread[name]),
                "constant": float(constant[name]),
            }
            for name in values
        },
    }


def train_majority(clips):
    """The most frequent age group of the train split, which the constant predictor answers."""
    return int(clips.loc[clips["split"] == "train", "AgeGroup"].mode().iloc[0])


def score_splits(table, *, majority):
    """`score` of each split of a prediction table, as a dict."""
    return {name: score(part, majority=majority) for name, part in table.groupby("split")}


def accuracy_by(table, attribute, *, draws=DRAWS, seed=0):
    """Accuracy per category of an attribute, with intervals from a bootstrap over users.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions joined with their labels (`predictions.join_labels`).
    attribute : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.

    Returns
    -------
    pandas.DataFrame
        One row a category: right, clips, users, accuracy, low, high. A category without clips
        has accuracy NaN; one with fewer than 10 users has no interval.
    """
    names = ATTRIBUTES[attribute]
    code, user = table[GROUP_COLUMNS[attribute]], pd.factorize(table["UserID"], sort=True)[0]
    right = (table["ground_truth"] == table["prediction"]).to_numpy()
    weights = draw_users(user.max() + 1, draws=draws, seed=seed)
    rows = []
    for key in names:
        here = (code == key).to_numpy()
        hits = np.bincount(user[here & right], minlength=user.max() + 1)
        counts = np.bincount(user[here], minlength=user.max() + 1)
        n, n_users = int(counts.sum()), int((counts > 0).sum())
        low = high = np.nan
        if n_users >= MIN_USERS:
            with np.errstate(invalid="ignore"):
                low, high = interval((weights @ hits) / (weights @ counts))
        value = hits.sum() / n if n else np.nan
        rows.append((int(hits.sum()), n, n_users, value, low, high))
    columns = ["right", "clips", "users", "accuracy", "low", "high"]
    return pd.DataFrame(rows, index=list(names.values()), columns=columns)


def bias(accuracies):
    """Mean absolute difference over all pairs of per-category accuracies (the course's bias).

    Categories without clips (NaN) take no part.
    """
    known = [value for value in accuracies if not np.isnan(value)]
    if len(known) < 2:
        return float("nan")
    return float(np.mean([abs(a - b) for a, b in combinations(known, 2)]))


def biases(table):
    """Age, gender and ethnicity bias and their average, of predictions joined with labels."""
    found = {
        attribute: bias(accuracy_by(table, attribute, draws=1)["accuracy"])
        for attribute in ATTRIBUTES
    }
    return {**found, "average": float(np.mean(list(found.values())))}


def difference(table, other, metric="accuracy", *, draws=DRAWS, seed=0):
    """Paired difference of two predictions of the same clips, clustered by user.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Predictions of the same clips, in any order; they are joined on VideoName.

    Returns
    -------
    dict
        value (`table` minus `other`) and interval (95%).
    """
    columns = ["VideoName", "prediction"]
    both = table.merge(other[columns], on="VideoName", suffixes=("", "_other"), validate="1:1")
    if not len(table) == len(other) == len(both):
        raise ValueError("the two predictions are not of the same clips")
    swapped = both.assign(prediction=both["prediction_other"])
    weights = draw_users(both["UserID"].nunique(), draws=draws, seed=seed)
    shape = (-1, N_GROUPS, N_GROUPS)
    values, spread = [], []
    for one in (both, swapped):
        values.append(scores_of(confusion(one))[metric])
        spread.append(scores_of((weights @ user_confusions(one)).reshape(shape))[metric])
    return {
        "value": float(values[0] - values[1]),
        "interval": interval(spread[0] - spread[1]),
    }


def log_loss(table):
    """Mean negative log-probability of the true age group, in nats."""
    p = table[P_COLUMNS].to_numpy()[np.arange(len(table)), table["ground_truth"] - 1]
    return float(-np.log(np.clip(p, 1e-12, 1)).mean())


def per_user_accuracy(table, *, draws=DRAWS, seed=0):
    """Accuracy in the unit of users: each user's share of right clips, averaged over users.

    For one row a user this is plain accuracy.
    """
    right = (table["ground_truth"] == table["prediction"]).groupby(table["UserID"]).mean()
    spread = draw_users(len(right), draws=draws, seed=seed) @ right.to_numpy() / len(right)
    return {"value": float(right.mean()), "interval": interval(spread), "n_users": len(right)}
