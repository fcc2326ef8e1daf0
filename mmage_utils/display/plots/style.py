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
LINE = "#333333"  # reference lines: chance, constant predictor

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


def percent(axis):
    """Show a share as per cent on an axis."""
    axis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))


def wrapped(names):
    """Names of categories for an axis: a long one takes two lines."""
    return [name.replace("African-", "African-\n") for name in names]
