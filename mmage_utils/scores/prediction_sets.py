"""Sets of age groups that hold the true one with a stated probability (task g).

Split conformal prediction with users as the units (Lee, Barber & Willett 2023, arXiv 2306.06342):
a user's clips go together, so each user of valid weighs the same, however many clips there are. For
a clip of a new user, drawn as those of valid were, the set holds the true group at least as often
as stated, whatever the model is worth. It does not hold for people of another kind.
"""

import numpy as np

from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.groups import GROUP_COLUMNS, accuracy_by

COVERAGE = 0.9
ROUNDING = 1e-8  # of a probability: what batches of other sizes change leaves no age group out
NOTHING_LEFT_OUT = 1.0  # a level at which every age group is in the set


def choose_level(table, *, coverage=COVERAGE):
    """How improbable an age group of the set may be, chosen on valid.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of all splits, of valid by fits that have not seen the clip's user
        (`cross_fit`); only rows of valid are used.
    coverage : float
        With which the sets hold the true age group.

    Returns
    -------
    float
        The least level q such that, with the user to come counted as one who is never covered,
        the users of valid have the given share of their true groups at 1 - p <= q. It is
        `NOTHING_LEFT_OUT` where valid has too few users for the coverage.
    """
    valid = table[table["split"] == "valid"]
    p = valid[P_COLUMNS].to_numpy(float)
    misses = 1 - p[np.arange(len(p)), valid["ground_truth"].to_numpy() - 1]
    by_user = valid.groupby("UserID")["UserID"]
    weights = 1 / (by_user.transform("size").to_numpy() * (by_user.ngroups + 1))
    order = np.argsort(misses, kind="stable")
    reached = np.cumsum(weights[order]) >= coverage - 1e-12
    return float(misses[order][reached.argmax()]) if reached.any() else NOTHING_LEFT_OUT


def prediction_sets(probabilities, level):
    """Which age groups are in the set of each clip, bool of shape (n, 7).

    Parameters
    ----------
    probabilities : array-like, shape (n, 7)
    level : float
        `choose_level`.

    Returns
    -------
    numpy.ndarray of bool, shape (n, 7)
        The most probable age group is always among them, so that no set is empty.
    """
    p = np.asarray(probabilities, dtype=float)
    inside = 1 - p <= level + ROUNDING
    inside[np.arange(len(p)), p.argmax(1)] = True
    return inside


def coverage_by(table, level, attribute):
    """How often the sets hold the perceived age group, in each category of an attribute.

    Sets are right on average over all speakers; a group may be held less often, which this shows.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split joined with their labels (`predictions.join_labels`).
    level : float
        `choose_level`.
    attribute : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.

    Returns
    -------
    pandas.DataFrame
        One row per category: held (clips), clips, users, coverage (NaN without clips), low, high
        (as `groups.accuracy_by`) and size (mean number of age groups in a set).
    """
    inside = prediction_sets(table[P_COLUMNS], level)
    truth = table["ground_truth"].to_numpy()
    held = inside[np.arange(len(table)), truth - 1]
    rows = accuracy_by(table.assign(prediction=np.where(held, truth, 0)), attribute)
    codes = table[GROUP_COLUMNS[attribute]].to_numpy()
    sizes = [
        inside[codes == code].sum(1).mean() if (codes == code).any() else np.nan
        for code in range(1, len(rows) + 1)
    ]
    return rows.rename(columns={"right": "held", "accuracy": "coverage"}).assign(size=sizes)
