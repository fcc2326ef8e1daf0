"""The tables that notebooks show, made of scores."""

import pandas as pd

from mmage_utils import published
from mmage_utils.labels import AGE_GROUPS, SPLITS
from mmage_utils.prose import percent, with_interval


def score_table(scores, **columns):
    """Accuracy of each model per split, the test interval, and the constant predictor.

    Parameters
    ----------
    scores : dict of str to dict
        Model to split to `evaluation.score`.
    **columns : dict of str to str
        Further columns, model to text, put in front.

    Returns
    -------
    pandas.DataFrame
    """
    rows = {
        name: {key: values[name] for key, values in columns.items()}
        | {split: percent(one[split]["accuracy"]["value"]) for split in SPLITS}
        | {"test, 95% interval": " to ".join(map(percent, one["test"]["accuracy"]["interval"]))}
        | {"test, balanced": percent(one["test"]["balanced_accuracy"]["value"])}
        for name, one in scores.items()
    }
    first = next(iter(scores.values()))
    rows["constant predictor"] = {
        split: percent(first[split]["accuracy"]["constant"]) for split in SPLITS
    } | {"test, balanced": percent(first["test"]["balanced_accuracy"]["constant"])}
    return pd.DataFrame(rows).T.fillna("")


def metric_table(scores, metrics=("accuracy", "balanced_accuracy", "within_one")):
    """Several scores of each model on test, with intervals.

    Parameters
    ----------
    scores : dict of str to dict
        Model to split to `evaluation.score`.
    """
    return pd.DataFrame(
        {
            name: {
                metric.replace("_", " "): with_interval(one["test"][metric]) for metric in metrics
            }
            for name, one in scores.items()
        }
    ).T


def training_table(fits, scores):
    """Epochs, time and test accuracy of several trainings (the batch sizes of task b).

    Parameters
    ----------
    fits : dict of str to training.Fit
    scores : dict of str to dict
        The same names, split to `evaluation.score`.
    """
    return pd.DataFrame(
        {
            name: {
                "epochs": len(fit.history),
                "chosen epoch": fit.best_epoch,
                "training (s)": f"{fit.seconds:.0f}",
                "test accuracy (95% interval)": with_interval(scores[name]["test"]["accuracy"]),
            }
            for name, fit in fits.items()
        }
    )


def recall_table(recall):
    """Right clips of all clips per age group, one row a model.

    Parameters
    ----------
    recall : dict of str to pandas.DataFrame
        `fairness.accuracy_by` the age group.
    """
    shown = {
        name: part["right"].astype(str) + "/" + part["clips"].astype(str)
        for name, part in recall.items()
    }
    return pd.DataFrame(shown).T


def bias_table(bias, constant):
    """Biases with interval and null, beside those of the constant predictor.

    Parameters
    ----------
    bias, constant : dict
        `fairness.biases` of the model and of the constant predictor.
    """
    return pd.DataFrame(
        {
            name: {
                "bias": f"{one['value']:.4f}",
                "95% interval": "{:.4f} to {:.4f}".format(*one["interval"]),
                "95% of chance below": f"{one['null95']:.4f}",
                "exceeds chance": "yes" if one["exceeds_chance"] else "no",
                "bias of the constant predictor": f"{constant[name]['value']:.4f}",
            }
            for name, one in bias.items()
        }
    ).T


def cost_table(seconds):
    """Seconds of acoustic features per clip: as published, and as measured in this run.

    Parameters
    ----------
    seconds : dict of str to float
        `voice_cost.measure_cost`.
    """
    cost = {name: value for name, (value, _) in published.VOICE_COST.items() if "clip" in name}
    rows = {f"published, {name.split(',')[0]}": value for name, value in cost.items()}
    rows |= {
        "first setting, this machine": round(seconds["first setting"], 2),
        "second setting, this machine": round(seconds["published"], 3),
        "used here, this machine": round(seconds["fast"], 3),
    }
    return pd.Series(rows, name="seconds per clip").to_frame()


def constant_table():
    """The report's audio and text models in right test clips, beside the constant predictor."""
    rows = {
        name: round(published.MODELS[f"{name}, test"][0] * published.TEST_CLIPS)
        for name in ("audio", "text")
    }
    rows["constant predictor"] = published.TEST_MAJORITY
    return pd.Series(rows, name=f"right of {published.TEST_CLIPS:,} test clips").to_frame()


def baseline_here(fits, tables, bias):
    """Our values of the report's figures of task b (`published.BASELINE`).

    Parameters
    ----------
    fits : dict of int to training.Fit
        The report's batch size to the training that stands for it.
    tables : dict of str to pandas.DataFrame
        Predictions of the same trainings, in the same order; more may follow.
    bias : dict
        Model to `fairness.biases`.
    """
    here = {}
    for (size, fit), table in zip(fits.items(), tables.values(), strict=False):
        test = table[table["split"] == "test"]
        here[f"test accuracy, batch {size}"] = (test["prediction"] == test["ground_truth"]).mean()
        here[f"epochs until stop, batch {size}"] = len(fit.history)
        here[f"training minutes, batch {size}"] = fit.seconds / 60
    here["average bias"] = bias["image_baseline"]["average"]["value"]
    here["age bias"] = bias["image_baseline"]["AgeGroup"]["value"]
    return here


def method_table(methods):
    """Answers to unbalanced groups as per cent: scores with their spread over seeds, recalls.

    Parameters
    ----------
    methods : pandas.DataFrame
        `decoupled.compare_methods`.
    """
    shown = pd.DataFrame(index=methods.index)
    for metric in ("accuracy", "balanced accuracy"):
        pairs = zip(methods[metric], methods[f"{metric}, spread"], strict=True)
        shown[metric] = [f"{100 * mean:.1f} ± {100 * spread:.1f}%" for mean, spread in pairs]
    for group in AGE_GROUPS.values():
        shown[group] = [percent(value, 0) for value in methods[group]]
    return shown


def ablation_table(table):
    """Every subset and rule as text: accuracy and balanced accuracy with intervals, both units.

    Parameters
    ----------
    table : pandas.DataFrame
        `ablation.ablate`.
    """
    shown = pd.DataFrame({"modalities": table["modalities"], "rule": table["rule"]})
    shown["unit"] = table["unit"]
    shown["chosen on valid"] = ["yes" if chosen else "" for chosen in table["chosen"]]
    for metric, prefix in (("accuracy", ""), ("balanced_accuracy", "balanced_")):
        columns = zip(table[metric], table[f"{prefix}low"], table[f"{prefix}high"], strict=True)
        shown[metric.replace("_", " ")] = [
            with_interval({"value": value, "interval": [low, high]}) for value, low, high in columns
        ]
    return shown.set_index(["modalities", "rule"])
