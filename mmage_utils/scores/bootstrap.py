"""The bootstrap over users: whole users are drawn, as the clips of one person go together."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS

DRAWS = 2000


def draw_users(n_users, *, draws=DRAWS, seed=0):
    """Weights of a bootstrap over users, shape (draws, n_users): how often each is drawn."""
    rng = np.random.default_rng([seed, n_users])
    return rng.multinomial(n_users, np.full(n_users, 1 / n_users), size=draws).astype(np.float32)


def sum_per_user(table, values):
    """Sum rows of values per user, shape (n_users, width), in order of UserID."""
    user = pd.factorize(table["UserID"], sort=True)[0]
    sums = np.zeros((user.max() + 1, values.shape[1]))
    np.add.at(sums, user, values)
    return sums


def user_confusions(table, weights=1):
    """Confusion counts of every user, shape (n_users, 49), in order of UserID."""
    cell = (table["ground_truth"] - 1) * N_GROUPS + table["prediction"] - 1
    return sum_per_user(table, np.eye(N_GROUPS**2)[cell] * np.reshape(weights, (-1, 1)))


def interval(values):
    """The 2.5th and 97.5th percentile of bootstrap values, along the first axis."""
    return np.nanpercentile(values, [2.5, 97.5], axis=0)


def ratio_interval(hits, counts, *, draws=DRAWS, seed=0):
    """95% intervals of ratios of sums over users, such as right clips over clips.

    Parameters
    ----------
    hits, counts : numpy.ndarray, shape (n_users, k)
        Of every user: `sum_per_user`.

    Returns
    -------
    low, high : numpy.ndarray, shape (k,)
        NaN where nothing is counted.
    """
    low, high = np.full((2, counts.shape[1]), np.nan)
    known = counts.sum(0) > 0
    drawn = draw_users(len(counts), draws=draws, seed=seed)
    with np.errstate(invalid="ignore"):
        low[known], high[known] = interval((drawn @ hits[:, known]) / (drawn @ counts[:, known]))
    return low, high
