"""Accuracy per category of perceived age, gender and ethnicity, and the course's bias."""

from functools import partial

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES
from mmage_utils.scores.bootstrap import DRAWS, interval, proportion_interval, sum_per_user
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
    from fairlearn.metrics import MetricFrame, count
    from sklearn.metrics import accuracy_score

    attributes = [attribute] if isinstance(attribute, str) else list(attribute)
    rows = MetricFrame(
        metrics={"right": partial(accuracy_score, normalize=False), "clips": count},
        y_true=table["ground_truth"],
        y_pred=table["prediction"],
        sensitive_features=pd.DataFrame(
            {name: table[GROUP_COLUMNS[name]].map(ATTRIBUTES[name]) for name in attributes}
        ),
    ).by_group
    names = [list(ATTRIBUTES[name].values()) for name in attributes]
    index = names[0] if len(names) == 1 else pd.MultiIndex.from_product(names)
    rows = rows.reindex(index).fillna(0).astype(int)
    hits, clips = _user_hits(table, attributes)
    rows["users"] = (clips > 0).sum(0)
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
    inside = np.eye(np.prod(sizes))[np.ravel_multi_index(codes, sizes)]
    right = (table["ground_truth"] == table["prediction"]).to_numpy()
    return sum_per_user(table, inside * right[:, None]), sum_per_user(table, inside)


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
    rng = np.random.default_rng([seed, 5])
    values_of = {}  # of the sample, then the null distribution
    for name in ATTRIBUTES:
        hits, clips = _user_hits(table, [name])
        # The category of a user is that of most of the user's clips.
        category = np.eye(clips.shape[1])[clips.argmax(1)]
        right, all_clips = hits.sum(1), clips.sum(1)
        values = np.empty(1 + draws)
        with np.errstate(invalid="ignore"):
            values[0] = bias(hits.sum(0) / clips.sum(0))
            for draw in range(draws):
                permuted = category[rng.permutation(len(category))]
                values[1 + draw] = bias((right @ permuted) / (all_clips @ permuted))
        values_of[name] = values
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
    swaps = np.random.default_rng([seed, 19]).random((draws, both["UserID"].nunique())) < 0.5
    values_of = {}
    for name in ATTRIBUTES:
        hits, clips = _user_hits(both, [name])
        others, _ = _user_hits(both.assign(prediction=both["prediction_other"]), [name])
        # The first row swaps nobody.
        moved = np.vstack([np.zeros_like(swaps[:1]), swaps]).astype(float) @ (others - hits)
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
