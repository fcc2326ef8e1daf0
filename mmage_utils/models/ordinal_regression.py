"""Ordinal logistic regression with an L2 penalty: one direction that runs from young to old.

The proportional-odds model (McCullagh 1980, J. R. Stat. Soc. B 42): an embedding becomes one
number, and thresholds between the age groups cut the line. It has a seventh of the weights of
multinomial regression, which a small data set can afford.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

STEPS = 300  # of the optimiser


class Ordinal(NamedTuple):
    """A fitted model: weights, shape (width,), and thresholds in order, shape (levels - 1,)."""

    weights: np.ndarray
    thresholds: np.ndarray

    def predict_proba(self, x):
        """Probabilities of the levels, shape (n, levels), of rows of shape (n, width)."""
        below = expit(self.thresholds - np.reshape(x @ self.weights, (-1, 1)))
        ends = np.zeros((len(below), 1)), np.ones((len(below), 1))
        return np.diff(np.hstack([ends[0], below, ends[1]]), axis=1)


def fit_ordinal(x, levels, strength, *, weights=None, start=None):
    """Fit the weights and thresholds of least penalised log-loss.

    Parameters
    ----------
    x : numpy.ndarray or scipy.sparse matrix, shape (n, width)
    levels : numpy.ndarray of int, shape (n,)
        0 to K - 1, each of which occurs.
    strength : float
        C: the penalty is w² / 2C, as scikit-learn's.
    weights : numpy.ndarray, shape (n,), optional
        Of the rows.
    start : Ordinal, optional
        Where to begin; by default without weights, at the shares of the levels.

    Returns
    -------
    Ordinal
    """
    weights = np.ones(len(levels)) if weights is None else weights
    if start is None:
        below = np.cumsum(np.bincount(levels, weights))[:-1] / weights.sum()
        start = Ordinal(np.zeros(x.shape[1]), np.log(below / (1 - below)))
    cuts = start.thresholds
    first = np.concatenate([start.weights, cuts[:1], np.log(np.diff(cuts))])
    settings = {"jac": True, "method": "L-BFGS-B", "options": {"maxiter": STEPS}}
    found = minimize(_loss, first, args=(x, levels, strength, weights), **settings).x
    return Ordinal(found[: x.shape[1]], _thresholds(found[x.shape[1] :]))


def _thresholds(free):
    """Thresholds from the first and the logarithms of the gaps, which keep them in order."""
    return free[0] + np.concatenate([[0.0], np.cumsum(np.exp(free[1:]))])


def _loss(free, x, levels, strength, weights):
    """Penalised log-loss and its gradient."""
    w, rest = free[: x.shape[1]], free[x.shape[1] :]
    cuts = np.concatenate([[-np.inf], _thresholds(rest), [np.inf]])
    line = x @ w
    upper, lower = expit(cuts[levels + 1] - line), expit(cuts[levels] - line)
    p = np.maximum(upper - lower, 1e-12)
    up, low = (weights * side * (1 - side) / p for side in (upper, lower))
    loss = -(weights * np.log(p)).sum() + w @ w / (2 * strength)
    count = len(rest) + 1
    by_cut = np.bincount(levels, -up, count)[:-1] + np.bincount(levels, low, count)[1:]
    onwards = np.cumsum(by_cut[::-1])[::-1]  # a gap moves every later threshold
    gaps = onwards[1:] * np.exp(rest[1:])
    return loss, np.concatenate([x.T @ (up - low) + w / strength, onwards[:1], gaps])
