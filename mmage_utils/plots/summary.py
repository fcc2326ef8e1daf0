"""The summary page: pipeline, scores of the models and of the fusions, on one picture (task 09)."""

import matplotlib.pyplot as plt

from mmage_utils.plots.scores import plot_intervals
from mmage_utils.plots.style import MODEL_COLOURS


def plot_model_pipeline(parts, *, ax):
    """The three models and their fusion as a diagram.

    Parameters
    ----------
    parts : dict of str to list of str
        Modality to the steps from its file to its logits.
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.axis("off")
    steps = max(map(len, parts.values()))
    arrow = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 0, "shrinkB": 0}
    ys = [0.84, 0.5, 0.16]
    end = 0.8
    width, gap = end / steps * 0.8, end / steps * 0.2
    for y, (modality, texts) in zip(ys, parts.items(), strict=True):
        for k, text in enumerate(texts):
            x = k * (width + gap)
            box = plt.Rectangle((x, y - 0.13), width, 0.26, fc="white", ec=MODEL_COLOURS[modality])
            box.set_linewidth(2)
            ax.add_patch(box)
            ax.text(x + width / 2, y, text, ha="center", va="center", fontsize=9)
            if k:
                ax.annotate("", (x, y), (x - gap, y), arrowprops=arrow)
        ax.annotate("", (0.86, 0.5 + (y - 0.5) * 0.25), (end - gap, y), arrowprops=arrow)
    fused = plt.Rectangle((0.86, 0.32), 0.14, 0.36, fc="white", ec=MODEL_COLOURS["fusion"], lw=2)
    ax.add_patch(fused)
    ax.text(0.93, 0.5, "add logits\nsoftmax\nargmax", ha="center", va="center", fontsize=9)
    return ax


def plot_summary(parts, models, fusions, *, constant, ceiling, title):
    """The whole report on one 16:9 page.

    Parameters
    ----------
    parts : dict of str to list of str
        As `plot_model_pipeline`.
    models, fusions : dict of str to dict
        Test accuracy with interval, as `scores.plot_intervals` takes it.
    constant : float
        Test accuracy of the constant predictor.
    ceiling : float or None
        Test accuracy of the joint ideal observer (synthetic sample only).
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = plt.figure(figsize=(12.8, 7.2))
    top, bottom = figure.subfigures(2, 1, height_ratios=(0.52, 0.48))
    figure.suptitle(title, fontsize=16, fontweight="bold", x=0.01, ha="left")
    plot_model_pipeline(parts, ax=top.subplots())
    left, right = bottom.subplots(1, 2, sharex=True)
    for ax, scores, name in ((left, models, "Models"), (right, fusions, "Late fusion")):
        plot_intervals(scores, constant=constant, ceiling=ceiling, ax=ax)
        ax.set_title(name, pad=8)
    return figure
