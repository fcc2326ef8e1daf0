"""Heads that a small data set can feed: logistic regression, its strength chosen on valid.

A head of a few thousand weights learns the noise of a few hundred people. An L2 penalty shrinks it
towards the shares of the age groups, as far as valid asks for; there is no seed. Test is not read.
"""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.models.class_balance import adjustment, group_counts
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


def fit_head(features, clips, *, train=None, balanced=False, strengths=STRENGTHS):
    """Logistic regression over the age groups, on one row of features or one embedding per clip.

    Parameters
    ----------
    features : array-like or scipy.sparse matrix, shape (n clips, width)
        In the order of `clips`. An array is standardised on the train clips, NaN as the mean; a
        sparse matrix (`text_ngrams.count_ngrams`) is taken as it is.
    clips : pandas.DataFrame
        Clips with labels.
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
    """
    split = clips["split"].to_numpy()
    train = split == "train" if train is None else np.asarray(train)
    valid, y = clips[split == "valid"], clips["AgeGroup"].to_numpy()
    x = features.tocsr() if sparse.issparse(features) else _standardised(features, train)
    counts = group_counts(y[train])
    if (counts > 0).sum() < 2:
        p = np.broadcast_to(np.exp(adjustment(counts)), (len(clips), N_GROUPS))
        return Head(tabulate(clips, p), np.nan, pd.Series(dtype=float))
    losses, best, worse = {}, None, 0
    model = _logistic(balanced)
    for strength in strengths:
        with threadpool_limits(1):  # several threads wait for each other at every small product
            model.set_params(C=strength).fit(x[train], y[train])
        p = probabilities(model, x[split == "valid"], counts)
        losses[strength] = valid_loss(tabulate(valid, p), balanced=balanced)
        if losses[strength] <= min(losses.values()):
            best, worse = (strength, model.coef_.copy(), model.intercept_.copy()), 0
        else:
            worse += 1
        if worse == WORSE:
            break
    strength, model.coef_, model.intercept_ = best
    losses = pd.Series(losses, name="valid log-loss").rename_axis("C")
    return Head(tabulate(clips, probabilities(model, x, counts)), strength, losses)


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
    """Probabilities of a fitted scikit-learn classifier over all seven age groups, shape (n, 7).

    Parameters
    ----------
    counts : numpy.ndarray of int, shape (7,)
        Train clips per age group; one without counts as half a clip.
    """
    floor = np.where(counts > 0, 0, np.exp(adjustment(counts)))
    p = np.tile(floor, (x.shape[0], 1))
    p[:, model.classes_ - 1] = (1 - floor.sum()) * model.predict_proba(x)
    return p


def _standardised(features, train):
    x = np.asarray(features, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a number
        mean, std = np.nanmean(x[train], 0), np.nanstd(x[train], 0)
    return np.nan_to_num((x - mean) / np.where(std > 1e-6, std, 1))


def _logistic(balanced):
    from sklearn.linear_model import LogisticRegression

    weights = "balanced" if balanced else None
    # Each strength starts where the one before ended.
    return LogisticRegression(class_weight=weights, max_iter=1000, tol=1e-3, warm_start=True)
