"""Sentences made from results, so that no number in a notebook's prose is typed."""

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import published
from mmage_utils.fusion.verdicts import ONE_POINT, POWER


def percent(share, digits=1):
    """A share as per cent: .5349 is 53.5%."""
    return "–" if share is None or share != share else f"{100 * share:.{digits}f}%"


def with_interval(entry):
    """A value with its 95% interval: ``61.2% (52.0% to 69.9%)``."""
    low, high = entry["interval"]
    return f"{percent(entry['value'])} ({percent(low)} to {percent(high)})"


def scored(name, score, *, ceiling=None):
    """Accuracy of a model with n, interval, constant predictor and, if known, ideal observer.

    Parameters
    ----------
    name : str
    score, ceiling : dict
        `evaluation.score`.
    """
    accuracy = score["accuracy"]
    low, high = accuracy["interval"]
    text = (
        f"**{name}** is right for {percent(accuracy['value'])} of {score['n_clips']:,} clips of "
        f"{score['n_users']:,} users (95% interval over users {percent(low)} to {percent(high)}); "
        f"the constant predictor is right for {percent(accuracy['constant'])}"
    )
    if ceiling:
        text += f" and the ideal observer for {percent(ceiling['accuracy']['value'])}"
    return text + f". Balanced accuracy is {percent(score['balanced_accuracy']['value'])}."


def beats_constant(score):
    """Whether the interval of the accuracy lies above the constant predictor, in words."""
    low, high = score["accuracy"]["interval"]
    constant = score["accuracy"]["constant"]
    if low > constant:
        return "The interval lies above the constant predictor."
    if high < constant:
        return "The interval lies below the constant predictor."
    return "The interval holds the constant predictor: nothing is shown to be learnt."


def way_to_ceiling(score, ceiling):
    """How far accuracy has come from the constant predictor to the ideal observer, in words.

    Parameters
    ----------
    score, ceiling : dict
        `evaluation.score` of the model and of the ideal observer.
    """
    start, end = score["accuracy"]["constant"], ceiling["accuracy"]["value"]
    way = (score["accuracy"]["value"] - start) / (end - start)
    text = (
        f"The model goes {percent(way, 0)} of the way from the constant predictor "
        f"({percent(start)}) to the ideal observer ({percent(end)})."
    )
    if way < 0.85:
        text += (
            " What stands in the way is the number of faces: the observer knows how the cues were "
            "drawn, while the network starts from random weights and learns to see from the few "
            "faces of the train split, in a few passes."
        )
    return text


def methods_read(methods):
    """Which answers to unbalanced groups are best, and what the published weights do, in words.

    Parameters
    ----------
    methods : pandas.DataFrame
        `prior_dial.compare_methods`.
    """
    best = methods[["accuracy", "balanced accuracy"]].idxmax()
    worst = methods.loc["count / total (published)", "balanced accuracy"]
    plain = methods.loc["none", "balanced accuracy"]
    return (
        f"Accuracy is highest with *{best['accuracy']}* and balanced accuracy with "
        f"*{best['balanced accuracy']}*; the spread is that of training alone, not of the clips. "
        f"Count / total gives a balanced accuracy of {percent(worst)}, no weights {percent(plain)}."
    )


def compared(name, other, difference):
    """A paired difference in words.

    Parameters
    ----------
    name, other : str
    difference : dict
        `comparison.difference`.
    """
    low, high = difference["interval"]
    points = (
        f"{100 * difference['value']:+.1f} points, interval {100 * low:+.1f} to {100 * high:+.1f}"
    )
    if low > 0:
        return f"{name[0].upper()}{name[1:]} is better than {other} ({points})."
    if high < 0:
        return f"{name[0].upper()}{name[1:]} is worse than {other} ({points})."
    return f"No difference between {name} and {other} is shown ({points})."


def at_the_constant():
    """How the report's valid figures of audio and text follow from always answering one group."""
    right, seen = published.VALID_MAJORITY, published.AUDIO_VALID_CLIPS
    return (
        f"The constant predictor is right for {right:,} valid clips: that is "
        f"{percent(published.CONSTANT['valid'], 2)} of all of them, the report's text figure, and "
        f"{percent(right / seen, 2)} of {seen:,}, the full batches after which its audio "
        "validation stopped: the audio figure."
    )


def wrong_checkpoint():
    """Whether the report's low test accuracy at batch 32 can be chance, from its own numbers."""
    test = published.BASELINE["test accuracy, batch 32"][0]
    valid = published.VALID_CURVE_BATCH_32
    error = (valid * (1 - valid) / published.TEST_CLIPS) ** 0.5
    return (
        f"The report's curve at batch 32 reaches about {percent(valid, 0)} on valid, its test "
        f"figure is {percent(test)}: {(valid - test) / error:.0f} standard errors below, so "
        f"neither chance nor a fair model explains it. {published.ERRATA[9]}"
    )


def unscaled(summary):
    """How unlike the spreads of the seven features are, from a table with a column std."""
    spread = summary["std"].astype(float)
    return (
        f"As they are, the feature {spread.idxmax()} varies {spread.max() / spread.min():.0f} "
        f"times as much as {spread.idxmin()}: a network fed with them sees little but pitch. "
        f"{published.ERRATA[8]}"
    )


def say_concentration(table):
    """A sentence on which age groups lie together beyond chance."""
    shown = table[table["p_holm"] < 0.05]
    middle = (shown["chance_low"] + shown["chance_high"]) / 2
    beyond = shown[shown["silhouette"] > middle]
    apart = shown[shown["silhouette"] <= middle]
    parts = [
        f"**{word}**: {', '.join(_with_users(rows)) or 'none'}"
        for word, rows in (("concentrated", beyond), ("scattered", apart))
    ]
    said = f"By the silhouette, beyond chance (p by Holm below 5%), {'; '.join(parts)}."
    few = table[table["p_holm"].isna()]
    return said + (f" Too few users to judge: {', '.join(_with_users(few))}." if len(few) else "")


def _with_users(rows):
    return [f"{AGE_GROUPS[row.Index]} ({row.users} users)" for row in rows.itertuples()]


def say_answered(found, target=0.7):
    """`answer_above` in words.

    Parameters
    ----------
    found : dict
    target : float
        The accuracy that the threshold was chosen for.
    """
    if not found["n_answered"]:
        return (
            f"No threshold of confidence chosen on valid reaches an accuracy of {target:.0%} and "
            "answers a test clip."
        )
    coverage, accuracy = found["coverage"], found["accuracy"]
    right = (
        f"{accuracy['value']:.1%} of the answers are right "
        f"({accuracy['interval'][0]:.1%} to {accuracy['interval'][1]:.1%})"
    )
    if found["threshold"] <= 0:
        return (
            f"On valid {target:.0%} are reached with every clip answered; so all "
            f"{found['n_clips']:,} test clips are answered, and {right}."
        )
    return (
        f"Answering only where the confidence is at least {found['threshold']:.2f}, which reaches "
        f"{target:.0%} on valid, {found['n_answered']:,} of {found['n_clips']:,} test clips are "
        f"answered ({coverage['value']:.1%}, interval {coverage['interval'][0]:.1%} to "
        f"{coverage['interval'][1]:.1%}), and {right}."
    )


def say_shuffled(found, chart, accuracy):
    """`shuffle_predictions` in words, beside the report's two numbers.

    Parameters
    ----------
    found : dict
    chart, accuracy : float
        The report's accuracy by its per-class chart, and the one it states.
    """
    joined, kappa = found["joined"]["accuracy"], found["kappa"]
    return (
        f"Joined on VideoName, our fused model is right for {joined:.1%}; in a random order the "
        f"same answers are right for {found['expected']:.1%} on average "
        f"({found['accuracy']['interval'][0]:.1%} to {found['accuracy']['interval'][1]:.1%} in "
        f"95% of orders), and their quadratic kappa is {abs(kappa['mean']):.2f} on average "
        f"instead of {found['joined']['kappa']:.2f}. A lost order costs "
        f"{100 * (joined - found['expected']):.1f} points here; between the report's "
        f"{accuracy:.2%} and its chart's {chart:.2%} lie {100 * (accuracy - chart):.1f}."
    )


def say_verdict(name, found, *, target=ONE_POINT, test_users=None):
    """The verdict on one modality as a sentence, every number from `judge_modalities`.

    Parameters
    ----------
    name : str
    found : dict
        The modality's part of `judge_modalities`.
    test_users : int, optional
        Users of a test set to hold the needed number against.
    """
    low, high = (100 * bound for bound in found["interval"])
    size = f"{100 * found['value']:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"
    text = f"**{name}** helps by {size}" if found["helps"] else f"**{name}**: no help shown, {size}"
    text += (
        f" when added to {found['added_to']}, p = {found['p_holm']:.3f} by Holm for "
        f"{found['n_modalities']} modalities"
    )
    if len(found["by_seed"]) > 1:
        least, most = (100 * one for one in (min(found["by_seed"]), max(found["by_seed"])))
        text += f"; {least:+.1f} to {most:+.1f} over {len(found['by_seed'])} training seeds"
    points = f"{100 * target:g} point" + ("" if target == ONE_POINT else "s")
    if found["users_needed"] is None:
        return text + ". The two models never differ here, so no test size can be computed."
    text += (
        f". To show a gain of {points} with {POWER:.0%} power a test set needs about "
        f"{found['users_needed']:,} users; this one has {found['n_users']:,}"
    )
    return text + (f", the real one {test_users:,}." if test_users else ".")


def verdict(entry, *, name="the first", other="the second"):
    """A difference with its interval in words.

    Parameters
    ----------
    entry : dict
        value and interval, shares.
    """
    low, high = entry["interval"]
    points = f"{100 * entry['value']:+.1f} points, interval {100 * low:+.1f} to {100 * high:+.1f}"
    if low > 0:
        return f"{name} is better: {points}"
    if high < 0:
        return f"{other} is better: {points}"
    return f"no difference shown: {points}"
