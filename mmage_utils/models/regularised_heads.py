"""Heads that a small data set can feed: regularised regression, its strength chosen on valid.

A head of a few thousand weights learns the noise of a few hundred people. An L2 penalty shrinks it
towards the shares of the age groups, as far as valid asks for; there is no seed. Test is not read.
"""

import warnings
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.models.class_balance import adjustment, group_counts, inverse_weights
from mmage_utils.models.ordinal_regression import fit_ordinal
from mmage_utils.predictions import log_losses, tabulate

STRENGTHS = tuple(10.0**power for power in np.arange(-5, 3.1, 0.5))  # C: the penalty is w² / 2C
WORSE = 3  # strengths in a row that end the search: the loss falls, then rises


class Head(NamedTuple):
    """Predictions of all clips, the strength C chosen on valid, and the valid loss of each tried.

    ``losses`` is a Series of nats indexed by C, in increasing order.
    """

    table: pd.DataFrame
    strength: float
    losses: pd.Series


def fit_head(features, clips, kind="ordinal", *, train=None, balanced=False, strengths=STRENGTHS):
    """Regularised regression of the age groups on one row of features or one embedding per clip.

    Parameters
    ----------
    features : array-like or scipy.sparse matrix, shape (n clips, width)
        In the order of `clips`. An array is standardised on the train clips, NaN as the mean; a
        sparse matrix (`text_ngrams.count_ngrams`) is taken as it is.
    clips : pandas.DataFrame
        Clips with labels.
    kind : str
        ``ordinal``: one direction from young to old (`ordinal_regression`). ``logistic``:
        multinomial, a direction for each age group.
    train : array-like of bool, shape (n clips,), optional
        The train clips used, else all.
    balanced : bool
        Every age group of train weighs the same, and the strength is chosen by the valid log-loss
        whose groups weigh the same.
    strengths : sequence of float
        C to choose from, in increasing order: a small one gives nearly the shares of train.

    Returns
    -------
    Head
        An age group without a train clip gets the probability of half a clip
        (`class_balance.adjustment`).

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown kind {kind!r}: choose one of {', '.join(KINDS)}.")
    split = clips["split"].to_numpy()
    train = split == "train" if train is None else np.asarray(train)
    valid, y = clips[split == "valid"], clips["AgeGroup"].to_numpy()
    x = features.tocsr() if sparse.issparse(features) else _standardised(features, train)
    counts = group_counts(y[train])
    if (counts > 0).sum() < 2:
        p = np.broadcast_to(np.exp(adjustment(counts)), (len(clips), N_GROUPS))
        return Head(tabulate(clips, p), np.nan, pd.Series(dtype=float))
    losses, best, worse = {}, None, 0
    with threadpool_limits(1):  # several threads wait for each other at every small product
        for strength, model in KINDS[kind](x[train], y[train], counts, strengths, balanced):
            p = probabilities(model, x[split == "valid"], counts)
            losses[strength] = valid_loss(tabulate(valid, p), balanced=balanced)
            better = losses[strength] <= min(losses.values())
            best, worse = ((strength, model), 0) if better else (best, worse + 1)
            if worse == WORSE:
                break
    losses = pd.Series(losses, name="valid log-loss").rename_axis("C")
    return Head(tabulate(clips, probabilities(best[1], x, counts)), best[0], losses)


def valid_loss(table, *, balanced=False):
    """Mean log-loss of the valid clips of a prediction table, in nats.

    Parameters
    ----------
    balanced : bool
        The mean over age groups of their means, instead of the mean over clips.
    """
    valid = table[table["split"] == "valid"]
    losses = pd.Series(log_losses(valid))
    if balanced:
        losses = losses.groupby(valid["ground_truth"].to_numpy()).mean()
    return float(losses.mean())


def probabilities(model, x, counts):
    """Probabilities of a fitted model over all seven age groups, shape (n, 7).

    Parameters
    ----------
    model : object
        With ``predict_proba`` over the age groups that occur in train, in order.
    counts : numpy.ndarray of int, shape (7,)
        Train clips per age group; one without counts as half a clip.
    """
    floor = np.where(counts > 0, 0, np.exp(adjustment(counts)))
    p = np.tile(floor, (x.shape[0], 1))
    p[:, counts > 0] = (1 - floor.sum()) * model.predict_proba(x)
    return p


def _standardised(features, train):
    x = np.asarray(features, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a number
        mean, std = np.nanmean(x[train], 0), np.nanstd(x[train], 0)
    return np.nan_to_num((x - mean) / np.where(std > 1e-6, std, 1))


def _logistic(x, y, counts, strengths, balanced):
    """Each strength and its multinomial regression; each begins where the one before ended."""
    from sklearn.linear_model import LogisticRegression

    settings = {"max_iter": 1000, "tol": 1e-3, "warm_start": True}
    model = LogisticRegression(class_weight="balanced" if balanced else None, **settings)
    for strength in strengths:
        yield strength, deepcopy(model.set_params(C=strength).fit(x, y))


def _ordinal(x, y, counts, strengths, balanced):
    """Each strength and its ordinal regression; each begins where the one before ended."""
    levels = (np.cumsum(counts > 0) - 1)[y - 1]
    weights = inverse_weights(counts)[y - 1] if balanced else None
    model = None
    for strength in strengths:
        model = fit_ordinal(x, levels, strength, weights=weights, start=model)
        yield strength, model


KINDS = {"ordinal": _ordinal, "logistic": _logistic}
