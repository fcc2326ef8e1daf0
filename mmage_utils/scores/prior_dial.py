"""The dial between accuracy and balanced accuracy: more or less of the prior taken off (task c)."""

import pandas as pd

from mmage_utils.models.class_balance import adjustment
from mmage_utils.predictions import adjust
from mmage_utils.scores.metrics import confusion, scores_of


def sweep(table, counts, *, taus):
    """The dial: scores of one model as the prior is taken off its logits by more or less.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    counts : array-like, shape (7,)
        Train clips per age group.
    taus : sequence of float
        0 leaves the model as it is.

    Returns
    -------
    pandas.DataFrame
        tau, accuracy, balanced accuracy.
    """
    rows = []
    for tau in taus:
        adjusted = adjust(table, adjustment(counts, tau))
        scores = scores_of(confusion(adjusted))
        rows.append((tau, float(scores["accuracy"]), float(scores["balanced_accuracy"])))
    return pd.DataFrame(rows, columns=["tau", "accuracy", "balanced accuracy"])


def operating_points(frontier):
    """The two values of the dial that are best on a frontier measured on valid.

    Parameters
    ----------
    frontier : pandas.DataFrame
        `sweep` of the valid split.

    Returns
    -------
    dict of str to float
        tau of the best accuracy and of the best balanced accuracy; of equals the nearest to 0.
    """
    points = {}
    for metric in ("accuracy", "balanced accuracy"):
        best = frontier[frontier[metric] >= frontier[metric].max() - 1e-12]
        points[metric] = float(best.loc[best["tau"].abs().idxmin(), "tau"])
    return points
