"""Scores that a run has saved, computed again from its prediction files and compared."""

import numpy as np
import pandas as pd

from mmage_utils.predictions import shared_clips, spread_to_clips
from mmage_utils.scores.evaluation import SCORE_COLUMNS, score_models, train_majority, train_prior

KEYS = list(SCORE_COLUMNS[:4])
NUMBERS = list(SCORE_COLUMNS[4:])
UNITS = ("clip", "user")
TOLERANCE = 1e-6  # prediction files keep nine digits
# How the label of what is scored says that it is made of a model's predictions: "model: way".
WAYS = {
    "": lambda table: table,
    "each clip": lambda table: table,
    "clips added up": spread_to_clips,
}


def rescore(scores, read):
    """Score the models of a table of scores again, and hold both against each other.

    Models of one table are scored on the clips that all of them predict.

    Parameters
    ----------
    scores : pandas.DataFrame
        `evaluation.SCORE_COLUMNS`, as saved.
    read : callable
        Takes a model's label and gives its predictions of all splits, or None if there are none.

    Returns
    -------
    differences : pandas.DataFrame
        One row for each number that differs: model, split, unit, metric, column, saved, again.
    without : list of str
        Models that are not compared, as they have no predictions.
    """
    # What is no number, or of no known unit, is a difference like any other.
    scores = scores.assign(**scores[NUMBERS].apply(pd.to_numeric, errors="coerce"))
    scores = scores.assign(**{key: [str(value) for value in scores[key]] for key in KEYS})
    units = tuple(unit for unit in UNITS if unit in set(scores["unit"]))
    tables = {}
    for model in scores["model"].unique():
        base, _, way = model.partition(": ")
        table = read(base) if way in WAYS else None
        if table is not None:
            tables[model] = table
    without = [model for model in scores["model"].unique() if model not in tables]
    columns = [*KEYS, "column", "saved", "again"]
    if not tables:
        return pd.DataFrame(columns=columns), without
    shared = dict(zip(tables, shared_clips(list(tables.values())), strict=True))
    first = next(iter(shared.values()))
    settings = {"majority": train_majority(first), "prior": train_prior(first)}
    made = {name: WAYS[name.partition(": ")[2]](table) for name, table in shared.items()}
    again = score_models(made, units=units or UNITS, **settings)
    known = scores[scores["model"].isin(tables)]
    both = known.merge(again, on=KEYS, how="left", suffixes=(", saved", ", again"))
    rows = []
    for column in NUMBERS:
        saved, fresh = (both[f"{column}, {which}"].astype(float) for which in ("saved", "again"))
        differs = ~np.isclose(saved, fresh, rtol=0, atol=TOLERANCE, equal_nan=True)
        values = {"column": column, "saved": saved[differs], "again": fresh[differs]}
        rows.append(both.loc[differs, KEYS].assign(**values))
    return pd.concat(rows, ignore_index=True)[columns], without
