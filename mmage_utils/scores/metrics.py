"""Scores as functions of confusion matrices or of sums over clips, as the bootstrap needs."""

import numpy as np

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.predictions import P_COLUMNS, log_losses
from mmage_utils.scores.bootstrap import counts_per_user

CALIBRATION_BINS = 15  # of the expected calibration error
BOUNDS = {  # the least and the largest value of each score
    "accuracy": (0, 1),
    "balanced_accuracy": (0, 1),
    "macro_f1": (0, 1),
    "kappa": (-1, 1),
    "mae": (0, N_GROUPS - 1),
    "within_one": (0, 1),
    "log_loss": (0, np.inf),
    "ece": (0, 1),
}


def confusion(table, weights=1):
    """Confusion matrix of clips: rows are true age groups, columns predicted ones."""
    matrix = np.zeros((N_GROUPS, N_GROUPS), dtype=np.result_type(weights))
    np.add.at(matrix, (table["ground_truth"] - 1, table["prediction"] - 1), weights)
    return matrix


def unit_weights(table, unit):
    """Weight of each clip: 1 if the unit is ``clip``, 1 / (clips of its user) if ``user``."""
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
        accuracy, balanced_accuracy (of groups that occur), macro_f1 (of groups that occur or are
        predicted), kappa (quadratic weights), mae (age groups), within_one.
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
    # With a single group, true and predicted, no disagreement is possible.
    kappa = np.where(disagreement == 0, 1.0, kappa)
    return {
        "accuracy": hits.sum(-1) / total,
        "balanced_accuracy": np.nanmean(recall, axis=-1),
        "macro_f1": np.nanmean(f1, axis=-1),
        "kappa": kappa,
        "mae": (matrix * distance).sum((-2, -1)) / total,
        "within_one": (matrix * (distance <= 1)).sum((-2, -1)) / total,
    }


def answers(table):
    """Confidence (probability of the prediction) of each clip, and 1.0 or 0.0: right or wrong."""
    p = table[P_COLUMNS].to_numpy(float)
    confidence = p[np.arange(len(p)), table["prediction"] - 1]
    return confidence, (table["prediction"] == table["ground_truth"]).to_numpy(float)


def bin_of(confidence, bins):
    """Bin of each confidence among bins of equal width over 0..1."""
    return np.minimum((confidence * bins).astype(int), bins - 1)


def probability_sums(table, weights):
    """Terms of log-loss and calibration error, summed over each user's clips: (n_users, columns).

    Columns: weight, log-loss, and for each bin of confidence the weight, confidence and hits.
    """
    confidence, hits = answers(table)
    one, bins = np.zeros(len(table), dtype=int), bin_of(confidence, CALIBRATION_BINS)
    terms = [(one, 1, weights), (one, 1, weights * log_losses(table))]
    terms += [(bins, CALIBRATION_BINS, weights * x) for x in (1, confidence, hits)]
    return np.hstack([counts_per_user(table, *term) for term in terms])


def probability_scores(sums):
    """Log-loss (nats) and expected calibration error of sums of `probability_sums`."""
    total, loss = sums[..., 0], sums[..., 1]
    _, confidence, hits = np.split(sums[..., 2:], 3, axis=-1)
    return {"log_loss": loss / total, "ece": np.abs(confidence - hits).sum(-1) / total}
