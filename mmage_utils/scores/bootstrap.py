"""The bootstrap over users: it draws whole users, as the clips of one person are alike."""

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd

DRAWS = 2000
BLOCK = 20_000_000  # numbers that are held at once


@lru_cache(maxsize=2)  # the same users are scored in many ways
def _draw_users(n_users, draws, seed):
    """How often each user counts in each draw, shape (draws, n_users)."""
    return next(_blocks_of_users(n_users, draws, seed))


def _blocks_of_users(n_users, draws, seed):
    """`_draw_users` in blocks of draws; the draws do not depend on the size of the blocks."""
    rng, size = np.random.default_rng([seed, n_users]), max(1, BLOCK // n_users)
    for start in range(0, draws, size):
        n = min(size, draws - start)
        yield rng.multinomial(n_users, np.full(n_users, 1 / n_users), size=n).astype(float)


def drawn_sums(sums, *, draws=DRAWS, seed=0):
    """Sums over the sample, then over users drawn with replacement, shape (1 + draws, ...).

    Parameters
    ----------
    sums : numpy.ndarray, shape (n_users, ...)
        `sum_per_user`.
    """
    few = len(sums) * draws <= BLOCK
    blocks = _blocks_of_users(len(sums), draws, seed)
    if few:
        blocks = [_draw_users(len(sums), draws, seed)]
    drawn = [np.tensordot(block, sums, axes=1) for block in blocks]
    return np.concatenate([sums.sum(0)[None], *drawn])


def halved_sums(values, *, draws, seed):
    """Sums over random halves of the users: a coin tells for each user whether it counts.

    How many of the users who have the same values count is binomial, so that the cost does not
    grow with the number of users.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_users, k)
    draws : int
    seed : int or sequence of int

    Returns
    -------
    numpy.ndarray, shape (draws, k)
    """
    kinds, counts = np.unique(values, axis=0, return_counts=True)
    heads = np.random.default_rng(seed).binomial(counts, 0.5, size=(draws, len(counts)))
    return heads @ kinds


def paired_at_random(rows, columns, *, draws, seed):
    """Tables of counts when the one half of pairs is in a random order.

    Parameters
    ----------
    rows, columns : array-like of int
        How often each value of the one and of the other half occurs; of the same sum.
    draws : int
    seed : int or sequence of int

    Returns
    -------
    numpy.ndarray of int, shape (draws, len(rows), len(columns))
        Drawn from the exact distribution (Patefield 1981, Applied Statistics 30), which costs as
        much for a million pairs as for a hundred.
    """
    from scipy.stats import random_table

    rng = np.random.default_rng(seed)
    return random_table(rows, columns).rvs(draws, random_state=rng)


def sum_per_user(table, values):
    """Sums of values, shape (n clips, ...), per user, in order of UserID: (n_users, ...)."""
    from scipy.sparse import csr_array

    user = pd.factorize(table["UserID"], sort=True)[0]
    ones, clips = np.ones(len(user)), np.arange(len(user))
    belongs = csr_array((ones, (user, clips)), shape=(user.max() + 1, len(user)))
    return (belongs @ values.reshape(len(user), -1)).reshape(-1, *values.shape[1:])


def counts_per_user(table, codes, n, weights=None):
    """How often each of `n` codes occurs in each user's clips, by weight: (n_users, n)."""
    user = pd.factorize(table["UserID"], sort=True)[0]
    weights = None if weights is None else np.broadcast_to(weights, len(user))
    cells = user * n + np.asarray(codes)
    counts = np.bincount(cells, weights, minlength=(user.max() + 1) * n)
    return counts.reshape(-1, n).astype(float, copy=False)


def interval(values, percentages=(2.5, 97.5)):
    """Percentiles along the first axis, of a 95% interval by default; NaN where all are NaN."""
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        return np.nanpercentile(values, percentages, axis=0)


def estimate(values):
    """Value of the sample and its 95% interval, from values of the sample and of each draw."""
    return values[0], *interval(values[1:])


def estimate_ratio(hits, counts, *, draws=DRAWS, seed=0):
    """Ratios of sums over users, such as right clips over clips, with 95% intervals.

    Parameters
    ----------
    hits, counts : numpy.ndarray, shape (n_users, ...)
        `sum_per_user`.

    Returns
    -------
    value, low, high : numpy.ndarray, shape (...)
        NaN where the count is 0.
    """
    hits, counts = (drawn_sums(sums, draws=draws, seed=seed) for sums in (hits, counts))
    with np.errstate(invalid="ignore"):
        return estimate(hits / counts)


def proportion_interval(hits, counts):
    """Proportions of clustered clips with 95% intervals that hold up to 0 and 1.

    Clopper-Pearson on the effective number of clips (Korn & Graubard 1998, Survey Methodology
    24): as many independent clips as would vary as the users do, adjusted for the number of
    users. Where no clip or every clip is a hit no variance is seen, and a user counts once.
    Arguments and results are those of `estimate_ratio`; NaN for fewer than two users.
    """
    from scipy.stats import t
    from statsmodels.stats.proportion import proportion_confint

    total, users = counts.sum(0), (counts > 0).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = hits.sum(0) / total
        pull = ((hits - value * counts) ** 2).sum(0)
        variance = users / (users - 1) * pull / total**2
        effective = np.where(pull > 1e-12, value * (1 - value) / variance, users)
    known = users > 1
    effective = np.minimum(effective, total)[known]
    effective *= (t.ppf(0.975, total[known] - 1) / t.ppf(0.975, users[known] - 1)) ** 2
    bounds = np.full((2, len(total)), np.nan)
    bounds[:, known] = proportion_confint(value[known] * effective, effective, method="beta")
    return value, *bounds
