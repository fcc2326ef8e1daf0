"""Sentences made from results, so that no number in the prose of a notebook is typed."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import published
from mmage_utils.scores.evaluation import pick
from mmage_utils.scores.groups import interval_of_half
from mmage_utils.scores.jackknife import THIN

NOTHING = "–"  # instead of an unknown number


def percent(share, digits=1):
    """A share as per cent: .5349 is 53.5%."""
    return NOTHING if pd.isna(share) else f"{100 * share:.{digits}f}%"


def with_interval(row):
    """A value with its 95% interval: ``61.2% (52.0% to 69.9%)``."""
    return f"{percent(row['value'])} ({percent(row['low'])} to {percent(row['high'])})"


def score_text(row):
    """The value of a score with its 95% interval; kappa and the error in groups are no shares."""
    if row["metric"] not in ("kappa", "mae"):
        return with_interval(row)
    value, low, high = (round(row[name], 2) + 0.0 for name in ("value", "low", "high"))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def constant_text(row):
    """The constant predictor's value of a score, as `score_text` shows the model's."""
    constant = row["constant"]
    return f"{constant:.2f}" if row["metric"] in ("kappa", "mae") else percent(constant)


def p_text(p):
    """A p-value: ``0.012``, ``< 0.001``, or a dash where there is none."""
    if pd.isna(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_words(p):
    """A p-value in a sentence: ``p = 0.012`` or ``p < 0.001``."""
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def signed(share):
    """A difference in points: .012 is ``+1.2``; never ``-0.0``."""
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # adding 0 to a rounded -0.0 makes it 0.0


def points(row):
    """A difference in points with its 95% interval: ``+1.2 points (-0.5 to +2.9)``."""
    value, low, high = (signed(row[name]) for name in ("value", "low", "high"))
    return f"{value} points ({low} to {high})"


def accuracy_words(row):
    """Test accuracy with interval and constant predictor, for a headline."""
    return f"test accuracy {with_interval(row)}, constant {percent(row['constant'])}"


def dial_words(scores):
    """Accuracy and balanced accuracy on test of each operating point, for a headline.

    Takes `evaluation.score_models` of the points, whose names say what they are chosen for.
    """
    texts = []
    for model in scores["model"].unique():
        accuracy = percent(pick(scores, model=model).value)
        balanced = percent(pick(scores, model=model, metric="balanced_accuracy").value)
        point = model.split(": ")[-1].split(",")[0]
        texts.append(f"{point} {accuracy} / {balanced} balanced")
    return "on test " + ", ".join(texts)


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


def thin_groups_sentence(thin):
    """On which age groups of few users averages over age groups rest, by `groups.thin_groups`."""
    if thin.empty:
        return f"Every age group has at least {THIN} users."
    names = [f"{name} ({row.users:.0f} users)" for name, row in thin.iterrows()]
    names = ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
    return (
        f"Balanced accuracy and macro F1 also rest on {names.replace('(1 users)', '(1 user)')}: "
        f"{'each' if len(thin) > 1 else 'it'} weighs 1/{1 / thin['weight'].iloc[0]:.0f}."
    )


def ceiling_gap_sentence(name, gap):
    """How far a model is from the ideal observer, by their paired `comparison.difference`."""
    if gap["low"] <= 0 <= gap["high"]:
        return f"No distance of {name} from the ideal observer is shown: {points(gap)}."
    side = "below" if gap["high"] < 0 else "above"
    ends = sorted(100 * abs(gap[key]) for key in ("low", "high"))
    return (
        f"{name[:1].upper()}{name[1:]} is {100 * abs(gap['value']):.1f} points "
        f"({ends[0]:.1f} to {ends[1]:.1f}) {side} the ideal observer on the same clips."
    )


def difference_sentence(name, other, difference):
    """Whether one of two is better, by a `comparison.difference`."""
    better = difference["low"] > 0
    if not (better or difference["high"] < 0):
        return f"No difference between {name} and {other} is shown: {points(difference)}."
    word = "better" if better else "worse"
    return f"{name[0].upper()}{name[1:]} is {word} than {other}: {points(difference)}."


def few_users_sentence(users):
    """What accuracies of groups of few users can say.

    Parameters
    ----------
    users : pandas.Series of int
        Indexed by group.
    """
    few = " and ".join(f"{n} people ({name})" for name, n in users.items())
    wide = " and ".join(f"{percent(a)} to {percent(b)}" for a, b in map(interval_of_half, users))
    return (
        f"The test figures of the smallest groups rest on {few}. With half of these people right, "
        f"the 95% intervals are {wide}: an accuracy there says next to nothing."
    )


def published_constant_sentence():
    """How the report's valid accuracies of audio and text follow from the constant predictor."""
    right, seen = published.VALID_MAJORITY, published.AUDIO_VALID_CLIPS
    return (
        f"The constant predictor is right for {right:,} valid clips. These are "
        f"{percent(published.CONSTANT['valid'], 2)} of all, the report's accuracy for text, and "
        f"{percent(right / seen, 2)} of {seen:,}, its accuracy for audio, whose validation stopped "
        "after that many."
    )


def average_bias_sentence(bias):
    """The bias of each model, averaged over the attributes (`groups.stack_biases`)."""
    average = bias[bias["attribute"] == "average"].itertuples()
    values = ", ".join(f"{row.model} {row.value:.4f}" for row in average)
    return f"Average over the three attributes: {values}."


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
