"""What it costs that the clips of one user are alike: intervals over rows beside those over users.

Rows are what most software counts. Clips of one person share face, voice and label, so that they
are fewer facts than rows (Kish 1965, Survey Sampling).
"""

import pandas as pd

from mmage_utils.scores.evaluation import score


def clustering_cost(table, *, majority, metrics=("accuracy", "balanced_accuracy", "kappa")):
    """Scores with intervals that take every clip for a person, beside those over users.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    majority : int
        As `evaluation.score`.
    metrics : sequence of str

    Returns
    -------
    pandas.DataFrame
        Indexed by metric: value; low_rows, high_rows, low_users, high_users (95%); ratio, the
        width over users by that over rows; clips, users, and worth, as many independent clips as
        would have the interval over users (clips / ratio²).
    """
    kinds = {"rows": table.assign(UserID=table["VideoName"]), "users": table}
    scores = {
        name: score(own, majority=majority).set_index("metric").loc[list(metrics)]
        for name, own in kinds.items()
    }
    found = pd.DataFrame({"value": scores["users"]["value"]})
    for name, rows in scores.items():
        found[f"low_{name}"], found[f"high_{name}"] = rows["low"], rows["high"]
    width = {name: found[f"high_{name}"] - found[f"low_{name}"] for name in scores}
    found["ratio"] = width["users"] / width["rows"]
    found["clips"], found["users"] = len(table), table["UserID"].nunique()
    return found.assign(worth=found["clips"] / found["ratio"] ** 2)
