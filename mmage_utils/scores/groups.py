"""Accuracy per category of perceived age, gender and ethnicity, and the course's bias."""

from functools import partial

import numpy as np
import pandas as pd

from mmage_utils.data.labels import ATTRIBUTES
from mmage_utils.scores.bootstrap import (
    DRAWS,
    draw_users,
    estimate,
    estimate_ratio,
    interval,
    sum_per_user,
)

MIN_USERS = 10  # a percentage of fewer users says nothing
GROUP_COLUMNS = {"AgeGroup": "ground_truth", "Gender": "Gender", "Ethnicity": "Ethnicity"}


def accuracy_by(table, attribute, *, draws=DRAWS, seed=0):
    """Accuracy per category of an attribute, with intervals from a bootstrap over users.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions joined with their labels (`predictions.join_labels`).
    attribute : str or tuple of str
        ``AgeGroup``, ``Gender``, ``Ethnicity``, or several for their combinations.

    Returns
    -------
    pandas.DataFrame
        One row per category: right, clips, users, accuracy (NaN without clips), low, high (NaN
        for fewer than `MIN_USERS` users).
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
    estimates = estimate_ratio(hits, clips, draws=draws, seed=seed)
    rows["accuracy"], rows["low"], rows["high"] = estimates
    rows.loc[rows["users"] < MIN_USERS, ["low", "high"]] = np.nan
    return rows


def _user_hits(table, attributes):
    """Right clips and clips of each user in each combination, two arrays (n_users, categories)."""
    sizes = [len(ATTRIBUTES[name]) for name in attributes]
    codes = [table[GROUP_COLUMNS[name]].to_numpy() - 1 for name in attributes]
    inside = np.eye(np.prod(sizes))[np.ravel_multi_index(codes, sizes)]
    right = (table["ground_truth"] == table["prediction"]).to_numpy()
    return sum_per_user(table, inside * right[:, None]), sum_per_user(table, inside)


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
    """Age, gender and ethnicity bias and their average, each with interval and null.

    The null distribution permutes the attribute across users: with small categories, chance alone
    makes a bias.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions joined with their labels.
    model : str
        Name of the model in the rows.

    Returns
    -------
    pandas.DataFrame
        One row for AgeGroup, Gender, Ethnicity and average: model, attribute, value, low, high
        (95%, bootstrap over users), null95 (95th percentile of the null distribution),
        exceeds_chance. An attribute with a single category has NaN and is left out of the average.
    """
    rng = np.random.default_rng([seed, 5])
    values_of = {}  # of the sample and its bootstrap, and of the null distribution
    for name in ATTRIBUTES:
        hits, clips = _user_hits(table, [name])
        drawn = draw_users(len(hits), draws=draws, seed=seed)
        # The category of a user is that of most of the user's clips.
        category = np.eye(clips.shape[1])[clips.argmax(1)]
        right, all_clips = hits.sum(1), clips.sum(1)
        null = np.empty(draws)
        with np.errstate(invalid="ignore"):
            values = bias((drawn @ hits) / (drawn @ clips))
            for draw in range(draws):
                permuted = category[rng.permutation(len(category))]
                null[draw] = bias((right @ permuted) / (all_clips @ permuted))
        values_of[name] = values, null
    known = [pair for pair in values_of.values() if not np.isnan(pair[0][0])]
    known = known or [values_of["AgeGroup"]]
    values_of["average"] = [np.mean(arrays, axis=0) for arrays in zip(*known, strict=True)]
    rows = []
    for name, (values, null) in values_of.items():
        null95 = interval(null, 95)
        rows.append((model, name, *estimate(values), null95, values[0] > null95))
    columns = ["model", "attribute", "value", "low", "high", "null95", "exceeds_chance"]
    return pd.DataFrame(rows, columns=columns)
