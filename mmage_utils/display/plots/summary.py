"""The summary page: pipeline, scores, fusions, verdicts and strategies in one figure."""

import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS, SPLITS
from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import (
    ACCENT,
    AGE_COLOURS,
    COPY_COLOURS,
    LINE,
    MODEL_COLOURS,
    SPLIT_COLOURS,
)

SIZE = (12.8, 7.2)  # inches; 1280 x 720 points of a slide
SPLIT_SHIFTS = {"train": -0.26, "valid": 0.26, "test": 0}
SMALL = {"lw": 0.8, "ms": 4.5, "mfc": "white", "mew": 1.2}
SPLIT_DOTS = {"train": {"marker": "D"} | SMALL, "valid": {"marker": "s"} | SMALL}
SPLIT_DOTS["test"] = {"marker": "o", "lw": 2}
CONSTANT_TICK = {"marker": "|", "ls": "none", "color": LINE, "ms": 8, "mew": 1.5}
IDEAL_TICK = {"marker": "|", "ls": "none", "color": ACCENT, "ms": 11, "mew": 2}
RULES = {"product": "product of posteriors,\nprior counted once", "stacking": "stacked regression"}


def plot_model_pipeline(networks, rule, *, ax):
    """The three models and their fusion as a diagram.

    Parameters
    ----------
    networks, rule : dict
        As `summary_page.gather`.
    """
    ax.set(xlim=(-0.003, 1), ylim=(0, 1))
    ax.axis("off")
    width, gap = 0.15, 0.028
    for y, (name, network) in zip((0.84, 0.5, 0.16), networks.items(), strict=True):
        for k, text in enumerate(_steps(name, network)):
            marks.draw_box(
                ax, (k * (width + gap), y - 0.135, width, 0.27), text, MODEL_COLOURS[name]
            )
            if k:
                marks.draw_arrow(ax, (k * (width + gap) - gap, y), (k * (width + gap), y))
        out = 4 * width + 3 * gap
        end = (0.81, 0.5 + (y - 0.5) * 0.5)
        marks.draw_arrow(ax, (out, y), end)
        text = f"temperature {rule['temperatures'][name]:.2f}"
        if rule["name"] == "weighted":
            text += f"\nweight {rule['weights'][name]:.2f}"
        middle = ((out + end[0]) / 2, (y + end[1]) / 2)
        ax.text(*middle, text, fontsize=8, ha="center", va="center", bbox=marks.PLAIN)
    text = RULES.get(rule["name"], "evidence weighted,\nprior counted once")
    marks.draw_box(ax, (0.81, 0.3, 0.115, 0.4), f"{text}\nsoftmax, argmax", MODEL_COLOURS["fusion"])
    marks.draw_arrow(ax, (0.925, 0.5), (0.947, 0.5))
    for k, (name, colour) in enumerate(AGE_COLOURS.items()):
        ax.add_patch(plt.Rectangle((0.952, 0.86 - k * 0.12), 0.012, 0.1, fc=colour, ec="none"))
        ax.text(0.967, 0.91 - k * 0.12, name, fontsize=8.5, va="center")
    return ax


def _steps(name, network):
    """Texts of the four boxes of a model."""
    widths, weights = network["widths"], f"{network['parameters']:,} weights"
    chain = "-".join(map(str, widths))
    route = f"chosen on valid:\n{textwrap.fill(network['route'], 24)}"
    return {
        "image": (
            "face crop",
            f"{network['input']}, scaled to -1 to 1",
            f"InceptionResnetV1\n{weights}\nhead {chain}",
            route,
        ),
        "audio": (
            "voice, 15 s",
            f"{network['input']}\n{widths[0]} features",
            f"network {chain}\n{weights}",
            route,
        ),
        "text": (
            "transcript",
            f"frozen BERT\n{network['input']}\nmean of {widths[0]} wide states",
            f"network {chain}\n{weights}",
            route,
        ),
    }[name]


def plot_summary(page, *, data):
    """The whole report on one 16:9 page.

    Parameters
    ----------
    page : dict
        `summary_page.gather`.
    data : str
        What the data are (`runs.Run`), for the title.

    Returns
    -------
    matplotlib.figure.Figure
        `SIZE`, which `runs.save_figure` keeps with ``page=True``.
    """
    small = {"font.size": 8.5, "axes.titlesize": 10.5, "axes.labelsize": 8.5}
    small |= {"xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "legend.fontsize": 8}
    small |= {"xtick.major.size": 0, "ytick.major.size": 0}
    with mpl.rc_context(small):
        # Without any layout engine, saving would use the one of the style.
        figure = plt.figure(figsize=SIZE, layout="constrained")
        figure.set_layout_engine("none")
        title = f"Age group from face, voice and words ({data})"
        figure.text(0.012, 0.955, title, fontsize=17, fontweight="bold", va="center")
        row = page["fusions"].iloc[-1]
        about = f"test: {row.clips:,} clips of {row.users:,} users; 95% intervals over users"
        figure.text(0.988, 0.955, about, fontsize=9.5, ha="right", va="center", color="0.25")
        ax = figure.add_axes((0.012, 0.575, 0.976, 0.345))
        plot_model_pipeline(page["networks"], page["rule"], ax=ax)
        ceilings = page["ceilings"]
        _models(page["scores"], ceilings, figure.add_axes((0.113, 0.095, 0.2, 0.42)))
        _fusions(page["fusions"], ceilings, figure.add_axes((0.432, 0.095, 0.155, 0.42)))
        _verdicts(page["verdicts"], figure.add_axes((0.672, 0.36, 0.09, 0.155)))
        _test_strategy(page["test_strategy"], figure.add_axes((0.698, 0.095, 0.085, 0.105)))
        ax = figure.add_axes((0.888, 0.095, 0.104, 0.372))
        _train_strategy(page["train_strategy"], page["copies"], ax)
    return figure


def _title(ax, text, note=""):
    """A title, with a note below it."""
    ax.set_title(text, pad=28 if note else 6)
    ax.annotate(note, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points")


def _models(scores, ceilings, ax):
    names = list(scores["model"].unique())
    for row in scores.itertuples():
        y, modality = names.index(row.model) + SPLIT_SHIFTS[row.split], row.model.split(",")[0]
        marks.draw_dot(ax, y, row, MODEL_COLOURS[modality], **SPLIT_DOTS[row.split])
        ax.plot(row.constant, y, **CONSTANT_TICK)
        if row.split == "test":
            marks.write_beside(ax, y, f"{row.value:.1%}", fontweight="bold")
            if modality in ceilings:
                ax.plot(ceilings[modality], y, **IDEAL_TICK)
    marks.name_rows(ax, [",\n".join(name.rsplit(", ", 1)) for name in names])
    marks.in_percent(ax.xaxis)
    ax.set_xlabel("accuracy (numbers: test)")
    _title(ax, "Models: train, valid, test")
    symbols = {split: {"color": LINE, "ms": 5} | SPLIT_DOTS[split] for split in SPLITS}
    symbols["constant predictor of the split"] = CONSTANT_TICK
    if ceilings:
        symbols["ideal observer, test"] = IDEAL_TICK
    handles = [mpl.lines.Line2D([], [], label=name, **style) for name, style in symbols.items()]
    place = {"loc": "lower left", "bbox_to_anchor": (0.008, 0.0), "ncols": 5, "columnspacing": 1.2}
    ax.figure.legend(handles=handles, **place)


def _fusions(fusions, ceilings, ax):
    published = fusions["model"].str.contains("published")
    colours = np.where(published, "#777777", MODEL_COLOURS["fusion"])
    names = fusions["model"].str.removeprefix("fusion, ").str.replace("published ", "published\n")
    names = names.str.replace(": ", ":\n")
    marks.draw_accuracies(ax, fusions, colours, names, fontweight="bold")
    corrected, ceiling = fusions.iloc[-1], ceilings.get("fusion")
    marks.draw_references(ax, corrected.constant, ceiling)
    ax.margins(x=0.12)
    ax.set_xlabel("test accuracy")
    _title(ax, "Late fusion")
    if ceiling is not None:
        y = len(fusions) - 0.62
        arrow = {"arrowstyle": "<->", "color": ACCENT, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (ceiling, y), (corrected.value, y), arrowprops=arrow)
        text = f"{100 * (ceiling - corrected.value):.1f} points to\nthe ideal observer "
        style = {"textcoords": "offset points", "ha": "right", "va": "center", "bbox": marks.PLAIN}
        ax.annotate(text, (corrected.value, y), (-3, 0), **style)


def _verdicts(verdicts, ax):
    marks.draw_verdicts(ax, verdicts, verdicts["modality"], fontsize=8, mew=1.6)
    ax.set_xlabel("gain in test accuracy when\nadded (points); p by Holm")
    _title(ax, "Does it help?")


def _train_strategy(strategy, copies, ax):
    table = pd.DataFrame(copies, index=list(COPY_COLOURS)).fillna(0)
    table = table[list(AGE_GROUPS.values())].T
    totals = table.sum(axis=1)
    table.plot.barh(ax=ax, stacked=True, color=COPY_COLOURS, width=0.8)
    ax.bar_label(ax.containers[-1], [f"{total:,.0f}" for total in totals], padding=3)
    marks.name_rows(ax, table.index)
    ax.set(xlim=(0, 1.3 * totals.max()), xlabel="train images")
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(3))
    ax.legend(loc="lower right", handlelength=1, borderpad=0)
    _title(ax, "Train strategy", _change(strategy))


def _test_strategy(strategy, ax):
    rows = pd.DataFrame([strategy["before"], strategy["after"]])
    names = ["each clip", "user's clips\nadded up"]
    marks.draw_accuracies(ax, rows, (SPLIT_COLOURS["test"], ACCENT), names, fontweight="bold")
    ax.margins(x=0.15)
    ax.set_xlabel("test accuracy")
    _title(ax, "Test strategy", _change(strategy))


def _change(strategy):
    """What a strategy changed: both accuracies, and the paired interval in points."""
    low, high = (100 * strategy["gain"][name] for name in ("low", "high"))
    return (
        f"{strategy['before'].value:.1%} to {strategy['after'].value:.1%}\n"
        f"({low:+.1f} to {high:+.1f} points)"
    )
