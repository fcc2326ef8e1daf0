"""One route of several, chosen on valid: a fine-tuned network, a frozen head, or both averaged.

Test is not read. A route that valid cannot tell from the constant predictor is not taken: then the
shares of train are the honest answer.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.errors import DataError
from mmage_utils.models.class_balance import adjustment, group_counts
from mmage_utils.predictions import P_COLUMNS, age_groups_of, log_losses, tabulate
from mmage_utils.scores.bootstrap import sum_per_user
from mmage_utils.scores.evaluation import CONSTANT
from mmage_utils.scores.metrics import confusion, scores_of


class Choice(NamedTuple):
    """The chosen route, its predictions of all clips, and all candidates.

    ``candidates`` has one row a route, the best first: route, log_loss, gain and se (against the
    constant predictor; nats on valid, over users), accuracy, balanced_accuracy, chosen.
    """

    name: str
    table: pd.DataFrame
    candidates: pd.DataFrame


def choose_on_valid(routes, *, balanced=False, average=True):
    """The route of the least log-loss on valid, or the shares of train when none is better.

    Parameters
    ----------
    routes : dict of str to pandas.DataFrame
        Route to predictions of the same train, valid and test clips, in one order. Their
        probabilities should hold for the age groups as they come: a prior that was taken out in
        training belongs put back (`predictions.adjust`) unless the choice is balanced.
    balanced : bool
        Compare by the mean over age groups of their mean log-loss. The constant predictor then
        gives every group of train the same probability.
    average : bool
        Whether the averages of two routes (of their probabilities) are candidates too.

    Returns
    -------
    Choice
        The name is that of a route, ``average of A and B``, or `CONSTANT` when no candidate's gain
        is above one standard error over the valid users.

    Raises
    ------
    DataError
        When the routes do not predict the same clips in one order, or no valid clip.
    """
    first = _same_clips(routes)
    candidates = dict(routes)
    if average:
        names = [f"average of {a} and {b}" for a, b in combinations(routes, 2)]
        candidates |= {name: take_route(name, routes) for name in names}
    candidates[CONSTANT] = constant = constant_table(first, balanced=balanced)
    rows = [
        {"route": name} | valid_scores(table, constant, balanced=balanced)
        for name, table in candidates.items()
    ]
    found = pd.DataFrame(rows).sort_values("log_loss", kind="stable")
    best = found.iloc[0]
    chosen = best["route"] if best["gain"] > best["se"] else CONSTANT
    found = found.assign(chosen=found["route"] == chosen).reset_index(drop=True)
    return Choice(chosen, candidates[chosen], found)


def take_route(name, routes):
    """The route of a name that `choose_on_valid` gave, from other predictions of the same clips.

    Parameters
    ----------
    name : str
        A route, ``average of A and B``, or `CONSTANT`.
    routes : dict of str to pandas.DataFrame
    """
    first = _same_clips(routes)
    if name == CONSTANT:
        return constant_table(first)
    if name in routes:
        return routes[name]
    for a, b in combinations(routes, 2):
        if name == f"average of {a} and {b}":
            return tabulate(
                first, (routes[a][P_COLUMNS].to_numpy() + routes[b][P_COLUMNS].to_numpy()) / 2
            )
    raise KeyError(f"no route {name}")


def valid_scores(table, constant, *, balanced=False):
    """Scores of predictions on valid, and what they gain over the constant predictor.

    Parameters
    ----------
    table, constant : pandas.DataFrame
        Predictions of the same clips, in one order; the second of `constant_table`.
    balanced : bool
        Every age group weighs the same in log_loss, gain and se.

    Returns
    -------
    dict of str to float
        log_loss in nats; gain, by how much it is less than the constant predictor's, and the se of
        the gain over users; accuracy, balanced_accuracy.
    """
    valid = (table["split"] == "valid").to_numpy()
    losses, base = log_losses(table[valid]), log_losses(constant[valid])
    weights = clip_weights(table[valid], balanced=balanced)
    gain, se = weighted_mean(table[valid], base - losses, weights)
    scores = scores_of(confusion(table[valid]))
    found = {"log_loss": float(weights @ losses), "gain": gain, "se": se}
    return found | {name: float(scores[name]) for name in ("accuracy", "balanced_accuracy")}


def constant_table(clips, *, balanced=False):
    """Predictions that say the shares of the train clips for every clip.

    Parameters
    ----------
    clips : pandas.DataFrame
        Clips or predictions of all splits. An age group without train clips counts as half a clip.
    balanced : bool
        Nearly the same probability for every age group of train, the largest ahead by a hair.
    """
    counts = group_counts(age_groups_of(clips)[clips["split"] == "train"])
    p = np.exp(adjustment(counts))
    if balanced:
        known = counts > 0
        p[known] = p[known].sum() * (1e-3 * p[known] / p[known].sum() + (1 - 1e-3) / known.sum())
    return tabulate(clips, np.broadcast_to(p, (len(clips), N_GROUPS)))


def clip_weights(table, *, balanced=False):
    """Weight of each clip in a mean, shape (n,), 1 together; balanced: of each age group too."""
    if not balanced:
        return np.full(len(table), 1 / len(table))
    groups = age_groups_of(table)
    sizes = groups.map(groups.value_counts()).to_numpy(float)
    return 1 / (sizes * groups.nunique())


def weighted_mean(table, values, weights):
    """Mean of values over clips and its standard error over users.

    Parameters
    ----------
    table : pandas.DataFrame
        With UserID; users, not clips, are drawn from the population.
    values, weights : numpy.ndarray, shape (n,)
        The weights are 1 together.

    Returns
    -------
    mean, se : float
        se is infinite for a single user.
    """
    mean = float(weights @ values)
    pull = sum_per_user(table, weights * (values - mean))
    users = len(pull)
    if users < 2:
        return mean, np.inf
    return mean, float(np.sqrt(users / (users - 1) * (pull**2).sum()))


def _same_clips(routes):
    first, *others = routes.values()
    for table in others:
        if first["VideoName"].tolist() != table["VideoName"].tolist():
            names = ", ".join(routes)
            raise DataError(f"The routes {names} do not predict the same clips in one order.")
    if not (first["split"] == "valid").any():
        raise DataError("The routes predict no valid clip, so none can be chosen.")
    return first
