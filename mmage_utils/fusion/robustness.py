"""What damages predictions on purpose: lost modalities, lost order, a modality without meaning."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.late_fusion import apply_fusion
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.bootstrap import DRAWS, interval, ratio_interval, sum_per_user
from mmage_utils.scores.metrics import confusion, scores_of

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
        Choices of the clips that are averaged.

    Returns
    -------
    pandas.DataFrame
        One row a modality and share: modality, share, accuracy, low, high (95%, bootstrap over
        users).
    """
    parts = {name: table[table["split"] == split] for name, table in tables.items()}
    common = set.intersection(*(set(table["VideoName"]) for table in parts.values()))
    parts = {name: table[table["VideoName"].isin(common)] for name, table in parts.items()}
    rows = []
    for name in parts:
        for share in shares:
            right = []
            for repeat in range(1 if share in (0, 1) else repeats):
                left = drop_modality(parts, name, share, seed=seed + repeat, split=split)
                table = apply_fusion(fitted, left)
                right.append(table["prediction"] == table["ground_truth"])
            hits = sum_per_user(table, np.mean(right, axis=0)[:, None])
            clips = sum_per_user(table, np.ones((len(table), 1)))
            (low,), (high,) = ratio_interval(hits, clips, draws=draws, seed=seed)
            rows.append((name, share, hits.sum() / clips.sum(), low, high))
    return pd.DataFrame(rows, columns=["modality", "share", "accuracy", "low", "high"])


def shuffle_predictions(table, *, draws=DRAWS, seed=0):
    """Scores of the same answers when their order is lost, as in the report's chart of task g.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.

    Returns
    -------
    pandas.DataFrame
        Indexed by accuracy and kappa (quadratic weights): joined, as they are; expected in a
        random order (the sum over groups of true share times predicted share; a kappa of 0);
        mean, low and high (95%) over random orders.
    """
    ordered = table.sort_values("VideoName")
    true, answers = (ordered[name].to_numpy() - 1 for name in ("ground_truth", "prediction"))
    rng = np.random.default_rng([seed, 13])
    cells = N_GROUPS**2
    matrices = np.empty((draws, cells))
    for k in range(draws):
        matrices[k] = np.bincount(true * N_GROUPS + rng.permutation(answers), minlength=cells)
    shuffled = scores_of(matrices.reshape(-1, N_GROUPS, N_GROUPS))
    own = scores_of(confusion(ordered))
    shares = [np.bincount(groups, minlength=N_GROUPS) / len(groups) for groups in (true, answers)]
    rows = {}
    for name, expected in (("accuracy", float(shares[0] @ shares[1])), ("kappa", 0.0)):
        low, high = interval(shuffled[name])
        rows[name] = {"joined": float(own[name]), "expected": expected}
        rows[name] |= {"mean": shuffled[name].mean(), "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def permute_users(table, *, seed=0):
    """Permute a modality's predictions across the users of each split.

    Every user gets the predictions of another one's files, so that nothing in them speaks of the
    user's age, while files of one person stay together.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions, in any order.

    Returns
    -------
    pandas.DataFrame
        The same clips and ground truths in order of VideoName, with the predictions of others. A
        user with more clips than the giver gets the giver's files again from the first.
    """
    permuted = table.sort_values("VideoName", ignore_index=True)
    columns = ["prediction", *P_COLUMNS]
    values = permuted[columns].to_numpy(float)
    source = np.arange(len(permuted))
    rng = np.random.default_rng([seed, 17])
    for _, split in permuted.groupby("split"):
        rows = [split.index.to_numpy()[own] for own in split.groupby("UserID").indices.values()]
        # A rotation of a random order: nobody keeps the own files.
        order = rng.permutation(len(rows))
        for taker, giver in zip(order, np.roll(order, 1), strict=True):
            source[rows[taker]] = np.resize(rows[giver], len(rows[taker]))
    permuted[columns] = values[source]
    return permuted.astype({"prediction": int})


def drop_modality(tables, name, share, *, seed=0, split="test"):
    """Take a modality away from a share of the clips, chosen at random.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
    name : str
        The modality that goes missing.
    share : float
        0..1 of the clips of the split. With the same seed, the clips of a smaller share are among
        those of a larger one.

    Returns
    -------
    dict of str to pandas.DataFrame
        The tables; rows of the clips are gone from that of `name`.
    """
    table = tables[name]
    clips = np.sort(table.loc[table["split"] == split, "VideoName"].to_numpy())
    order = np.random.default_rng([seed, 11]).permutation(len(clips))
    gone = clips[order[: round(share * len(clips))]]
    return {**tables, name: table[~table["VideoName"].isin(gone)]}
