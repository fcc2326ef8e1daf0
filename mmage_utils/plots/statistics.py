"""Histograms and tables of the labels (task a)."""

import matplotlib.pyplot as plt
import pandas as pd

from mmage_utils.imbalance import count_copies
from mmage_utils.labels import ATTRIBUTES, count_labels
from mmage_utils.plots.style import (
    AGE_COLOURS,
    AXIS_NAMES,
    COPY_COLOURS,
    ETHNICITY_COLOURS,
    GENDER_COLOURS,
    SPLIT_COLOURS,
    axes_of,
    wrapped,
)

COLOURS = {"AgeGroup": AGE_COLOURS, "Gender": GENDER_COLOURS, "Ethnicity": ETHNICITY_COLOURS}


def plot_counts(labels, column, *, ax=None):
    """Histogram of one label over the clips given, each bar with its count.

    Parameters
    ----------
    labels : pandas.DataFrame
        Clips with labels.
    column : str
        ``AgeGroup``, ``Gender`` or ``Ethnicity``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax)
    counts = count_labels(labels, column)
    bars = ax.bar(counts.index, counts, color=[COLOURS[column][name] for name in counts.index])
    ax.bar_label(bars, labels=[f"{count:,}" for count in counts], padding=2, fontsize="small")
    ax.set_xticks(range(len(counts)), wrapped(counts.index))
    ax.set(xlabel=AXIS_NAMES[column], ylabel="clips", ylim=(0, counts.max() * 1.14))
    ax.grid(axis="x", visible=False)
    return ax


def plot_label_panels(parts):
    """Histograms of age, gender and ethnicity, one row for each part of the clips.

    Parameters
    ----------
    parts : dict of str to pandas.DataFrame
        Title to clips with labels.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (parts, 3)
    """
    size = (12, 1.2 + 2.3 * len(parts))
    layout = {"width_ratios": (7, 3, 4), "squeeze": False}
    axes = plt.subplots(len(parts), 3, figsize=size, **layout)[1]
    for row, (title, part) in zip(axes, parts.items(), strict=True):
        for ax, column in zip(row, ATTRIBUTES, strict=True):
            plot_counts(part, column, ax=ax)
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
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax)
    table = count_labels(labels, column, by=by).drop(columns=list(leave_out))
    colours = SPLIT_COLOURS if by == "split" else COLOURS[by]
    table.plot.bar(ax=ax, color=[colours[name] for name in table], width=0.8, rot=0)
    ax.set(xlabel=AXIS_NAMES[column], ylabel="clips")
    ax.legend(title=by if by == "split" else AXIS_NAMES[by])
    ax.grid(axis="x", visible=False)
    return ax


def plot_augmented(plan, *, ax=None):
    """Stacked histogram of originals, flips and mixed copies per age group (task c).

    Parameters
    ----------
    plan : pandas.DataFrame
        `imbalance.plan_augmentation`.
    """
    ax = axes_of(ax)
    table = count_copies(plan)[list(COPY_COLOURS)]
    table.plot.bar(ax=ax, stacked=True, color=list(COPY_COLOURS.values()), rot=0, width=0.8)
    for x, total in enumerate(table.sum(axis=1)):
        ax.annotate(f"{total:,}", (x, total), (0, 2), textcoords="offset points", ha="center")
    ax.set(xlabel=AXIS_NAMES["AgeGroup"], ylabel="images", ylim=(0, table.sum(axis=1).max() * 1.1))
    ax.legend(title="copy")
    ax.grid(axis="x", visible=False)
    return ax


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
