"""What damages predictions on purpose: lost modalities, lost order, a modality without meaning."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.late_fusion import apply_fusion
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.bootstrap import DRAWS, draw_users, interval, sum_per_user
from mmage_utils.scores.metrics import confusion, scores_of

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def lose_modality(fitted, tables, *, shares=SHARES, repeats=5, split="test", draws=DRAWS, seed=0):
    """Accuracy against the share of clips that lack a modality, chosen at random.

    Parameters
    ----------
    fitted : fusion.Fusion
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
            values = np.stack([np.ones(len(table)), np.mean(right, axis=0)], axis=1)
            sums = sum_per_user(table, values)
            spread = draw_users(len(sums), draws=draws, seed=seed) @ sums
            low, high = interval(spread[:, 1] / spread[:, 0])
            accuracy = sums[:, 1].sum() / sums[:, 0].sum()
            rows.append((name, share, accuracy, low, high))
    return pd.DataFrame(rows, columns=["modality", "share", "accuracy", "low", "high"])


def shuffle_predictions(table, *, draws=DRAWS, seed=0):
    """Scores of the same answers when their order is lost, as in the report's chart of task g.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.

    Returns
    -------
    dict
        joined: accuracy and kappa (quadratic weights) as they are; expected: accuracy of a random
        order, the sum over groups of true share times predicted share (its kappa is 0);
        accuracy, kappa: mean and interval (95%) over random orders.
    """
    ordered = table.sort_values("VideoName")
    true = ordered["ground_truth"].to_numpy() - 1
    answers = ordered["prediction"].to_numpy() - 1
    rng = np.random.default_rng([seed, 13])
    cells = N_GROUPS**2
    matrices = np.empty((draws, cells))
    for k in range(draws):
        matrices[k] = np.bincount(true * N_GROUPS + rng.permutation(answers), minlength=cells)
    shuffled = scores_of(matrices.reshape(-1, N_GROUPS, N_GROUPS))
    own = scores_of(confusion(ordered))
    shares = [np.bincount(one, minlength=N_GROUPS) / len(one) for one in (true, answers)]
    return {
        "joined": {name: float(own[name]) for name in ("accuracy", "kappa")},
        "expected": float(shares[0] @ shares[1]),
        **{
            name: {"mean": float(shuffled[name].mean()), "interval": interval(shuffled[name])}
            for name in ("accuracy", "kappa")
        },
    }


def deal_out(table, *, seed=0):
    """Deal a modality's files out at random among the users of each split.

    Every user gets the predictions of another one's files, so that nothing in them speaks of the
    user's age, while files of one person stay together.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions, in any order.

    Returns
    -------
    pandas.DataFrame
        The same clips and ground truths in order of VideoName, with dealt-out predictions. A user
        with more clips than the giver gets the giver's files again from the first.
    """
    dealt = table.sort_values("VideoName", ignore_index=True)
    columns = ["prediction", *P_COLUMNS]
    values = dealt[columns].to_numpy(float)
    source = np.arange(len(dealt))
    rng = np.random.default_rng([seed, 17])
    for _, part in dealt.groupby("split"):
        rows = list(part.groupby("UserID").indices.values())
        rows = [part.index.to_numpy()[own] for own in rows]
        # A rotation of a random order: nobody keeps the own files.
        order = rng.permutation(len(rows))
        for taker, giver in zip(order, np.roll(order, 1), strict=True):
            source[rows[taker]] = np.resize(rows[giver], len(rows[taker]))
    dealt[columns] = values[source]
    return dealt.astype({"prediction": int})


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
