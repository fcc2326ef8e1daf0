"""Accuracy of a model that leaves clips of low confidence unanswered (task g).

The threshold of confidence is chosen on valid; test only shows its effect.
"""

import numpy as np
import pandas as pd

from mmage_utils.scores.bootstrap import DRAWS, estimate_ratio, sum_per_user
from mmage_utils.scores.metrics import answers


def risk_coverage(table, *, draws=DRAWS, seed=0):
    """Accuracy among the answered clips, by the threshold of confidence.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.

    Returns
    -------
    pandas.DataFrame
        One row per threshold, at most 101, from all clips answered to few: threshold (the least
        confidence that is answered), coverage (share of clips answered), accuracy, low, high
        (95%, bootstrap over users).
    """
    confidence, right = answers(table)
    values = np.unique(confidence)
    thresholds = values[np.unique(np.linspace(0, len(values) - 1, 101).astype(int))]
    answered = confidence[:, None] >= thresholds
    counts = sum_per_user(table, answered.astype(float))
    hits = sum_per_user(table, answered * right[:, None])
    accuracy, low, high = estimate_ratio(hits, counts, draws=draws, seed=seed)
    rows = pd.DataFrame({"threshold": thresholds, "coverage": answered.mean(0)})
    return rows.assign(accuracy=accuracy, low=low, high=high)


def halve_errors(table):
    """A target accuracy with half of the errors that the valid clips have if all are answered."""
    valid = table[table["split"] == "valid"]
    return float((1 + (valid["prediction"] == valid["ground_truth"]).mean()) / 2)


def choose_threshold(table, target, *, least=0.05):
    """The least threshold of confidence that reaches a target accuracy on valid.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of all splits; only rows of valid are used.
    target : float
        Accuracy that the answered clips must have.
    least : float
        Share of the valid clips that must be answered: the accuracy of fewer is chance.

    Returns
    -------
    float
        0 when all clips can be answered; above 1 when no threshold reaches the target.
    """
    confidence, right = answers(table[table["split"] == "valid"])
    # Clips of equal confidence are answered together, the most confident first.
    sums = pd.DataFrame({"right": right, "clips": 1}).groupby(-confidence).sum().cumsum()
    enough = sums["clips"] >= least * len(confidence)
    reached = sums.index[enough & (sums["right"] / sums["clips"] >= target)]
    if reached.empty:
        return 1.01
    return 0.0 if reached[-1] == sums.index[-1] else float(-reached[-1])


def answer_above(table, threshold, *, draws=DRAWS, seed=0):
    """Coverage and accuracy at a threshold of confidence.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    threshold : float
        `choose_threshold`.

    Returns
    -------
    dict
        threshold, clips, answered (clips); coverage (share of clips answered) and accuracy (of
        these, NaN if there is none), each with _low and _high (95%, bootstrap over users).
    """
    confidence, right = answers(table)
    answered = (confidence >= threshold).astype(float)
    sums = sum_per_user(table, np.stack([np.ones(len(table)), answered, answered * right], axis=1))
    estimates = estimate_ratio(sums[:, 1:], sums[:, :2], draws=draws, seed=seed)
    result = {"threshold": threshold, "clips": len(table), "answered": int(answered.sum())}
    for k, name in enumerate(("coverage", "accuracy")):
        value, low, high = (numbers[k] for numbers in estimates)
        result |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return result
