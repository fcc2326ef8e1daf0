"""The report's nine mistakes made on purpose on the predictions of a run: tables and sentences."""

import numpy as np
import pandas as pd

from mmage_utils.display.sentences import percent, signed
from mmage_utils.features.voices.definition import FEATURES, UNITS
from mmage_utils.features.voices.inputs import published_inputs
from mmage_utils.scores.evaluation import pick, select


def loss_table(losses):
    """`class_balance.measured_loss` as text."""
    shown = losses.copy()
    shown["log-loss"] = losses["log-loss"].map("{:.2f}".format)
    for name in losses.filter(like="share"):
        shown[name] = losses[name].map(percent)
    return shown


def loss_sentence(losses):
    """What the report's weights do to the loss that was measured.

    Parameters
    ----------
    losses : pandas.DataFrame
        `class_balance.measured_loss` with the names ``published`` and ``inverse``.
    """
    group = losses["clips"].idxmax()
    own, fair = (percent(losses.loc[group, f"share, {x}"]) for x in ("published", "inverse"))
    # The groups that the weights were to help: all smaller than the mean group.
    small = losses.index[losses["clips"] < losses["clips"].mean()]
    rest, fairer = losses.loc[small, ["share, published", "share, inverse"]].sum().map(percent)
    return (
        f"Measured here, the {len(small)} groups of fewer clips than the mean ({', '.join(small)}) "
        f"carry {rest} of the weighted loss, with inverse weights {fairer}; {group} carries {own}, "
        f"with inverse weights {fair}."
    )


def early_table(seen):
    """`mistakes.stop_early` of several lists.

    Parameters
    ----------
    seen : dict of str to pandas.DataFrame
        Name of the list to its rows.
    """
    table = pd.concat(seen, names=["valid clips", "validation"])
    return table.assign(accuracy=table["accuracy"].map(lambda x: percent(x, 2)))


def early_sentence(rows, *, name):
    """What the constant predictor gains on one list when its validation stops too soon."""
    whole, cut = rows.loc["all clips"], rows.loc["stopped too soon"]
    return (
        f"On the {name}, leaving out the last {whole.clips - cut.clips:.0f} of {whole.clips:.0f} "
        f"clips, the oldest, moves the constant predictor from {percent(whole.accuracy, 2)} to "
        f"{percent(cut.accuracy, 2)} without anything learnt."
    )


def order_table(shuffled):
    """`robustness.shuffle_predictions` of several models.

    Parameters
    ----------
    shuffled : dict of str to pandas.DataFrame
        Model to its rows.
    """
    rows = {}
    for name, scores in shuffled.items():
        accuracy, kappa = scores.loc["accuracy"], scores.loc["kappa"]
        rows[name] = {
            "accuracy, joined": percent(accuracy.joined),
            "in random order": percent(accuracy["mean"]),
            "95% of orders": f"{percent(accuracy.low)} to {percent(accuracy.high)}",
            "kappa, joined": f"{kappa.joined:.2f}",
            "kappa, in random order": f"{abs(kappa['mean']):.2f}",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def unit_table(scores):
    """Accuracy of two ways to answer in the units of clips and of users.

    Parameters
    ----------
    scores : pandas.DataFrame
        `evaluation.score_models` with both units.
    """
    shown = select(scores, metric="accuracy", split="test")
    shown = shown.assign(text=shown["value"].map(percent), unit="per " + shown["unit"])
    return shown.pivot_table("text", "model", "unit", aggfunc="first", sort=False).rename_axis(None)


def unit_sentence(scores, before, after):
    """How far a gain across units is from the gain in one unit."""
    value = {
        (model, unit): pick(scores, model=model, unit=unit).value
        for model in (before, after)
        for unit in ("clip", "user")
    }
    mixed = signed(value[after, "user"] - value[before, "clip"])
    per_clip, per_user = (signed(value[after, u] - value[before, u]) for u in ("clip", "user"))
    return (
        f"Here the report's comparison, per clip before and per user after, reads {mixed} "
        f"points; per clip on both sides it is {per_clip}, per user on both sides {per_user}."
    )


def bias_sentence(biases, model, constant, *, data):
    """Whether a model's bias is below the constant predictor's, on this list.

    Parameters
    ----------
    biases : pandas.DataFrame
        `groups.biases` of both.
    model, constant : str
    data : str
        What the data are (`runs.Run`).
    """
    own, base = (pick(biases, model=name, attribute="average").value for name in (model, constant))
    age = pick(biases, model=model, attribute="AgeGroup").value
    word = "below" if base < own else "above"
    return (
        f"On this test list ({data}) the age bias of {model} is {age:.4f} and its average bias "
        f"{own:.4f}: two figures, not one. The constant predictor, which looks at nothing, has "
        f"{base:.4f}, {word} the model."
    )


def error_table(errors):
    """`mistakes.standard_errors` in points."""
    shown = 100 * errors[["value", "low", "high", "binomial", "over_users", "paired"]]
    shown.columns = [
        *("difference", "95%, low", "high"),
        *("error of one row", "the same, users drawn", "error of the difference"),
    ]
    shown.index = (errors["model"] + " - " + errors["other"]).rename("points")
    return shown.round(1) + 0.0


def error_sentence(errors):
    """How many differences are beyond their own error, and why that of a row is the wrong one."""
    beyond = ((errors["low"] > 0) | (errors["high"] < 0)).sum()
    row, paired = (100 * errors[name].mean() for name in ("over_users", "paired"))
    return (
        f"Here one row has a standard error of {row:.1f} points on average, and a difference of "
        f"two rows on the same clips {paired:.1f}: the rows share their users, so it is the error "
        f"of the difference that decides. {beyond} of {len(errors)} differences have an interval "
        "without 0."
    )


def choice_table(chosen):
    """`mistakes.choose_best` of several sets of candidates.

    Parameters
    ----------
    chosen : dict of str to pandas.DataFrame
        Name of the set to its rows.
    """
    table = pd.concat(chosen, names=["candidates", "chosen on"])
    table["accuracy"] = table["accuracy"].map(percent)
    table["optimism"] = [f"{signed(value)} points" for value in table["optimism"]]
    return table.rename(columns={"accuracy": "test accuracy", "chosen": "best"}).astype(str)


def choice_sentence(chosen):
    """By how much a choice on test looks better than it is, from what `choice_table` takes."""
    parts = [
        f"the best of {name} looks {100 * rows.loc['test', 'optimism']:.1f} points better "
        f"(chosen on valid, {abs(100 * rows.loc['valid', 'optimism']):.1f})"
        for name, rows in chosen.items()
    ]
    return (
        f"Chosen and read on the same test users, {', and '.join(parts)} on average than it is on "
        "the whole split. This much of a best row is luck."
    )


def silence_table(silence):
    """A silent clip as the report feeds it, from `acoustic.acoustic_features` of silence."""
    row = published_inputs(pd.DataFrame([silence]))[0]
    units = [f"{name.replace('_', ' ')} ({UNITS[name]})" for name in FEATURES]
    return pd.DataFrame({"what was measured": "no voice", "into the network": row}, index=units)


def input_table(features):
    """Mean and spread of the seven features as the report feeds them."""
    inputs = published_inputs(features)
    table = pd.DataFrame({"mean": inputs.mean(0), "std": inputs.std(0)}, index=list(FEATURES))
    table["of the summed variance"] = [percent(x) for x in inputs.var(0) / inputs.var(0).sum()]
    table.insert(0, "unit", [UNITS[name] for name in FEATURES])
    return table.round(2)


def padding_sentence(padded, usual):
    """What padding does to a mean of states, beside what another text does.

    Parameters
    ----------
    padded : pandas.DataFrame
        `text_analysis.pad_mean`.
    usual : float
        Mean cosine of two different transcripts.
    """
    most = padded.iloc[-1]
    lost = (1 - most.cosine) / (1 - usual)
    return (
        f"With {most.padding:.0f} tokens of padding behind its {most.tokens:.0f} own, the mean "
        f"over all positions has a cosine of {most.cosine:.3f} with the mean over the words; the "
        f"mean that leaves the padding out, {most.own:.3f}. Two different transcripts have "
        f"{usual:.3f} on average: padding moves a text {percent(lost, 0)} of the way to another."
    )


def temperature_sentence(temperatures):
    """What it means to add logits of models with these temperatures (`mistakes.temperatures`)."""
    first, last = temperatures.idxmax(), temperatures.idxmin()
    high, low = temperatures[first], temperatures[last]
    return (
        f"To be honest on valid, the logits of *{first}* would have to be divided by {high:.2f} "
        f"and those of *{last}* by {low:.2f}. Added as they are, the former count {high / low:.1f} "
        "times as much as they should beside the latter."
    )


def checkpoint_table(checked):
    """`mistakes.check_checkpoint` as text."""
    shown = checked[["valid", "test"]].map(percent)
    shown.columns = ["valid accuracy", "test accuracy"]
    shown["off the valid curve"] = [f"{signed(x)} points" for x in checked["off"]]
    shown["belongs to it"] = np.where(checked["belongs"], "yes", "no")
    return shown


def checkpoint_sentence(checked, curve_best):
    """What a wrong checkpoint costs, and how it is found."""
    own, wrong = checked.iloc[0], checked[~checked["belongs"]]
    text = (
        f"The curve of this training reaches {percent(curve_best)} on valid, and its own "
        f"checkpoint {percent(own.valid)}. "
    )
    if wrong.empty:
        return f"{text}The others reach the same: too little was trained to tell them apart."
    worst = wrong["test"].idxmin()
    return (
        f"{text}{len(wrong)} of {len(checked)} files miss the curve; of these, *{worst}* has a "
        f"test accuracy of {percent(wrong.loc[worst, 'test'])}. Holding valid accuracy against the "
        "curve finds a wrong file before test is read."
    )
