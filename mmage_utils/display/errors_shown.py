"""The nine errors of the report: what it says, what its own material gives, and what is right."""

import numpy as np
import pandas as pd

from mmage_utils.data.clips import by_split
from mmage_utils.display import published
from mmage_utils.display.sentences import NOTHING, percent
from mmage_utils.features.faces import SCALINGS
from mmage_utils.models import class_balance

COLUMNS = ("the report says", "its own material gives", "right")


def facts(labels):
    """What follows from the label lists alone.

    Parameters
    ----------
    labels : pandas.DataFrame
        All listed clips (`read_clips`).

    Returns
    -------
    dict
        train, copies (images of the train split, and with copies), share and fair (of the loss
        that the largest group carries by the report's weights and by inverse ones), ratio (of the
        largest class weight of the report to its smallest), group (name of that group).
    """
    plan = class_balance.plan_augmentation(by_split(labels, "train"))
    weights = class_balance.weight_table(class_balance.group_counts(plan["AgeGroup"]))
    group = weights["published share of loss"].idxmax()
    own = weights["published weight"]
    return {
        "train": int((plan["copy"] == "original").sum()),
        "copies": len(plan),
        "share": weights.loc[group, "published share of loss"],
        "fair": weights.loc[group, "inverse share of loss"],
        "ratio": own.max() / own[own > 0].min(),
        "group": group,
    }


def report_table(number, labels):
    """What the report says, what its own material gives, and what is right, for one error.

    Parameters
    ----------
    number : int
        1..9, as `published.ERRATA`.
    labels : pandas.DataFrame
        As `facts`.

    Returns
    -------
    pandas.DataFrame
        Indexed by quantity; `COLUMNS`, texts.
    """
    rows = ROWS[number](facts(labels))
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))


def _weights(known):
    images, with_copies = (value for value, _ in published.COUNTED.values())
    group = known["group"]
    return {
        "train images": (f"{images:,}", f"{known['train']:,}", f"{known['train']:,}"),
        "train images with copies": (
            f"{with_copies:,}",
            f"{sum(published.CLASS_COUNTS):,}",
            f"{known['copies']:,}",
        ),
        f"weight of {group} over that of the smallest group": (
            "inversely proportional",
            f"{known['ratio']:.0f} times",
            f"1/{known['ratio']:.0f}",
        ),
        f"share of the loss that {group} carries": (
            NOTHING,
            percent(known["share"]),
            percent(known["fair"]),
        ),
    }


def _constant(_):
    test, valid = published.TEST_CLIPS, published.VALID_CLIPS
    seen, right = published.AUDIO_VALID_CLIPS, published.VALID_MAJORITY
    of_test = f"constant: {published.TEST_MAJORITY} of {test:,}"
    rows = {}
    for name in ("audio", "text"):
        share = published.MODELS[f"{name}, test"][0]
        given = f"{round(share * test)} of {test:,}"
        rows[f"{name}, test"] = (percent(share, 2), given, of_test)
    whole = f"{percent(right / valid, 2)}: constant on all {valid:,}"
    audio, text = (published.MODELS[f"{name}, valid"][0] for name in ("audio", "text"))
    given = f"constant: {right:,} of {seen:,} ({published.AUDIO_VALID_BATCHES} batches)"
    rows["audio, valid"] = (percent(audio, 2), given, whole)
    rows["text, valid"] = (percent(text), f"constant: {right:,} of {valid:,}", whole)
    return rows


def _order(_):
    again, stated = published.RECOMPUTED, published.FUSION["fusion, published sum"][0]
    shuffled = again["accuracy per age group, rows in random order"]
    return {
        "accuracy of the chart": (
            f"{published.SHUFFLED_CHART[0]:.4f}",
            f"{shuffled:.4f} in a random order",
            f"{stated:.4f} joined on VideoName",
        ),
        "quadratic kappa of the chart": (
            NOTHING,
            f"{again['kappa, rows in the order of the files']:.0f}",
            NOTHING,
        ),
    }


def _units(_):
    again = published.RECOMPUTED
    per_clip = again["accuracy, clips added up, per clip"]
    before, after = (
        published.AGGREGATION[f"accuracy, {x}"][0] for x in ("each clip", "clips added up")
    )
    return {
        "each clip": (
            f"{before:.3f}",
            f"{again['accuracy, each clip, per clip']:.4f} per clip",
            f"{again['accuracy, each clip, per clip']:.4f} per clip",
        ),
        "a user's clips added up": (
            f"{after:.3f}, no gain",
            f"{again['accuracy, clips added up, per user']:.4f} per user",
            f"{per_clip:.4f} per clip, a gain",
        ),
    }


def _bias(_):
    again = published.RECOMPUTED
    age, average = published.BASELINE["age bias"][0], published.BASELINE["average bias"][0]
    constant = again["average bias of the constant predictor"]
    return {
        f"{age:.4f}": ("bias for Caucasian", "bias over age groups", "bias over age groups"),
        f"{average:.2f}": (
            "mean age bias",
            f"{again['average bias']:.4f}: mean of age, gender, ethnicity",
            f"{again['average bias']:.4f}, beside {constant:.4f} of the constant predictor",
        ),
    }


def _ablation(_):
    values = [value for value, _ in published.FUSION.values()]
    mean, spread = np.mean(values), max(values) - min(values)
    error = np.sqrt(mean * (1 - mean) / published.TEST_CLIPS)
    return {
        "largest difference of the rows": (
            "shows which modality matters",
            f"{100 * spread:.1f} points",
            "within chance",
        ),
        "one standard error of a row": (
            NOTHING,
            f"{100 * error:.1f} points",
            "more: a user's clips go together",
        ),
    }


def _chosen(_):
    accuracy = published.FUSION["fusion, published weighted"][0]
    return {
        "weights": (f"{accuracy:.4f} is the best", "chosen on test", "chosen on valid"),
        'split of the curves called "test"': ("test", "valid", "valid"),
    }


def _inputs(_):
    (mean, std), (own_mean, own_std) = SCALINGS["imagenet"], SCALINGS["vggface2"]
    black, white = (f"{(value - mean[0]) / std[0]:+.1f}" for value in (0, 255))
    fair = [f"{(value - own_mean[0]) / own_std[0]:+.1f}" for value in (0, 255)]
    first = published.VOICE_COST["second setting, minutes per reduced epoch"][0]
    return {
        "f0 into the network": (NOTHING, "raw Hz", "standardised"),
        "a silent clip": (NOTHING, "seven zeros", "a flag of its own"),
        "features of voices": (f"{first} minutes an epoch", "anew in every epoch", "once"),
        "mean of BERT's states": (NOTHING, "over words and padding", "over words"),
        "logits": ("added", "of models calibrated differently", "calibrated first"),
        "black and white of a face": (
            "ImageNet figures",
            f"{black} to {white} (red)",
            f"{' to '.join(fair)}, as the weights expect",
        ),
        "learning rate of head and backbone": ("one", "one", "one each"),
    }


def _checkpoint(_):
    test = published.BASELINE["test accuracy, batch 32"][0]
    valid = published.VALID_CURVE_BATCH_32
    error = (valid * (1 - valid) / published.TEST_CLIPS) ** 0.5
    return {
        "test accuracy, batch 32": (
            f"{test:.4f}",
            f"about {valid:.2f} on the valid curve",
            f"{(valid - test) / error:.0f} standard errors apart: not chance",
        )
    }


ROWS = {
    1: _weights,
    2: _constant,
    3: _order,
    4: _units,
    5: _bias,
    6: _ablation,
    7: _chosen,
    8: _inputs,
    9: _checkpoint,
}


def figure_rows(labels):
    """The errors that have numbers, for `plots.plot_report_errors`.

    Parameters
    ----------
    labels : pandas.DataFrame
        As `facts`.

    Returns
    -------
    pandas.DataFrame
        number and topic of the error, row, said, given, right (shares; NaN where there is none),
        standard_error (of what was said, or NaN).
    """
    known, again, said = facts(labels), published.RECOMPUTED, published
    none, constant = np.nan, published.CONSTANT
    cut = published.VALID_MAJORITY / published.AUDIO_VALID_CLIPS
    per_clip = again["accuracy, each clip, per clip"]
    clips, users = ("accuracy, clips added up, per clip", "accuracy, clips added up, per user")
    each, added = (said.AGGREGATION[f"accuracy, {x}"][0] for x in ("each clip", "clips added up"))
    shuffled = again["accuracy per age group, rows in random order"]
    batch_32 = said.BASELINE["test accuracy, batch 32"][0]
    fused = said.FUSION["fusion, published sum"][0]
    rows = [
        (1, "class weights", f"loss on {known['group']}", none, known["share"], known["fair"]),
        *(
            (
                2,
                "audio and text",
                f"{name}, {split}",
                said.MODELS[f"{name}, {split}"][0],
                given,
                right,
            )
            for name, split, given, right in (
                ("audio", "test", none, constant["test"]),
                ("text", "test", none, constant["test"]),
                ("audio", "valid", cut, constant["valid"]),
                ("text", "valid", none, constant["valid"]),
            )
        ),
        (3, "lost order", "chart", said.SHUFFLED_CHART[0], shuffled, fused),
        (4, "units", "each clip", each, per_clip, per_clip),
        (4, "units", "added up", added, again[users], again[clips]),
        (5, "bias", "average", said.BASELINE["average bias"][0], again["average bias"], none),
        (5, "bias", "constant", none, none, again["average bias of the constant predictor"]),
        *(
            (6, "ablation", name.removeprefix("fusion, published "), value, none, none)
            for name, (value, _) in said.FUSION.items()
        ),
        (9, "batch 32", "test", batch_32, none, said.VALID_CURVE_BATCH_32),
    ]
    table = pd.DataFrame(rows, columns=["number", "topic", "row", "said", "given", "right"])
    in_six = table["number"] == 6
    spread = np.sqrt(table["said"] * (1 - table["said"]) / published.TEST_CLIPS)
    table["standard_error"] = spread.where(in_six)
    return table
