"""Everything that is scored of one prediction file."""

import numpy as np

from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES, N_GROUPS
from mmage_utils.predictions import P_COLUMNS, spread_to_clips
from mmage_utils.scores.evaluation import score_models, train_majority, train_prior
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
    reference : prediction_check.Reference

    Returns
    -------
    dict
        split, constant (the constant predictor's answer and where it comes from), scores (a table
        with the answers as models: each clip's own, or that of all clips of its user added up),
        groups (grouping to a table of right, clips, users, accuracy, low, high) and bias.
    """
    known = reference.train is not None
    source = (reference.train if known else reference.labels).assign(split="train")
    majority, prior = train_majority(source), train_prior(source)
    settings = {"majority": majority, "prior": prior, "draws": draws, "seed": seed}
    voted = table
    if not set(P_COLUMNS) <= set(table):  # without probabilities a user's clips vote
        voted = table.copy()
        voted[P_COLUMNS] = np.eye(N_GROUPS)[table["prediction"] - 1]
    together = spread_to_clips(voted)
    if voted is not table:
        together = together.drop(columns=P_COLUMNS)
    tables = {"each clip": table, "user's clips together": together}
    return {
        "split": reference.split,
        "constant": {
            "answer": AGE_GROUPS[majority],
            "taken_from": "the train list" if known else "this list, as no train list is beside it",
        },
        "scores": score_models(tables, units=("clip", "user"), **settings),
        "groups": {
            " x ".join([name] if isinstance(name, str) else name): _rows(
                accuracy_by(table, name, draws=draws, seed=seed)
            )
            for name in GROUPINGS
        },
        "bias": biases(table, draws=draws, seed=seed),
    }


def _rows(groups):
    """`accuracy_by` without a percentage where there are too few users."""
    few = groups["users"] < MIN_USERS
    groups.index = [name if isinstance(name, str) else " ".join(name) for name in groups.index]
    return groups.assign(accuracy=groups["accuracy"].mask(few.to_numpy()))
