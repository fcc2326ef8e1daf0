"""Accuracy per category with n and intervals, and the course's bias with interval and null.

The categories are perceived age, gender and ethnicity; small ones show k/n and users only.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import ATTRIBUTES
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, ratio_interval, sum_per_user

MIN_USERS = 10  # below this many users a percentage says nothing
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
        One row a category: right, clips, users, accuracy, low, high. A category without clips
        has accuracy NaN; one with fewer than 10 users has no interval.
    """
    from fairlearn.metrics import MetricFrame

    attributes = [attribute] if isinstance(attribute, str) else list(attribute)
    frame = MetricFrame(
        metrics={"right": _right, "clips": _clips, "users": _users},
        y_true=table["ground_truth"],
        y_pred=table["prediction"],
        sensitive_features=pd.DataFrame(
            {name: table[GROUP_COLUMNS[name]].map(ATTRIBUTES[name]) for name in attributes}
        ),
        sample_params={"users": {"user": table["UserID"]}},
    ).by_group
    names = [list(ATTRIBUTES[name].values()) for name in attributes]
    index = names[0] if len(names) == 1 else pd.MultiIndex.from_product(names)
    counts = frame.reindex(index).fillna(0).astype(int)
    counts["accuracy"] = counts["right"] / counts["clips"].where(counts["clips"] > 0)
    low, high = ratio_interval(
        *_user_hits(table, *_category(table, attributes)), draws=draws, seed=seed
    )
    enough = (counts["users"] >= MIN_USERS).to_numpy()
    return counts.assign(low=np.where(enough, low, np.nan), high=np.where(enough, high, np.nan))


def _right(y_true, y_pred):
    return np.sum(np.asarray(y_true) == np.asarray(y_pred))


def _clips(y_true, y_pred):
    return len(y_true)


def _users(y_true, y_pred, user):
    return len(np.unique(np.asarray(user, dtype=str)))


def _category(table, attributes):
    """Number of each clip's category among all combinations of the attributes, and how many."""
    sizes = [len(ATTRIBUTES[name]) for name in attributes]
    codes = [table[GROUP_COLUMNS[name]].to_numpy() - 1 for name in attributes]
    return np.ravel_multi_index(codes, sizes), int(np.prod(sizes))


def _user_hits(table, codes, shape):
    """Right clips and clips of every user in every category, two arrays (n_users, categories)."""
    right = (table["ground_truth"] == table["prediction"]).to_numpy()
    here = np.eye(shape)[codes]
    return sum_per_user(table, here * right[:, None]), sum_per_user(table, here)


def bias(accuracies):
    """Mean absolute difference over all pairs of per-category accuracies (the course's bias).

    Parameters
    ----------
    accuracies : array-like, shape (..., categories)
        Categories without clips (NaN) take no part.

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

    The null distribution permutes the attribute across users, so that it has nothing to do with
    who is right; small categories make a bias even then.

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
        exceeds_chance. An attribute of one category alone has NaN and counts in no average.
    """
    rng = np.random.default_rng([seed, 5])
    draw_of = {}  # the value first, then its bootstrap, and the null distribution
    for name in ATTRIBUTES:
        codes, shape = _category(table, [name])
        hits, clips = _user_hits(table, codes, shape)
        weights = draw_users(len(hits), draws=draws, seed=seed)
        # A user's category: that of most of the user's clips.
        category = np.eye(shape)[clips.argmax(1)]
        right, all_clips = hits.sum(1), clips.sum(1)
        with np.errstate(invalid="ignore"):
            value = bias(hits.sum(0) / clips.sum(0))
            spread = bias((weights @ hits) / (weights @ clips))
            null = np.empty(draws)
            for draw in range(draws):
                permuted = category[rng.permutation(len(category))]
                null[draw] = bias((right @ permuted) / (all_clips @ permuted))
        draw_of[name] = np.append(value, spread), null
    known = [pair for pair in draw_of.values() if not np.isnan(pair[0][0])] or [draw_of["AgeGroup"]]
    draw_of["average"] = [np.mean(draws_, axis=0) for draws_ in zip(*known, strict=True)]
    rows = []
    for name, (spread, null) in draw_of.items():
        value = float(spread[0])
        numbers = [np.nan] * 3
        if not np.isnan(value):
            numbers = [*interval(spread[1:]), np.nanpercentile(null, 95)]
        rows.append((model, name, value, *numbers, value > numbers[2]))
    columns = ["model", "attribute", "value", "low", "high", "null95", "exceeds_chance"]
    return pd.DataFrame(rows, columns=columns)
