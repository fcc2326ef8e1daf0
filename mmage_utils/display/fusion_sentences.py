"""Sentences about the fusion: verdicts, answers only when sure, and a lost order (tasks g, h)."""

import pandas as pd

from mmage_utils.display.sentences import p_words, percent, points
from mmage_utils.fusion.verdicts import HELPS, NO_HELP, ONE_POINT, POWER


def answered_sentence(result, target):
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
    target : float
        Gain in accuracy that `verdicts.users_needed` was asked for.
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
        f"{p_words(verdict.p_holm)} by Holm over all modalities"
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


def reconcile_sentence(worth, verdicts, gap, single):
    """How Shapley values, verdicts and the fusion's gap to the best model alone go together.

    Parameters
    ----------
    worth : pandas.DataFrame
        `ablation.shapley`.
    verdicts : pandas.DataFrame
        `verdicts.judge_modalities`.
    gap : mapping
        `comparison.difference` of the fusion and the best model alone.
    single : str
        That model.
    """
    accuracy = worth[worth["metric"] == "accuracy"].set_index("modality")
    told, apart = [], []
    for row in verdicts.itertuples():
        value = accuracy.loc[row.modality]
        told.append(
            f"{row.modality} {points(value)} on average, and {row.verdict} after the others"
        )
        if value.low > 0 and row.verdict == NO_HELP:
            apart.append(row.modality)
    text = f"Shapley values and verdicts side by side: {'; '.join(told)}. "
    if apart:
        text += (
            f"For {' and '.join(apart)} they seem to disagree and do not: a Shapley value averages "
            "over all orders, also those in which the modality comes first, while the verdict asks "
            "what it adds to the best of the others, whose evidence it may share. "
        )
    else:
        text += (
            "They agree: what is worth something on average also adds to the best of the others. "
        )
    helping = [row.modality for row in verdicts.itertuples() if row.verdict == HELPS]
    shown = "is shown" if gap["low"] > 0 else "is not shown"
    return text + (
        f"That the fusion is better than {single} alone {shown} ({points(gap)}); "
        f"shown to help: {', '.join(helping) or 'none'}."
    )
