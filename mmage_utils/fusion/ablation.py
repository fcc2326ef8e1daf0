"""What each modality is worth: subsets and rules in one table, and Shapley values (task h).

Both read stored prediction tables and a fusion fitted on valid.
"""

from math import factorial

import numpy as np
import pandas as pd

from mmage_utils.fusion.late_fusion import (
    PUBLISHED_WEIGHTS,
    add_logits,
    apply_fusion,
    subset_name,
    subsets,
)
from mmage_utils.predictions import of_split
from mmage_utils.scores.bootstrap import DRAWS, drawn_confusions, estimate
from mmage_utils.scores.evaluation import pick, score_models
from mmage_utils.scores.metrics import scores_of

UNITS = ("clip", "user")
METRICS = ("accuracy", "balanced_accuracy")


def ablate(fitted, tables, *, majority, split="test", draws=DRAWS, seed=0):
    """Score every subset of modalities by every rule, in the units of clips and of users.

    Parameters
    ----------
    fitted : late_fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality (image, audio, text) to predictions, in any order.
    majority : int
        The constant predictor's answer.

    Returns
    -------
    pandas.DataFrame
        The best first, by accuracy per clip: modalities, rule, chosen (the rule chosen on valid,
        for all modalities) and the columns of `evaluation.score` without model; rows for accuracy
        and balanced_accuracy. A single model has the rules ``alone`` and, if it was fitted,
        ``stacking``: the others do not change its predictions. The report's rules leave out clips
        that lack a modality, the others score them from what they have.
    """
    entries = []
    for (use, rule), table in _fused(fitted, of_split(tables, split)).items():
        scores = score_models({rule: table}, majority=majority, units=UNITS, draws=draws, seed=seed)
        scores = scores[scores["metric"].isin(METRICS)].rename(columns={"model": "rule"})
        scores.insert(0, "modalities", subset_name(use))
        scores.insert(2, "chosen", (use, rule) == (tuple(fitted.temperatures), fitted.rule))
        entries.append(scores)
    entries.sort(key=lambda scores: (-pick(scores, split=split).value, *scores.iloc[0, :2]))
    return pd.concat(entries, ignore_index=True)


def _fused(fitted, tables):
    """Predictions by (subset, rule), with the report's rules among them."""
    fused = {}
    names = ("image", "audio", "text")
    published = dict(zip(names, PUBLISHED_WEIGHTS["fusion, published weighted"], strict=True))
    for use in subsets(tuple(fitted.temperatures)):
        if len(use) == 1:
            fused[use, "alone"] = tables[use[0]].sort_values("VideoName", ignore_index=True)
        else:
            own = [tables[name] for name in use]
            fused[use, "published sum"] = add_logits(own, [1] * len(use))
            if use[0] == "image":
                weights = [published[name] for name in use]
                fused[use, "published weights"] = add_logits(own, weights)
        for rule in fitted.held_out:
            if len(use) > 1 or rule == "stacking":
                fused[use, rule] = apply_fusion(fitted, tables, use=use, rule=rule)
    return fused


def shapley(fitted, tables, *, majority, rule=None, split="test", draws=DRAWS, seed=0):
    """Shapley value of each modality: its gain, averaged over all orders of adding it.

    The empty subset is the constant predictor, so the values add up to the gain of all modalities
    over it.

    Parameters
    ----------
    fitted, tables, majority
        As `ablate`.
    rule : str, optional
        A rule other than the chosen one.

    Returns
    -------
    pandas.DataFrame
        One row per metric (accuracy, balanced_accuracy) and modality, and ``all`` for their sum:
        metric, modality, value, low, high (95%, bootstrap over users), constant (the constant
        predictor's).
    """
    own, names = of_split(tables, split), tuple(fitted.temperatures)
    coalitions = {
        frozenset(use): apply_fusion(fitted, own, use=use, rule=rule) for use in subsets(names)
    }
    nobody, everybody = frozenset(), frozenset(names)
    coalitions[nobody] = coalitions[everybody].assign(prediction=majority)
    scores = {
        use: scores_of(drawn_confusions(table, draws=draws, seed=seed))
        for use, table in coalitions.items()
    }
    rows = []
    for metric in METRICS:
        worth = {use: values[metric] for use, values in scores.items()}
        gains = {name: _shapley_value(name, names, worth) for name in names}
        gains["all"] = worth[everybody] - worth[nobody]
        for name, values in gains.items():
            rows.append((metric, name, *estimate(values), worth[nobody][0]))
    return pd.DataFrame(rows, columns=["metric", "modality", "value", "low", "high", "constant"])


def _shapley_value(name, names, worth):
    others = [other for other in names if other != name]
    total = 0
    for use in [(), *subsets(others)]:
        share = factorial(len(use)) * factorial(len(others) - len(use)) / factorial(len(names))
        total = total + share * (worth[frozenset({*use, name})] - worth[frozenset(use)])
    return total


def mark_one_standard_error(rows, n):
    """Mark accuracies within one standard error of each other.

    Parameters
    ----------
    rows : dict of str to float
        Name to accuracy, for example of `published.FUSION`.
    n : int
        Clips of each accuracy. As clips of one user are alike, the true standard error is larger.

    Returns
    -------
    pandas.DataFrame
        The best first: accuracy, standard_error, like_best (whether it is within one standard
        error of the best), alike (the names of the other rows within one).
    """
    accuracy = pd.Series(rows, dtype=float).sort_values(ascending=False, kind="stable")
    error = np.sqrt(accuracy * (1 - accuracy) / n)
    values, errors = accuracy.to_numpy(), error.to_numpy()
    near = np.abs(np.subtract.outer(values, values)) <= np.maximum.outer(errors, errors)
    others = near & ~np.eye(len(near), dtype=bool)
    alike = [", ".join(accuracy.index[mask]) for mask in others]
    return pd.DataFrame(
        {"accuracy": accuracy, "standard_error": error, "like_best": near[0], "alike": alike}
    )
