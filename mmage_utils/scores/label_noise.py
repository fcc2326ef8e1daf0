"""Labels that may be wrong, and what scores are without the clips that have them (task g).

Confident learning (Northcutt, Jiang & Chuang 2021, JAIR 70) on probabilities that a model gave to
clips of users whom it has not seen: what a model says of its own training clips proves nothing. A
suspect is a clip to look at, not a wrong label: the model errs more often than annotators do.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.evaluation import pick, score

PLANTED = 0.05  # share of the users whose labels are moved on purpose


def suspect_labels(table):
    """Clips whose probabilities speak confidently for another age group than their label.

    An age group is confident for a clip when its probability is at least the mean probability of
    that group among the clips labelled with it. A clip is suspect when the most probable of its
    confident age groups is not its label, and the model does not answer its label either.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions by models that have not seen the clip's user: of test, or of valid by
        `cross_fit`.

    Returns
    -------
    pandas.DataFrame
        `table` with suggested (the confident age group, or the label where there is none),
        self_confidence (the probability of the label) and suspect.
    """
    p, label = table[P_COLUMNS].to_numpy(float), table["ground_truth"].to_numpy() - 1
    sums = np.zeros((N_GROUPS, N_GROUPS))
    np.add.at(sums, label, p)
    counts = np.bincount(label, minlength=N_GROUPS)
    # An age group that no clip is labelled with is confident for none.
    thresholds = np.where(counts > 0, np.diagonal(sums) / np.maximum(counts, 1), np.inf)
    confident = p >= thresholds - 1e-9
    guess = np.where(confident.any(1), np.where(confident, p, -1).argmax(1), label)
    return table.assign(
        suggested=guess + 1,
        self_confidence=p[np.arange(len(p)), label],
        suspect=(guess != label) & (p.argmax(1) != label),
    )


def list_suspects(suspects):
    """The suspects of all splits in one list, the least probable labels first.

    Parameters
    ----------
    suspects : dict of str to pandas.DataFrame
        Split to `suspect_labels`.

    Returns
    -------
    pandas.DataFrame
        VideoName, UserID, split, label, suggested, and the probabilities of these two groups:
        self_confidence and suggested_confidence.
    """
    rows = pd.concat([table[table["suspect"]] for table in suspects.values()], ignore_index=True)
    p = rows[P_COLUMNS].to_numpy(float)
    rows["suggested_confidence"] = p[np.arange(len(p)), rows["suggested"] - 1]
    columns = ["VideoName", "UserID", "split", "label", "suggested"]
    rows = rows.rename(columns={"ground_truth": "label"})
    rows = rows[[*columns, "self_confidence", "suggested_confidence"]]
    return rows.sort_values(["self_confidence", "VideoName"], ignore_index=True)


def confident_joint(suspects):
    """How often each label goes with each suggested age group of `suspect_labels`, (7, 7)."""
    joint = np.zeros((N_GROUPS, N_GROUPS), dtype=int)
    np.add.at(joint, (suspects["ground_truth"] - 1, suspects["suggested"] - 1), 1)
    return joint


def move_labels(table, *, share=PLANTED, seed=0):
    """Move the labels of some users to the next age group, up or down, as if annotators erred.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions; their probabilities stay.
    share : float
        Of the users.
    seed : int

    Returns
    -------
    pandas.DataFrame
        `table` with other ground_truth and a column moved.
    """
    rng = np.random.default_rng([seed, 31])
    users = np.sort(table["UserID"].unique())
    chosen = rng.choice(users, max(1, round(share * len(users))), replace=False)
    step = pd.Series(rng.choice([-1, 1], len(chosen)), chosen)
    moved = table["UserID"].isin(chosen)
    label = table["ground_truth"] + table["UserID"].map(step).fillna(0).astype(int)
    label = label.mask(label < 1, 2).mask(label > N_GROUPS, N_GROUPS - 1)
    return table.assign(ground_truth=label, moved=moved)


def count_found(table, *, share=PLANTED, seed=0):
    """How many labels that were moved on purpose are suspect, and how many others.

    Parameters
    ----------
    table : pandas.DataFrame
        As `suspect_labels`.
    share, seed
        As `move_labels`.

    Returns
    -------
    dict of str to int
        clips; moved and moved_suspect; kept and kept_suspect.
    """
    found = suspect_labels(move_labels(table, share=share, seed=seed))
    counts = {"clips": len(found)}
    for name, rows in (("moved", found[found["moved"]]), ("kept", found[~found["moved"]])):
        counts |= {name: len(rows), f"{name}_suspect": int(rows["suspect"].sum())}
    return counts


def scores_without(table, left_out, *, majority):
    """Accuracies of predictions with and without some clips.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    left_out : dict of str to sequence of str
        What is left out to the VideoNames.
    majority : int
        The constant predictor's answer, which is scored on the same clips.

    Returns
    -------
    pandas.DataFrame
        One row for ``all clips`` and each way: clips, users, and of accuracy and balanced accuracy
        the value, ``low``, ``high`` (95%, over users) and ``constant``.
    """
    rows = {}
    for name, names in {"all clips": (), **left_out}.items():
        kept = table[~table["VideoName"].isin(list(names))]
        if kept.empty:
            continue
        scores = score(kept, majority=majority)
        row = {"clips": len(kept), "users": kept["UserID"].nunique()}
        for metric in ("accuracy", "balanced_accuracy"):
            found = pick(scores, split=scores["split"].iloc[0], metric=metric)
            text = metric.replace("_", " ")
            row |= {text: found.value}
            row |= {f"{text}, {part}": found[part] for part in ("low", "high", "constant")}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")
