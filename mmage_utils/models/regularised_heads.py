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

from mmage_utils.models.class_balance import adjustment, group_counts, inverse_weights
from mmage_utils.models.ordinal_regression import Ordinal, fit_ordinal
from mmage_utils.predictions import log_losses, tabulate

STRENGTHS = tuple(10.0**power for power in np.arange(-5, 3.1, 0.5))  # C: the penalty is w² / 2C
WORSE = 3  # strengths in a row that end the search: the loss falls, then rises


class Fitted(NamedTuple):
    """What a head needs to predict other clips.

    model : object
        As `probabilities` takes it, or None where train has a single age group.
    counts : numpy.ndarray of int, shape (7,)
        Train clips per age group.
    mean, std : numpy.ndarray, shape (width,)
        By which dense features are standardised; None for sparse ones.
    """

    model: object
    counts: np.ndarray
    mean: np.ndarray | None
    std: np.ndarray | None

    def predict(self, features):
        """Probabilities of the age groups, shape (n, 7), of features of shape (n, width)."""
        if self.model is None:
            return np.tile(np.exp(adjustment(self.counts)), (features.shape[0], 1))
        return probabilities(self.model, _scaled(features, self.mean, self.std), self.counts)


class Head(NamedTuple):
    """Predictions of all clips, the strength C chosen on valid, and the valid loss of each tried.

    ``losses`` is a Series of nats indexed by C, in increasing order; ``fitted`` predicts others.
    """

    table: pd.DataFrame
    strength: float
    losses: pd.Series
    fitted: Fitted


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
    scale = (None, None) if sparse.issparse(features) else _scale(features, train)
    counts = group_counts(y[train])
    if (counts > 0).sum() < 2:
        fitted = Fitted(None, counts, *scale)
        return Head(
            tabulate(clips, fitted.predict(features)), np.nan, pd.Series(dtype=float), fitted
        )
    x = _scaled(features, *scale)
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
    fitted = Fitted(best[1], counts, *scale)
    return Head(tabulate(clips, fitted.predict(features)), best[0], losses, fitted)


def valid_loss(table, *, balanced=False):
    """Mean log-loss of the valid clips of a prediction table, in nats.

    Parameters
    ----------
    table : pandas.DataFrame
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
    x : array-like or scipy.sparse matrix, shape (n, width)
        As the model was fitted on.
    counts : numpy.ndarray of int, shape (7,)
        Train clips per age group; one without counts as half a clip.
    """
    floor = np.where(counts > 0, 0, np.exp(adjustment(counts)))
    p = np.tile(floor, (x.shape[0], 1))
    p[:, counts > 0] = (1 - floor.sum()) * model.predict_proba(x)
    return p


def head_arrays(fitted):
    """The numbers of a fitted head by their names, for a file without code in it."""
    arrays = {"counts": fitted.counts}
    if fitted.mean is not None:
        arrays |= {"mean": fitted.mean, "std": fitted.std}
    if isinstance(fitted.model, Ordinal):
        arrays |= {"weights": fitted.model.weights, "thresholds": fitted.model.thresholds}
    elif fitted.model is not None:
        arrays |= {"weights": fitted.model.coef_, "intercepts": fitted.model.intercept_}
    return arrays


def head_of_arrays(arrays):
    """The `Fitted` head of its `head_arrays`, which predicts the same to the last bit."""
    counts, model = arrays["counts"], None
    if "thresholds" in arrays:
        model = Ordinal(arrays["weights"], arrays["thresholds"])
    elif "intercepts" in arrays:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression()
        model.coef_, model.intercept_ = arrays["weights"], arrays["intercepts"]
        model.classes_ = np.flatnonzero(counts) + 1
    return Fitted(model, counts, arrays.get("mean"), arrays.get("std"))


def _scale(features, train):
    """Mean and standard deviation of the train clips, which stands at 1 where there is none."""
    x = np.asarray(features, dtype=float)[train]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a number
        mean, std = np.nanmean(x, 0), np.nanstd(x, 0)
    return mean, np.where(std > 1e-6, std, 1)


def _scaled(features, mean, std):
    if mean is None:
        return features.tocsr()
    return np.nan_to_num((np.asarray(features, dtype=float) - mean) / std)


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
