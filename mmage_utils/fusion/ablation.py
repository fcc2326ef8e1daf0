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
from mmage_utils.predictions import of_split, shared_rows
from mmage_utils.scores.comparison import metric_differences
from mmage_utils.scores.evaluation import pick, score_models
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
)
from mmage_utils.scores.metrics import scores_of

UNITS = ("clip", "user")
METRICS = ("accuracy", "balanced_accuracy")


def ablate(fitted, tables, *, majority, split="test"):
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
        for all modalities), the columns of `evaluation.score` without model, and gap, gap_low,
        gap_high: the paired difference to the chosen row on the clips that both score, with its
        95% interval over users (`comparison.difference`); rows for accuracy and
        balanced_accuracy. A single model has the rules ``alone`` and, if it was fitted,
        ``stacking``: the others do not change its predictions. The report's rules leave out clips
        that lack a modality, the others score them from what they have.
    """
    fused, entries = _fused(fitted, of_split(tables, split)), []
    best = (tuple(fitted.temperatures), fitted.rule)
    for (use, rule), table in fused.items():
        scores = score_models({rule: table}, majority=majority, units=UNITS)
        scores = scores[scores["metric"].isin(METRICS)].rename(columns={"model": "rule"})
        scores.insert(0, "modalities", subset_name(use))
        scores.insert(2, "chosen", (use, rule) == best)
        entries.append(_with_gaps(scores, table, fused[best]))
    entries.sort(key=lambda scores: (-pick(scores, split=split).value, *scores.iloc[0, :2]))
    return pd.concat(entries, ignore_index=True)


def _with_gaps(scores, table, best):
    """Scores of a table with its paired differences to the chosen one."""
    pair = (shared_rows(table, best), shared_rows(best, table))
    gaps = {unit: metric_differences(*pair, METRICS, unit=unit) for unit in UNITS}
    own = [gaps[row.unit][row.metric] for row in scores.itertuples()]
    columns = {"gap": "value", "gap_low": "low", "gap_high": "high"}
    return scores.assign(**{to: [gap[name] for gap in own] for to, name in columns.items()})


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


def shapley(fitted, tables, *, majority, rule=None, split="test"):
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
        metric, modality, value, low, high (95%, over users: `jackknife`), constant (the constant
        predictor's).
    """
    own, names = of_split(tables, split), tuple(fitted.temperatures)
    coalitions = {
        frozenset(use): apply_fusion(fitted, own, use=use, rule=rule) for use in subsets(names)
    }
    nobody, everybody = frozenset(), frozenset(names)
    coalitions[nobody] = coalitions[everybody].assign(prediction=majority)
    matrices = {use: confusions_without_each(table) for use, table in coalitions.items()}
    scores = {use: scores_of(matrix) for use, matrix in matrices.items()}
    reaches = [reach_of(matrix[0]) for matrix in matrices.values()]
    groups, rows = groups_of_users(coalitions[everybody]), []
    for metric in METRICS:
        worth = {use: values[metric] for use, values in scores.items()}
        reach = np.max([each[metric] for each in reaches], axis=0)
        gains = {name: _shapley_value(name, names, worth) for name in names}
        gains["all"] = worth[everybody] - worth[nobody]
        for name, values in gains.items():
            numbers = interval_over_users(values, groups, reach)
            rows.append((metric, name, *numbers, float(worth[nobody][0])))
    return pd.DataFrame(rows, columns=["metric", "modality", "value", "low", "high", "constant"])


def _shapley_value(name, names, worth):
    others = [other for other in names if other != name]
    total = 0
    for use in [(), *subsets(others)]:
        share = factorial(len(use)) * factorial(len(others) - len(use)) / factorial(len(names))
        total = total + share * (worth[frozenset({*use, name})] - worth[frozenset(use)])
    return total


def mark_one_standard_error(rows, n):
    """Mark accuracies within one marginal standard error of each other.

    Of the report's rows only accuracies are known, no predictions: the error of their paired
    differences, which is smaller where two rows mostly agree, cannot be computed.

    Parameters
    ----------
    rows : dict of str to float
        Name to accuracy, for example of `published.FUSION`.
    n : int
        Clips of each accuracy. As clips of one user are alike, the true standard error is larger.

    Returns
    -------
    pandas.DataFrame
        The best first: accuracy, marginal standard error, within one error of the best (a bool),
        within one error of (the names of those other rows, between semicolons).
    """
    accuracy = pd.Series(rows, dtype=float).sort_values(ascending=False, kind="stable")
    error = np.sqrt(accuracy * (1 - accuracy) / n)
    values, errors = accuracy.to_numpy(), error.to_numpy()
    near = np.abs(np.subtract.outer(values, values)) <= np.maximum.outer(errors, errors)
    beside = near & ~np.eye(len(near), dtype=bool)
    others = ["; ".join(accuracy.index[mask]) for mask in beside]
    return pd.DataFrame(
        {
            "accuracy": accuracy,
            "marginal standard error": error,
            "within one error of the best": near[0],
            "within one error of": others,
        }
    )
