"""Sentences about the fusion: verdicts, answers only when sure, and a lost order (tasks g, h)."""

import pandas as pd

from mmage_utils.display.sentences import percent, points
from mmage_utils.fusion.verdicts import NO_HELP, ONE_POINT, POWER


def answered_sentence(result, target=0.7):
    """What a threshold of confidence does to the answers.

    Parameters
    ----------
    result : dict
        `selective.answer_above`.
    target : float
        The accuracy that the threshold was chosen for.
    """
    if not result["answered"]:
        return f"No threshold that reaches {target:.0%} on valid answers any test clip."
    right, answered = (
        f"{percent(result[name])} {words} "
        f"({percent(result[f'{name}_low'])} to {percent(result[f'{name}_high'])})"
        for name, words in (("accuracy", "of the answers are right"), ("coverage", "of all"))
    )
    if result["threshold"] <= 0:
        return (
            f"On valid, {target:.0%} is reached with every clip answered. So all "
            f"{result['clips']:,} test clips are answered, and {right}."
        )
    return (
        f"With answers only where the confidence is at least {result['threshold']:.2f}, which "
        f"reaches {target:.0%} on valid, {result['answered']:,} of {result['clips']:,} test clips "
        f"are answered, {answered}, and {right}."
    )


def shuffled_sentence(shuffled, chart, accuracy):
    """What predictions in a wrong order cost, beside the report's two accuracies.

    Parameters
    ----------
    shuffled : pandas.DataFrame
        `robustness.shuffle_predictions`.
    chart, accuracy : float
        The report's accuracy by its chart per age group, and as stated.
    """
    ours, kappa = shuffled.loc["accuracy"], shuffled.loc["kappa"]
    return (
        f"Joined on VideoName, our fused model is right for {percent(ours.joined)}; in a random "
        f"order the same answers are right for {percent(ours.expected)} on average "
        f"({percent(ours.low)} to {percent(ours.high)} in 95% of orders), and their quadratic "
        f"kappa is {abs(kappa['mean']):.2f} on average instead of {kappa.joined:.2f}. A wrong "
        f"order costs {100 * (ours.joined - ours.expected):.1f} points here; the report's "
        f"{percent(accuracy, 2)} and its chart's {percent(chart, 2)} differ by "
        f"{100 * (accuracy - chart):.1f}."
    )


def verdict_sentence(verdict, *, name="", target=ONE_POINT, test_users=None):
    """What gain the split can show, whether a modality helps, and how many users `target` needs.

    Parameters
    ----------
    verdict : pandas.Series
        A row of `verdicts.judge_modalities`.
    name : str
        Another name for the modality.
    test_users : int, optional
        Users of the real test set, to compare.
    """
    text = f"**{name or verdict.modality}**: "
    known = not pd.isna(verdict.detectable)
    if known:
        least, low, high = (
            f"{100 * verdict[key]:.1f}"
            for key in ("detectable", "detectable_low", "detectable_high")
        )
        text += (
            f"This split can show a gain of {least} points or more with {POWER:.0%} probability "
            f"({low} to {high}). "
        )
    by = "," if verdict.verdict == NO_HELP else " by"
    text += (
        f"{verdict.verdict.capitalize()}{by} {points(verdict)} when added to {verdict.added_to}, "
        f"p = {verdict.p_holm:.3f} by Holm over all modalities"
    )
    if len(verdict.by_seed) > 1:
        least, most = 100 * min(verdict.by_seed), 100 * max(verdict.by_seed)
        text += f"; {least:+.1f} to {most:+.1f} over {len(verdict.by_seed)} training seeds"
    if not known:
        return text + ". The two models never differ here, so no test size can be computed."
    gain = f"{100 * target:g} point" + ("" if target == ONE_POINT else "s")
    text += (
        f". To show a gain of {gain} as surely, a test set needs about "
        f"{verdict.users_needed:,.0f} users ({verdict.users_low:,.0f} to "
        f"{verdict.users_high:,.0f}); this one has {verdict.users:,}"
    )
    return text + (f", the real one {test_users:,}." if test_users else ".")
