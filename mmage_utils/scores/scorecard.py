"""Everything that is scored of one prediction file, as a dict for JSON and as text for people."""

import numpy as np

from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES, N_GROUPS
from mmage_utils.predictions import P_COLUMNS, spread_to_clips
from mmage_utils.scores.evaluation import score, train_majority, train_prior
from mmage_utils.scores.groups import MIN_USERS, accuracy_by, biases

METRIC_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "kappa": "quadratic weighted kappa",
    "mae": "mean absolute error (groups)",
    "within_one": "within one group",
    "log_loss": "log-loss (nats)",
    "ece": "expected calibration error",
}
GROUPINGS = (*ATTRIBUTES, ("Gender", "Ethnicity"))


def make_scorecard(table, reference, *, draws=2000, seed=0):
    """Score predictions of one split in every way the report asks for.

    Parameters
    ----------
    table : pandas.DataFrame
        `prediction_check.check_predictions`.
    reference : doctor.Reference

    Returns
    -------
    dict
        constant (the constant predictor's answer and where it comes from), scores by answer
        (each clip's own, or that of all clips of its user added up) and unit (clip, user),
        groups, bias.
    """
    known = reference.train is not None
    source = reference.train if known else reference.labels
    majority, prior = train_majority(source.assign(split="train")), train_prior(source)
    settings = {"majority": majority, "prior": prior, "draws": draws, "seed": seed}
    voted = table
    if not set(P_COLUMNS) <= set(table):  # without probabilities a user's clips vote
        voted = table.copy()
        voted[P_COLUMNS] = np.eye(N_GROUPS)[table["prediction"] - 1]
    together = spread_to_clips(voted)
    if voted is not table:
        together = together.drop(columns=P_COLUMNS)
    answers = {"each clip": table, "user's clips together": together}
    return {
        "split": reference.split,
        "constant": {
            "answer": AGE_GROUPS[majority],
            "taken_from": "the train list" if known else "this list, as no train list is beside it",
        },
        "scores": {
            f"{name}, per {unit}": score(one, unit=unit, **settings)
            for name, one in answers.items()
            for unit in ("clip", "user")
        },
        "groups": {
            " x ".join([name] if isinstance(name, str) else name): _rows(
                accuracy_by(table, name, draws=draws, seed=seed)
            )
            for name in GROUPINGS
        },
        "bias": biases(table, draws=draws, seed=seed),
    }


def _rows(groups):
    """Rows of `accuracy_by` for JSON: no percentage where there are too few users."""
    rows = {}
    for index, row in zip(groups.index, groups.to_dict("records"), strict=True):
        name = index if isinstance(index, str) else " ".join(index)
        rows[name] = {key: row[key] for key in ("right", "clips", "users")}
        if row["users"] >= MIN_USERS:
            rows[name] |= {"accuracy": row["accuracy"], "interval": [row["low"], row["high"]]}
    return rows
