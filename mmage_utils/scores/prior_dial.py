"""The trade of accuracy for balanced accuracy, by the prior in the logits (task c)."""

import pandas as pd

from mmage_utils.models.class_balance import adjustment
from mmage_utils.predictions import adjust
from mmage_utils.scores.metrics import confusion, scores_of


def sweep(table, counts, *, taus):
    """Scores of one model with tau times the log prior subtracted from its logits.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    counts : array-like, shape (7,)
        Train clips per age group.
    taus : sequence of float
        0 leaves the predictions as they are.

    Returns
    -------
    pandas.DataFrame
        tau, accuracy, balanced accuracy.
    """
    rows = []
    for tau in taus:
        scores = scores_of(confusion(adjust(table, adjustment(counts, tau))))
        rows.append((tau, float(scores["accuracy"]), float(scores["balanced_accuracy"])))
    return pd.DataFrame(rows, columns=["tau", "accuracy", "balanced accuracy"])


def operating_points(frontier):
    """tau of the best accuracy and of the best balanced accuracy, as a dict.

    Parameters
    ----------
    frontier : pandas.DataFrame
        `sweep` of the valid split. Of equal scores, the tau nearest to 0 is taken.
    """
    points = {}
    for metric in ("accuracy", "balanced accuracy"):
        best = frontier[frontier[metric] >= frontier[metric].max() - 1e-12]
        points[metric] = float(best.loc[best["tau"].abs().idxmin(), "tau"])
    return points
