"""Paired comparisons on the same clips: intervals over users, McNemar and Holm."""

import numpy as np
import pandas as pd

from mmage_utils.predictions import P_COLUMNS, shared_clips
from mmage_utils.scores.bootstrap import DRAWS, halved_sums
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
    without_each,
)
from mmage_utils.scores.metrics import (
    confusion,
    probability_scores,
    probability_sums,
    scores_of,
    unit_weights,
)

METRICS = ("accuracy", "balanced_accuracy", "kappa")
COLUMNS = [
    *("metric", "mean", "mean_other", "value", "low", "high"),
    *("trainings", "clips", "users"),
]


def pair_up(table, other):
    """Join two predictions of the same clips on VideoName.

    Returns
    -------
    pandas.DataFrame
        `table` with prediction_other and gain: 1 where only the first is right, -1 where only the
        other is.

    Raises
    ------
    ValueError
        When the clips differ.
    """
    pair = table.merge(
        other[["VideoName", "prediction"]], on="VideoName", suffixes=("", "_other"), validate="1:1"
    )
    if not len(table) == len(other) == len(pair):
        raise ValueError("the two predictions are not of the same clips")
    right, right_other = (
        (pair[column] == pair["ground_truth"]).astype(int)
        for column in ("prediction", "prediction_other")
    )
    return pair.assign(gain=right - right_other)


def difference(table, other, metric="accuracy", *, unit="clip"):
    """Paired difference of two predictions of the same clips, clustered by user.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Predictions (VideoName, UserID, ground_truth, prediction), in any order.
    metric : str
        A score of `metrics.scores_of`.
    unit : str
        As `evaluation.score`.

    Returns
    -------
    dict
        value (`table` minus `other`), low and high (95%, over users: `jackknife`).

    Raises
    ------
    ValueError
        When the clips differ.
    """
    return metric_differences(table, other, (metric,), unit=unit)[metric]


def metric_differences(table, other, metrics=METRICS, *, unit="clip"):
    """`difference` in several metrics, as a dict of metric to difference."""
    rows = seed_differences([table], [other], metrics, unit=unit, split=None).set_index("metric")
    return rows[["value", "low", "high"]].to_dict("index")


def seed_differences(tables, others, metrics=("accuracy",), *, unit="clip", split="test"):
    """Mean difference of two recipes over their trainings, with intervals over users and trainings.

    The variance over users is that of the mean over trainings (`jackknife`); to it is added that
    of the mean itself, from the spread of the trainings' differences. With one training a side
    there is no spread, and the interval covers users only.

    Parameters
    ----------
    tables, others : list of pandas.DataFrame
        Predictions, one table per training. The k-th of the one is paired with the k-th of the
        other.
    metrics : sequence of str
        Scores of `metrics.scores_of`.
    unit : str
        As `evaluation.score`.
    split : str or None
        The split that is compared; None for all rows.

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
        pair = pair_up(*(one[one["split"] == (split or one["split"])] for one in (table, other)))
        weights = unit_weights(pair, unit)
        sides = (pair, pair.assign(prediction=pair["prediction_other"]))
        matrices = [confusions_without_each(side, weights) for side in sides]
        # What can move either can move the difference, unless the answers are the same.
        differ = (pair["prediction"] != pair["prediction_other"]).any()
        reaches += [{k: v * differ for k, v in reach_of(one[0]).items()} for one in matrices]
        scores.append([scores_of(one) for one in matrices])
    groups, n, rows = groups_of_users(pair), len(tables), []
    for metric in metrics:
        first, second = (np.array([sides[k][metric] for sides in scores]) for k in (0, 1))
        gaps = first - second
        over_seeds = [(gaps[:, 0].var(ddof=1) / n, n - 1)] if n > 1 else []
        reach = np.max([one[metric] for one in reaches], axis=0)
        numbers = interval_over_users(gaps.mean(0), groups, reach, more=over_seeds)
        means = (first[:, 0].mean(), second[:, 0].mean())
        rows.append((metric, *means, *numbers, n, len(pair), len(groups)))
    return pd.DataFrame(rows, columns=COLUMNS)


def probability_differences(table, other, *, unit="clip", split="test"):
    """Paired differences in log-loss and calibration error of two predictions of the same clips.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Predictions with p1..p7, in any order.
    unit : str
        As `evaluation.score`.
    split : str

    Returns
    -------
    pandas.DataFrame
        As `seed_differences`, of one training a side: log_loss in nats and ece, where less is
        better.

    Raises
    ------
    ValueError
        When the clips differ.
    """
    sides = [one[one["split"] == split] for one in (table, other)]
    pair_up(*sides)  # where the clips differ, it says so
    one, two = shared_clips(sides)
    groups, weights = groups_of_users(one), unit_weights(one, unit)
    scores = [
        probability_scores(without_each(probability_sums(side, weights), groups))
        for side in (one, two)
    ]
    # As in `evaluation.score`, a group can move its share, unless the answers are the same.
    share = confusion(one, weights).sum(1)
    differ = (one[P_COLUMNS] != two[P_COLUMNS]).any(axis=None)
    reach, rows = share / share.sum() * differ, []
    for metric, values in scores[0].items():
        numbers = interval_over_users(values - scores[1][metric], groups, reach)
        means = (values[0], scores[1][metric][0])
        rows.append((metric, *means, *numbers, 1, len(one), len(groups)))
    return pd.DataFrame(rows, columns=COLUMNS)


def differences(tables, pairs, metrics=("accuracy",), **settings):
    """`difference` of several pairs of models and metrics.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Model to predictions of one split.
    pairs : sequence of (str, str)
    metrics : sequence of str
    **settings
        As `metric_differences`.

    Returns
    -------
    pandas.DataFrame
        One row per pair and metric: model, other, metric, value, low, high.
    """
    return pd.DataFrame(
        [
            {"model": model, "other": other, "metric": metric} | gap
            for model, other in pairs
            for metric, gap in metric_differences(
                tables[model], tables[other], metrics, **settings
            ).items()
        ]
    )


def compare(table, other, *, draws=DRAWS, seed=0):
    """Compare two predictions of the same clips.

    Parameters
    ----------
    table, other
        As `difference`.

    Returns
    -------
    differences : pandas.DataFrame
        One row for each of `METRICS`: metric, value (`table` minus `other`), low, high.
    tests : dict
        only_first, only_second: clips that only one of the two gets right; p_mcnemar: exact, as if
        clips were independent; p_users: `sign_flip`; clips, users.

    Raises
    ------
    ValueError
        When the clips differ.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    pair = pair_up(table, other)
    only, only_other = (int((pair["gain"] == sign).sum()) for sign in (1, -1))
    rows = [{"metric": name} | gap for name, gap in metric_differences(table, other).items()]
    return pd.DataFrame(rows), {
        "only_first": only,
        "only_second": only_other,
        "p_mcnemar": float(mcnemar([[0, only], [only_other, 0]], exact=True).pvalue),
        "p_users": sign_flip(pair.groupby("UserID")["gain"].sum(), draws=draws, seed=seed),
        "clips": len(pair),
        "users": pair["UserID"].nunique(),
    }


def sign_flip(gains, *, draws=DRAWS, seed=0):
    """Two-sided p-value of the sum of users' gains, from flips of the signs of whole users."""
    gains = np.asarray(gains, dtype=float)
    kept = halved_sums(gains[:, None], draws=draws, seed=[seed, 7])[:, 0]
    # The tolerance makes equal sums count as equal, whatever the order of their terms.
    extreme = np.sum(np.abs(2 * kept - gains.sum()) >= abs(gains.sum()) - 1e-9)
    return float((1 + extreme) / (1 + draws))


def holm(p):
    """p-values adjusted by Holm for all of them together."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method="holm")[1]


def compare_pairs(tables, pairs, *, draws=DRAWS, seed=0):
    """`differences` in accuracy, with p (`sign_flip`) and p_holm, adjusted for all pairs."""
    gains = [
        pair_up(tables[model], tables[other]).groupby("UserID")["gain"].sum()
        for model, other in pairs
    ]
    p = [sign_flip(gain, draws=draws, seed=seed) for gain in gains]
    return differences(tables, pairs).assign(p=p, p_holm=holm(p))
