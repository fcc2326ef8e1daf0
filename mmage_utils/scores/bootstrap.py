"""The bootstrap over users: it draws whole users, as the clips of one person are alike."""

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd

DRAWS = 2000


@lru_cache(maxsize=2)  # the same users are scored in many ways
def draw_users(n_users, *, draws=DRAWS, seed=0):
    """How often each user counts, shape (1 + draws, n_users): once in the first row, the sample."""
    rng = np.random.default_rng([seed, n_users])
    drawn = rng.multinomial(n_users, np.full(n_users, 1 / n_users), size=draws)
    return np.vstack([np.ones(n_users), drawn])


def sum_per_user(table, values):
    """Sums of values, shape (n clips, ...), per user, in order of UserID: (n_users, ...)."""
    user = pd.factorize(table["UserID"], sort=True)[0]
    sums = np.zeros((user.max() + 1, *values.shape[1:]))
    np.add.at(sums, user, values)
    return sums


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
    drawn = draw_users(len(counts), draws=draws, seed=seed)
    with np.errstate(invalid="ignore"):
        return estimate((drawn @ hits) / (drawn @ counts))


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
