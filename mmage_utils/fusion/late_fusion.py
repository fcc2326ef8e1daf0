"""Late fusion of separately trained models, on their stored predictions (tasks g and h).

`add_logits` is the report's rule; `fit_fusion` and `apply_fusion` correct it. They add the evidence
of each modality, log p - log prior, so that the prior, which every model has learnt, counts once.
Everything is chosen on valid.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.rules import (
    apply_rule,
    complete_clips,
    cool,
    fit_rule,
    fit_temperatures,
    held_out_loss,
    leave_users_out,
)
from mmage_utils.predictions import logits, of_split, shared_clips, tabulate, with_logits

# The report's weights for image, audio and text (task h; task g adds the logits as they are).
PUBLISHED_WEIGHTS = {
    "fusion, published sum": (1.0, 1.0, 1.0),
    "fusion, published weighted": (1.2, 0.8, 0.8),
    "fusion, published image + audio": (1.2, 0.8, 0.0),
    "fusion, published image + text": (1.2, 0.0, 0.8),
}

RULES = ("product", "weighted", "stacking")
C_GRID = (0.001, 0.01, 0.1, 1.0)  # of `rules.fit_stack`
FOLDS = 5
_KEYS = ["VideoName", "UserID", "split", "ground_truth"]


def add_logits(tables, weights):
    """Add the weighted logits of models, then softmax and argmax, as the report does.

    Parameters
    ----------
    tables : iterable of pandas.DataFrame
        Prediction tables, joined on VideoName.
    weights : sequence of float
        One weight per model.

    Returns
    -------
    pandas.DataFrame
        A prediction table of the clips that all tables share.

    Raises
    ------
    ValueError
        When the numbers of tables and weights differ, a weight is negative, or all are 0.
    """
    tables = list(tables)
    if len(tables) != len(weights) or not (min(weights) >= 0 and sum(weights) > 0):
        raise ValueError("fusion needs one weight, not negative, for each model, and not only 0")
    tables = shared_clips(tables)
    total = sum(weight * logits(table) for table, weight in zip(tables, weights, strict=True))
    return with_logits(tables[0], total)


class Fusion(NamedTuple):
    """What `fit_fusion` chose on valid.

    rule : the rule of least held-out log-loss, one of `RULES`
    prior : shape (7,), shares of the age groups in train
    temperatures : modality to temperature
    weights : subset of modalities (``image + audio``) to modality to weight of its evidence
    C : inverse penalty of the stacking
    stacks : subset to (mean input, coefficients, intercepts) of the stacking
    held_out : rule to subset to log-loss in nats on valid users left out of the fit
    """

    rule: str
    prior: np.ndarray
    temperatures: dict
    weights: dict
    C: float
    stacks: dict
    held_out: dict

    def record(self):
        """The chosen numbers without the coefficients of the stacking, for the results."""
        return {**self._asdict(), "stacks": list(self.stacks)}


def subsets(names):
    """All subsets of modalities except the empty one, small ones first, as tuples."""
    sizes = range(1, len(names) + 1)
    return [subset for size in sizes for subset in combinations(names, size)]


def subset_name(names):
    """The name of a subset of modalities: ``image + audio``."""
    return " + ".join(names)


def align(tables):
    """Join prediction tables on VideoName.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Modality to predictions, in any order. Clips, or their probabilities, may be missing.

    Returns
    -------
    clips : pandas.DataFrame
        VideoName, UserID, split, ground_truth of every clip of any table, in order of VideoName.
    log_p : numpy.ndarray, shape (modalities, n clips, 7)
        Log-probabilities, NaN where a modality lacks the clip.

    Raises
    ------
    ValueError
        When a clip is listed twice in a table, or tables contradict each other on a clip.
    """
    clips = pd.concat([table[_KEYS] for table in tables.values()]).drop_duplicates()
    clips = clips.sort_values("VideoName", ignore_index=True)
    repeated = clips["VideoName"].duplicated()
    if repeated.any():
        name = clips.loc[repeated, "VideoName"].iloc[0]
        raise ValueError(f"the tables contradict each other on the clip {name}")
    row_of = pd.Index(clips["VideoName"])
    log_p = np.full((len(tables), len(clips), N_GROUPS), np.nan)
    for k, (name, table) in enumerate(tables.items()):
        if table["VideoName"].duplicated().any():
            raise ValueError(f"a clip is listed twice in the predictions of {name}")
        log_p[k, row_of.get_indexer(table["VideoName"])] = logits(table)
    return clips, log_p


def fit_fusion(tables, prior, *, rules=RULES, penalties=C_GRID, folds=FOLDS):
    """Choose temperatures, weights, penalty and rule on the valid clips.

    Every rule is fitted for every subset of modalities, so that a clip that lacks one is scored by
    a fit of those it has. Penalty and rule have the least log-loss on valid users left out of the
    fit (folds grouped by user).

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Modality to predictions of all splits, in any order; only rows of valid are used.
    prior : array-like, shape (7,)
        Shares of the age groups in train (`evaluation.train_prior`).
    rules : sequence of str
        Those to choose from: ``product`` (posteriors multiplied, the prior once), ``weighted``
        (each evidence with a weight of at least 0, of least log-loss), ``stacking`` (multinomial
        logistic regression on the log-probabilities). All use the temperatures.
    penalties : sequence of float
        Penalties of the stacking to choose from, as `rules.fit_stack`.
    folds : int

    Returns
    -------
    Fusion

    Raises
    ------
    ValueError
        When a rule is unknown, or fewer than `folds` valid users have all modalities.
    """
    if not rules or set(rules) - set(RULES):
        raise ValueError(f"fusion rules are {', '.join(RULES)}")
    names, prior = tuple(tables), np.asarray(prior, dtype=float)
    clips, log_p = align(of_split(tables, "valid"))
    truth, users = clips["ground_truth"].to_numpy(), clips["UserID"].to_numpy()
    everything = range(len(names))
    _, complete = complete_clips(log_p, everything)
    if len(set(users[complete])) < folds:
        raise ValueError(f"fusion needs at least {folds} valid users with all modalities")
    left_out = leave_users_out(log_p, truth, users, folds)

    def held_out(rule, subset, penalty=None):
        return held_out_loss(rule, subset, left_out, truth, prior, penalty)

    penalty = None
    if "stacking" in rules:
        penalty = min(penalties, key=lambda c: held_out("stacking", everything, c))
    keys = {subset_name(names[k] for k in subset): subset for subset in subsets(everything)}
    losses = {
        rule: {key: held_out(rule, subset, penalty) for key, subset in keys.items()}
        for rule in rules
    }
    temperatures = fit_temperatures(log_p, truth)
    log_p = cool(log_p, temperatures)
    learnt = {rule: {} for rule in RULES}
    for key, subset in keys.items():
        inside, complete = complete_clips(log_p, subset)
        for rule in rules:
            learnt[rule][key] = fit_rule(rule, inside, truth[complete], prior, penalty)
    return Fusion(
        rule=min(rules, key=lambda rule: losses[rule][subset_name(names)]),
        prior=prior,
        temperatures=dict(zip(names, temperatures, strict=True)),
        weights={
            key: {names[k]: float(w) for k, w in zip(keys[key], weights, strict=True)}
            for key, weights in learnt["weighted"].items()
        },
        C=penalty,
        stacks=learnt["stacking"],
        held_out=losses,
    )


def apply_fusion(fitted, tables, *, use=None, rule=None):
    """Score clips by a fitted fusion, each from the modalities that it has.

    Parameters
    ----------
    fitted : Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions, in any order.
    use : iterable of str, optional
        Modalities to use; the clips are still those of all tables.
    rule : str, optional
        A rule other than the chosen one.

    Returns
    -------
    pandas.DataFrame
        A prediction table of every clip of any table, in order of VideoName. A clip without a
        modality to use gets the prior.

    Raises
    ------
    ValueError
        When a rule or modality was not fitted.
    """
    rule, names = rule or fitted.rule, tuple(fitted.temperatures)
    use = names if use is None else tuple(use)
    if rule not in fitted.held_out or set(tables) - set(names) or set(use) - set(names):
        raise ValueError("this rule or modality is not among those that were fitted")
    names = [name for name in names if name in tables]
    clips, log_p = align({name: tables[name] for name in names})
    log_p = cool(log_p, [fitted.temperatures[name] for name in names])
    usable = ~np.isnan(log_p).any(2) & np.isin(names, use)[:, None]
    p = np.tile(fitted.prior, (len(clips), 1))
    for pattern in np.unique(usable[:, usable.any(0)], axis=1).T:
        rows = (usable == pattern[:, None]).all(0)
        key = subset_name(np.array(names)[pattern])
        weights = list(fitted.weights[key].values()) if rule == "weighted" else None
        learnt = fitted.stacks[key] if rule == "stacking" else weights
        p[rows] = apply_rule(rule, learnt, log_p[np.ix_(pattern, rows)], fitted.prior)
    return tabulate(clips, p)
