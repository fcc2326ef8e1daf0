"""Predictions damaged on purpose: lost modalities, lost order, a modality without meaning."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.late_fusion import apply_fusion
from mmage_utils.predictions import P_COLUMNS, of_split, shared_clips
from mmage_utils.scores.bootstrap import DRAWS, estimate, estimate_ratio, sum_per_user
from mmage_utils.scores.metrics import scores_of

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def lose_modality(fitted, tables, *, shares=SHARES, repeats=5, split="test", draws=DRAWS, seed=0):
    """Accuracy against the share of clips that lack a modality, chosen at random.

    Parameters
    ----------
    fitted : late_fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions, in any order. Clips of the split that have all are used.
    shares : sequence of float
    repeats : int
        Random choices of clips to average over.

    Returns
    -------
    pandas.DataFrame
        One row per modality and share: modality, share, accuracy, low, high (95%, bootstrap over
        users).
    """
    own = of_split(tables, split)
    own = dict(zip(own, shared_clips(list(own.values())), strict=True))
    rows = []
    for name in own:
        for share in shares:
            right = []
            for repeat in range(1 if share in (0, 1) else repeats):
                left = drop_modality(own, name, share, seed=seed + repeat, split=split)
                table = apply_fusion(fitted, left)
                right.append(table["prediction"] == table["ground_truth"])
            hits = sum_per_user(table, np.mean(right, axis=0))
            clips = sum_per_user(table, np.ones(len(table)))
            rows.append((name, share, *estimate_ratio(hits, clips, draws=draws, seed=seed)))
    return pd.DataFrame(rows, columns=["modality", "share", "accuracy", "low", "high"])


def shuffle_predictions(table, *, draws=DRAWS, seed=0):
    """Scores of the same predictions in a random order, as in the report's chart of task g.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.

    Returns
    -------
    pandas.DataFrame
        Indexed by accuracy and kappa (quadratic weights): joined (in the right order), expected in
        a random order (the sum over groups of true share times predicted share; a kappa of 0), and
        mean, low and high (95%) over random orders.
    """
    ordered = table.sort_values("VideoName")
    true, answers = (ordered[name].to_numpy() - 1 for name in ("ground_truth", "prediction"))
    rng = np.random.default_rng([seed, 13])
    orders = [answers, *(rng.permutation(answers) for _ in range(draws))]
    cells = [np.bincount(true * N_GROUPS + order, minlength=N_GROUPS**2) for order in orders]
    scores = scores_of(np.reshape(cells, (-1, N_GROUPS, N_GROUPS)))
    shares = [np.bincount(groups, minlength=N_GROUPS) / len(groups) for groups in (true, answers)]
    rows = {}
    for name, expected in (("accuracy", float(shares[0] @ shares[1])), ("kappa", 0.0)):
        joined, low, high = estimate(scores[name])
        rows[name] = {"joined": joined, "expected": expected}
        rows[name] |= {"mean": scores[name][1:].mean(), "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def permute_users(table, *, seed=0):
    """Permute a modality's predictions across the users of each split.

    Every user gets the predictions of another user, which say nothing of the user's age, while
    those of one person stay together.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions, in any order.

    Returns
    -------
    pandas.DataFrame
        The same clips and ground truths in order of VideoName, with the predictions of others,
        which are repeated for a user with more clips than the giver.
    """
    permuted = table.sort_values("VideoName", ignore_index=True)
    columns = ["prediction", *P_COLUMNS]
    values = permuted[columns].to_numpy(float)
    source = np.arange(len(permuted))
    rng = np.random.default_rng([seed, 17])
    for _, split in permuted.groupby("split"):
        rows = [split.index.to_numpy()[own] for own in split.groupby("UserID").indices.values()]
        # A rotation of a random order, so that nobody keeps their own.
        order = rng.permutation(len(rows))
        for taker, giver in zip(order, np.roll(order, 1), strict=True):
            source[rows[taker]] = np.resize(rows[giver], len(rows[taker]))
    permuted[columns] = values[source]
    return permuted.astype({"prediction": int})


def drop_modality(tables, name, share, *, seed=0, split="test"):
    """Remove a modality from a share, 0..1, of the clips of a split, chosen at random.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Modality to predictions.
    name : str
        The modality.
    share : float

    Returns
    -------
    dict of str to pandas.DataFrame
        The tables, that of `name` without these clips. With the same seed, a larger share contains
        the clips of a smaller one.
    """
    table = tables[name]
    clips = np.sort(table.loc[table["split"] == split, "VideoName"].to_numpy())
    order = np.random.default_rng([seed, 11]).permutation(len(clips))
    gone = clips[order[: round(share * len(clips))]]
    return {**tables, name: table[~table["VideoName"].isin(gone)]}
