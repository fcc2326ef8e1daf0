"""Paired comparisons on the same clips: intervals over users, McNemar and Holm."""

import numpy as np
import pandas as pd

from mmage_utils.scores.bootstrap import DRAWS
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
)
from mmage_utils.scores.metrics import scores_of, unit_weights

METRICS = ("accuracy", "balanced_accuracy", "kappa")


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
    pair = pair_up(table, other)
    weights, groups = unit_weights(pair, unit), groups_of_users(pair)
    first, second = (
        confusions_without_each(rows, weights)
        for rows in (pair, pair.assign(prediction=pair["prediction_other"]))
    )
    scores, scores_other = scores_of(first), scores_of(second)
    reach, reach_other = reach_of(first[0]), reach_of(second[0])
    differ = (pair["prediction"] != pair["prediction_other"]).any()
    result = {}
    for metric in metrics:
        # What can move either can move the difference, unless the answers are the same.
        either = np.maximum(reach[metric], reach_other[metric]) * differ
        numbers = interval_over_users(scores[metric] - scores_other[metric], groups, either)
        result[metric] = dict(zip(("value", "low", "high"), numbers, strict=True))
    return result


def differences(tables, pairs, metrics=("accuracy",), **settings):
    """`difference` of several pairs of models and metrics.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Model to predictions of one split.
    pairs : sequence of (str, str)

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
    signs = np.random.default_rng([seed, 7]).choice([-1.0, 1.0], size=(draws, len(gains)))
    # The tolerance makes equal sums count as equal, whatever the order of their terms.
    extreme = np.sum(np.abs(signs @ gains) >= abs(gains.sum()) - 1e-9)
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
