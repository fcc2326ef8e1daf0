"""Paired comparisons of two recipes that were each trained several times."""

import numpy as np
import pandas as pd

from mmage_utils.scores.comparison import pair_up
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
)
from mmage_utils.scores.metrics import scores_of


def seed_differences(tables, others, metrics=("accuracy",)):
    """Mean difference of two recipes over their trainings, with intervals over users and trainings.

    The variance over users is that of the mean over trainings (`jackknife`); to it is added that
    of the mean itself, from the spread of the trainings' differences. With one training a side
    there is no spread, and the interval covers users only.

    Parameters
    ----------
    tables, others : list of pandas.DataFrame
        Predictions, one table per training, of all splits or of test; only test is used. The k-th
        of the one is paired with the k-th of the other.
    metrics : sequence of str
        Scores of `metrics.scores_of`.

    Returns
    -------
    pandas.DataFrame
        One row per metric: metric, mean, mean_other, value (their difference), low, high (95%),
        trainings, clips, users.

    Raises
    ------
    ValueError
        When the numbers of trainings or the clips differ.
    """
    if not tables or len(tables) != len(others):
        raise ValueError("both recipes need the same number of trainings, one at least")
    scores, reaches = [], []
    for table, other in zip(tables, others, strict=True):
        pair = pair_up(*(one[one["split"] == "test"] for one in (table, other)))
        sides = [pair, pair.assign(prediction=pair["prediction_other"])]
        matrices = [confusions_without_each(side) for side in sides]
        scores.append([scores_of(matrix) for matrix in matrices])
        reaches.append([reach_of(matrix[0]) for matrix in matrices])
    groups, n, rows = groups_of_users(pair), len(tables), []
    for metric in metrics:
        first, second = (np.array([one[k][metric] for one in scores]) for k in (0, 1))
        reach = np.max([side[metric] for sides in reaches for side in sides], axis=0)
        gaps = first - second
        over_seeds = [(gaps[:, 0].var(ddof=1) / n, n - 1)] if n > 1 else []
        numbers = interval_over_users(gaps.mean(0), groups, reach, more=over_seeds)
        means = (first[:, 0].mean(), second[:, 0].mean())
        rows.append((metric, *means, *numbers, n, len(pair), len(groups)))
    columns = ["metric", "mean", "mean_other", "value", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "trainings", "clips", "users"])
