"""Whether a modality helps: a verdict per modality, from its paired gain on test (task h).

A modality is added to the best subset of the others, chosen on valid. The gain of each user is
averaged over training seeds; intervals and p-values are over users.
"""

import numpy as np
import pandas as pd

from mmage_utils.fusion.late_fusion import apply_fusion, subset_name, subsets
from mmage_utils.predictions import of_split
from mmage_utils.scores.bootstrap import DRAWS, estimate_ratio, sum_per_user
from mmage_utils.scores.comparison import holm, sign_flip

LEVEL, POWER = 0.05, 0.8
ONE_POINT = 0.01


def judge_modalities(fits, tables, *, split="test", draws=DRAWS, seed=0):
    """A verdict on each modality, over several training seeds.

    Parameters
    ----------
    fits : list of late_fusion.Fusion
        One per training seed, each fitted on valid.
    tables : list of dict of str to pandas.DataFrame
        For each seed, modality to predictions of the same clips.

    Returns
    -------
    pandas.DataFrame
        One row per modality: modality, added_to (the subset of the others of least held-out
        log-loss on valid, mean over seeds), value (gain in accuracy per clip, mean over seeds),
        low, high (95%, bootstrap over users of each user's mean gain), p (`comparison.sign_flip`),
        by_seed (list of gains), users_needed (for one point), clips, users, p_holm (adjusted for
        all modalities), helps (p_holm below .05 and the interval above 0).

    Raises
    ------
    ValueError
        When the numbers of fits and tables differ, there is only one modality, or the seeds'
        predictions are not of the same clips.
    """
    if not fits or len(fits) != len(tables):
        raise ValueError("verdicts need one fitted fusion for each seed's tables")
    names = tuple(fits[0].temperatures)
    if len(names) < 2:
        raise ValueError("a verdict needs a modality and others to add it to")
    seeds = [(fitted, of_split(own, split)) for fitted, own in zip(fits, tables, strict=True)]
    rows = []
    for name in names:
        base = _best_of_the_rest(fits, name)
        clips, right = _right_clips(seeds, base)
        _, right_with = _right_clips(seeds, (*base, name))
        gains = sum_per_user(clips, right_with - right)
        counts = sum_per_user(clips, np.ones(len(clips)))
        mean, by_seed = gains.mean(1), (gains.sum(0) / len(clips)).tolist()
        estimates = estimate_ratio(mean, counts, draws=draws, seed=seed)
        p, needed = sign_flip(mean, draws=draws, seed=seed), users_needed(mean, counts)
        numbers = (*estimates, p, by_seed, needed, len(clips), len(counts))
        rows.append((name, subset_name(base), *numbers))
    columns = ["modality", "added_to", "value", "low", "high", "p", "by_seed", "users_needed"]
    table = pd.DataFrame(rows, columns=[*columns, "clips", "users"])
    table["p_holm"] = holm(table["p"])
    table["helps"] = (table["p_holm"] < LEVEL) & (table["low"] > 0)
    return table


def _best_of_the_rest(fits, name):
    """The subset of the other modalities that is best on valid, by the rules of the fits."""
    others = [other for other in fits[0].temperatures if other != name]

    def loss(use):
        return np.mean([fitted.held_out[fitted.rule][subset_name(use)] for fitted in fits])

    return min(subsets(others), key=loss)


def _right_clips(seeds, use):
    """The clips, and whether each seed's fusion of a subset is right, shape (n clips, seeds)."""
    fused = [apply_fusion(fitted, tables, use=use) for fitted, tables in seeds]
    clips = fused[0][["VideoName", "UserID", "ground_truth"]]
    if not all(table[clips.columns].equals(clips) for table in fused):
        raise ValueError("the seeds' predictions are not of the same clips")
    right = [table["prediction"] == table["ground_truth"] for table in fused]
    return clips, np.stack(right, axis=1).astype(float)


def users_needed(gains, clips, *, target=ONE_POINT):
    """Number of users that a test set needs to show a gain at `LEVEL` (two-sided) with `POWER`.

    Parameters
    ----------
    gains : array-like, shape (n users,)
        Right clips that a user gains from one model to the other.
    clips : array-like, shape (n users,)
        Clips of each user.
    target : float
        The true gain in accuracy.

    Returns
    -------
    float
        A whole number, from the variance of the gains, by the normal approximation; NaN if the
        two models never differ, as the variance is then unknown.
    """
    from statsmodels.stats.power import normal_sample_size_one_tail

    gains, clips = np.asarray(gains, dtype=float), np.asarray(clips, dtype=float)
    ratio = gains.sum() / clips.sum()
    # Influence of each user on the ratio: its variance is n times that of the ratio.
    influence = (gains - ratio * clips) / clips.mean()
    if len(influence) < 2 or not np.any(gains):
        return np.nan
    n = normal_sample_size_one_tail(target, POWER, LEVEL / 2, influence.std(ddof=1))
    return float(np.ceil(n))
