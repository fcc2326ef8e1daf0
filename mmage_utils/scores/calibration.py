"""How far a model's confidence can be believed (task g).

Confidence is the probability of the answer that is given. A temperature is fitted on valid; what
is read on test uses it and chooses nothing.
"""

import numpy as np
import pandas as pd

from mmage_utils.predictions import P_COLUMNS, logits, softmax
from mmage_utils.scores.bootstrap import DRAWS, ratio_interval, sum_per_user
from mmage_utils.scores.metrics import bin_of

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
    which = bin_of(confidence, bins)
    inside = np.eye(bins)[which]
    counts = sum_per_user(table, inside)
    low, high = ratio_interval(
        sum_per_user(table, inside * right[:, None]), counts, draws=draws, seed=seed
    )
    rows = pd.DataFrame(
        {
            "from": np.arange(bins) / bins,
            "to": np.arange(1, bins + 1) / bins,
            "clips": counts.sum(0).astype(int),
            "users": (counts > 0).sum(0),
        }
    )
    means = pd.DataFrame({"confidence": confidence, "accuracy": right}).groupby(which).mean()
    rows = rows.join(means).assign(low=low, high=high)
    rows.loc[rows["users"] < 2, ["low", "high"]] = np.nan
    return rows[rows["clips"] > 0].reset_index(drop=True)


def answers(table):
    """Confidence of each clip's answer, and whether it is right (1 or 0), two arrays."""
    p = table[P_COLUMNS].to_numpy(float)
    confidence = p[np.arange(len(p)), table["prediction"].to_numpy() - 1]
    return confidence, (table["prediction"] == table["ground_truth"]).to_numpy(float)
