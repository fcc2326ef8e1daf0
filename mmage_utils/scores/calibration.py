"""Whether a model's confidence, the probability of its prediction, can be believed (task g).

Temperatures are fitted on valid; test chooses nothing.
"""

import numpy as np
import pandas as pd

from mmage_utils.predictions import logits, with_logits
from mmage_utils.scores.bootstrap import DRAWS, estimate_ratio, sum_per_user
from mmage_utils.scores.metrics import answers, bin_of

TEMPERATURES = (0.05, 20.0)  # the range that is searched
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
        Within `TEMPERATURES`; above 1 the model was too confident.

    Raises
    ------
    ValueError
        When there is no clip.
    """
    from scipy.optimize import minimize_scalar

    log_p, true = np.asarray(log_p, dtype=float), np.asarray(groups) - 1
    if not len(log_p):
        raise ValueError("a temperature needs clips to be fitted on")
    # The log-loss at T is the mean of log sum exp(gap / T), where gap is 0 for the true group.
    gap = log_p - log_p[np.arange(len(log_p)), true][:, None]
    top = gap.max(1)
    gap = gap - top[:, None]

    def loss(log_t):
        beta = np.exp(-log_t)
        return np.mean(top * beta + np.log(np.exp(gap * beta).sum(1)))

    bounds = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def calibrate(table, temperature):
    """Divide the logits of predictions by a temperature; the predicted age groups stay.

    Parameters
    ----------
    table : pandas.DataFrame
        A prediction table.
    temperature : float

    Raises
    ------
    ValueError
        When the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError("a temperature must be above 0")
    return with_logits(table, logits(table) / temperature).assign(prediction=table["prediction"])


def reliability(table, *, draws=DRAWS, seed=0):
    """Confidence and accuracy by `RELIABILITY_BINS` bins of confidence, equally wide over 0..1.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.

    Returns
    -------
    pandas.DataFrame
        One row per bin with clips: from, to, clips, users, confidence (mean), accuracy, low, high
        (95%, bootstrap over users; NaN for a single user).
    """
    bins = RELIABILITY_BINS
    confidence, right = answers(table)
    inside = np.eye(bins)[bin_of(confidence, bins)]
    counts = sum_per_user(table, inside)
    hits = sum_per_user(table, inside * right[:, None])
    edges = np.arange(bins + 1) / bins
    rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "clips": counts.sum(0).astype(int)})
    rows["users"] = (counts > 0).sum(0)
    rows["confidence"] = confidence @ inside / rows["clips"]
    estimates = estimate_ratio(hits, counts, draws=draws, seed=seed)
    rows["accuracy"], rows["low"], rows["high"] = estimates
    rows.loc[rows["users"] < 2, ["low", "high"]] = np.nan
    return rows[rows["clips"] > 0].reset_index(drop=True)


def compare_reliability(before, after, **settings):
    """`reliability` of several models before and after their temperatures.

    Parameters
    ----------
    before, after : dict of str to pandas.DataFrame
        Model to predictions of one split.
    **settings
        As `reliability`.

    Returns
    -------
    dict of str to dict of str to pandas.DataFrame
        Model to stage (before, after) to `reliability`.
    """
    return {
        model: {
            "before": reliability(table, **settings),
            "after": reliability(after[model], **settings),
        }
        for model, table in before.items()
    }
