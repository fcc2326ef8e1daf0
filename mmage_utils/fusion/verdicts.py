"""Whether a modality helps: a verdict per modality that the numbers carry (task h).

A modality is added to the best of the others, which was chosen on valid; the paired gain on test
is averaged over training seeds for each user, and users are what is drawn and flipped.
"""

import numpy as np
import pandas as pd

from mmage_utils.fusion.late_fusion import apply_fusion, subset_name, subsets
from mmage_utils.scores.bootstrap import DRAWS, ratio_interval, sum_per_user
from mmage_utils.scores.comparison import holm, sign_flip

LEVEL, POWER = 0.05, 0.8
ONE_POINT = 0.01


def judge_modalities(fits, tables, *, split="test", draws=DRAWS, seed=0, target=ONE_POINT):
    """A verdict on each modality, over several training seeds.

    Parameters
    ----------
    fits : list of late_fusion.Fusion
        One a training seed, each fitted on valid.
    tables : list of dict of str to pandas.DataFrame
        For each seed, modality to predictions of the same clips.
    target : float
        The gain in accuracy for which the needed test users are counted.

    Returns
    -------
    pandas.DataFrame
        One row a modality: modality, added_to (the subset of the others of least held-out
        log-loss on valid, mean over seeds), value (gain in accuracy per clip, mean over seeds),
        low, high (95%, bootstrap over users of each user's mean gain), p (two-sided, flipping the
        sign of whole users), p_holm (adjusted for all modalities), helps (p_holm below .05 and
        the interval above 0), by_seed (list of the gain of each), users_needed (`users_needed`),
        clips, users.

    Raises
    ------
    ValueError
        When the numbers of fits and tables differ, there is one modality only, or the seeds'
        predictions are not of the same clips.
    """
    if not fits or len(fits) != len(tables):
        raise ValueError("verdicts need one fitted fusion for each seed's tables")
    names = tuple(fits[0].temperatures)
    if len(names) < 2:
        raise ValueError("a verdict needs a modality and others to add it to")
    parts = [
        {name: table[table["split"] == split] for name, table in one.items()} for one in tables
    ]
    bases = {name: _best_of_the_rest(fits, name) for name in names}
    fuller = {
        name: tuple(one for one in names if one in base or one == name)
        for name, base in bases.items()
    }
    used = {*bases.values(), *fuller.values()}
    clips, right = _right_clips(fits, parts, used)
    table = pd.DataFrame(
        [
            {"modality": name, "added_to": subset_name(base)}
            | _judge(right[fuller[name]] - right[base], clips, draws, seed, target)
            for name, base in bases.items()
        ]
    )
    table["p_holm"] = holm(table["p"])
    table["helps"] = (table["p_holm"] < LEVEL) & (table["low"] > 0)
    return table


def _best_of_the_rest(fits, name):
    """The subset of the other modalities that is best on valid, by the rules of the fits."""
    others = [other for other in fits[0].temperatures if other != name]
    return min(
        subsets(others),
        key=lambda use: np.mean([one.held_out[one.rule][subset_name(use)] for one in fits]),
    )


def _right_clips(fits, parts, used):
    """Clips of each user, shape (users,), and for each subset the right ones, (users, seeds)."""
    right, first = {use: [] for use in used}, None
    for fitted, tables in zip(fits, parts, strict=True):
        for use, seeds in right.items():
            table = apply_fusion(fitted, tables, use=use)
            first = table if first is None else first
            if not table[["VideoName", "ground_truth"]].equals(
                first[["VideoName", "ground_truth"]]
            ):
                raise ValueError("the seeds' predictions are not of the same clips")
            seeds.append(table["prediction"] == table["ground_truth"])
    clips = sum_per_user(first, np.ones((len(first), 1)))[:, 0]
    right = {use: sum_per_user(first, np.stack(seeds, axis=1)) for use, seeds in right.items()}
    return clips, right


def _judge(gains, clips, draws, seed, target):
    mean = gains.mean(1)
    (low,), (high,) = ratio_interval(mean[:, None], clips[:, None], draws=draws, seed=seed)
    return {
        "value": float(mean.sum() / clips.sum()),
        "low": low,
        "high": high,
        "p": sign_flip(mean, draws=draws, seed=seed),
        "by_seed": (gains.sum(0) / clips.sum()).tolist(),
        "users_needed": users_needed(mean, clips, target=target),
        "clips": int(clips.sum()),
        "users": len(clips),
    }


def users_needed(gains, clips, *, target=ONE_POINT, power=POWER, level=LEVEL):
    """Users that a test set needs to show a gain in accuracy.

    Parameters
    ----------
    gains : array-like, shape (n users,)
        Right clips won by the one model over the other.
    clips : array-like, shape (n users,)
        Clips of each user.
    target : float
        The true gain, a share.
    power, level : float
        Probability of showing it, and of showing one that is not there (two-sided).

    Returns
    -------
    float
        A whole number, from the variance of the users' paired gains, by the normal approximation;
        NaN where the two models never differ, as then no variance is known.
    """
    from statsmodels.stats.power import normal_sample_size_one_tail

    gains, clips = np.asarray(gains, dtype=float), np.asarray(clips, dtype=float)
    ratio = gains.sum() / clips.sum()
    # A user's pull on the ratio of two sums: its variance over users is n times that of the ratio.
    pull = (gains - ratio * clips) / clips.mean()
    if len(pull) < 2 or not np.any(gains):
        return np.nan
    n = normal_sample_size_one_tail(target, power, level / 2, pull.std(ddof=1))
    return float(np.ceil(n))
