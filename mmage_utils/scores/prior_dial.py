"""The trade of accuracy for balanced accuracy, by the prior in the logits (task c)."""

import numpy as np
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


STEP, WIDEST = 0.1, 16.0  # of tau


def choose_dial(table, counts):
    """Sweep the dial on valid, as far as needed for the best points to lie inside the sweep.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of all splits; those of valid choose, those of test are only swept.
    counts : array-like, shape (7,)
        Train clips per age group.

    Returns
    -------
    frontiers : dict of str to pandas.DataFrame
        `sweep` of valid and test.
    points : dict of str to float
        `operating_points`.
    """
    reach = 2.0
    while True:
        taus = STEP * np.arange(-round(reach / STEP), round(reach / STEP) + 1)
        valid = sweep(table[table["split"] == "valid"], counts, taus=taus)
        points = operating_points(valid)
        if max(map(abs, points.values())) < reach - STEP / 2 or reach >= WIDEST:
            test = sweep(table[table["split"] == "test"], counts, taus=taus)
            return {"valid": valid, "test": test}, points
        reach *= 2


def at_points(label, table, counts, points):
    """Predictions at each operating point, by label: ``image, corrected: best accuracy ...``."""
    return {
        f"{label}: best {aim} on valid, tau {tau:+.1f}": adjust(table, adjustment(counts, tau))
        for aim, tau in points.items()
    }


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
