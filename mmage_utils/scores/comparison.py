"""Paired comparisons on the same clips: intervals over users, McNemar and Holm."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, user_confusions
from mmage_utils.scores.metrics import confusion, scores_of

METRICS = ("accuracy", "balanced_accuracy", "kappa")


def pair_up(table, other):
    """Join two predictions of the same clips on VideoName; the second is prediction_other.

    Raises
    ------
    ValueError
        When the clips differ.
    """
    both = table.merge(
        other[["VideoName", "prediction"]], on="VideoName", suffixes=("", "_other"), validate="1:1"
    )
    if not len(table) == len(other) == len(both):
        raise ValueError("the two predictions are not of the same clips")
    return both


def difference(table, other, metric="accuracy", *, draws=DRAWS, seed=0):
    """Paired difference of two predictions of the same clips, clustered by user.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Predictions (VideoName, UserID, ground_truth, prediction) of the same clips, in any order.
    metric : str
        A score of `metrics.scores_of`.

    Returns
    -------
    dict
        value (`table` minus `other`), low and high (95%, bootstrap over users).

    Raises
    ------
    ValueError
        When the clips differ.
    """
    both = pair_up(table, other)
    weights = draw_users(both["UserID"].nunique(), draws=draws, seed=seed)
    values, spread = [], []
    for answers in (both, both.assign(prediction=both["prediction_other"])):
        values.append(scores_of(confusion(answers))[metric])
        drawn = (weights @ user_confusions(answers)).reshape(-1, N_GROUPS, N_GROUPS)
        spread.append(scores_of(drawn)[metric])
    low, high = interval(spread[0] - spread[1])
    return {"value": float(values[0] - values[1]), "low": float(low), "high": float(high)}


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
        One row a pair and metric: model, other, metric, value, low, high.
    """
    return pd.DataFrame(
        [
            {"model": model, "other": other, "metric": metric}
            | difference(tables[model], tables[other], metric, **settings)
            for model, other in pairs
            for metric in metrics
        ]
    )


def compare(table, other, *, draws=DRAWS, seed=0):
    """Compare two predictions of the same clips.

    Parameters
    ----------
    table, other : pandas.DataFrame
        As `difference`.

    Returns
    -------
    differences : pandas.DataFrame
        One row for each of `METRICS`: metric, value (`table` minus `other`), low, high.
    tests : dict
        only_first, only_second: clips that only the one and only the other gets right; p_mcnemar,
        exact, which takes clips for independent; p_users: two-sided p-value of the difference in
        accuracy by swapping the two models for whole users; clips, users.

    Raises
    ------
    ValueError
        When the clips differ.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    pair = pair_up(table, other)
    right = pair["prediction"] == pair["ground_truth"]
    right_other = pair["prediction_other"] == pair["ground_truth"]
    only, only_other = int((right & ~right_other).sum()), int((right_other & ~right).sum())
    both, neither = int((right & right_other).sum()), int((~right & ~right_other).sum())
    gains = user_gains(pair)
    rows = [
        {"metric": metric} | difference(table, other, metric, draws=draws, seed=seed)
        for metric in METRICS
    ]
    return pd.DataFrame(rows), {
        "only_first": only,
        "only_second": only_other,
        "p_mcnemar": float(mcnemar([[both, only], [only_other, neither]], exact=True).pvalue),
        "p_users": sign_flip(gains, draws=draws, seed=seed),
        "clips": len(pair),
        "users": len(gains),
    }


def user_gains(pair):
    """Right clips of each user that the first of two predictions wins over the second.

    Parameters
    ----------
    pair : pandas.DataFrame
        `pair_up`.

    Returns
    -------
    numpy.ndarray of int, shape (n users,)
    """
    right, right_other = (
        (pair[name] == pair["ground_truth"]).astype(int)
        for name in ("prediction", "prediction_other")
    )
    return (right - right_other).groupby(pair["UserID"]).sum().to_numpy()


def sign_flip(gains, *, draws=DRAWS, seed=0):
    """Two-sided p-value of a sum of paired gains, by flipping the sign of whole users.

    Parameters
    ----------
    gains : array-like, shape (n users,)
        Right clips won by the one model over the other.
    """
    gains = np.asarray(gains, dtype=float)
    signs = np.random.default_rng([seed, 7]).choice([-1.0, 1.0], size=(draws, len(gains)))
    # A hair's breadth: equal sums added in another order still count as equal.
    extreme = np.sum(np.abs(signs @ gains) >= abs(gains.sum()) - 1e-9)
    return float((1 + extreme) / (1 + draws))


def holm(p):
    """p-values adjusted by Holm for all of them together."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method="holm")[1]


def compare_pairs(tables, pairs, *, draws=DRAWS, seed=0):
    """Compare the accuracies of several pairs of models.

    Parameters
    ----------
    tables, pairs
        As `differences`.

    Returns
    -------
    pandas.DataFrame
        `differences`, with p (over users) and p_holm, adjusted for all pairs together.
    """
    p = [
        sign_flip(user_gains(pair_up(tables[model], tables[other])), draws=draws, seed=seed)
        for model, other in pairs
    ]
    return differences(tables, pairs, draws=draws, seed=seed).assign(p=p, p_holm=holm(p))
