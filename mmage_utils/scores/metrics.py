"""Scores as functions of a confusion matrix, or of sums over clips, so that draws are products."""

import numpy as np

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.predictions import P_COLUMNS

CALIBRATION_BINS = 15  # of the expected calibration error


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


def bin_of(confidence, bins):
    """Bin of each confidence among bins of equal width over 0..1."""
    return np.minimum((confidence * bins).astype(int), bins - 1)


def probability_sums(table, weights):
    """Sums that log-loss and calibration error are made of, for each clip.

    Columns: weight, log-loss, and for each bin of the answer's probability the weight, the
    probability and the hits.
    """
    p = table[P_COLUMNS].to_numpy(float)
    rows = np.arange(len(p))
    loss = -np.log(np.clip(p[rows, table["ground_truth"] - 1], 1e-12, 1))
    confidence = p[rows, table["prediction"] - 1]
    in_bin = np.eye(CALIBRATION_BINS)[bin_of(confidence, CALIBRATION_BINS)]
    hits = (table["ground_truth"] == table["prediction"]).to_numpy(float)
    parts = [np.ones((len(p), 1)), loss[:, None], in_bin]
    parts += [in_bin * confidence[:, None], in_bin * hits[:, None]]
    return np.hstack(parts) * weights[:, None]


def probability_scores(sums):
    """Log-loss (nats) and expected calibration error (15 bins) of `probability_sums`."""
    total, loss = sums[..., 0], sums[..., 1]
    _, confidence, hits = np.split(sums[..., 2:], 3, axis=-1)
    return {"log_loss": loss / total, "ece": np.abs(confidence - hits).sum(-1) / total}
