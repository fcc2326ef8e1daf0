"""Scores with the constant predictor, n and a user-clustered interval beside them.

All scores are functions of the confusion matrix, so that a bootstrap over users is one matrix
product: draws x users times users x 49.
"""

import numpy as np
import pandas as pd

from mmage_utils.labels import N_GROUPS, SPLITS
from mmage_utils.predictions import P_COLUMNS

DRAWS = 2000
BINS = 15  # of the expected calibration error


def confusion(table, weights=1):
    """Confusion matrix of clips: rows are the true age groups, columns the predicted ones."""
    matrix = np.zeros((N_GROUPS, N_GROUPS), dtype=np.result_type(weights))
    np.add.at(matrix, (table["ground_truth"] - 1, table["prediction"] - 1), weights)
    return matrix


def unit_weights(table, unit):
    """Weight of each clip: 1 in the unit of clips, 1 / (clips of its user) in that of users."""
    if unit == "clip":
        return np.ones(len(table))
    return 1 / table.groupby("UserID")["UserID"].transform("size").to_numpy()


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


def sum_per_user(table, values):
    """Sum rows of values per user, shape (n_users, width), in order of UserID."""
    user = pd.factorize(table["UserID"], sort=True)[0]
    sums = np.zeros((user.max() + 1, values.shape[1]))
    np.add.at(sums, user, values)
    return sums


def user_confusions(table, weights=1):
    """Confusion counts of every user, shape (n_users, 49), in order of UserID."""
    cell = (table["ground_truth"] - 1) * N_GROUPS + table["prediction"] - 1
    return sum_per_user(table, np.eye(N_GROUPS**2)[cell] * np.reshape(weights, (-1, 1)))


def interval(values):
    """The 2.5th and 97.5th percentile of bootstrap values, as a list."""
    return [float(x) for x in np.nanpercentile(values, [2.5, 97.5])]


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


def _probability_sums(table, weights):
    """Sums that log-loss and calibration error are made of, for each clip.

    Columns: weight, log-loss, and for each bin of the answer's probability the weight, the
    probability and the hits.
    """
    p = table[P_COLUMNS].to_numpy(float)
    rows = np.arange(len(p))
    loss = -np.log(np.clip(p[rows, table["ground_truth"] - 1], 1e-12, 1))
    confidence = p[rows, table["prediction"] - 1]
    in_bin = np.eye(BINS)[np.minimum((confidence * BINS).astype(int), BINS - 1)]
    hits = (table["ground_truth"] == table["prediction"]).to_numpy(float)
    parts = [np.ones((len(p), 1)), loss[:, None], in_bin]
    parts += [in_bin * confidence[:, None], in_bin * hits[:, None]]
    return np.hstack(parts) * weights[:, None]


def probability_scores(sums):
    """Log-loss (nats) and expected calibration error (15 bins) of `_probability_sums`."""
    total, loss = sums[..., 0], sums[..., 1]
    confidence, hits = sums[..., 2 + BINS : 2 + 2 * BINS], sums[..., 2 + 2 * BINS :]
    return {"log_loss": loss / total, "ece": np.abs(confidence - hits).sum(-1) / total}


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
    return {"value": float(values[0] - values[1]), "interval": interval(spread[0] - spread[1])}


def log_loss(table):
    """Mean negative log-probability of the true age group, in nats."""
    p = table[P_COLUMNS].to_numpy()[np.arange(len(table)), table["ground_truth"] - 1]
    return float(-np.log(np.clip(p, 1e-12, 1)).mean())
