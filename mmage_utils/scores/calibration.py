"""How far a model's confidence can be believed (task g).

Confidence is the probability of the answer that is given. A temperature is fitted on valid; what
is read on test uses it and chooses nothing.
"""

import numpy as np
import pandas as pd

from mmage_utils.predictions import P_COLUMNS, logits, softmax
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, sum_per_user
from mmage_utils.scores.evaluation import score

TEMPERATURES = (0.05, 20.0)  # where a temperature is looked for
RELIABILITY_BINS = 10


def best_temperature(log_p, groups):
    """The temperature of least log-loss.

    Parameters
    ----------
    log_p : array-like, shape (n, 7)
        Log-probabilities or logits.
    groups : array-like of int, shape (n,)
        True age groups 1..7.

    Returns
    -------
    float
        Within `TEMPERATURES`; above 1 the model was too sure of itself.

    Raises
    ------
    ValueError
        When there is no clip.
    """
    from scipy.optimize import minimize_scalar

    log_p, true = np.asarray(log_p, dtype=float), np.asarray(groups) - 1
    if not len(log_p):
        raise ValueError("a temperature needs clips to be fitted on")
    # Distances to the true group: the log-loss at T is the mean of log sum exp(gap / T).
    gap = log_p - log_p[np.arange(len(log_p)), true][:, None]
    top = gap.max(1)
    gap = gap - top[:, None]

    def loss(log_t):
        beta = np.exp(-log_t)
        return np.mean(top * beta + np.log(np.exp(gap * beta).sum(1)))

    bounds = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def fit_temperature(table):
    """The temperature of a model, fitted on its valid clips by log-loss.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of all splits, in any order; only rows of valid are looked at.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When there is no valid clip.
    """
    valid = table[table["split"] == "valid"].sort_values("VideoName")
    return best_temperature(logits(valid), valid["ground_truth"])


def calibrate(table, temperature):
    """Divide the logits by a temperature: the answers stay, their probabilities change.

    Parameters
    ----------
    table : pandas.DataFrame
        A prediction table.
    temperature : float

    Returns
    -------
    pandas.DataFrame
        The same clips in the same order.

    Raises
    ------
    ValueError
        When the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError("a temperature must be above 0")
    calibrated = table.copy()
    calibrated[P_COLUMNS] = softmax(logits(table) / temperature)
    return calibrated


def calibration_errors(tables, *, majority, prior, draws=DRAWS, seed=0):
    """Log-loss and expected calibration error of several tables of the same split.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Name (``before``, ``after``) to predictions of one split.
    majority, prior
        As `evaluation.score`.

    Returns
    -------
    pandas.DataFrame
        One row a table: log_loss (nats) and ece (15 bins), each with low and high, the 95%
        interval over users. An expected calibration error is above 0 even where the model is
        calibrated, the more so the fewer clips there are.
    """
    rows = {}
    for name, table in tables.items():
        found = score(table, majority=majority, prior=prior, draws=draws, seed=seed)
        rows[name] = {}
        for metric in ("log_loss", "ece"):
            low, high = found[metric]["interval"]
            rows[name] |= {metric: found[metric]["value"], f"{metric}_low": low}
            rows[name] |= {f"{metric}_high": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def reliability(table, *, bins=RELIABILITY_BINS, draws=DRAWS, seed=0):
    """Confidence and accuracy of the answers, by bins of confidence.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    bins : int
        Bins of equal width over 0..1.

    Returns
    -------
    pandas.DataFrame
        One row a bin that holds clips: from, to, confidence (mean), accuracy, low, high (95%,
        bootstrap over users), clips, users. With one user no interval is known: low and high are
        missing.
    """
    confidence, right = answers(table)
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    inside = np.eye(bins)[which]
    counts = sum_per_user(table, inside)
    hits = sum_per_user(table, inside * right[:, None])
    drawn = draw_users(len(counts), draws=draws, seed=seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (drawn @ hits) / (drawn @ counts)
    rows = []
    for k in np.flatnonzero(inside.sum(0)):
        users = int((counts[:, k] > 0).sum())
        low, high = interval(spread[:, k]) if users > 1 else (np.nan, np.nan)
        rows.append(
            {
                "from": k / bins,
                "to": (k + 1) / bins,
                "confidence": confidence[which == k].mean(),
                "accuracy": right[which == k].mean(),
                "low": low,
                "high": high,
                "clips": int(counts[:, k].sum()),
                "users": users,
            }
        )
    return pd.DataFrame(rows)


def answers(table):
    """Confidence of each clip's answer, and whether it is right (1 or 0), two arrays."""
    p = table[P_COLUMNS].to_numpy(float)
    confidence = p[np.arange(len(p)), table["prediction"].to_numpy() - 1]
    return confidence, (table["prediction"] == table["ground_truth"]).to_numpy(float)
