"""What each modality is worth: subsets and rules in one table, and Shapley values (task h).

All of it reads stored prediction tables and a fusion that was fitted on valid.
"""

from math import factorial

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.late_fusion import (
    PUBLISHED_WEIGHTS,
    add_logits,
    apply_fusion,
    subset_name,
    subsets,
)
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, user_confusions
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
        The best first, by accuracy per clip: modalities, rule, chosen (the rule that was chosen
        on valid, for all modalities) and the columns of `evaluation.score` without model; rows
        for accuracy and balanced_accuracy. A single model has the rules ``alone`` and, where it
        was fitted, ``stacking``: the others do not change its answers. The report's rules leave
        out clips that lack a modality, the others score them from what they have.
    """
    own = {name: table[table["split"] == split] for name, table in tables.items()}
    everything = subset_name(fitted.temperatures)
    ranked = []
    for (use, rule), table in _fused(fitted, own).items():
        name = subset_name(use)
        scores = score_models({"": table}, majority=majority, units=UNITS, draws=draws, seed=seed)
        scores = scores[scores["metric"].isin(METRICS)].drop(columns="model")
        chosen = name == everything and rule == fitted.rule
        scores = scores.assign(modalities=name, rule=rule, chosen=chosen)
        ranked.append((-pick(scores, split=split).value, name, rule, scores))
    ranked.sort(key=lambda entry: entry[:3])
    table = pd.concat([scores for *_, scores in ranked], ignore_index=True)
    first = ["modalities", "rule", "chosen"]
    return table[[*first, *table.columns.drop(first)]]


def _fused(fitted, tables):
    """Predictions by (subset, rule), the report's rules among them."""
    made, names = {}, tuple(fitted.temperatures)
    for use in subsets(names):
        if len(use) == 1:
            made[use, "alone"] = tables[use[0]].sort_values("VideoName", ignore_index=True)
        else:
            own = [tables[name] for name in use]
            made[use, "published sum"] = add_logits(own, [1] * len(use))
            if use[0] == "image":
                weight = dict(
                    zip(("image", "audio", "text"), PUBLISHED_WEIGHTS["weighted"], strict=True)
                )
                made[use, "published weights"] = add_logits(own, [weight[name] for name in use])
        for rule in fitted.held_out:
            if len(use) > 1 or rule == "stacking":
                made[use, rule] = apply_fusion(fitted, tables, use=use, rule=rule)
    return made


def shapley(fitted, tables, *, majority, rule=None, split="test", draws=DRAWS, seed=0):
    """Shapley value of each modality: its gain, averaged over all orders of adding it.

    The empty subset is the constant predictor, so the values add up to what all modalities
    together gain over it.

    Parameters
    ----------
    fitted : late_fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions, in any order.
    majority : int
        The constant predictor's answer.
    rule : str, optional
        Another rule than the chosen one.

    Returns
    -------
    pandas.DataFrame
        One row a metric (accuracy, balanced_accuracy) and modality, and ``all`` for their sum:
        metric, modality, value, low, high (95%, bootstrap over users), constant (the constant
        predictor's).
    """
    own = {name: table[table["split"] == split] for name, table in tables.items()}
    names = tuple(fitted.temperatures)
    coalitions = {use: apply_fusion(fitted, own, use=use, rule=rule) for use in subsets(names)}
    coalitions[()] = coalitions[names].assign(prediction=majority)
    counts = {use: user_confusions(table) for use, table in coalitions.items()}
    drawn = draw_users(len(counts[()]), draws=draws, seed=seed)
    # One row more than the draws: the sample itself, first.
    drawn = np.vstack([np.ones_like(drawn[:1]), drawn])
    scores = {
        use: scores_of((drawn @ cells).reshape(-1, N_GROUPS, N_GROUPS))
        for use, cells in counts.items()
    }
    rows = []
    for metric in METRICS:
        worth = {use: values[metric] for use, values in scores.items()}
        gains = {name: _shapley_value(name, names, worth) for name in names}
        gains["all"] = worth[names] - worth[()]
        for name, values in gains.items():
            rows.append((metric, name, values[0], *interval(values[1:]), worth[()][0]))
    return pd.DataFrame(rows, columns=["metric", "modality", "value", "low", "high", "constant"])


def _shapley_value(name, names, worth):
    others = tuple(other for other in names if other != name)
    total = 0
    for use in [(), *subsets(others)]:
        share = factorial(len(use)) * factorial(len(others) - len(use)) / factorial(len(names))
        joint = tuple(one for one in names if one in use or one == name)
        total = total + share * (worth[joint] - worth[use])
    return total


def mark_one_standard_error(rows, n):
    """Mark accuracies that lie within one standard error of each other.

    Parameters
    ----------
    rows : dict of str to float
        Name to accuracy, for example of `published.FUSION`.
    n : int
        Clips that each was measured on. Clips of one user go together, so the true standard
        error is larger than this one.

    Returns
    -------
    pandas.DataFrame
        The best first: accuracy, standard_error, like_best (within one standard error of the
        best), alike (the other rows within one standard error).
    """
    accuracy = pd.Series(rows, dtype=float).sort_values(ascending=False, kind="stable")
    error = np.sqrt(accuracy * (1 - accuracy) / n)
    gap = np.abs(np.subtract.outer(accuracy.to_numpy(), accuracy.to_numpy()))
    near = gap <= np.maximum.outer(error.to_numpy(), error.to_numpy())
    names = accuracy.index.to_numpy()
    alike = [
        ", ".join(names[k] for k in np.flatnonzero(line) if k != row)
        for row, line in enumerate(near)
    ]
    return pd.DataFrame(
        {"accuracy": accuracy, "standard_error": error, "like_best": near[0], "alike": alike}
    )
