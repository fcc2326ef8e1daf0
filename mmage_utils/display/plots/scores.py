"""Curves, accuracy bars, confusion matrices and ablations (tasks b, c, d, g and h)."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from mmage_utils.data.labels import AGE_GROUPS, N_GROUPS
from mmage_utils.display.plots.statistics import COLOURS
from mmage_utils.display.plots.style import (
    ACCENT,
    AXIS_NAMES,
    LINE,
    MODEL_COLOURS,
    SPLIT_COLOURS,
    axes_of,
    percent,
    wrapped,
)


def plot_curves(fit, *, constant=None, title=""):
    """Loss and accuracy of train and valid over the epochs, the chosen epoch marked.

    Parameters
    ----------
    fit : dict
        `training.Fit.record`: history and best_epoch.
    constant : float, optional
        Accuracy of the constant predictor on valid, drawn as a dashed line.

    Returns
    -------
    array of two matplotlib.axes.Axes
        Loss, accuracy.
    """
    axes = plt.subplots(1, 2, figsize=(9, 3.2))[1]
    history, best_epoch = fit["history"], fit["best_epoch"]
    for ax, quantity in zip(axes, ("loss", "accuracy"), strict=True):
        for split in ("train", "valid"):
            values = history[f"{split}_{quantity}"]
            ax.plot(history["epoch"], values, color=SPLIT_COLOURS[split], label=split)
        ax.axvline(best_epoch, color=ACCENT, ls=":", label=f"chosen epoch, {best_epoch}")
        ax.set(xlabel="epoch", ylabel=quantity)
        ax.xaxis.get_major_locator().set_params(integer=True)
    if constant is not None:
        axes[1].axhline(constant, color=LINE, ls="--", lw=1, label="constant predictor, valid")
    percent(axes[1].yaxis)
    axes[1].set_ylim(0, 1)
    axes[0].set_title(title)
    axes[1].legend(fontsize="small")
    return axes


def plot_accuracy_bars(table, attribute, *, constant, ax=None):
    """Accuracy per category with intervals and k/n, and the lines of chance and constant.

    A category of fewer than ten users has no bar: k/n and its users stand in its place.

    Parameters
    ----------
    table : pandas.DataFrame
        `groups.accuracy_by`.
    attribute : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.
    constant : float
        Accuracy of the constant predictor over all clips.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax)
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
        place = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center"}
        ax.annotate(text, (x, top), fontsize="small", **place)
    ax.axhline(1 / N_GROUPS, color=LINE, ls="--", lw=1, label="chance")
    ax.axhline(constant, color=ACCENT, ls=":", lw=1.5, label="constant predictor")
    ax.set(xlabel=AXIS_NAMES[attribute], ylabel="accuracy", ylim=(0, 1.12))
    ax.set_xticks(range(len(table)), wrapped(table.index))
    ax.set_yticks(np.linspace(0, 1, 6))
    percent(ax.yaxis)
    ax.grid(axis="x", visible=False)
    return ax


def plot_accuracy_panels(parts, *, constant):
    """`plot_accuracy_bars` of several attributes side by side, on one scale.

    Parameters
    ----------
    parts : dict of str to pandas.DataFrame
        Attribute to `groups.accuracy_by`.
    """
    widths = [len(part) for part in parts.values()]
    layout = {"width_ratios": widths, "sharey": True, "squeeze": False}
    axes = plt.subplots(1, len(parts), figsize=(12, 3.8), **layout)[1][0]
    for ax, (name, part) in zip(axes, parts.items(), strict=True):
        plot_accuracy_bars(part, name, constant=constant, ax=ax)
    axes[0].legend(fontsize="small", loc="upper left")
    return axes


def plot_confusion(matrix, *, ax=None):
    """Confusion matrix: shares of each true age group as colour, counts as numbers."""
    ax = axes_of(ax, figsize=(5.6, 4.6))
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    names = list(AGE_GROUPS.values())
    sns.heatmap(
        share,
        annot=matrix,
        fmt="d",
        cmap="Blues",
        vmin=0,
        vmax=1,
        xticklabels=names,
        yticklabels=names,
        cbar_kws={"label": "share of the true group"},
        ax=ax,
    )
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

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(7, 0.6 + 0.42 * len(rows)))
    for y, row in enumerate(rows.itertuples()):
        colour = MODEL_COLOURS.get(row.model.split(",")[0], MODEL_COLOURS["fusion"])
        ax.plot([row.low, row.high], [y, y], color=colour, lw=2)
        ax.plot(row.value, y, "o", color=colour)
        place = {"textcoords": "offset points", "va": "center"}
        place["bbox"] = {"fc": "white", "ec": "none", "pad": 0.8}
        ax.annotate(f"{row.value:.1%}", (row.high, y), (6, 0), **place)
    ax.set_yticks(range(len(rows)), rows["model"].str.replace("_", " + "))
    ax.set_ylim(len(rows) - 0.4, -0.6)
    constant = rows["constant"].iloc[0]
    ax.axvline(constant, color=LINE, ls="--", lw=1, label="constant predictor")
    if ceiling is not None:
        ax.axvline(ceiling, color=ACCENT, ls=":", lw=1.5, label="ideal observer")
    ax.set(xlabel="test accuracy, 95% interval over users")
    percent(ax.xaxis)
    ax.margins(x=0.14)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize="small")
    return ax


def plot_frontier(frontiers, points, *, constant, ax=None):
    """The dial: accuracy against balanced accuracy as the prior is taken out of the logits.

    Parameters
    ----------
    frontiers : dict of str to pandas.DataFrame
        Split to `prior_dial.sweep`.
    points : dict of str to float
        `prior_dial.operating_points`, chosen on valid.
    constant : float
        Accuracy of the constant predictor on test.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(9, 4.4))
    for split, frontier in frontiers.items():
        x, y = frontier["accuracy"], frontier["balanced accuracy"]
        ax.plot(x, y, "-", lw=1.5, color=SPLIT_COLOURS[split], label=split, alpha=0.8)
        ax.scatter(x, y, s=12, color=SPLIT_COLOURS[split])
        for marker, (aim, tau) in zip("os", points.items(), strict=True):
            at = frontier.loc[(frontier["tau"] - tau).abs().idxmin()]
            place = (at["accuracy"], at["balanced accuracy"])
            label = f"best {aim} on valid, tau {tau:+.2f}" if split == "test" else None
            ax.plot(*place, marker, ms=10, mfc="white", mec=ACCENT, mew=2, label=label, zorder=5)
    ax.plot(constant, 1 / N_GROUPS, "X", color=LINE, ms=9, label="constant predictor, test")
    ax.set(xlabel="accuracy", ylabel="balanced accuracy")
    percent(ax.xaxis)
    percent(ax.yaxis)
    ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def plot_age_distribution(table, *, ax=None):
    """How often each age group is true and how often it is predicted (task g)."""
    ax = axes_of(ax)
    names, x = list(AGE_GROUPS.values()), np.arange(N_GROUPS)
    for shift, column, colour in ((-0.2, "ground_truth", "#999999"), (0.2, "prediction", ACCENT)):
        counts = table[column].value_counts().reindex(range(1, N_GROUPS + 1), fill_value=0)
        bars = ax.bar(x + shift, counts, 0.4, color=colour, label=column.replace("_", " "))
        ax.bar_label(bars, padding=1, fontsize="x-small")
    ax.set_xticks(x, names)
    ax.set(xlabel=AXIS_NAMES["AgeGroup"], ylabel="clips")
    ax.legend()
    ax.grid(axis="x", visible=False)
    return ax
