"""Whether a modality helps: power first, then a verdict from its paired gain on test (task h).

A modality is added to the best subset of the others, chosen on valid. The gain of each user is
averaged over training seeds; intervals and p-values are over users. Holm compares the least of m
p-values with `LEVEL` / m, and that is the level of the power: a gain of the detectable size is
shown whatever becomes of the other modalities.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.fusion.late_fusion import apply_fusion, subset_name, subsets
from mmage_utils.predictions import of_split
from mmage_utils.scores.bootstrap import DRAWS, sum_per_user
from mmage_utils.scores.comparison import holm, sign_flip
from mmage_utils.scores.jackknife import groups_of_users, interval_over_users, without_each

LEVEL, POWER = 0.05, 0.8
ONE_POINT = 0.01
HELPS, HARMS, NO_HELP = "helps", "harms", "no help shown"


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
        low, high (95%, over users: `jackknife`), p (`comparison.sign_flip`), by_seed (list of
        gains), detectable, detectable_low, detectable_high (`detectable_gain`), users_needed,
        users_low, users_high (`users_needed` for one point), clips, users, p_holm (adjusted for
        all modalities), verdict (`HELPS` or `HARMS` where p_holm is below `LEVEL` and the interval
        lies on that side of 0, else `NO_HELP`).

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
        numbers = (*_gain_interval(clips, mean, counts), sign_flip(mean, draws=draws, seed=seed))
        power = (
            *detectable_gain(mean, counts, tests=len(names)),
            *users_needed(mean, counts, tests=len(names)),
        )
        numbers = (*numbers, by_seed, *power, len(clips), len(counts))
        rows.append((name, subset_name(base), *numbers))
    columns = ["modality", "added_to", "value", "low", "high", "p", "by_seed"]
    columns += ["detectable", "detectable_low", "detectable_high"]
    columns += ["users_needed", "users_low", "users_high", "clips", "users"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = holm(table["p"])
    sure = table["p_holm"] < LEVEL
    cases = [sure & (table["low"] > 0), sure & (table["high"] < 0)]
    return table.assign(verdict=np.select(cases, [HELPS, HARMS], NO_HELP))


def _gain_interval(clips, gains, counts):
    """The gain per clip with its interval, as `comparison.difference` has it."""
    groups = groups_of_users(clips)
    sums = without_each(np.stack([gains, counts], axis=1), groups)
    shares = np.bincount(clips["ground_truth"], minlength=N_GROUPS + 1)[1:] / len(clips)
    return interval_over_users(sums[:, 0] / sums[:, 1], groups, shares * np.any(gains))


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


def detectable_gain(gains, clips, *, tests=1):
    """The least true gain in accuracy that as many users show with `POWER`.

    Parameters
    ----------
    gains : array-like, shape (n users,)
        Right clips that a user gains from one model to the other.
    clips : array-like, shape (n users,)
        Clips of each user.
    tests : int
        Gains that are judged together: the level, two-sided, is `LEVEL` divided by it.

    Returns
    -------
    value, low, high : float
        Shares, by the normal approximation from the variance of the gains, with the 95% interval
        of that variance; NaN if the two models never differ, as the variance is then unknown.
    """
    return tuple(_quantiles(tests) * (_variance(gains, clips) / len(gains)) ** 0.5)


def users_needed(gains, clips, *, target=ONE_POINT, tests=1):
    """Number of users that a test set needs to show a gain with `POWER`.

    Parameters
    ----------
    gains, clips, tests
        As `detectable_gain`.
    target : float
        The true gain in accuracy.

    Returns
    -------
    value, low, high : float
        Whole numbers with the 95% interval, by the same reckoning as `detectable_gain`.
    """
    return tuple(np.ceil((_quantiles(tests) / target) ** 2 * _variance(gains, clips)))


def _quantiles(tests):
    """Standard errors between no gain and a gain that is shown with `POWER`."""
    from scipy.stats import norm

    return norm.ppf(1 - LEVEL / tests / 2) + norm.ppf(POWER)


def _variance(gains, clips):
    """Variance of users' influence on the gain, and its 95% interval, shape (3,).

    Most users gain nothing, so that the gains are far from normal, and chi-square would be too
    sure: the interval is that of the logarithm, by the fourth moment.
    """
    from scipy.stats import norm

    gains, clips = np.asarray(gains, dtype=float), np.asarray(clips, dtype=float)
    n = len(gains)
    if n < 2 or not np.any(gains):
        return np.full(3, np.nan)
    influence = (gains - gains.sum() / clips.sum() * clips) / clips.mean()
    squares = (influence - influence.mean()) ** 2
    variance = squares.sum() / (n - 1)
    error = norm.ppf(0.975) * squares.std(ddof=1) / n**0.5 / variance
    return variance * np.exp([0, -error, error])
