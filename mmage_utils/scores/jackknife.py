"""Intervals over users within their age groups, by leaving out one user at a time.

Left out are users, as the clips of one person are alike, and the others of the age group take the
weight of the one who is gone: no age group is ever missed, so that an average over groups stays
the same average, of people whose age groups are as frequent as in the split. The variance is that
of the stratified jackknife (Rust & Rao 1996, Statistical Methods in Medical Research 5), and the
interval is Student's with Satterthwaite's degrees of freedom.

Two or four users show too little of their own variance, and often none. An age group of fewer than
`THIN` users is given `BORROWED` further degrees of freedom at the mean variance of the larger
groups, measured against what the group's answers can move the score: "0 of 2 users" stays weak
evidence. A recall is not in doubt where a model never answers the age group at all: it is 0, and
adds nothing. In simulations at the users of the real test split (`tests/scores/test_jackknife`)
95% intervals of a balanced model, of one that answers big groups only, and of their gaps to a
better one cover 94.8 to 96.9%, but for one: the gap in balanced accuracy between the second and the
better model is covered 97.3%, as two users who are never right vary less than what is borrowed.
Where recalls of thin groups are truly near 0 or 1, but not 0, balanced accuracy and macro F1 are
covered up to 99.3%: two users cannot tell such a group from any other. `BORROWED` was chosen from
2, 4 and 8 by a first simulation of its own seed; the figures are those of later ones.
"""

import numpy as np

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.scores.bootstrap import counts_per_user
from mmage_utils.scores.metrics import scores_of

THIN = 5  # users
BORROWED = 4
WORST = 0.25  # variance of a share, at most, where there is no larger group to borrow from


def groups_of_users(table):
    """The age group 1..7 of most of each user's clips, in order of UserID, shape (n_users,)."""
    return counts_per_user(table, table["ground_truth"] - 1, N_GROUPS).argmax(1) + 1


def without_each(sums, groups):
    """Sums over all users, then without each of them in turn.

    Parameters
    ----------
    sums : numpy.ndarray, shape (n_users, ...)
        `bootstrap.sum_per_user`.
    groups : numpy.ndarray, shape (n_users,)
        `groups_of_users`. The others of the group make up for the user who is left out; a user
        alone in a group stays.

    Returns
    -------
    numpy.ndarray, shape (1 + n_users, ...)
    """
    left, total = np.empty_like(sums), sums.sum(0)
    for group in np.unique(groups):
        own = sums[groups == group]
        n, all_own = len(own), own.sum(0)
        others = (all_own - own) * n / (n - 1) if n > 1 else own
        left[groups == group] = total - all_own + others
    return np.concatenate([total[None], left])


def confusions_without_each(table, weights=1):
    """`without_each` of the confusion matrices of clips, shape (1 + n_users, 7, 7)."""
    counts = counts_per_user(
        table,
        (table["ground_truth"] - 1) * N_GROUPS + table["prediction"] - 1,
        N_GROUPS**2,
        weights,
    )
    matrices = without_each(counts, groups_of_users(table)).reshape(-1, N_GROUPS, N_GROUPS)
    # An age group that only one user has, beside another that most of the user's clips are of.
    gone = (matrices.sum(2) < 1e-9) & (matrices[0].sum(1) > 1e-9)
    return np.where(gone[:, :, None], matrices[0], matrices)


def reach_of(matrix):
    """How far the answers of each age group can move each score.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (7, 7)
        A confusion matrix. An answer counts only where it is given to some clip.

    Returns
    -------
    dict of str to numpy.ndarray, shape (7,)
        For each of `metrics.scores_of`, the largest less the smallest value that is possible when
        all clips of the age group get one and the same answer.
    """
    given = np.flatnonzero(matrix.sum(0) > 0)
    moved = np.repeat(np.asarray(matrix, dtype=float)[None], N_GROUPS * len(given), axis=0)
    group, answer = np.divmod(np.arange(len(moved)), len(given))
    rows = np.arange(len(moved))
    moved[rows, group] = 0
    moved[rows, group, given[answer]] = matrix.sum(1)[group]
    shape = (N_GROUPS, len(given))
    return {name: np.ptp(v.reshape(shape), axis=1) for name, v in scores_of(moved).items()}


def interval_over_users(values, groups, reach, *, more=(), bounds=(-np.inf, np.inf)):
    """A score and its 95% interval.

    Parameters
    ----------
    values : array-like, shape (1 + n_users,)
        The score of the sample, then without each user: of `without_each`.
    groups : numpy.ndarray, shape (n_users,)
        `groups_of_users`.
    reach : array-like, shape (7,)
        `reach_of`.
    more : sequence of (float, int)
        Further variances of the score with their degrees of freedom, such as that over seeds.
    bounds : (float, float)
        The least and the largest value that is possible.

    Returns
    -------
    value, low, high : float
    """
    from scipy.stats import t

    value, parts = float(values[0]), [*more, *_variances(np.asarray(values), groups, reach)]
    variance = sum(part for part, _ in parts)
    if variance > 0:
        freedom = variance**2 / sum(part**2 / df for part, df in parts if df)
        half = t.ppf(0.975, freedom) * variance**0.5
    elif value in bounds and np.any(np.asarray(reach)[np.unique(groups) - 1] > 0):
        # All users alike, at an end: as Clopper and Pearson have it where a user counts once.
        half = (1 - 0.025 ** (1 / len(groups))) * (bounds[1] - bounds[0])
    else:
        half = 0.0
    return value, max(value - half, min(bounds[0], value)), min(value + half, max(bounds[1], value))


def _variances(values, groups, reach):
    """Variance of the score from each age group that has users, and its degrees of freedom."""
    there = np.unique(groups)
    users = np.array([(groups == group).sum() for group in there])
    squares = np.array([_squares(values[1:][groups == group]) for group in there])
    reach = np.asarray(reach, dtype=float)[there - 1]
    moves = reach > 1e-12
    unit = np.where(moves, reach, 1) ** 2
    freedom, borrowed = users - 1, np.where(moves & (users < THIN), BORROWED, 0)
    large = moves & (users >= THIN)
    typical = (squares / unit / np.maximum(freedom, 1))[large].mean() if large.any() else WORST
    pooled = freedom + borrowed
    squares = squares + borrowed * typical * unit
    return list(zip(squares / np.maximum(pooled, 1) / users, pooled, strict=True))


def _squares(values):
    """Sum of squares of what each user adds to a mean, from the values without each."""
    return (((values - values.mean()) * (len(values) - 1)) ** 2).sum()
