"""Paired comparisons on the same clips: intervals over users, McNemar, Holm, and a verdict."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, user_confusions
from mmage_utils.scores.metrics import confusion, scores_of

METRICS = ("accuracy", "balanced_accuracy", "kappa")


def compare(table, other, *, draws=DRAWS, seed=0):
    """Compare two predictions of the same clips.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Predictions (VideoName, UserID, ground_truth, prediction), in any order.

    Returns
    -------
    dict
        accuracy, balanced_accuracy, kappa: value (`table` minus `other`) and interval (95%,
        bootstrap over users); mcnemar: clips that only the one and only the other gets right, and
        the exact p-value, which takes clips for independent; p_users: two-sided p-value of the
        difference in accuracy by flipping the two models for whole users; n_clips, n_users.

    Raises
    ------
    ValueError
        When the clips differ.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    found = {metric: difference(table, other, metric, draws=draws, seed=seed) for metric in METRICS}
    pair = table[["VideoName", "UserID", "ground_truth", "prediction"]].merge(
        other[["VideoName", "prediction"]], on="VideoName", suffixes=("", "_other")
    )
    right = pair["prediction"] == pair["ground_truth"]
    right_other = pair["prediction_other"] == pair["ground_truth"]
    only, only_other = int((right & ~right_other).sum()), int((right_other & ~right).sum())
    both, neither = int((right & right_other).sum()), int((~right & ~right_other).sum())
    gain = (right.astype(int) - right_other.astype(int)).groupby(pair["UserID"]).sum().to_numpy()
    rng = np.random.default_rng([seed, 7])
    flips = rng.choice([-1, 1], size=(draws, len(gain))) @ gain
    return {
        **found,
        "mcnemar": {
            "only_first": only,
            "only_second": only_other,
            "p": float(mcnemar([[both, only], [only_other, neither]], exact=True).pvalue),
        },
        "p_users": float((1 + np.sum(np.abs(flips) >= abs(gain.sum()))) / (1 + draws)),
        "n_clips": len(pair),
        "n_users": len(gain),
    }


def compare_pairs(tables, pairs, *, draws=DRAWS, seed=0):
    """Compare several pairs of models, p-values adjusted by Holm for all of them together.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
    pairs : list of (str, str)

    Returns
    -------
    pandas.DataFrame
        One row a pair: difference, low, high (points of accuracy), p (over users), p_holm.
    """
    from statsmodels.stats.multitest import multipletests

    found = [compare(tables[a], tables[b], draws=draws, seed=seed) for a, b in pairs]
    adjusted = multipletests([one["p_users"] for one in found], method="holm")[1]
    rows = []
    for (a, b), one, p in zip(pairs, found, adjusted, strict=True):
        value, (low, high) = one["accuracy"]["value"], one["accuracy"]["interval"]
        rows.append((f"{a} - {b}", 100 * value, 100 * low, 100 * high, one["p_users"], p))
    columns = ["pair", "points", "low", "high", "p", "p_holm"]
    return pd.DataFrame(rows, columns=columns).set_index("pair")


def difference(table, other, metric="accuracy", *, draws=DRAWS, seed=0):
    """Paired difference of two predictions of the same clips, clustered by user.

    Parameters
    ----------
    table, other : pandas.DataFrame
        Predictions of the same clips, in any order; they are joined on VideoName.

    Returns
    -------
    dict
        value (`table` minus `other`) and interval (95%).
    """
    columns = ["VideoName", "prediction"]
    both = table.merge(other[columns], on="VideoName", suffixes=("", "_other"), validate="1:1")
    if not len(table) == len(other) == len(both):
        raise ValueError("the two predictions are not of the same clips")
    swapped = both.assign(prediction=both["prediction_other"])
    weights = draw_users(both["UserID"].nunique(), draws=draws, seed=seed)
    shape = (-1, N_GROUPS, N_GROUPS)
    values, spread = [], []
    for one in (both, swapped):
        values.append(scores_of(confusion(one))[metric])
        spread.append(scores_of((weights @ user_confusions(one)).reshape(shape))[metric])
    return {"value": float(values[0] - values[1]), "interval": interval(spread[0] - spread[1])}
