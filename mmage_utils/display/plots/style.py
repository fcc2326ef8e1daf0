"""One style and one palette for every figure, safe for colour-blind readers."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns

from mmage_utils.data.labels import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS

# The ages run from dark blue to yellow, in order; categories take Okabe-Ito colours.
AGE_COLOURS = dict(
    zip(AGE_GROUPS.values(), sns.color_palette("viridis", len(AGE_GROUPS)).as_hex(), strict=True)
)
BLUE, ORANGE, GREEN, SKY, ACCENT = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00"
GENDER_COLOURS = dict(zip(GENDERS.values(), (BLUE, ORANGE), strict=True))
ETHNICITY_COLOURS = dict(zip(ETHNICITIES.values(), (GREEN, SKY, ACCENT), strict=True))
SPLIT_COLOURS = dict(zip(SPLITS, (BLUE, ORANGE, GREEN), strict=True))
MODEL_COLOURS = {"image": BLUE, "audio": ORANGE, "text": GREEN, "fusion": "#CC79A7"}
COPY_COLOURS = {"original": "#999999", "flip": BLUE, "mixed": ORANGE}
ANSWER_COLOURS = {True: BLUE, False: "#B34700"}  # of titles: a right and a wrong answer
LINE = "#333333"
GREY = "#999999"
# Lines of reference, and the ground of a number that lies on other things.
CONSTANT = {"color": LINE, "ls": "--", "lw": 1, "label": "constant predictor", "zorder": 1}
IDEAL = {"color": ACCENT, "ls": ":", "lw": 1.5, "label": "ideal observer", "zorder": 1}
PLAIN = {"fc": "white", "ec": "none", "pad": 1}

AXIS_NAMES = {"AgeGroup": "age group (years)", "Gender": "gender", "Ethnicity": "ethnicity"}


def use_style():
    """Set the style of all figures; every notebook calls it once."""
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    mpl.rcParams.update(
        {
            "figure.figsize": (7, 3.6),
            "figure.dpi": 96,
            "figure.constrained_layout.use": True,
            "axes.titlesize": "medium",
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "svg.hashsalt": "mmage",
        }
    )


def axes_of(ax, **size):
    """The axes given, or those of a new figure."""
    return ax if ax is not None else plt.subplots(**size)[1]


def colour_of(model):
    """Colour of the modality that a model's name begins with, else that of the fusion."""
    return MODEL_COLOURS.get(model.split(",")[0], MODEL_COLOURS["fusion"])


def percent(*axes):
    """Show shares as per cent on each axis given."""
    for axis in axes:
        axis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))


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
    percent(ax.xaxis)


def draw_verdicts(ax, verdicts, names, *, fontsize, **style):
    """Gains in points from top to bottom, filled where a modality helps, with p beside them."""
    for y, row in enumerate(verdicts.itertuples()):
        colour = colour_of(row.modality)
        draw_dot(ax, y, row, colour, scale=100, mfc=colour if row.helps else "white", **style)
        word = "helps" if row.helps else "no help shown"
        p = f"p = {row.p_holm:.3f}" if row.p_holm >= 0.001 else "p < 0.001"
        write_beside(ax, y, f"{word}\n{100 * row.value:+.1f}, {p}", fontsize=fontsize)
    ax.axvline(0, **CONSTANT)
    name_rows(ax, names)


def write_beside(ax, y, text, **style):
    """Write at the right of a row, outside the axes."""
    style |= {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    ax.annotate(text, (1.02, y), **style)


def draw_references(ax, constant, ceiling=None):
    """Upright lines at the constant predictor's value and, if known, the ideal observer's."""
    ax.axvline(constant, **CONSTANT)
    if ceiling is not None:
        ax.axvline(ceiling, **IDEAL)


def put_legend_above(ax, handles=()):
    """A legend of one line above the axes: of the handles given, and of what has a label."""
    handles = [*handles, *ax.get_legend_handles_labels()[0]]
    place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "fontsize": "small"}
    ax.legend(handles=handles, ncols=len(handles), **place)
