"""Histograms of the labels (task a) and of the augmented train split (task c)."""

import matplotlib.pyplot as plt

from mmage_utils.data.labels import ATTRIBUTES, count_labels
from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import AXIS_NAMES, COLOURS, COPY_COLOURS
from mmage_utils.models.class_balance import count_copies


def plot_counts(labels, column, *, ax=None):
    """Histogram of one label over the clips given, each bar with its count.

    Parameters
    ----------
    labels : pandas.DataFrame
        Clips with labels.
    column : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.
    """
    ax = marks.axes_of(ax)
    counts = count_labels(labels, column)
    bars = ax.bar(counts.index, counts, color=[COLOURS[column][name] for name in counts.index])
    ax.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize="small")
    marks.name_columns(ax, counts.index)
    ax.set(xlabel=AXIS_NAMES[column], ylabel="clips", ylim=(0, counts.max() * 1.14))
    return ax


def plot_label_panels(tables):
    """Histograms of age, gender and ethnicity, one row for each table of clips.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Title to clips with labels.
    """
    size = (12, 1.2 + 2.3 * len(tables))
    layout = {"width_ratios": (7, 3, 4), "squeeze": False}
    axes = plt.subplots(len(tables), 3, figsize=size, **layout)[1]
    for row, (title, table) in zip(axes, tables.items(), strict=True):
        for ax, column in zip(row, ATTRIBUTES, strict=True):
            plot_counts(table, column, ax=ax)
        row[0].set_title(title)
    return axes


def plot_grouped_counts(labels, column, by, *, leave_out=(), ax=None):
    """Bars of one label, grouped by another label or by split.

    Parameters
    ----------
    labels : pandas.DataFrame
        Clips with labels.
    column, by : str
        Label on the axis; label, or ``split``, in the legend.
    leave_out : sequence of str
        Names of `by` that are not drawn (task a leaves Caucasian out once).
    """
    ax = marks.axes_of(ax)
    table = count_labels(labels, column, by=by).drop(columns=list(leave_out))
    table.columns.name = AXIS_NAMES.get(by, by)
    marks.draw_bars(ax, table, COLOURS[by], xlabel=AXIS_NAMES[column], ylabel="clips")
    return ax


def plot_augmented(plan, *, ax=None):
    """Stacked histogram of originals, flips and mixed copies per age group (task c).

    Parameters
    ----------
    plan : pandas.DataFrame
        `class_balance.plan_augmentation`.
    """
    ax = marks.axes_of(ax)
    table = count_copies(plan)
    totals = table.sum(axis=1)
    names = {"xlabel": AXIS_NAMES["AgeGroup"], "ylabel": "images"}
    marks.draw_bars(ax, table, COPY_COLOURS, stacked=True, ylim=(0, 1.1 * totals.max()), **names)
    ax.bar_label(ax.containers[-1], [f"{total:,}" for total in totals], padding=2)
    return ax
