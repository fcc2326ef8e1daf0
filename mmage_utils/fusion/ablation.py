"""What each modality is worth: subsets and rules in one table, Shapley values, lost order (task h).

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
from mmage_utils.scores.evaluation import score
from mmage_utils.scores.metrics import scores_of

UNITS = ("clip", "user")


def ablate(fitted, tables, *, majority, split="test", draws=DRAWS, seed=0):
    """Score every subset of modalities by every rule, in the units of clips and of users.

    Parameters
    ----------
    fitted : fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality (image, audio, text) to predictions, in any order.
    majority : int
        The constant predictor's answer.

    Returns
    -------
    pandas.DataFrame
        The best first, by accuracy per clip: modalities, rule, chosen (the rule that was chosen
        on valid, for all modalities), unit, accuracy, low, high (95%, clustered by user),
        constant, and balanced_accuracy likewise; n_clips, n_users. A single model has the rules
        ``alone`` and, where it was fitted, ``stacking``: the others do not change its answers.
        The report's rules leave out clips that lack a modality, the others score them from what
        they have.
    """
    parts = {name: table[table["split"] == split] for name, table in tables.items()}
    everything = subset_name(fitted.temperatures)
    rows = []
    for (use, rule), table in _fused(fitted, parts).items():
        chosen = subset_name(use) == everything and rule == fitted.rule
        for unit in UNITS:
            found = score(table, majority=majority, unit=unit, draws=draws, seed=seed)
            row = {"modalities": subset_name(use), "rule": rule, "chosen": chosen, "unit": unit}
            for metric, short in (("accuracy", ""), ("balanced_accuracy", "balanced_")):
                low, high = found[metric]["interval"]
                row |= {metric: found[metric]["value"], f"{short}low": low, f"{short}high": high}
                row[f"{short}constant"] = found[metric]["constant"]
            rows.append(row | {"n_clips": found["n_clips"], "n_users": found["n_users"]})
    table = pd.DataFrame(rows)
    by_clip = table[table["unit"] == "clip"].set_index(["modalities", "rule"])["accuracy"]
    place = pd.MultiIndex.from_frame(table[["modalities", "rule"]])
    return (
        table.assign(per_clip=by_clip.reindex(place).to_numpy())
        .sort_values(
            ["per_clip", "modalities", "rule", "unit"], ascending=[False, True, True, True]
        )
        .drop(columns="per_clip")
        .reset_index(drop=True)
    )


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
    fitted : fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions, in any order.
    majority : int
        The constant predictor's answer.
    rule : str, optional
        Another rule than the chosen one.

    Returns
    -------
    dict
        accuracy and balanced_accuracy: a dict of modality to value and interval (95%, bootstrap
        over users), of ``all`` to their sum likewise, and ``constant``, the constant predictor's.
    """
    parts = {name: table[table["split"] == split] for name, table in tables.items()}
    names = tuple(fitted.temperatures)
    coalitions = {use: apply_fusion(fitted, parts, use=use, rule=rule) for use in subsets(names)}
    coalitions[()] = coalitions[names].assign(prediction=majority)
    counts = {use: user_confusions(table) for use, table in coalitions.items()}
    drawn = draw_users(len(counts[()]), draws=draws, seed=seed)
    shape = (-1, N_GROUPS, N_GROUPS)
    # One row more than the draws: the sample itself, first.
    drawn = np.vstack([np.ones_like(drawn[:1]), drawn])
    scores = {use: scores_of((drawn @ one).reshape(shape)) for use, one in counts.items()}
    found = {}
    for metric in ("accuracy", "balanced_accuracy"):
        worth = {use: one[metric] for use, one in scores.items()}
        values = {name: _shapley_value(name, names, worth) for name in names}
        values["all"] = worth[names] - worth[()]
        found[metric] = {
            name: {"value": float(one[0]), "interval": interval(one[1:])}
            for name, one in values.items()
        }
        found[metric]["constant"] = float(worth[()][0])
    return found


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
