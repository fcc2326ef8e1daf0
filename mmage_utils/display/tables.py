"""The tables of scores that notebooks and the command line show."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, SPLITS
from mmage_utils.display import published
from mmage_utils.display.sentences import NOTHING, percent, with_interval
from mmage_utils.scores.evaluation import pick, select
from mmage_utils.scores.scorecard import METRIC_NAMES


def score_table(scores, **columns):
    """Accuracy of each model per split, the test interval, and the constant predictor.

    Parameters
    ----------
    scores : pandas.DataFrame
        `evaluation.score_models`.
    **columns : dict of str to str
        Further columns to put in front, model to text.
    """
    rows = {}
    for model in scores["model"].unique():
        accuracy = {split: pick(scores, model=model, split=split) for split in SPLITS}
        balanced = pick(scores, model=model, metric="balanced_accuracy")
        rows[model] = {key: texts[model] for key, texts in columns.items()}
        rows[model] |= {split: percent(row.value) for split, row in accuracy.items()}
        interval = f"{percent(accuracy['test'].low)} to {percent(accuracy['test'].high)}"
        rows[model] |= {"test, 95% interval": interval, "test, balanced": percent(balanced.value)}
    rows["constant predictor"] = {split: percent(row.constant) for split, row in accuracy.items()}
    rows["constant predictor"]["test, balanced"] = percent(balanced.constant)
    return pd.DataFrame(rows).T.fillna("")


def metric_table(scores, metrics=("accuracy", "balanced_accuracy", "within_one")):
    """Several scores of each model on test, with intervals."""
    shown = scores[scores["split"].eq("test") & scores["metric"].isin(metrics)]
    shown = shown.assign(text=shown.apply(with_interval, axis=1))
    table = shown.pivot_table("text", "model", "metric", aggfunc="first")
    table = table.loc[scores["model"].unique(), list(metrics)]
    table.columns = [metric.replace("_", " ") for metric in metrics]
    return table.rename_axis(None)


def training_table(fits, scores):
    """Epochs, time and test accuracy of several trainings (the batch sizes of task b).

    Parameters
    ----------
    fits : dict of str to training.Fit
        Model to training.
    scores : pandas.DataFrame
        `evaluation.score_models`.
    """
    columns = {}
    for model, fit in fits.items():
        columns[model] = {
            "epochs": len(fit.history),
            "chosen epoch": fit.best_epoch,
            "training (s)": f"{fit.seconds:.0f}",
            "test accuracy (95% interval)": with_interval(pick(scores, model=model)),
        }
    return pd.DataFrame(columns)


def recall_table(recall):
    """Right clips of all clips per age group, one row a model: `groups.accuracy_by` of each."""
    shown = {
        name: part["right"].astype(str) + "/" + part["clips"].astype(str)
        for name, part in recall.items()
    }
    return pd.DataFrame(shown).T


def gap_table(gaps):
    """Differences of `comparison.compare_pairs` in points, with interval and p-values."""
    shown = 100 * gaps[["value", "low", "high"]].round(3)
    shown.columns = ["points", "low", "high"]
    shown = shown.round(1).join(gaps[["p", "p_holm"]].round(3))
    return shown.set_index((gaps["model"] + " - " + gaps["other"]).rename("pair"))


def bias_table(biases, model, *, constant="constant predictor"):
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
            "p": ours["p"].map("{:.3f}".format),
            "bias of the constant predictor": base["value"].map(number),
        }
    ).rename_axis(None)


def bias_gap_table(gaps):
    """Differences of two models' biases beside what swapping them for whole users gives."""
    number = "{:+.4f}".format
    gaps = gaps.set_index("attribute").rename_axis(None)
    shown = gaps["value"].map(number).to_frame("corrected - published")
    shown["95% by chance"] = gaps["null_low"].map(number) + " to " + gaps["null_high"].map(number)
    return shown.assign(p=gaps["p"].map("{:.3f}".format))


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
        name: round(published.MODELS[f"{name}, test"][0] * published.TEST_CLIPS)
        for name in ("audio", "text")
    }
    rows["constant predictor"] = published.TEST_MAJORITY
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


def _number(value):
    if value is None:
        return NOTHING
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"


def method_table(methods):
    """Scores with their spread over seeds, and recalls, of `evaluation.average_seeds`."""
    shown = pd.DataFrame(index=methods.index)
    for metric in ("accuracy", "balanced accuracy"):
        pairs = zip(methods[metric], methods[f"{metric}, spread"], strict=True)
        shown[metric] = [f"{100 * mean:.1f} ± {100 * spread:.1f}%" for mean, spread in pairs]
    for group in AGE_GROUPS.values():
        shown[group] = [percent(value, 0) for value in methods[group]]
    return shown


def ablation_table(table):
    """Scores with intervals of each subset, rule and unit of `ablation.ablate`."""
    keys = ["modalities", "rule", "unit", "chosen"]
    texts = table.assign(text=table.apply(with_interval, axis=1))
    shown = texts.pivot_table("text", keys, "metric", aggfunc="first", sort=False)
    shown = shown.reset_index(keys[2:])
    shown["chosen"] = shown["chosen"].map({True: "yes", False: ""})
    shown.columns = [name.replace("_", " ") for name in shown]
    return shown.rename(columns={"chosen": "chosen on valid"})


def representation_table(rows):
    """Where features come from and what they tell on valid: from which network or package.

    Parameters
    ----------
    rows : pandas.DataFrame
        `representations.compare_representations`.
    """
    known = rows["numbers"] > 0
    shown = pd.DataFrame(index=rows["representation"].to_numpy())
    shown["numbers a clip"] = rows["numbers"].map("{:,}".format).where(known, "").to_numpy()
    shown["licence"] = rows["licence"].to_numpy()
    seconds = rows["seconds"].map(lambda value: NOTHING if pd.isna(value) else f"{value:.3f}")
    shown["seconds a clip"] = seconds.where(known, "").to_numpy()
    return shown.join(_valid_columns(rows, shown.index))


def choice_table(candidates):
    """The routes that `choice.choose_on_valid` chose from, the best first."""
    shown = _valid_columns(candidates, candidates["route"].to_numpy())
    shown["chosen"] = candidates["chosen"].map({True: "yes", False: ""}).to_numpy()
    return shown


def _valid_columns(rows, names):
    """What `choice.valid_scores` found, as texts."""
    pairs = zip(rows["gain"], rows["se"], strict=True)
    columns = {
        "valid log-loss": rows["log_loss"].map("{:.3f}".format).to_numpy(),
        "gain over the constant ± se": [f"{gain:+.3f} ± {se:.3f}" for gain, se in pairs],
        "valid accuracy": rows["accuracy"].map(percent).to_numpy(),
        "balanced": rows["balanced_accuracy"].map(percent).to_numpy(),
    }
    return pd.DataFrame(columns, index=names)


def scorecard_text(card):
    """A `scorecard.make_scorecard` as lines of text."""
    scores, constant = card["scores"], card["constant"]
    first = scores.iloc[0]
    lines = [
        f"{card['split']}: {first.clips:,} clips of {first.users:,} users; intervals are 95%, "
        "bootstrap over users",
        f"constant predictor: always {constant['answer']} (from {constant['taken_from']})",
    ]
    for (model, unit), rows in scores.groupby(["model", "unit"], sort=False):
        title = f"{model}, per {unit}"
        lines += ["", f"{title:<34}{'value':>8}  {'95% interval':>16}  {'constant':>8}"]
        lines += [
            f"  {METRIC_NAMES[row.metric]:<32}{row.value:>8.4f}  {row.low:>7.4f}, "
            f"{row.high:>7.4f}  {row.constant:>8.4f}"
            for row in rows.itertuples()
        ]
    for name, groups in card["groups"].items():
        lines += ["", f"accuracy by {name}"]
        for row in groups.itertuples():
            text = f"  {row.Index:<24}{row.right:>6}/{row.clips:<6}{row.users:>5} users"
            known = f"  {row.accuracy:.4f}  {row.low:.4f}, {row.high:.4f}  {row.constant:>8.4f}"
            lines.append(text if pd.isna(row.accuracy) else text + known)
    lines += ["", "bias (mean absolute difference of accuracies over all pairs of categories)"]
    for row in card["bias"].itertuples():
        lines.append(
            f"  {row.attribute:<12}{row.value:.4f}  by chance {row.null50:.4f} (median), 95% below "
            f"{row.null95:.4f}; excess {row.excess:+.4f}, p = {row.p:.3f}"
        )
    return "\n".join(lines)
