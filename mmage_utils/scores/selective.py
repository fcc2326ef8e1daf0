"""What is left right when a model may leave the clips it is unsure of unanswered (task g).

The threshold of confidence is chosen on valid; test only shows what it brings.
"""

import numpy as np
import pandas as pd

from mmage_utils.scores.bootstrap import DRAWS, ratio_interval, sum_per_user
from mmage_utils.scores.calibration import answers


def risk_coverage(table, *, draws=DRAWS, seed=0):
    """Accuracy among the clips that are answered, the least confident ones left unanswered.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.

    Returns
    -------
    pandas.DataFrame
        One row a threshold, at most 101, from all clips answered to few: threshold (the least
        confidence that is answered), coverage (share of clips answered), accuracy, low, high
        (95%, bootstrap over users).
    """
    confidence, right = answers(table)
    values = np.unique(confidence)
    thresholds = values[np.unique(np.linspace(0, len(values) - 1, 101).astype(int))]
    answered = confidence[:, None] >= thresholds
    counts = sum_per_user(table, answered.astype(float))
    hits = sum_per_user(table, answered * right[:, None])
    low, high = ratio_interval(hits, counts, draws=draws, seed=seed)
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "coverage": answered.mean(0),
            "accuracy": hits.sum(0) / counts.sum(0),
            "low": low,
            "high": high,
        }
    )


def choose_threshold(table, target=0.7, *, least=0.05):
    """The least confidence from which the answers are right often enough, chosen on valid.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of all splits; only rows of valid are looked at.
    target : float
        Accuracy that the answered clips shall have.
    least : float
        Share of the valid clips that must be answered: the accuracy of fewer is chance.

    Returns
    -------
    float
        0 when all may be answered; above 1 when no threshold reaches the target.
    """
    valid = table[table["split"] == "valid"]
    confidence, right = answers(valid)
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Clips of equal confidence are answered together: only the last of them counts.
    last = np.append(ranked[1:] != ranked[:-1], True)
    enough = np.arange(1, len(order) + 1) >= least * len(order)
    reached = np.flatnonzero(last & enough & (accuracy >= target))
    if not len(reached):
        return 1.01
    return 0.0 if reached[-1] == len(order) - 1 else float(ranked[reached[-1]])


def answer_above(table, threshold, *, draws=DRAWS, seed=0):
    """What a threshold of confidence, chosen on valid, brings on one split.

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
        the answered, NaN where there is none), each with _low and _high (95%, bootstrap over
        users).
    """
    confidence, right = answers(table)
    answered = (confidence >= threshold).astype(float)
    sums = sum_per_user(table, np.stack([np.ones(len(table)), answered, answered * right], axis=1))
    low, high = ratio_interval(sums[:, 1:], sums[:, :2], draws=draws, seed=seed)
    total = sums.sum(0)
    with np.errstate(invalid="ignore"):
        values = total[1:] / total[:2]
    result = {"threshold": threshold, "clips": len(table), "answered": int(total[1])}
    for k, name in enumerate(("coverage", "accuracy")):
        result |= {name: values[k], f"{name}_low": low[k], f"{name}_high": high[k]}
    return result
