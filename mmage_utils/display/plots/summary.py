"""The summary page: pipeline, scores, fusions, verdicts and strategies on one picture (task 09)."""

import matplotlib as mpl
import matplotlib.pyplot as plt

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display.plots.style import (
    ACCENT,
    AGE_COLOURS,
    COPY_COLOURS,
    LINE,
    MODEL_COLOURS,
    SPLIT_COLOURS,
    percent,
)

SIZE = (12.8, 7.2)  # inches; 1280 x 720 points of a slide
SPLIT_MARKERS = {"train": "D", "valid": "s", "test": "o"}
SPLIT_SHIFTS = {"train": -0.26, "valid": 0.26, "test": 0}
PLAIN = {"fc": "white", "ec": "none", "pad": 1}
RULES = {"product": "product of posteriors,\nprior counted once", "stacking": "stacked regression"}


def plot_model_pipeline(networks, rule, *, ax):
    """The three models and their fusion as a diagram.

    Parameters
    ----------
    networks, rule : dict
        As `summary_page.gather` gives them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax.set(xlim=(-0.003, 1), ylim=(0, 1))
    ax.axis("off")
    width, gap = 0.15, 0.028
    for y, (name, one) in zip((0.84, 0.5, 0.16), networks.items(), strict=True):
        for k, text in enumerate(_steps(name, one)):
            _box(ax, (k * (width + gap), y - 0.135, width, 0.27), text, MODEL_COLOURS[name])
            if k:
                _arrow(ax, (k * (width + gap) - gap, y), (k * (width + gap), y))
        out = 4 * width + 3 * gap
        end = (0.81, 0.5 + (y - 0.5) * 0.5)
        _arrow(ax, (out, y), end)
        said = [f"temperature {rule['temperatures'][name]:.2f}"]
        said += [f"weight {rule['weights'][name]:.2f}"] if rule["name"] == "weighted" else []
        middle = ((out + end[0]) / 2, (y + end[1]) / 2)
        ax.text(*middle, "\n".join(said), fontsize=8, ha="center", va="center", bbox=PLAIN)
    how = RULES.get(rule["name"], "evidence weighted,\nprior counted once")
    _box(ax, (0.81, 0.3, 0.115, 0.4), f"{how}\nsoftmax, argmax", MODEL_COLOURS["fusion"])
    _arrow(ax, (0.925, 0.5), (0.947, 0.5))
    for k, (name, colour) in enumerate(AGE_COLOURS.items()):
        ax.add_patch(plt.Rectangle((0.952, 0.86 - k * 0.12), 0.012, 0.1, fc=colour, ec="none"))
        ax.text(0.967, 0.91 - k * 0.12, name, fontsize=8.5, va="center")
    return ax


def _steps(name, one):
    """Texts of the four boxes of a model."""
    widths, weights = one["widths"], f"{one['parameters']:,} weights"
    chain = "-".join(map(str, widths))
    return {
        "image": (
            "face crop",
            f"{one['input']}, scaled to -1 to 1",
            f"InceptionResnetV1\n{weights}",
            f"head {chain}\n7 logits, prior put back",
        ),
        "audio": (
            "voice, 15 s",
            f"{one['input']}\n{widths[0]} features",
            f"network {chain}\n{weights}",
            "7 logits",
        ),
        "text": (
            "transcript",
            f"frozen BERT\n{one['input']}\nmean of {widths[0]} wide states",
            f"network {chain}\n{weights}",
            "7 logits",
        ),
    }[name]


def _box(ax, place, text, colour):
    x, y, width, height = place
    style = {"boxstyle": "round,pad=0,rounding_size=0.012", "fc": "white", "ec": colour, "lw": 1.8}
    ax.add_patch(mpl.patches.FancyBboxPatch((x, y), width, height, mutation_aspect=2, **style))
    ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=8.5)


def _arrow(ax, start, end):
    style = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 1, "shrinkB": 1}
    ax.annotate("", end, start, arrowprops=style)


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
        12.8 x 7.2 inches; `runs.save_figure` with ``page=True`` keeps that shape.
    """
    small = {"font.size": 8.5, "axes.titlesize": 10.5, "axes.labelsize": 8.5}
    small |= {"xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "legend.fontsize": 8}
    with mpl.rc_context(small):
        # Saving would give a figure without any layout engine that of the style.
        figure = plt.figure(figsize=SIZE, layout="constrained")
        figure.set_layout_engine("none")
        title = f"Age group from face, voice and words ({data})"
        figure.text(0.012, 0.955, title, fontsize=17, fontweight="bold", va="center")
        ours = page["fusions"].iloc[-1]
        about = f"test: {ours.clips:,} clips of {ours.users:,} users; 95% intervals over users"
        figure.text(0.988, 0.955, about, fontsize=9.5, ha="right", va="center", color="0.25")
        plot_model_pipeline(
            page["networks"], page["rule"], ax=figure.add_axes((0.012, 0.575, 0.976, 0.345))
        )
        ceilings = page["ceilings"]
        _models(page["scores"], ceilings, figure.add_axes((0.113, 0.095, 0.2, 0.42)))
        _fusions(page["fusions"], ceilings, figure.add_axes((0.432, 0.095, 0.155, 0.42)))
        _verdicts(page["verdicts"], figure.add_axes((0.672, 0.36, 0.09, 0.155)))
        _test_strategy(page["test_strategy"], figure.add_axes((0.698, 0.095, 0.085, 0.105)))
        _train_strategy(
            page["train_strategy"], page["copies"], figure.add_axes((0.888, 0.095, 0.104, 0.372))
        )
    return figure


def _title(ax, text, note=""):
    """A title at the left edge of the axis labels, with a note below it."""
    ax.set_title(text, pad=28 if note else 6)
    ax.annotate(note, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points")


def _rows(ax, names):
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(length=0)
    ax.grid(axis="y", visible=False)


def _interval(ax, y, row, colour):
    ax.plot([row.low, row.high], [y, y], color=colour, lw=2, solid_capstyle="butt")
    ax.plot(row.value, y, "o", color=colour, ms=6)


def _number(ax, y, row):
    at = {"textcoords": "offset points", "va": "center", "fontweight": "bold", "bbox": PLAIN}
    ax.annotate(f"{row.value:.1%}", (row.high, y), (4, 0), **at)


def _models(scores, ceilings, ax):
    names = list(scores["model"].unique())
    for row in scores.itertuples():
        y, modality = names.index(row.model), row.model.split(",")[0]
        colour, shift = MODEL_COLOURS[modality], SPLIT_SHIFTS[row.split]
        if row.split == "test":
            _interval(ax, y, row, colour)
            at = {"xycoords": ("axes fraction", "data"), "va": "center", "fontweight": "bold"}
            ax.annotate(f"{row.value:.1%}", (1.02, y), annotation_clip=False, **at)
        else:
            ax.plot([row.low, row.high], [y + shift] * 2, color=colour, lw=0.8)
            style = {"ms": 4.5, "mfc": "white", "mec": colour, "mew": 1.2}
            ax.plot(row.value, y + shift, SPLIT_MARKERS[row.split], **style)
        ax.plot(row.constant, y + shift, "|", color=LINE, ms=8, mew=1.5)
        if modality in ceilings and row.split == "test":
            ax.plot(ceilings[modality], y, "|", color=ACCENT, ms=11, mew=2)
    _rows(ax, [name if "," in name else f"{name}, published" for name in names])
    percent(ax.xaxis)
    ax.set_xlabel("accuracy (in figures: test)")
    _title(ax, "Models: train, valid, test")
    handle = mpl.lines.Line2D
    marks = {"ls": "none", "color": LINE, "mfc": "white", "ms": 5}
    handles = [
        handle([], [], marker=SPLIT_MARKERS[s], label=s, **marks) for s in ("train", "valid")
    ]
    handles.append(handle([], [], marker="o", color=LINE, ls="-", ms=5, label="test"))
    dark = {"marker": "|", "ls": "none", "color": LINE, "ms": 8, "mew": 1.5}
    handles.append(handle([], [], label="constant predictor of the split", **dark))
    if ceilings:
        label = "ideal observer, test"
        handles.append(
            handle([], [], marker="|", ls="none", color=ACCENT, ms=9, mew=2, label=label)
        )
    ax.figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.008, 0.0), ncols=5, columnspacing=1.2
    )


def _fusions(fusions, ceilings, ax):
    for y, row in enumerate(fusions.itertuples()):
        _interval(ax, y, row, MODEL_COLOURS["fusion"] if "," in row.model else "#777777")
        _number(ax, y, row)
    names = fusions["model"].str.replace("_", " + ").str.replace(", ", ",\n")
    _rows(ax, names)
    ax.axvline(row.constant, color=LINE, ls="--", lw=1, zorder=1)
    percent(ax.xaxis)
    ax.margins(x=0.12)
    ax.set_xlabel("test accuracy")
    _title(ax, "Late fusion")
    if ceilings:
        ax.axvline(ceilings["fusion"], color=ACCENT, ls=":", lw=1.5, zorder=1)
        y = len(fusions) - 0.62
        arrow = {"arrowstyle": "<->", "color": ACCENT, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (ceilings["fusion"], y), (row.value, y), arrowprops=arrow)
        short = f"{100 * (ceilings['fusion'] - row.value):.1f} points to\nthe ideal observer "
        at = {"textcoords": "offset points", "ha": "right", "va": "center", "bbox": PLAIN}
        ax.annotate(short, (row.value, y), (-3, 0), **at)


def _verdicts(verdicts, ax):
    for y, row in enumerate(verdicts.itertuples()):
        colour = MODEL_COLOURS[row.modality]
        ax.plot([100 * row.low, 100 * row.high], [y, y], color=colour, lw=2)
        fill = colour if row.helps else "white"
        ax.plot(100 * row.value, y, "o", color=colour, mfc=fill, mew=1.6)
        word = "helps" if row.helps else "no help shown"
        at = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
        p = f"p = {row.p_holm:.3f}" if row.p_holm >= 0.001 else "p < 0.001"
        ax.annotate(f"{word}\n{100 * row.value:+.1f}, {p}", (1.04, y), fontsize=8, **at)
    ax.axvline(0, color=LINE, ls="--", lw=1)
    _rows(ax, verdicts["modality"])
    ax.set_xlabel("gain in test accuracy when\nadded (points); p by Holm")
    _title(ax, "Does it help?")


def _train_strategy(strategy, copies, ax):
    left = dict.fromkeys(AGE_GROUPS.values(), 0)
    for copy, colour in COPY_COLOURS.items():
        counts = {name: copies[name].get(copy, 0) for name in left}
        ax.barh(
            list(left), list(counts.values()), left=list(left.values()), color=colour, label=copy
        )
        left = {name: left[name] + counts[name] for name in left}
    for y, total in enumerate(left.values()):
        ax.annotate(f"{total:,}", (total, y), (3, 0), textcoords="offset points", va="center")
    ax.invert_yaxis()
    ax.set_xlim(0, 1.3 * max(left.values()))
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(3))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("train images")
    ax.legend(loc="lower right", handlelength=1, borderpad=0)
    _title(ax, "Train strategy", _change(strategy))


def _test_strategy(strategy, ax):
    rows = {"each clip": strategy["before"], "user's clips\nadded up": strategy["after"]}
    for y, row in enumerate(rows.values()):
        _interval(ax, y, row, (SPLIT_COLOURS["test"], ACCENT)[y])
        _number(ax, y, row)
    _rows(ax, list(rows))
    ax.margins(x=0.15)
    percent(ax.xaxis)
    ax.set_xlabel("test accuracy")
    _title(ax, "Test strategy", _change(strategy))


def _change(strategy):
    """What a strategy changed, for a note: accuracies, and the paired interval in points."""
    low, high = (100 * strategy["gain"][name] for name in ("low", "high"))
    return (
        f"{strategy['before'].value:.1%} to {strategy['after'].value:.1%}\n"
        f"({low:+.1f} to {high:+.1f} points)"
    )
