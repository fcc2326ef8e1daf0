"""One style and one palette for every figure, safe for colour-blind readers."""

import matplotlib as mpl
import pandas as pd
import seaborn as sns

from mmage_utils.data.labels import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS

# The ages run from dark blue to yellow, in order; categories take Okabe-Ito colours.
AGE_COLOURS = dict(
    zip(AGE_GROUPS.values(), sns.color_palette("viridis", len(AGE_GROUPS)).as_hex(), strict=True)
)
BLUE, ORANGE, GREEN, SKY, ACCENT = "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00"
LINE, GREY = "#333333", "#999999"
GENDER_COLOURS = dict(zip(GENDERS.values(), (BLUE, ORANGE), strict=True))
ETHNICITY_COLOURS = dict(zip(ETHNICITIES.values(), (GREEN, SKY, ACCENT), strict=True))
SPLIT_COLOURS = dict(zip(SPLITS, (BLUE, ORANGE, GREEN), strict=True))
MODEL_COLOURS = {"image": BLUE, "audio": ORANGE, "text": GREEN, "fusion": "#CC79A7"}
COPY_COLOURS = {"original": GREY, "flip": BLUE, "mixed": ORANGE}
ANSWER_COLOURS = {True: BLUE, False: "#B34700"}  # of titles: right and wrong answers
COLOURS = {"AgeGroup": AGE_COLOURS, "Gender": GENDER_COLOURS, "Ethnicity": ETHNICITY_COLOURS}
COLOURS["split"] = SPLIT_COLOURS
AXIS_NAMES = {"AgeGroup": "age group (years)", "Gender": "gender", "Ethnicity": "ethnicity"}


def use_style():
    """Set the style of all figures and tables; every notebook calls it once."""
    # What stands between dollars in a name or transcript is no formula.
    pd.set_option("display.html.use_mathjax", False)
    pd.set_option("display.max_colwidth", None)  # a text is shown whole
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
            "legend.frameon": True,  # without an edge: only so that no line crosses its words
            "legend.framealpha": 0.85,
            "legend.edgecolor": "none",
            "svg.hashsalt": "mmage",
        }
    )


def colour_of(model):
    """Colour of the modality that a model's name begins with, else that of the fusion."""
    return MODEL_COLOURS.get(model.split(",")[0], MODEL_COLOURS["fusion"])
