"""Accuracy per category of perceived age, gender and ethnicity, and the course's bias."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES
from mmage_utils.scores.bootstrap import (
    DRAWS,
    counts_per_user,
    halved_sums,
    interval,
    paired_at_random,
    proportion_interval,
)
from mmage_utils.scores.comparison import pair_up
from mmage_utils.scores.jackknife import THIN

MIN_USERS = 10  # a percentage of fewer users says nothing
GROUP_COLUMNS = {"AgeGroup": "ground_truth", "Gender": "Gender", "Ethnicity": "Ethnicity"}


def accuracy_by(table, attribute, *, majority=None):
    """Accuracy per category of an attribute, with 95% intervals over users.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions joined with their labels (`predictions.join_labels`).
    attribute : str or tuple of str
        ``AgeGroup``, ``Gender``, ``Ethnicity``, or several for their combinations.
    majority : int, optional
        The constant predictor's answer.

    Returns
    -------
    pandas.DataFrame
        One row per category: right, clips, users, accuracy (NaN without clips), low, high
        (`bootstrap.proportion_interval`; NaN for fewer than `MIN_USERS` users) and, with
        `majority`, the accuracy of the constant predictor in the category as constant.
    """
    attributes = [attribute] if isinstance(attribute, str) else list(attribute)
    names = [list(ATTRIBUTES[name].values()) for name in attributes]
    index = names[0] if len(names) == 1 else pd.MultiIndex.from_product(names)
    hits, clips = _user_hits(table, attributes)
    counts = {"right": hits.sum(0), "clips": clips.sum(0), "users": (clips > 0).sum(0)}
    rows = pd.DataFrame(counts, index=index).astype(int)
    rows["accuracy"], rows["low"], rows["high"] = proportion_interval(hits, clips)
    rows.loc[rows["users"] < MIN_USERS, ["low", "high"]] = np.nan
    if majority is not None:
        constant, _ = _user_hits(table.assign(prediction=majority), attributes)
        rows["constant"] = constant.sum(0) / rows["clips"].where(rows["clips"] > 0)
    return rows


def thin_groups(table):
    """The age groups on whose few users an average over age groups rests.

    Returns
    -------
    pandas.DataFrame
        One row per age group that occurs with fewer than `jackknife.THIN` users, indexed by its
        name: users, weight (share of the group in an average over the groups that occur).
    """
    users = table.groupby("ground_truth")["UserID"].nunique()
    rows = pd.DataFrame({"users": users, "weight": 1 / len(users)})
    return rows[rows["users"] < THIN].rename(index=AGE_GROUPS).rename_axis(None)


def _user_hits(table, attributes):
    """Right clips and clips of each user in each combination, two arrays (n_users, categories)."""
    sizes = [len(ATTRIBUTES[name]) for name in attributes]
    codes = [table[GROUP_COLUMNS[name]].to_numpy() - 1 for name in attributes]
    cell, n = np.ravel_multi_index(codes, sizes), int(np.prod(sizes))
    right = (table["ground_truth"] == table["prediction"]).to_numpy(float)
    return counts_per_user(table, cell, n, right), counts_per_user(table, cell, n)


def interval_of_half(users):
    """95% interval (low, high) of an accuracy when half of so many users are right.

    Clopper-Pearson, a user counting once: the widest that a group of this size can get.
    """
    from statsmodels.stats.proportion import proportion_confint

    return tuple(map(float, proportion_confint(users // 2, users, method="beta")))


def bias(accuracies):
    """Mean absolute difference over all pairs of per-category accuracies (the course's bias).

    Parameters
    ----------
    accuracies : array-like, shape (..., categories)
        Categories without clips (NaN) are left out.

    Returns
    -------
    numpy.ndarray, shape (...)
        NaN where fewer than two categories have clips.
    """
    accuracies = np.asarray(accuracies, dtype=float)
    first, second = np.triu_indices(accuracies.shape[-1], 1)
    gaps = np.abs(accuracies[..., first] - accuracies[..., second])
    known = ~np.isnan(gaps)
    with np.errstate(invalid="ignore"):
        return np.where(known, gaps, 0).sum(-1) / known.sum(-1)


def biases(table, *, model="", draws=DRAWS, seed=0):
    """Age, gender and ethnicity bias and their average, each beside its null distribution.

    The null distribution permutes the attribute across users: with small categories, chance alone
    makes a bias. A bias is never negative, so what counts is its excess over the null's median.
    Takes predictions joined with their labels, and the name of the model in the rows.

    Returns
    -------
    pandas.DataFrame
        One row for AgeGroup, Gender, Ethnicity and average: model, attribute, value, null50 and
        null95 (median and 95th percentile of the null distribution), excess (value - null50), p
        (share of the null at or above the value). An attribute with a single category has NaN and
        is left out of the average.
    """
    values_of = {}  # of the sample, then the null distribution
    for k, name in enumerate(ATTRIBUTES):
        hits, clips = _user_hits(table, [name])
        # The category of a user is that of most of the user's clips.
        categories = np.bincount(clips.argmax(1), minlength=clips.shape[1])
        answers = np.column_stack([hits.sum(1), clips.sum(1)])
        kinds, users = np.unique(answers, axis=0, return_counts=True)
        pairs = paired_at_random(users, categories, draws=draws, seed=[seed, 5, k])
        right, all_clips = np.moveaxis(np.tensordot(pairs, kinds, axes=(1, 0)), 2, 0)
        with np.errstate(invalid="ignore"):
            null = bias(right / all_clips)
            values_of[name] = np.concatenate([[bias(hits.sum(0) / clips.sum(0))], null])
    rows = []
    for name, values in (values_of | {"average": _mean_of_known(values_of)}).items():
        value, null = values[0], values[1:]
        null50, null95 = interval(null, (50, 95))
        p = np.nan if np.isnan(value) else (1 + np.sum(null >= value - 1e-12)) / (1 + draws)
        rows.append((model, name, value, null50, null95, value - null50, p))
    columns = ["model", "attribute", "value", "null50", "null95", "excess", "p"]
    return pd.DataFrame(rows, columns=columns)


def stack_biases(tables, **settings):
    """`biases` of several models, as one table; `tables` maps a model to its predictions."""
    rows = [biases(table, model=name, **settings) for name, table in tables.items()]
    return pd.concat(rows, ignore_index=True)


def _mean_of_known(values_of):
    """Mean over the attributes that have several categories."""
    known = [values for values in values_of.values() if not np.isnan(values[0])]
    return np.mean(known or [values_of["AgeGroup"]], axis=0)


def compare_biases(table, other, *, draws=DRAWS, seed=0):
    """Compare the biases of two models by swapping them for whole users; raises as `pair_up`.

    Returns
    -------
    pandas.DataFrame
        One row for AgeGroup, Gender, Ethnicity and average: attribute, value (bias of `table`
        minus that of `other`), null_low and null_high (95% of the swaps), p (two-sided).
    """
    both = pair_up(table, other)
    swapped = both.assign(prediction=both["prediction_other"])
    sides = {name: (_user_hits(both, [name]), _user_hits(swapped, [name])) for name in ATTRIBUTES}
    gained = {name: other[0] - own[0] for name, (own, other) in sides.items()}
    # The same users are swapped for all attributes; the first row swaps nobody.
    moves = halved_sums(np.hstack(list(gained.values())), draws=draws, seed=[seed, 19])
    moves = np.vstack([np.zeros_like(moves[:1]), moves])
    ends = np.cumsum([gains.shape[1] for gains in gained.values()])[:-1]
    values_of = {}
    for name, moved in zip(ATTRIBUTES, np.split(moves, ends, axis=1), strict=True):
        (hits, clips), (others, _) = sides[name]
        total = clips.sum(0)
        with np.errstate(invalid="ignore"):
            first = bias((hits.sum(0) + moved) / total)
            values_of[name] = first - bias((others.sum(0) - moved) / total)
    rows = []
    for name, values in (values_of | {"average": _mean_of_known(values_of)}).items():
        value, null = values[0], values[1:]
        extreme = np.sum(np.abs(null) >= abs(value) - 1e-12)
        rows.append((name, value, *interval(null), (1 + extreme) / (1 + draws)))
    return pd.DataFrame(rows, columns=["attribute", "value", "null_low", "null_high", "p"])
