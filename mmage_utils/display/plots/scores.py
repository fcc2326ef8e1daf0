"""Training curves, accuracies with intervals and confusion matrices (tasks b, c, d, g and h)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from mmage_utils.data.labels import AGE_GROUPS, N_GROUPS
from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import (
    ACCENT,
    AXIS_NAMES,
    COLOURS,
    GREY,
    LINE,
    SPLIT_COLOURS,
    colour_of,
)


def plot_curves(fit, *, constant=None, title=""):
    """Loss and accuracy of train and valid over the epochs, the chosen epoch marked.

    Parameters
    ----------
    fit : dict
        `training.Fit.record`: history and best_epoch.
    constant : float, optional
        Accuracy of the constant predictor on valid.
    """
    axes = plt.subplots(1, 2, figsize=(9, 3.2))[1]
    history, best_epoch = fit["history"], fit["best_epoch"]
    for ax, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for split in ("train", "valid"):
            values = history[f"{split}_{quantity}"]
            ax.plot(history["epoch"], values, color=SPLIT_COLOURS[split], label=split)
        ax.axvline(best_epoch, color=ACCENT, ls=":", label=f"chosen epoch, {best_epoch}")
        ax.set(xlabel="epoch", ylabel="loss (nats)" if quantity == "loss" else quantity)
        ax.xaxis.get_major_locator().set_params(integer=True)
    if constant is not None:
        axes[1].axhline(constant, **marks.CONSTANT | {"label": "constant predictor, valid"})
    marks.in_percent(axes[1].yaxis)
    axes[1].set_ylim(0, 1)
    axes[0].set_title(title)
    axes[1].legend(fontsize="small")
    return axes


def plot_accuracy_bars(table, attribute, *, ax=None):
    """Accuracy per category with its interval and k/n, beside chance and constant predictor.

    A category of fewer than ten users has k/n and its users instead of a bar. The constant
    predictor is scored in each category.

    Parameters
    ----------
    table : pandas.DataFrame
        `groups.accuracy_by` with the constant predictor.
    attribute : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.
    """
    ax = marks.axes_of(ax)
    colours = [COLOURS[attribute][name] for name in table.index]
    known = table["low"].notna()
    ax.bar(range(len(table)), table["accuracy"].where(known, 0), color=colours)
    for x, row in enumerate(table.itertuples()):
        text, top = f"{row.right}/{row.clips}", row.high
        if known.iloc[x]:
            reach = np.maximum([[row.accuracy - row.low], [row.high - row.accuracy]], 0)
            ax.errorbar(x, row.accuracy, yerr=reach, fmt="none", color=LINE, capsize=3)
        else:  # too few users for a percentage
            text, top = f"{text}\n{row.users} users", 0
        marks.write_above(ax, x, top, text)
    ax.axhline(1 / N_GROUPS, color=LINE, ls="--", lw=1, label="chance")
    x, style = np.arange(len(table)), {"color": ACCENT, "label": "constant predictor"}
    ax.hlines(table["constant"], x - 0.45, x + 0.45, lw=2, zorder=3, **style)
    ax.set(xlabel=AXIS_NAMES[attribute], ylabel="accuracy", ylim=(0, 1.12))
    marks.name_columns(ax, table.index)
    ax.set_yticks(np.linspace(0, 1, 6))
    marks.in_percent(ax.yaxis)
    return ax


def plot_accuracy_panels(tables):
    """`plot_accuracy_bars` of several attributes side by side, on one scale.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Attribute to `groups.accuracy_by`.
    """
    widths = [len(table) for table in tables.values()]
    layout = {"width_ratios": widths, "sharey": True, "squeeze": False}
    axes = plt.subplots(1, len(tables), figsize=(12, 3.8), **layout)[1][0]
    for ax, (attribute, table) in zip(axes, tables.items(), strict=True):
        plot_accuracy_bars(table, attribute, ax=ax)
    axes[0].legend(fontsize="small", loc="upper left")
    return axes


def plot_confusion(matrix, *, ax=None):
    """Confusion matrix: shares of each true age group as colour, counts as numbers."""
    ax = marks.axes_of(ax, figsize=(5.6, 4.6))
    names = list(AGE_GROUPS.values())
    share = pd.DataFrame(matrix / np.maximum(matrix.sum(1, keepdims=True), 1), names, names)
    shades, bar = {"cmap": "Blues", "vmin": 0, "vmax": 1}, {"label": "share of the true group"}
    sns.heatmap(share, annot=matrix, fmt="d", cbar_kws=bar, ax=ax, **shades)
    ax.set(xlabel="predicted age group (years)", ylabel="true age group (years)")
    ax.tick_params(axis="y", rotation=0)
    return ax


def plot_intervals(rows, *, ceiling=None, ax=None):
    """Dots with 95% intervals, one row a model, beside the constant predictor.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of `evaluation.score_models` of one metric, drawn from top to bottom; the constant
        predictor's value is that of the first.
    ceiling : float, optional
        The ideal observer's value (synthetic sample only).
    """
    ax = marks.axes_of(ax, figsize=(7, 0.6 + 0.42 * len(rows)))
    marks.draw_accuracies(ax, rows, rows["model"].map(colour_of), rows["model"])
    marks.draw_references(ax, rows["constant"].iloc[0], ceiling)
    ax.set_xlabel("test accuracy, 95% interval over users")
    ax.margins(x=0.14)
    marks.put_legend_above(ax)
    return ax


def plot_frontier(frontiers, points, *, constant, ax=None):
    """Accuracy against balanced accuracy as the prior is taken out of the logits.

    Parameters
    ----------
    frontiers : dict of str to pandas.DataFrame
        Split to `prior_dial.sweep`.
    points : dict of str to float
        `prior_dial.operating_points`, chosen on valid.
    constant : float
        Accuracy of the constant predictor on test.
    """
    ax = marks.axes_of(ax, figsize=(9, 4.4))
    for split, frontier in frontiers.items():
        frontier = frontier.set_index("tau")[["accuracy", "balanced accuracy"]]
        ax.plot(*frontier.T.to_numpy(), lw=1.5, color=SPLIT_COLOURS[split], label=split, alpha=0.8)
        ax.scatter(*frontier.T.to_numpy(), s=12, color=SPLIT_COLOURS[split])
        for marker, (aim, tau) in zip("os", points.items(), strict=True):
            x, y = frontier.iloc[abs(frontier.index - tau).argmin()]
            label = f"best {aim} on valid, tau {tau:+.2f}" if split == "test" else None
            ax.plot(x, y, marker, ms=10, mfc="white", mec=ACCENT, mew=2, label=label, zorder=5)
    ax.plot(constant, 1 / N_GROUPS, "X", color=LINE, ms=9, label="constant predictor, test")
    ax.set(xlabel="accuracy", ylabel="balanced accuracy")
    marks.in_percent(ax.xaxis, ax.yaxis)
    ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def plot_age_distribution(table, *, ax=None):
    """How often each age group is true and how often it is predicted (task g)."""
    ax = marks.axes_of(ax)
    counts = {name: table[name].value_counts() for name in ("ground_truth", "prediction")}
    counts = pd.DataFrame(counts, index=AGE_GROUPS).fillna(0).rename(AGE_GROUPS)
    counts.columns = ["ground truth", "prediction"]
    marks.draw_bars(ax, counts, [GREY, ACCENT], xlabel=AXIS_NAMES["AgeGroup"], ylabel="clips")
    for bars in ax.containers:
        ax.bar_label(bars, padding=1, fontsize="x-small")
    return ax


def plot_groups_and_answers(by_group, table):
    """Accuracy per age group, and how often each group is true and predicted (task g).

    Parameters
    ----------
    by_group : pandas.DataFrame
        `groups.accuracy_by` of AgeGroup, with the constant predictor.
    table : pandas.DataFrame
        The predictions.
    """
    axes = plt.subplots(1, 2, figsize=(12, 3.8))[1]
    plot_accuracy_bars(by_group, "AgeGroup", ax=axes[0])
    axes[0].legend(fontsize="small", loc="upper right")
    plot_age_distribution(table, ax=axes[1])
    return axes
