"""Late fusion of separately trained models, on their stored predictions (tasks g and h).

`add_logits` is the report's rule. `fit_fusion` and `apply_fusion` are the corrected ones. There a
modality speaks through its evidence, log p - log prior, so that the prior, which every model has
learnt, is counted once however many models speak; all that is chosen is chosen on valid.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.rules import (
    apply_stack,
    complete_clips,
    cool,
    fit_stack,
    fit_temperatures,
    fit_weights,
    held_out_loss,
    leave_users_out,
    multiply,
)
from mmage_utils.predictions import P_COLUMNS, logits, shared_clips, softmax

# The report's weights for image, audio and text (task h; task g adds the logits as they are).
PUBLISHED_WEIGHTS = {
    "sum": (1.0, 1.0, 1.0),
    "weighted": (1.2, 0.8, 0.8),
    "image_audio": (1.2, 0.8, 0.0),
    "image_text": (1.2, 0.0, 0.8),
}

RULES = ("product", "weighted", "stacking")
C_GRID = (0.001, 0.01, 0.1, 1.0)  # of scikit-learn: small is a strong L2 penalty
FOLDS = 5
_KEYS = ["VideoName", "UserID", "split", "ground_truth"]


def add_logits(tables, weights):
    """Add the models' logits with weights, then softmax and argmax, as the report does.

    Parameters
    ----------
    tables : iterable of pandas.DataFrame
        Prediction tables; they are joined on VideoName, and clips that one of them lacks are
        left out.
    weights : sequence of float
        One weight a model; with one weight 1 and the others 0, the result is that model.

    Returns
    -------
    pandas.DataFrame
        A prediction table of the shared clips.

    Raises
    ------
    ValueError
        When the numbers of tables and weights differ, or a weight is negative.
    """
    tables = list(tables)
    if len(tables) != len(weights) or not (min(weights) >= 0 and sum(weights) > 0):
        raise ValueError("fusion needs one weight, not negative, for each model, and not only 0")
    tables = shared_clips(tables)
    total = sum(weight * logits(table) for table, weight in zip(tables, weights, strict=True))
    fused = tables[0].copy()
    fused[P_COLUMNS] = softmax(total)
    fused["prediction"] = total.argmax(1) + 1
    return fused


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
        """The chosen numbers, without the many coefficients of the stacking, for the results."""
        return {**self._asdict(), "stacks": list(self.stacks)}


def subsets(names):
    """All subsets of modalities but the empty one, small ones first, as tuples."""
    names = tuple(names)
    return [some for size in range(1, len(names) + 1) for some in combinations(names, size)]


def subset_name(names):
    """The name of a subset of modalities: ``image + audio``."""
    return " + ".join(names)


def align(tables):
    """Join prediction tables on VideoName, with a gap where a table lacks a clip.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Modality to predictions, rows in any order; clips may lack in some. A row whose
        probabilities are missing counts as lacking.

    Returns
    -------
    clips : pandas.DataFrame
        VideoName, UserID, split, ground_truth of every clip of any table, in order of VideoName.
    log_p : numpy.ndarray, shape (modalities, n clips, 7)
        Log-probabilities, NaN where the modality is missing.

    Raises
    ------
    ValueError
        When a clip stands twice in a table, or tables contradict each other on a clip.
    """
    parts = [table[_KEYS] for table in tables.values()]
    clips = pd.concat(parts).drop_duplicates().sort_values("VideoName", ignore_index=True)
    if clips["VideoName"].duplicated().any():
        name = clips.loc[clips["VideoName"].duplicated(), "VideoName"].iloc[0]
        raise ValueError(f"the tables contradict each other on the clip {name}")
    row_of = pd.Index(clips["VideoName"])
    log_p = np.full((len(tables), len(clips), N_GROUPS), np.nan)
    for k, (name, table) in enumerate(tables.items()):
        if table["VideoName"].duplicated().any():
            raise ValueError(f"a clip stands twice in the predictions of {name}")
        log_p[k, row_of.get_indexer(table["VideoName"])] = logits(table)
    return clips, log_p


def fit_fusion(tables, prior, *, rules=RULES, penalties=C_GRID, folds=FOLDS):
    """Choose temperatures, weights, penalty and rule on the valid clips.

    Every rule is fitted for every subset of modalities, so that a clip that lacks one is scored
    by what was fitted for those it has. Penalty and rule are those of least log-loss on valid
    users that were left out of the fit (folds grouped by user), never of the fit itself.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Modality to predictions of all splits, in any order; only rows of valid are looked at.
    prior : array-like, shape (7,)
        Shares of the age groups in train (`evaluation.train_prior`).
    rules : sequence of str
        Those to choose from: ``product`` (posteriors multiplied, the prior once), ``weighted``
        (each evidence with a weight of at least 0, of least log-loss), ``stacking`` (multinomial
        logistic regression on the log-probabilities). All come after the temperatures.
    penalties : sequence of float
        C of the stacking to choose from.
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
    valid = {name: table[table["split"] == "valid"] for name, table in tables.items()}
    clips, log_p = align(valid)
    truth, users = clips["ground_truth"].to_numpy(), clips["UserID"].to_numpy()
    complete = ~np.isnan(log_p).any((0, 2))
    if len(set(users[complete])) < folds:
        raise ValueError(f"fusion needs at least {folds} valid users with all modalities")
    parts = leave_users_out(log_p, truth, users, folds)
    everything = tuple(range(len(names)))

    def held_out(rule, some, penalty=None):
        return held_out_loss(rule, some, parts, truth, prior, penalty)

    penalty = None
    if "stacking" in rules:
        penalty = min(penalties, key=lambda c: held_out("stacking", everything, c))
    every = subsets(everything)
    keys = [subset_name(names[k] for k in some) for some in every]
    losses = {
        rule: {key: held_out(rule, some, penalty) for key, some in zip(keys, every, strict=True)}
        for rule in rules
    }
    temperatures = fit_temperatures(log_p, truth)
    calibrated = cool(log_p, temperatures)
    weights, stacks = {}, {}
    for key, some in zip(keys, every, strict=True):
        inside, here = complete_clips(calibrated, some)
        if "weighted" in rules:
            fitted = fit_weights(inside, truth[here], prior)
            weights[key] = {names[k]: float(w) for k, w in zip(some, fitted, strict=True)}
        if "stacking" in rules:
            stacks[key] = fit_stack(inside, truth[here], prior, penalty)
    return Fusion(
        rule=min(rules, key=lambda rule: losses[rule][subset_name(names)]),
        prior=prior,
        temperatures=dict(zip(names, temperatures, strict=True)),
        weights=weights,
        C=penalty,
        stacks=stacks,
        held_out=losses,
    )


def apply_fusion(fitted, tables, *, use=None, rule=None):
    """Score clips by a fitted fusion, each from the modalities that it has.

    Parameters
    ----------
    fitted : Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions, as `fit_fusion`.
    use : sequence of str, optional
        Modalities to use; the clips stay those of all tables.
    rule : str, optional
        Another rule than the chosen one.

    Returns
    -------
    pandas.DataFrame
        A prediction table of every clip of any table, in order of VideoName. A clip without any
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
    names = tuple(name for name in names if name in tables)
    clips, log_p = align({name: tables[name] for name in names})
    log_p = cool(log_p, [fitted.temperatures[name] for name in names])
    there = ~np.isnan(log_p).any(2) & np.isin(names, use)[:, None]
    p = np.tile(fitted.prior, (len(clips), 1))
    for pattern in np.unique(there, axis=1).T:
        some = tuple(np.flatnonzero(pattern))
        if some:
            rows = (there == pattern[:, None]).all(0)
            own = [names[k] for k in some]
            p[rows] = _answer(fitted, rule, own, log_p[np.ix_(some, rows)])
    table = clips.assign(prediction=p.argmax(1) + 1)
    table[P_COLUMNS] = p
    return table


def _answer(fitted, rule, names, log_p):
    """Probabilities by the fitted rule for one subset of modalities, shape (n, 7)."""
    if rule == "stacking":
        return apply_stack(fitted.stacks[subset_name(names)], log_p)
    if rule == "weighted":
        return multiply(log_p, fitted.prior, list(fitted.weights[subset_name(names)].values()))
    return multiply(log_p, fitted.prior)
