"""All scores of one prediction file."""

import numpy as np

from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES, N_GROUPS
from mmage_utils.predictions import P_COLUMNS, spread_to_clips
from mmage_utils.scores.bootstrap import DRAWS
from mmage_utils.scores.evaluation import score_models, train_majority, train_prior
from mmage_utils.scores.groups import MIN_USERS, accuracy_by, biases, thin_groups

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


def make_scorecard(table, reference, *, draws=DRAWS, seed=0):
    """Score predictions of one split as the report does.

    Parameters
    ----------
    table : pandas.DataFrame
        `prediction_check.check_predictions`.
    reference : prediction_check.Reference

    Returns
    -------
    dict
        split, constant (the constant predictor's answer and its source), scores
        (`evaluation.score_models` of each clip's prediction and of its user's), groups (grouping
        to `groups.accuracy_by`, without a percentage for few users), thin_groups
        (`groups.thin_groups`) and bias (`groups.biases`).
    """
    known = reference.train is not None
    source = (reference.train if known else reference.labels).assign(split="train")
    majority, prior = train_majority(source), train_prior(source)
    settings = {"majority": majority, "prior": prior}
    together = table.copy()
    if not set(P_COLUMNS) <= set(table):  # without probabilities a user's clips vote
        together[P_COLUMNS] = np.eye(N_GROUPS)[table["prediction"] - 1]
    together = spread_to_clips(together)[list(table)]
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
                accuracy_by(table, name, majority=majority)
            )
            for name in GROUPINGS
        },
        "thin_groups": thin_groups(table),
        "bias": biases(table, draws=draws, seed=seed),
    }


def _rows(groups):
    """`accuracy_by` without a percentage for categories of few users."""
    groups.index = [name if isinstance(name, str) else " ".join(name) for name in groups.index]
    return groups.assign(accuracy=groups["accuracy"].mask(groups["users"] < MIN_USERS))
