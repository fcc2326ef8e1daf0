"""Class weights, what they do to the loss, and the report's augmentation plan (task c)."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, N_GROUPS
from mmage_utils.predictions import logits

SMALL_GROUPS = (1, 2, 6, 7)  # the age groups that the report augments
COPIES = ("flip", "mixed")  # what it adds for each of their clips


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
    groups = counts > 0
    return np.divide(counts.sum(), groups.sum() * counts, out=np.zeros(len(counts)), where=groups)


def effective_weights(counts, beta=0.999):
    """Weights by the effective number of clips, (1 - beta) / (1 - beta^n), mean 1.

    After Cui et al. 2019 (CVPR); 0 for a group without clips.
    """
    counts = np.asarray(counts, dtype=float)
    groups = counts > 0
    weights = np.divide(1 - beta, 1 - beta**counts, out=np.zeros(len(counts)), where=groups)
    return weights * groups.sum() / weights.sum()


def adjustment(counts, tau=1.0):
    """tau log prior: added to the logits in the loss, or taken off them afterwards.

    After Menon et al. 2021 (ICLR); in the loss and with tau 1 it is balanced softmax (Ren et al.
    2020, NeurIPS). A group without clips counts as half a clip.

    Returns
    -------
    numpy.ndarray, shape (7,)
    """
    counts = np.maximum(np.asarray(counts, dtype=float), 0.5)
    return tau * np.log(counts / counts.sum())


def down_sample(age_groups, *, seed=0):
    """Rows that remain when no group keeps more clips than the group of median size.

    Returns
    -------
    numpy.ndarray of int
        Sorted rows; drawn by the seed.
    """
    age_groups = np.asarray(age_groups)
    counts = group_counts(age_groups)
    limit = int(np.median(counts[counts > 0]))
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(age_groups == group))[:limit] for group in AGE_GROUPS]
    return np.sort(np.concatenate(rows))


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


def count_copies(plan):
    """Images of each kind of copy in each age group.

    Parameters
    ----------
    plan : pandas.DataFrame
        `plan_augmentation`.

    Returns
    -------
    pandas.DataFrame of int
        Indexed by age group (``7-13`` ... ``61+``); columns original, flip, mixed.
    """
    table = pd.crosstab(plan["AgeGroup"], plan["copy"])
    table = table.reindex(index=list(AGE_GROUPS), columns=["original", *COPIES])
    return table.fillna(0).astype(int).rename(index=AGE_GROUPS)


def weight_table(counts):
    """The report's weights beside N / (K n), per age group.

    The share of the loss that a group carries is that of clips which are all equally hard.
    """
    counts = np.asarray(counts)
    table = pd.DataFrame({"clips": counts}, index=list(AGE_GROUPS.values()))
    for name, rule in (("published", published_weights), ("inverse", inverse_weights)):
        weights = rule(counts)
        table[f"{name} weight"] = weights
        table[f"{name} share of loss"] = counts * weights / np.sum(counts * weights)
    return table


def measured_loss(table, weights):
    """Share of the weighted loss that each age group carries, measured on predictions.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of train clips.
    weights : dict of str to array-like, shape (7,)
        Name to class weights.

    Returns
    -------
    pandas.DataFrame
        Indexed by age group: clips, log-loss (mean, nats; NaN without clips), and for each name
        its share of the summed loss.
    """
    true = table["ground_truth"].to_numpy()
    losses = -logits(table)[np.arange(len(table)), true - 1]
    counts = group_counts(true)
    sums = np.bincount(true, losses, minlength=N_GROUPS + 1)[1:]
    shown = pd.DataFrame({"clips": counts}, index=list(AGE_GROUPS.values()))
    with np.errstate(invalid="ignore"):
        shown["log-loss"] = sums / counts
    for name, own in weights.items():
        shown[f"share, {name}"] = np.asarray(own) * sums / np.sum(np.asarray(own) * sums)
    return shown
