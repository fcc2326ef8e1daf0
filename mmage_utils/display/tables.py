"""The tables of scores that notebooks and the command line show."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, SPLITS
from mmage_utils.display import published
from mmage_utils.display.sentences import (
    NOTHING,
    constant_text,
    p_text,
    percent,
    points,
    score_text,
    with_interval,
)
from mmage_utils.scores.evaluation import CONSTANT, pick, select

METRICS = ("accuracy", "balanced_accuracy", "kappa", "mae", "within_one")
SHORT_NAMES = {"mae": "error (groups)"}


def score_table(scores, **columns):
    """Accuracy of each model per split, and on test with balanced accuracy, intervals and n.

    Parameters
    ----------
    scores : pandas.DataFrame
        `evaluation.score_models`.
    **columns : dict of str to str
        Further columns to put in front, model to text.

    Returns
    -------
    pandas.DataFrame
        One row per model, and the constant predictor's: for each number of test clips, if the
        models were not scored on the same.
    """
    rows, constants = {}, {}
    for model in scores["model"].unique():
        accuracy = {split: pick(scores, model=model, split=split) for split in SPLITS}
        balanced = pick(scores, model=model, metric="balanced_accuracy")
        test = accuracy["test"]
        size = {"clips": f"{test.clips:,}", "users": f"{test.users:,}"}
        rows[model] = {key: texts[model] for key, texts in columns.items()}
        rows[model] |= {split: percent(row.value) for split, row in accuracy.items()}
        rows[model] |= {
            "test, 95% interval": _ends(test),
            "test, balanced": percent(balanced.value),
        }
        rows[model] |= {"balanced, 95% interval": _ends(balanced)} | size
        constants[test.clips] = {split: percent(row.constant) for split, row in accuracy.items()}
        constants[test.clips] |= {"test, balanced": percent(balanced.constant)} | size
    return pd.DataFrame(rows | _named_constants(constants)).T.astype(object).fillna("")


def _ends(row):
    return f"{percent(row.low)} to {percent(row.high)}"


def _named_constants(rows):
    """Rows of the constant predictor by number of clips, which names them if there are several."""
    if len(rows) == 1:
        return dict(zip([CONSTANT], rows.values(), strict=True))
    return {f"{CONSTANT}, {clips:,} clips": row for clips, row in rows.items()}


def metric_table(scores, metrics=METRICS):
    """Several scores of each model on test, with intervals, the constant predictor and n."""
    rows, constants = {}, {}
    for model in scores["model"].unique():
        own = {metric: pick(scores, model=model, metric=metric) for metric in metrics}
        first = next(iter(own.values()))
        size = {"clips": f"{first.clips:,}", "users": f"{first.users:,}"}
        names = [SHORT_NAMES.get(metric, metric.replace("_", " ")) for metric in metrics]
        texts = [score_text(row) for row in own.values()]
        rows[model] = dict(zip(names, texts, strict=True)) | size
        texts = [constant_text(row) for row in own.values()]
        constants[first.clips] = dict(zip(names, texts, strict=True)) | size
    return pd.DataFrame(rows | _named_constants(constants)).T


def training_table(fits, scores, *, batches=None):
    """Epochs, time and test accuracy of several trainings (the batch sizes of task b).

    Parameters
    ----------
    fits : dict of str to training.Fit
        Model to training.
    scores : pandas.DataFrame
        `evaluation.score_models`.
    batches : dict of str to (int, int), optional
        Model to the report's batch size and the one here.
    """
    columns = {}
    for model, fit in fits.items():
        row = pick(scores, model=model)
        sizes = (
            {"batch size": "the report's {}, here {}".format(*batches[model])} if batches else {}
        )
        columns[model] = sizes | {
            "epochs": len(fit.history),
            "chosen epoch": fit.best_epoch,
            "training (s)": f"{fit.seconds:.0f}",
            "s an epoch": f"{fit.seconds / len(fit.history):.1f}",
            "test accuracy (95% interval)": with_interval(row),
            f"test accuracy of the {CONSTANT}": percent(row.constant),
            "test clips, users": f"{row.clips:,}, {row.users:,}",
        }
    return pd.DataFrame(columns)


def recall_table(recall):
    """Right clips of all clips per age group with intervals, one column a model.

    Parameters
    ----------
    recall : dict of str to pandas.DataFrame
        Model to its `groups.accuracy_by` of the same clips; the constant predictor's column stands
        beside them where its answer was given.
    """
    shown = {}
    for name, part in recall.items():
        counts = part["right"].astype(str) + "/" + part["clips"].astype(str)
        ends = part["low"].map(percent) + " to " + part["high"].map(percent)
        shown[name] = counts + (" (" + ends + ")").where(part["low"].notna(), "")
    if "constant" in part:
        right = (part["constant"] * part["clips"]).fillna(0).round().astype(int)
        shown[CONSTANT] = right.astype(str) + "/" + part["clips"].astype(str)
    return pd.DataFrame(shown).assign(users=part["users"])


def gap_table(gaps):
    """Differences of `comparison.compare_pairs` in points, with interval and p-values."""
    shown = 100 * gaps[["value", "low", "high"]].round(3)
    shown.columns = ["points", "low", "high"]
    shown = shown.round(1).join(gaps[["p", "p_holm"]].map(p_text))
    return shown.set_index((gaps["model"] + " - " + gaps["other"]).rename("pair"))


def bias_table(biases, model, *, constant=CONSTANT):
    """Biases of a model beside chance and beside those of the constant predictor.

    Parameters
    ----------
    biases : pandas.DataFrame
        `groups.biases` of both models.
    model, constant : str
    """
    ours, base = (select(biases, model=name).set_index("attribute") for name in (model, constant))
    number = "{:.4f}".format
    return pd.DataFrame(
        {
            "bias": ours["value"].map(number),
            "by chance: median": ours["null50"].map(number),
            "95% below": ours["null95"].map(number),
            "excess over the median": ours["excess"].map("{:+.4f}".format),
            "p": ours["p"].map(p_text),
            "bias of the constant predictor": base["value"].map(number),
        }
    ).rename_axis(None)


def bias_gap_table(gaps):
    """Differences of two models' biases beside what swapping them for whole users gives."""
    number = "{:+.4f}".format
    gaps = gaps.set_index("attribute").rename_axis(None)
    shown = gaps["value"].map(number).to_frame("corrected - published")
    shown["95% by chance"] = gaps["null_low"].map(number) + " to " + gaps["null_high"].map(number)
    return shown.assign(p=gaps["p"].map(p_text))


def cost_table(seconds):
    """Seconds of acoustic features per clip, as published and by `cost.measure_cost`."""
    cost = {name: value for name, (value, _) in published.VOICE_COST.items() if "clip" in name}
    rows = {f"published, {name.split(',')[0]}": value for name, value in cost.items()}
    rows |= {
        "first setting, this machine": round(seconds["first setting"], 2),
        "second setting, this machine": round(seconds["published"], 3),
        "used here, this machine": round(seconds["fast"], 3),
    }
    return pd.Series(rows, name="seconds per clip").to_frame()


def constant_table():
    """Right test clips of the report's audio and text models, and of the constant predictor."""
    rows = {
        f"the report's {name} model": round(
            published.MODELS[f"{name}, test"][0] * published.TEST_CLIPS
        )
        for name in ("audio", "text")
    }
    rows[CONSTANT] = published.TEST_MAJORITY
    return pd.Series(rows, name=f"right of {published.TEST_CLIPS:,} test clips").to_frame()


def baseline_here(fits, scores, biases):
    """Our values of the report's figures of task b (`published.BASELINE`).

    Parameters
    ----------
    fits : dict of int to (str, training.Fit)
        The report's batch size to our model and its training.
    scores : pandas.DataFrame
        `evaluation.score_models`.
    biases : pandas.DataFrame
        `groups.biases` of the published model.
    """
    here = {}
    for size, (model, fit) in fits.items():
        here[f"test accuracy, batch {size}"] = pick(scores, model=model).value
        here[f"epochs until stop, batch {size}"] = len(fit.history)
        here[f"training minutes, batch {size}"] = fit.seconds / 60
    here["average bias"] = pick(biases, attribute="average").value
    here["age bias"] = pick(biases, attribute="AgeGroup").value
    return here


def published_table(published, here, *, note=""):
    """Columns published, here and slide, for the end of a notebook.

    Parameters
    ----------
    published : dict
        A table of `published`.
    here : dict
        Values of this run under the same names, where known.
    note : str
        What the data of this run are (`runs.Run`).
    """
    unknown = set(here) - set(published)
    if unknown:
        raise KeyError(f"not a published quantity: {', '.join(sorted(unknown))}")
    column = f"here ({note})" if note else "here"
    rows = {
        name: {"published": _number(value), column: _number(here.get(name)), "slide": slide}
        for name, (value, slide) in published.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def name_batches(table, batches):
    """Name rows by the report's batch size and ours; `batches` maps the one to the other."""

    def name(text):
        first, found, size = text.partition("batch ")
        here = batches.get(int(size)) if found else None
        return f"{first}the report's batch {size}, here {here}" if here else text

    return table.rename(index=name)


def _number(value):
    if value is None:
        return NOTHING
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"


def method_table(methods):
    """Scores of `evaluation.average_seeds` with intervals, recalls, constant row and n."""
    rows = {}
    sizes = {name: methods[name].map("{:,.0f}".format) for name in ("clips", "users", "seeds")}
    for method, row in methods.iterrows():
        rows[method] = {}
        for metric in ("accuracy", "balanced accuracy"):
            ends = f"{percent(row[f'{metric}, low'])} to {percent(row[f'{metric}, high'])}"
            rows[method][metric] = f"{percent(row[metric])} ({ends})"
        rows[method] |= {group: percent(row[group], 0) for group in AGE_GROUPS.values()}
        rows[method] |= {name: texts[method] for name, texts in sizes.items()}
    metrics = ("accuracy", "balanced accuracy")
    rows[CONSTANT] = {metric: percent(row[f"{metric}, constant"]) for metric in metrics}
    rows[CONSTANT] |= {name: sizes[name].iloc[-1] for name in ("clips", "users")}
    return pd.DataFrame(rows).T.astype(object).fillna("")


def ablation_table(table):
    """Scores with intervals of each subset, rule and unit of `ablation.ablate`.

    Beside each score stands its paired difference to the fusion chosen on valid, and a last row
    has the constant predictor's scores.
    """
    rows, constants = [], []
    for (modalities, rule, unit), own in table.groupby(["modalities", "rule", "unit"], sort=False):
        first, row, constant = own.iloc[0], {"modalities": modalities, "rule": rule}, {}
        row |= {"unit": unit, "chosen on valid": "yes" if first.chosen else ""}
        for score in own.itertuples():
            name = score.metric.replace("_", " ")
            gap = {"value": score.gap, "low": score.gap_low, "high": score.gap_high}
            row |= {name: with_interval(score._asdict())}
            row |= {
                f"{name}, less the chosen": ""
                if first.chosen
                else points(gap).replace(" points", "")
            }
            constant[name] = percent(score.constant)
        size = {"clips": f"{first.clips:,}", "users": f"{first.users:,}"}
        rows.append(row | size)
        if first.chosen:
            constants.append({"modalities": CONSTANT, "rule": "", "unit": unit} | constant | size)
    table = pd.DataFrame(rows + constants).astype(object).fillna("")
    return table.set_index(["modalities", "rule"])
