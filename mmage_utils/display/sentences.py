"""Sentences made from results, so that no number in the prose of a notebook is typed."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import published
from mmage_utils.fusion.verdicts import ONE_POINT, POWER
from mmage_utils.scores.choice import CONSTANT
from mmage_utils.scores.evaluation import pick

NOTHING = "–"  # instead of an unknown number


def percent(share, digits=1):
    """A share as per cent: .5349 is 53.5%."""
    return NOTHING if pd.isna(share) else f"{100 * share:.{digits}f}%"


def with_interval(row):
    """A value with its 95% interval: ``61.2% (52.0% to 69.9%)``."""
    return f"{percent(row['value'])} ({percent(row['low'])} to {percent(row['high'])})"


def points(row):
    """A difference in points with its 95% interval: ``+1.2 points (-0.5 to +2.9)``."""
    # Adding 0 to a rounded -0.0 makes it 0.0.
    value, low, high = (round(100 * row[name], 1) + 0.0 for name in ("value", "low", "high"))
    return f"{value:+.1f} points ({low:+.1f} to {high:+.1f})"


def accuracy_words(row):
    """Test accuracy with interval and constant predictor, for a headline."""
    return f"test accuracy {with_interval(row)}, constant {percent(row['constant'])}"


def dial_words(scores):
    """Accuracy and balanced accuracy on test of each operating point, for a headline."""
    texts = []
    for model in scores["model"].unique():
        accuracy = percent(pick(scores, model=model).value)
        balanced = percent(pick(scores, model=model, metric="balanced_accuracy").value)
        texts.append(f"{model.split(',')[0]} {accuracy} / {balanced} balanced")
    return ", ".join(texts)


def score_sentence(scores, model, *, split="test", name="", ceilings=None, modality=None):
    """Accuracy of a model with n, interval, constant predictor and, if known, ideal observer.

    Parameters
    ----------
    scores : pandas.DataFrame
        `evaluation.score_models`.
    model, name : str
        The model's name in the table, and the one to show instead.
    ceilings : pandas.DataFrame, optional
        `ideal_observer.ceilings`.
    modality : str, optional
        Whose ceiling to show: by default that of the name's first part.
    """
    accuracy = pick(scores, model=model, split=split)
    balanced = pick(scores, model=model, split=split, metric="balanced_accuracy")
    text = (
        f"**{name or model}** is right for {percent(accuracy.value)} of {accuracy.clips:,} clips "
        f"of {accuracy.users:,} users (95% interval over users {percent(accuracy.low)} to "
        f"{percent(accuracy.high)}); the constant predictor is right for "
        f"{percent(accuracy.constant)}"
    )
    if ceilings is not None:
        limit = pick(ceilings, model=modality or model.split(",")[0])
        text += f" and the ideal observer for {percent(limit.value)}"
    return text + f". Balanced accuracy is {percent(balanced.value)}."


def constant_sentence(scores, model, *, split="test"):
    """Whether the interval of the accuracy lies above the constant predictor, in words."""
    accuracy = pick(scores, model=model, split=split)
    if accuracy.low > accuracy.constant:
        return "The interval lies above the constant predictor."
    if accuracy.high < accuracy.constant:
        return "The interval lies below the constant predictor."
    return "The interval contains the constant predictor: no evidence of learning."


def ceiling_sentence(scores, model, *, ceilings, modality):
    """How far accuracy has come from the constant predictor to the ideal observer.

    Parameters
    ----------
    scores, model, ceilings, modality
        As `score_sentence`.
    """
    accuracy = pick(scores, model=model)
    start, end = accuracy.constant, pick(ceilings, model=modality).value
    share = (accuracy.value - start) / (end - start)
    text = (
        f"The model goes {percent(share, 0)} of the way from the constant predictor "
        f"({percent(start)}) to the ideal observer ({percent(end)})."
    )
    if share >= 0.85:
        return text
    return (
        f"{text} What stands in the way is the number of faces: the observer knows how the cues "
        "were drawn, while the network starts from random weights and learns to see in a few "
        "passes over the few faces of the train split."
    )


def methods_sentence(methods):
    """Which methods against unbalanced groups are best, and what the published weights do.

    Parameters
    ----------
    methods : pandas.DataFrame
        `evaluation.average_seeds`.
    """
    best = methods[["accuracy", "balanced accuracy"]].idxmax()
    worst = methods.loc["count / total (published)", "balanced accuracy"]
    plain = methods.loc["none", "balanced accuracy"]
    return (
        f"Accuracy is highest with *{best['accuracy']}* and balanced accuracy with "
        f"*{best['balanced accuracy']}*; the spread is over training seeds, not over clips. "
        f"Count / total gives a balanced accuracy of {percent(worst)}, no weights {percent(plain)}."
    )


def difference_sentence(name, other, difference):
    """Whether one of two is better, by a `comparison.difference`."""
    better = difference["low"] > 0
    if not (better or difference["high"] < 0):
        return f"No difference between {name} and {other} is shown: {points(difference)}."
    word = "better" if better else "worse"
    return f"{name[0].upper()}{name[1:]} is {word} than {other}: {points(difference)}."


def published_constant_sentence():
    """How the report's valid accuracies of audio and text follow from the constant predictor."""
    right, seen = published.VALID_MAJORITY, published.AUDIO_VALID_CLIPS
    return (
        f"The constant predictor is right for {right:,} valid clips. These are "
        f"{percent(published.CONSTANT['valid'], 2)} of all, the report's accuracy for text, and "
        f"{percent(right / seen, 2)} of {seen:,}, its accuracy for audio, whose validation stopped "
        "after that many."
    )


def checkpoint_sentence():
    """Whether the report's low test accuracy at batch size 32 can be chance."""
    test = published.BASELINE["test accuracy, batch 32"][0]
    valid = published.VALID_CURVE_BATCH_32
    error = (valid * (1 - valid) / published.TEST_CLIPS) ** 0.5
    return (
        f"The report's curve at batch size 32 reaches about {percent(valid, 0)} on valid, but its "
        f"test accuracy is {percent(test)}: {(valid - test) / error:.0f} standard errors below, "
        f"too far for chance. {published.ERRATA[9]}"
    )


def spread_sentence(summary):
    """How the spreads of the seven features differ, from a table with a column std."""
    spread = summary["std"].astype(float)
    return (
        f"The feature {spread.idxmax()} varies {spread.max() / spread.min():.0f} times as much as "
        f"{spread.idxmin()}: a network sees little but pitch. {published.ERRATA[8]}"
    )


def concentration_sentence(table):
    """Which age groups lie closer together, or further apart, than by chance."""
    names = table.index.map(AGE_GROUPS) + " (" + table["users"].astype(str) + " users)"
    judged = table["p_holm"] < 0.05
    close = table["silhouette"] > (table["chance_low"] + table["chance_high"]) / 2
    text = (
        "By the silhouette, beyond chance (p by Holm below 5%), **concentrated**: "
        f"{', '.join(names[judged & close]) or 'none'}; **scattered**: "
        f"{', '.join(names[judged & ~close]) or 'none'}."
    )
    few = names[table["p_holm"].isna()]
    return text + (f" Too few users to judge: {', '.join(few)}." if len(few) else "")


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
    """Whether a modality helps, and how many test users would show a gain of `target`.

    Parameters
    ----------
    verdict : pandas.Series
        A row of `verdicts.judge_modalities`.
    name : str
        Another name for the modality.
    test_users : int, optional
        Users of the real test set, to compare.
    """
    verb = "helps by" if verdict.helps else "no help shown,"
    text = (
        f"**{name or verdict.modality}**: {verb} {points(verdict)} when added to "
        f"{verdict.added_to}, p = {verdict.p_holm:.3f} by Holm over all modalities"
    )
    if len(verdict.by_seed) > 1:
        least, most = 100 * min(verdict.by_seed), 100 * max(verdict.by_seed)
        text += f"; {least:+.1f} to {most:+.1f} over {len(verdict.by_seed)} training seeds"
    if pd.isna(verdict.users_needed):
        return text + ". The two models never differ here, so no test size can be computed."
    gain = f"{100 * target:g} point" + ("" if target == ONE_POINT else "s")
    text += (
        f". To show a gain of {gain} with {POWER:.0%} power, a test set needs about "
        f"{verdict.users_needed:,.0f} users; this one has {verdict.users:,}"
    )
    return text + (f", the real one {test_users:,}." if test_users else ".")


def choice_sentence(choice):
    """Which route valid chose, and why: a `choice.Choice`."""
    rows = choice.candidates[choice.candidates["route"] != CONSTANT]
    best = rows.iloc[0]
    words = f"{best['gain']:+.3f} nats a clip over the constant predictor (standard error "
    words += f"{best['se']:.3f} over users)"
    if choice.name == CONSTANT:
        text = f"Nothing is learnt that valid shows: the best route, {best['route']}, gains {words}"
        return f"{text}. The shares of train are answered instead."
    return f"Chosen on valid, without reading test: **{choice.name}**, which gains {words}."


def shortcut_sentence(rows, name):
    """What the files alone tell: a row of `representations.compare_representations`.

    Parameters
    ----------
    name : str
        Of the representation, such as ``format of the recording``.
    """
    row = rows.set_index("representation").loc[name]
    text = f"The {name} alone gains {row['gain']:+.3f} nats a clip over the constant predictor "
    text += f"(standard error {row['se']:.3f}, valid): "
    if row["gain"] > 2 * row["se"]:
        return (
            text + "**a shortcut is open**; what a network learns from it will not hold elsewhere."
        )
    return text + "no shortcut is seen."
