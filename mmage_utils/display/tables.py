"""The tables that notebooks show, made of scores."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, SPLITS, count_labels
from mmage_utils.display import published
from mmage_utils.display.sentences import percent, with_interval
from mmage_utils.scores.scorecard import METRIC_NAMES


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
        `groups.accuracy_by` the age group.
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
        `groups.biases` of the model and of the constant predictor.
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
        `cost.measure_cost`.
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
        Model to `groups.biases`.
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
        `prior_dial.compare_methods`.
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


def show_words(words):
    """`pulling_words` as a table to look at: one row an age group.

    Behind each word, the users of the group who say it and, after the plus, those of others.
    """
    said = [f"{row.word} ({row.users} + {row.elsewhere})" for row in words.itertuples()]
    groups = words.assign(said=said).groupby("AgeGroup")
    table = pd.DataFrame({"users": groups["of_users"].first()})
    table["words (users of the group + others)"] = groups["said"].agg(", ".join)
    return table.rename(index=AGE_GROUPS).rename_axis("age group")


def show_concentration(table):
    """`concentration` as a table to look at."""
    shown = table[["clips", "users"]].copy()
    shown["silhouette"] = table["silhouette"].map("{:+.3f}".format, na_action="ignore")
    low, high = (table[name].map("{:+.3f}".format) for name in ("chance_low", "chance_high"))
    shown["95% by chance"] = (low + " to " + high).where(table["silhouette"].notna())
    shown["p by Holm"] = table["p_holm"].map("{:.3f}".format, na_action="ignore")
    shown["right by neighbours"] = table["right"].astype(str) + "/" + table["clips"].astype(str)
    return shown.fillna("–").rename(index=AGE_GROUPS).rename_axis("age group")


def age_table(labels, by="Ethnicity"):
    """Clips per category and age group, in the order of the report's tables.

    Returns
    -------
    pandas.DataFrame
        Rows Caucasian, African-American, Asian (the report's order); columns the age groups.
    """
    table = count_labels(labels, "AgeGroup", by=by).T
    return table.loc[["Caucasian", "African-American", "Asian"]] if by == "Ethnicity" else table


def style_age_table(tables):
    """Style age tables as the report does.

    The column maximum is underlined, the percentage below the column's largest category stands in
    grey brackets, and cells without clips are yellow. The baseline is taken within each table.

    Parameters
    ----------
    tables : pandas.DataFrame or dict of str to pandas.DataFrame
        `age_table`, or one for each gender.

    Returns
    -------
    pandas.io.formats.style.Styler
    """
    parts = tables if isinstance(tables, dict) else {"": tables}
    shown = {name: part.apply(_cells) for name, part in parts.items()}
    table = pd.concat(shown) if isinstance(tables, dict) else shown[""]
    table.columns.name = None
    empty = pd.concat(list(parts.values())).eq(0).to_numpy()
    marks = table.copy()
    marks[:] = ""
    marks = marks.mask(empty, "background-color: #ffe94d; color: black")
    styler = table.style.apply(lambda _: marks, axis=None)
    return styler.set_table_styles([{"selector": "td", "props": "text-align: right"}])


def _cells(column):
    largest = column.max()

    def cell(count):
        share = 0 if count == largest else round(100 * (count - largest) / largest)
        number = f"<u>{count:,}</u>" if count == largest > 0 else f"{count:,}"
        grey = "inherit" if count == 0 else "#666666"
        return f'{number} <span style="color:{grey}">({share:+d}%)</span>'

    return column.map(cell)


def format_scorecard(card):
    """The scorecard as lines of text.

    Returns
    -------
    str
    """
    scores = card["scores"]
    first = next(iter(scores.values()))
    lines = [
        f"{card['split']}: {first['n_clips']:,} clips of {first['n_users']:,} users; intervals are "
        "95%, bootstrap over users",
        f"constant predictor: always {card['constant']['answer']} (from "
        f"{card['constant']['taken_from']})",
    ]
    for name, one in scores.items():
        lines += ["", f"{name:<34}{'value':>8}  {'95% interval':>16}  {'constant':>8}"]
        for metric, label in METRIC_NAMES.items():
            if metric in one:
                entry = one[metric]
                low, high = entry["interval"]
                lines.append(
                    f"  {label:<32}{entry['value']:>8.4f}  {low:>7.4f}, {high:>7.4f}  "
                    f"{entry['constant']:>8.4f}"
                )
    for name, rows in card["groups"].items():
        lines += ["", f"accuracy by {name}"]
        for label, row in rows.items():
            text = f"  {label:<24}{row['right']:>6}/{row['clips']:<6}{row['users']:>5} users"
            if "accuracy" in row:
                low, high = row["interval"]
                text += f"  {row['accuracy']:.4f}  {low:.4f}, {high:.4f}"
            lines.append(text)
    lines += ["", "bias (mean absolute difference of accuracies over all pairs of categories)"]
    for name, one in card["bias"].items():
        low, high = one["interval"]
        chance = "exceeds chance" if one["exceeds_chance"] else "does not exceed chance"
        lines.append(
            f"  {name:<12}{one['value']:.4f}  {low:.4f}, {high:.4f}  95% of chance below "
            f"{one['null95']:.4f}: {chance}"
        )
    return "\n".join(lines)
