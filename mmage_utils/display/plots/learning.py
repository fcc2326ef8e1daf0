"""What a head gains from more people: the learning curve (tasks c, f and g)."""

from itertools import cycle

import matplotlib.pyplot as plt

from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import colour_of
from mmage_utils.scores.evaluation import select

PANELS = {"accuracy": "accuracy", "log_loss": "log-loss (nats)"}
STYLES = ("-", "--", ":", "-.")  # of several kinds of features of one modality


def plot_learning_curve(curves, *, split="valid", ax=None):
    """Accuracy and log-loss over the number of train users, beside the constant predictor.

    Parameters
    ----------
    curves : pandas.DataFrame
        Rows of `learning_curve.learning_curve` of one or several models, whose names begin with
        their modality.
    split : str
        Whose scores are drawn.
    ax : sequence of two matplotlib.axes.Axes, optional
        For accuracy and log-loss.

    Returns
    -------
    array of two Axes
    """
    axes = plt.subplots(1, 2, figsize=(10, 3.6))[1] if ax is None else ax
    curves = select(curves, split=split)
    styles = {}
    for model in curves["model"].unique():
        colour = colour_of(model)
        style = next(styles.setdefault(colour, cycle(STYLES)))
        for panel, metric in zip(axes, PANELS, strict=True):
            rows = select(curves, model=model, metric=metric).sort_values("users")
            panel.plot(rows["users"], rows["value"], style, marker="o", color=colour, label=model)
            panel.fill_between(rows["users"], rows["low"], rows["high"], color=colour, alpha=0.12)
    users = sorted(curves["users"].unique())
    for panel, (metric, name) in zip(axes, PANELS.items(), strict=True):
        constant = select(curves, metric=metric)["constant"].iloc[0]
        panel.axhline(constant, **marks.CONSTANT | {"label": "constant predictor"})
        panel.set_xscale("log", base=2)
        panel.set_xticks(users, [f"{n:,}" for n in users])
        panel.minorticks_off()
        panel.set(xlabel="train users", ylabel=f"{name}, {split}")
    marks.in_percent(axes[0].yaxis)
    axes[1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return axes
