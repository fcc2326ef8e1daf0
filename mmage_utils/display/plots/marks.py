"""What several figures draw the same way: dots on intervals, named rows, bars and legends."""

import matplotlib as mpl
import matplotlib.pyplot as plt

from mmage_utils.display.plots.style import ACCENT, LINE, colour_of
from mmage_utils.display.sentences import p_words
from mmage_utils.fusion.verdicts import NO_HELP

CONSTANT = {"color": LINE, "ls": "--", "lw": 1, "label": "constant predictor", "zorder": 1}
IDEAL = {"color": ACCENT, "ls": ":", "lw": 1.5, "label": "ideal observer", "zorder": 1}
PLAIN = {"fc": "white", "ec": "none", "pad": 1}  # ground of a text that lies on lines


def axes_of(ax, **size):
    """The axes given, or those of a new figure."""
    return ax if ax is not None else plt.subplots(**size)[1]


def in_percent(*axes):
    """Show shares as per cent on each axis given."""
    for axis in axes:
        axis.set_major_formatter(lambda share, _: f"{100 * share:.4g}%")


def name_columns(ax, names):
    """Name columns from left to right; a long name takes two lines."""
    ax.set_xticks(range(len(names)), [name.replace("African-", "African-\n") for name in names])
    ax.grid(axis="x", visible=False)


def name_rows(ax, names, **style):
    """Name rows from top to bottom."""
    ax.set_yticks(range(len(names)), names, **style)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)


def draw_bars(ax, table, colours, **settings):
    """Bars of a table of counts: one group a row, one colour a column, with a legend."""
    table.plot.bar(ax=ax, color=colours, width=0.8, rot=0, **settings)
    ax.grid(axis="x", visible=False)


def draw_dot(ax, y, row, colour, *, scale=1, lw=2, **style):
    """The value of a row as a dot on its interval."""
    ends = [scale * row.low, scale * row.high]
    ax.plot(ends, [y, y], color=colour, lw=lw, solid_capstyle="butt")
    ax.plot(scale * row.value, y, **{"marker": "o", "color": colour} | style)


def draw_accuracies(ax, rows, colours, names, **style):
    """Accuracies from top to bottom: dots on their intervals, each with its number."""
    style |= {"textcoords": "offset points", "va": "center", "bbox": PLAIN}
    for y, (row, colour) in enumerate(zip(rows.itertuples(), colours, strict=True)):
        draw_dot(ax, y, row, colour)
        ax.annotate(f"{row.value:.1%}", (row.high, y), (4, 0), **style)
    name_rows(ax, names)
    in_percent(ax.xaxis)


def draw_verdicts(ax, verdicts, names, *, fontsize, **style):
    """Gains in points from top to bottom, filled where there is a verdict, with p beside them."""
    for y, row in enumerate(verdicts.itertuples()):
        colour = colour_of(row.modality)
        fill = "white" if row.verdict == NO_HELP else colour
        draw_dot(ax, y, row, colour, scale=100, mfc=fill, **style)
        write_beside(
            ax,
            y,
            f"{row.verdict}\n{100 * row.value:+.1f}, {p_words(row.p_holm)}",
            fontsize=fontsize,
        )
    ax.axvline(0, color=LINE, ls="--", lw=1, zorder=1)
    name_rows(ax, names)


def write_above(ax, x, y, text, **style):
    """Write small above a point."""
    style |= {"textcoords": "offset points", "ha": "center", "fontsize": "small"}
    ax.annotate(text, (x, y), (0, 3), **style)


def write_beside(ax, y, text, **style):
    """Write at the right of a row, outside the axes."""
    style |= {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    ax.annotate(text, (1.02, y), **style)


def draw_references(ax, constant, ceiling=None):
    """Vertical lines at the constant predictor's value and, if known, the ideal observer's."""
    ax.axvline(constant, **CONSTANT)
    if ceiling is not None:
        ax.axvline(ceiling, **IDEAL)


def put_legend_above(ax):
    """A legend of one line above the axes."""
    place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "fontsize": "small"}
    ax.legend(ncols=len(ax.get_legend_handles_labels()[0]), **place)


def draw_box(ax, place, text, colour, *, fontsize=9, **style):
    """A box of a diagram with its text; place is x, y, width and height."""
    x, y, width, height = place
    shape = {"boxstyle": "round,pad=0,rounding_size=0.012", "fc": "white", "ec": colour, "lw": 1.8}
    box = mpl.patches.FancyBboxPatch((x, y), width, height, mutation_aspect=2, **shape | style)
    ax.add_patch(box)
    ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=fontsize)


def draw_arrow(ax, start, end, **style):
    """An arrow of a diagram."""
    style = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 1, "shrinkB": 1} | style
    ax.annotate("", end, start, arrowprops=style)


def diagram_axes(ax, size):
    """Axes of 0 to 1 without ticks, for a diagram."""
    ax = axes_of(ax, figsize=size)
    ax.set(xlim=(-0.003, 1.003), ylim=(0, 1))  # so that no edge of a box is cut
    ax.axis("off")
    return ax
