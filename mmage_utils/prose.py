"""Sentences made from results, so that no number in a notebook's prose is typed."""

from mmage_utils import published


def say(text):
    """Show a sentence as Markdown below a cell."""
    from IPython.display import Markdown, display

    display(Markdown(text))


def play(samples, rate, name):
    """Show an audio player with its name; the sound is kept small as MP3.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        In -1..1.
    rate : int
        Hz.
    name : str
        What is heard.
    """
    import io
    from base64 import b64encode
    from html import escape

    import soundfile
    from IPython.display import HTML, display

    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3")
    data, name = b64encode(file.getvalue()).decode(), escape(name, quote=True)
    source = f'src="data:audio/mpeg;base64,{data}"'
    display(
        HTML(f'<figure>{name}<br><audio controls aria-label="{name}" {source}></audio></figure>')
    )


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
        `decoupled.compare_methods`.
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
        `evaluation.difference`.
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
