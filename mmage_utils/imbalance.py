"""Class weights, what they do to the loss, and the report's augmentation plan (task c)."""

import numpy as np
import pandas as pd

from mmage_utils.labels import AGE_GROUPS, N_GROUPS

SMALL_GROUPS = (1, 2, 6, 7)  # the age groups that the report augments
COPIES = ("flip", "mixed")


def group_counts(age_groups):
    """Clips per age group 1..7, shape (7,)."""
    return np.bincount(np.asarray(age_groups), minlength=N_GROUPS + 1)[1:]


def published_weights(counts):
    """The report's class weights: count / total, proportional to frequency (its error 1)."""
    counts = np.asarray(counts, dtype=float)
    return counts / counts.sum()


def inverse_weights(counts):
    """Weights inversely proportional to frequency: N / (K n), 0 for a group without clips."""
    counts = np.asarray(counts, dtype=float)
    with np.errstate(divide="ignore"):
        weights = counts.sum() / (np.sum(counts > 0) * counts)
    return np.where(counts > 0, weights, 0.0)


def loss_share(counts, weights):
    """Share of the expected loss that each age group carries when all clips are equally hard."""
    share = np.asarray(counts, dtype=float) * np.asarray(weights, dtype=float)
    return share / share.sum()


def plan_augmentation(train):
    """The report's training set of task c: originals, and two copies of the small groups.

    Parameters
    ----------
    train : pandas.DataFrame
        Clips of the train split.

    Returns
    -------
    pandas.DataFrame
        `train` with a column copy: original, flip or mixed. 457 flips and 457 mixed copies on
        the real lists.
    """
    small = train[train["AgeGroup"].isin(SMALL_GROUPS)]
    copies = [small.assign(copy=copy) for copy in COPIES]
    return pd.concat([train.assign(copy="original"), *copies], ignore_index=True)


def weight_table(counts):
    """The report's weights beside N / (K n): weight and share of the expected loss per group."""
    counts = np.asarray(counts)
    table = pd.DataFrame({"clips": counts}, index=list(AGE_GROUPS.values()))
    for name, rule in (("published", published_weights), ("inverse", inverse_weights)):
        weights = rule(counts)
        table[f"{name} weight"] = weights
        table[f"{name} share of loss"] = loss_share(counts, weights)
    return table
