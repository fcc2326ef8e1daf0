"""Scores of predictions as one tidy table, with the constant predictor, n and intervals."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, N_GROUPS, SPLITS
from mmage_utils.predictions import P_COLUMNS, age_groups_of
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
    without_each,
)
from mmage_utils.scores.metrics import (
    BOUNDS,
    confusion,
    probability_scores,
    probability_sums,
    scores_of,
    unit_weights,
)

CONSTANT = "constant predictor"  # its name in every table
SCORE_COLUMNS = (
    "model",
    "split",
    "unit",
    "metric",
    "value",
    "low",
    "high",
    "constant",
    "clips",
    "users",
)


def score(table, *, majority, prior=None, model="", unit="clip"):
    """Score predictions of one split, beside the constant predictor.

    Parameters
    ----------
    table : pandas.DataFrame
        UserID, split, ground_truth, prediction and, optionally, p1..p7.
    majority : int
        The age group that the constant predictor always answers: `train_majority`.
    prior : array-like, shape (7,), optional
        The constant predictor's probabilities: `train_prior`. With it, log-loss and calibration
        error are scored if the table has p1..p7.
    model : str
        Name of the model in the rows.
    unit : str
        ``clip``, or ``user``: every user counts the same, however many clips there are.

    Returns
    -------
    pandas.DataFrame
        `SCORE_COLUMNS`, one row per metric: each score of `metrics.scores_of`, and log_loss in nats
        and ece, the expected calibration error; low and high are the 95% interval over users
        (`jackknife`), constant is the constant predictor's value.
    """
    weights = unit_weights(table, unit)
    groups, matrices = groups_of_users(table), confusions_without_each(table, weights)
    scores, reach = scores_of(matrices), reach_of(matrices[0])
    constant = table.assign(prediction=majority)
    base = scores_of(confusion(constant, weights))
    if prior is not None and set(P_COLUMNS) <= set(table):
        sums = probability_sums(table, weights)
        scores |= probability_scores(without_each(sums, groups))
        # Of these scores, a group can move its share.
        reach |= dict.fromkeys(("log_loss", "ece"), matrices[0].sum(1) / matrices[0].sum())
        constant[P_COLUMNS] = np.broadcast_to(prior, (len(table), N_GROUPS))
        base |= probability_scores(probability_sums(constant, weights).sum(0))
    place = (model, table["split"].iloc[0], unit)
    rows = []
    for name, values in scores.items():
        numbers = interval_over_users(values, groups, reach[name], bounds=BOUNDS[name])
        rows.append((*place, name, *numbers, float(base[name]), len(table), len(groups)))
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def score_models(tables, *, units=("clip",), **settings):
    """`score` of each split and unit of several models' predictions, as one table.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Model to predictions, of one split or several.
    units : sequence of str
    **settings
        As `score`.
    """
    return pd.concat(
        [
            score(table[table["split"] == split], model=model, unit=unit, **settings)
            for model, table in tables.items()
            for split in SPLITS
            if (table["split"] == split).any()
            for unit in units
        ],
        ignore_index=True,
    )


def select(scores, **where):
    """Rows of a table whose columns have the given values."""
    keep = np.ones(len(scores), dtype=bool)
    for column, value in where.items():
        keep &= (scores[column] == value).to_numpy()
    return scores[keep]


def pick(scores, **where):
    """The one row of a table whose columns have the given values, as a pandas.Series.

    Of scores, it is the accuracy per clip on test unless `where` says otherwise.

    Raises
    ------
    KeyError
        When no row, or more than one, has these values.
    """
    defaults = {"metric": "accuracy", "split": "test", "unit": "clip"}
    where = {name: value for name, value in defaults.items() if name in scores} | where
    rows = select(scores, **where)
    if len(rows) != 1:
        raise KeyError(f"{len(rows)} rows have {where}")
    return rows.iloc[0]


def constant_scores(labels):
    """Scores of the constant predictor on a table: one row per score, one column per split."""
    always = labels.assign(ground_truth=age_groups_of(labels), prediction=train_majority(labels))
    values = {split: scores_of(confusion(part)) for split, part in always.groupby("split")}
    return pd.DataFrame(values)[list(SPLITS)].astype(float)


def train_prior(table):
    """Shares of the age groups 1..7 in the train split of a table, shape (7,)."""
    train = age_groups_of(table)[table["split"] == "train"]
    return np.bincount(train, minlength=N_GROUPS + 1)[1:] / len(train)


def train_majority(table):
    """The most frequent age group of the train split: the constant predictor's answer."""
    return int(np.argmax(train_prior(table))) + 1


def average_seeds(tables, *, split="test", majority=None):
    """Mean scores of methods over their training seeds.

    Parameters
    ----------
    tables : dict of str to list of pandas.DataFrame
        Method to predictions of the same clips, one table per seed.
    majority : int, optional
        The constant predictor's answer; without it, the tables have rows of train.

    Returns
    -------
    pandas.DataFrame
        One row per method: of accuracy and balanced accuracy (``<score>``) the mean,
        ``<score>, spread`` (standard deviation over seeds), ``<score>, low`` and ``<score>, high``
        (95%, over users and seeds; over users only for one seed) and ``<score>, constant`` (the
        constant predictor's); the mean recall of each age group; clips, users, seeds.

    Raises
    ------
    ValueError
        When a method's tables are not of the same clips.
    """
    rows = {}
    for method, seeds in tables.items():
        parts = [table[table["split"] == split] for table in seeds]
        if len({frozenset(part["VideoName"]) for part in parts}) > 1:
            raise ValueError(f"the seeds of {method} are not of the same clips")
        answer = majority or train_majority(seeds[0])
        constant = scores_of(confusion(parts[0].assign(prediction=answer)))
        matrices = np.stack([confusions_without_each(part) for part in parts])
        scores, groups = scores_of(matrices), groups_of_users(parts[0])
        reaches = [reach_of(matrix[0]) for matrix in matrices]
        rows[method] = {}
        for metric in ("accuracy", "balanced_accuracy"):
            by_seed = scores[metric][:, 0]
            # The mean varies with the users and, beside that, with the trainings.
            more = [(by_seed.var(ddof=1) / len(seeds), len(seeds) - 1)] if len(seeds) > 1 else []
            numbers = interval_over_users(
                scores[metric].mean(0),
                groups,
                np.max([reach[metric] for reach in reaches], axis=0),
                more=more,
                bounds=BOUNDS[metric],
            )
            values = (*numbers, by_seed.std(), float(constant[metric]))
            parts_of = ("", ", low", ", high", ", spread", ", constant")
            names = [metric.replace("_", " ") + part for part in parts_of]
            rows[method] |= dict(zip(names, values, strict=True))
        with np.errstate(invalid="ignore"):
            recalls = np.diagonal(matrices[:, 0], axis1=1, axis2=2) / matrices[:, 0].sum(2)
        rows[method] |= dict(zip(AGE_GROUPS.values(), recalls.mean(0), strict=True))
        rows[method] |= {"clips": len(parts[0]), "users": len(groups), "seeds": len(seeds)}
    return pd.DataFrame(rows).T
