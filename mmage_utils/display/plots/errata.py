"""The report's errors: its numbers beside the right ones, and what its weights do to the loss."""

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import ACCENT, AXIS_NAMES, BLUE, GREY, LINE

KINDS = {  # column of `errors_shown.figure_rows` to its marker
    "said": {"label": "the report says", "marker": "s", "color": GREY, "ms": 12},
    "given": {"label": "its own material gives", "marker": "o", "color": ACCENT, "ms": 7},
    "right": {"label": "right, or to compare", "marker": "D", "color": BLUE, "ms": 7},
}
UNITS = {1: "share of the loss", 5: "bias"}  # of the panels that do not show an accuracy


def plot_report_errors(rows, *, note=""):
    """The report's numbers beside what its material gives and what is right, one panel an error.

    Parameters
    ----------
    rows : pandas.DataFrame
        `errors_shown.figure_rows`.
    note : str
        Whose numbers these are.
    """
    errors = list(rows.groupby(["number", "topic"], sort=False))
    columns = 4
    size = {"figsize": (13, 2.6 * -(-len(errors) // columns)), "squeeze": False}
    axes = plt.subplots(-(-len(errors) // columns), columns, **size)[1].ravel()
    for ax, ((number, topic), part) in zip(axes, errors, strict=False):
        for y, row in enumerate(part.itertuples()):
            if not np.isnan(row.standard_error):
                ends = [row.said - row.standard_error, row.said + row.standard_error]
                ax.plot(ends, [y, y], color=LINE, lw=1.5)
            for kind, style in KINDS.items():
                style = {name: value for name, value in style.items() if name != "label"}
                ax.plot(getattr(row, kind), y, ls="none", mec="white", **style)
        marks.name_rows(ax, part["row"], fontsize="small")
        values = part[list(KINDS)].to_numpy()
        low, high = np.nanmin(values), np.nanmax(values)
        reach = max(0.35 * (high - low), 0.015)
        ax.set_xlim(low - reach, high + reach)
        ax.xaxis.set_major_locator(plt.MaxNLocator(4, steps=[1, 2, 5, 10]))
        ax.set(title=f"{number}. {topic}", xlabel=UNITS.get(number, "accuracy"))
    for ax in axes[len(errors) :]:
        ax.axis("off")
    handles = [plt.Line2D([], [], ls="none", **style) for style in KINDS.values()]
    handles.append(plt.Line2D([], [], color=LINE, lw=1.5, label="one standard error"))
    axes[-1].legend(handles=handles, loc="center")
    axes[-1].figure.text(0.995, -0.01, note, ha="right", va="top", fontsize=8, color="0.4")
    return axes[: len(errors)]


def plot_loss_shares(losses, *, ax=None):
    """Share of the weighted loss that each age group carries, by each choice of weights.

    Parameters
    ----------
    losses : pandas.DataFrame
        `class_balance.measured_loss` with the names ``published`` and ``inverse``.
    """
    ax = marks.axes_of(ax, figsize=(8, 3.6))
    names = {"published": "count / total (published)", "inverse": "N / (K n), inverse"}
    table = losses[[f"share, {name}" for name in names]].set_axis(list(names.values()), axis=1)
    axis = {"xlabel": AXIS_NAMES["AgeGroup"], "ylabel": "share of the loss"}
    marks.draw_bars(ax, table, [ACCENT, BLUE], **axis)
    for bars in ax.containers:
        ax.bar_label(
            bars, [f"{bar.get_height():.0%}" for bar in bars], padding=1, fontsize="x-small"
        )
    marks.in_percent(ax.yaxis)
    ax.margins(y=0.1)
    return ax
