"""Calibration, unanswered clips, missing modalities, ablation and verdicts (tasks g and h)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmage_utils.display.plots.style import ACCENT, LINE, MODEL_COLOURS, axes_of, percent

BEFORE = "#999999"
MIN_USERS = 5  # of a bin of confidence
MIN_COVERAGE = 0.05  # below, the accuracy is that of a handful of clips
_MARKERS = ("o", "s", "^", "D")


def plot_reliability(parts, *, colour=MODEL_COLOURS["fusion"], title="", ax=None):
    """Accuracy against confidence: on the diagonal, a confidence can be believed.

    Parameters
    ----------
    parts : dict of str to pandas.DataFrame
        ``before`` and ``after`` (any names; the first is drawn grey) to
        `calibration.reliability`. The area of a dot is its share of clips; bins of fewer than
        five users are left out.
    colour : str
        Colour of the last part.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(4.2, 4))
    ax.plot([0, 1], [0, 1], color=LINE, ls="--", lw=1)
    handles = []
    for k, (name, bins) in enumerate(parts.items()):
        first = k == 0 and len(parts) > 1
        own, marker = (BEFORE, "s") if first else (colour, "o")
        area = 12 + 220 * bins["clips"] / bins["clips"].sum()
        known = bins["users"] >= MIN_USERS
        x, y = bins.loc[known, "confidence"], bins.loc[known, "accuracy"]
        ax.vlines(x, bins.loc[known, "low"], bins.loc[known, "high"], color=own, lw=1.5, alpha=0.7)
        ax.scatter(x, y, s=area[known], color=own, marker=marker, zorder=3)
        ax.plot(x, y, color=own, lw=1)
        handles.append(Line2D([], [], color=own, marker=marker, label=name))
    ax.set(xlabel="confidence in the answer", ylabel="accuracy", title=title)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.02), xticks=(0.2, 0.4, 0.6, 0.8, 1))
    percent(ax.xaxis)
    percent(ax.yaxis)
    ax.legend(handles=handles, fontsize="small", loc="upper left")
    return ax


def plot_reliability_panels(models):
    """`plot_reliability` of several models side by side.

    Parameters
    ----------
    models : dict of str to dict of str to pandas.DataFrame
        Model (image, audio, text, fusion) to the parts of `plot_reliability`.

    Returns
    -------
    array of matplotlib.axes.Axes
    """
    size = {"figsize": (3.3 * len(models) + 0.4, 3.6), "sharey": True, "squeeze": False}
    axes = plt.subplots(1, len(models), **size)[1][0]
    for ax, (name, parts) in zip(axes, models.items(), strict=True):
        colour = MODEL_COLOURS.get(name, MODEL_COLOURS["fusion"])
        plot_reliability(parts, colour=colour, title=name, ax=ax)
    for ax in axes[1:]:
        ax.set_ylabel("")
    return axes


def plot_risk_coverage(curves, *, chosen=None, target=0.7, ax=None):
    """Accuracy of the answered clips against their share, the least confident unanswered.

    Parameters
    ----------
    curves : dict of str to pandas.DataFrame
        Model to `selective.risk_coverage` on test; the last one is drawn with its interval.
        Where fewer than 5% of the clips are answered nothing is drawn.
    chosen : dict of str to dict, optional
        Model to `selective.answer_above` with the threshold that was chosen on valid.
    target : float
        The accuracy the threshold was chosen for.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(7, 4))
    styles = ("-", "--", "-.", ":")
    for k, (name, curve) in enumerate(curves.items()):
        colour = MODEL_COLOURS.get(name, MODEL_COLOURS["fusion"])
        last = k == len(curves) - 1
        style = "-" if last else styles[(k + 1) % len(styles)]
        curve = curve[curve["coverage"] >= MIN_COVERAGE]
        x, y = curve["coverage"], curve["accuracy"]
        ax.plot(x, y, color=colour, ls=style, lw=2.2 if last else 1.6, label=name)
        if last:
            ax.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.15, lw=0)
        answered = (chosen or {}).get(name)
        if answered and answered["answered"]:
            point = answered["coverage"], answered["accuracy"]
            ax.plot(*point, "o", color=colour, ms=9, mec="white", mew=1.5, zorder=4)
    ax.axhline(target, color=ACCENT, ls=":", lw=1.5, label=f"{target:.0%} right")
    handles, labels = ax.get_legend_handles_labels()
    if chosen:
        handles.append(Line2D([], [], color=LINE, marker="o", ls="", ms=8))
        labels.append(f"threshold for {target:.0%}, chosen on valid")
    ax.legend(handles, labels, fontsize="small", loc="lower left", ncols=2)
    ax.set(xlabel="share of test clips answered", ylabel="accuracy of the answers")
    ax.set(xlim=(0, 1.02), ylim=(0, 1.02))
    percent(ax.xaxis)
    percent(ax.yaxis)
    return ax


def plot_missing(table, *, constant=None, ax=None):
    """Accuracy against the share of clips that lack a modality.

    Parameters
    ----------
    table : pandas.DataFrame
        `robustness.lose_modality`.
    constant : float, optional
        The constant predictor's accuracy.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(7, 4))
    for k, (name, part) in enumerate(table.groupby("modality", sort=False)):
        colour = MODEL_COLOURS.get(name, MODEL_COLOURS["fusion"])
        x = part["share"] + 0.012 * (k - 1)  # beside each other, so that no interval hides one
        ax.vlines(x, part["low"], part["high"], color=colour, lw=1.5, alpha=0.6)
        style = {"marker": _MARKERS[k % 4], "color": colour, "label": f"{name} missing"}
        ax.plot(x, part["accuracy"], **style)
    if constant is not None:
        ax.axhline(constant, color=LINE, ls="--", lw=1, label="constant predictor")
    ax.set(xlabel="share of test clips without the modality", ylabel="accuracy of the fused model")
    percent(ax.xaxis)
    percent(ax.yaxis)
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_ablation(table, *, ceiling=None, ax=None):
    """Every subset of modalities by every rule: dots with 95% intervals, the best on top.

    Parameters
    ----------
    table : pandas.DataFrame
        `ablation.ablate`.
    ceiling : float, optional
        The joint ideal observer's accuracy per clip (synthetic sample only).

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = table[table["metric"] == "accuracy"]
    rows = table.drop_duplicates(["modalities", "rule"])[["modalities", "rule", "chosen"]]
    ax = axes_of(ax, figsize=(9, 1.1 + 0.3 * len(rows)))
    place = {(row.modalities, row.rule): y for y, row in enumerate(rows.itertuples())}
    shift = {"clip": -0.13, "user": 0.17}
    for row in table.itertuples():
        y = place[row.modalities, row.rule] + shift[row.unit]
        colour = MODEL_COLOURS.get(row.modalities, MODEL_COLOURS["fusion"])
        clip = row.unit == "clip"
        ax.plot([row.low, row.high], [y, y], color=colour, lw=2 if clip else 1)
        face = colour if clip else "white"
        ax.plot(row.value, y, "o", color=colour, mfc=face, ms=6 if clip else 4.5)
        if clip:
            text = f"{row.value:.1%}"
            at = {"xycoords": ("axes fraction", "data"), "fontsize": "small", "va": "center"}
            ax.annotate(text, (1.01, y + 0.13), annotation_clip=False, **at)
    names = [f"{row.modalities}, {row.rule}" for row in rows.itertuples()]
    ax.set_yticks(range(len(rows)), names, fontsize="small")
    for label, chosen in zip(ax.get_yticklabels(), rows["chosen"], strict=True):
        label.set_fontweight("bold" if chosen else "normal")
    ax.set_ylim(len(rows) - 0.4, -0.6)
    constant = table.loc[table["unit"] == "clip", "constant"].iloc[0]
    ax.axvline(constant, color=LINE, ls="--", lw=1)
    handles = [
        Line2D([], [], color=LINE, marker="o", lw=2, label="per clip"),
        Line2D([], [], color=LINE, marker="o", mfc="white", ms=4.5, lw=1, label="per user"),
        Line2D([], [], color=LINE, ls="--", lw=1, label="constant predictor"),
    ]
    if ceiling is not None:
        ax.axvline(ceiling, color=ACCENT, ls=":", lw=1.5)
        handles.append(Line2D([], [], color=ACCENT, ls=":", lw=1.5, label="ideal observer"))
    ax.legend(
        handles=handles,
        ncols=len(handles),
        fontsize="small",
        loc="lower right",
        bbox_to_anchor=(1, 1),
    )
    ax.set_xlabel("test accuracy, 95% interval over users; bold: the rule chosen on valid")
    percent(ax.xaxis)
    ax.grid(axis="y", visible=False)
    return ax


def plot_shapley(worth, *, ax=None):
    """Shapley value of each modality, and what all gain together over the constant predictor.

    Parameters
    ----------
    worth : pandas.DataFrame
        `ablation.shapley`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(7, 3.8))
    names = list(worth["modality"].unique())
    for row in worth.itertuples():
        colour = MODEL_COLOURS.get(row.modality, MODEL_COLOURS["fusion"])
        plain = row.metric == "accuracy"
        x = names.index(row.modality) + (-0.2 if plain else 0.2)
        style = {"color": colour} if plain else {"fc": "white", "ec": colour, "lw": 1.2}
        points, low, high = 100 * row.value, 100 * row.low, 100 * row.high
        ax.bar(x, points, 0.38, hatch="" if plain else "///", **style)
        ax.plot([x, x], [low, high], color=LINE, lw=1.5)
        top = {"textcoords": "offset points", "ha": "center", "fontsize": "small"}
        top["bbox"] = {"fc": "white", "ec": "none", "pad": 0.5}
        ax.annotate(f"{points:+.1f}", (x, max(high, points, 0)), (0, 3), **top)
    ax.axhline(0, color=LINE, lw=1)
    if len(names) > 1:
        ax.axvline(len(names) - 1.5, color="0.8", lw=1)
    labels = ["all together" if name == "all" else name for name in names]
    ax.set_xticks(range(len(names)), labels)
    ax.set_ylabel("gain over the constant\npredictor (points)")
    ax.margins(y=0.12)
    ax.legend(
        handles=[
            Patch(fc="#777777", label="accuracy"),
            Patch(fc="white", ec="#777777", hatch="///", label="balanced accuracy"),
        ],
        fontsize="small",
        loc="upper left",
    )
    ax.grid(axis="x", visible=False)
    return ax


def plot_verdicts(verdicts, *, ax=None):
    """Gain of each modality when added to the best of the others, with its 95% interval.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        `verdicts.judge_modalities`. A modality that is shown to help has a filled dot; small
        ticks are the training seeds.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_of(ax, figsize=(8, 1.3 + 0.6 * len(verdicts)))
    for y, row in enumerate(verdicts.itertuples()):
        colour = MODEL_COLOURS.get(row.modality, MODEL_COLOURS["fusion"])
        ax.plot([100 * row.low, 100 * row.high], [y, y], color=colour, lw=2.5)
        face = colour if row.helps else "white"
        ax.plot(100 * row.value, y, "o", color=colour, mfc=face, ms=9, mew=2)
        if len(row.by_seed) > 1:
            seeds = 100 * np.array(row.by_seed)
            ax.plot(seeds, np.full(len(seeds), y + 0.22), "|", color=colour, ms=7)
        word = "helps" if row.helps else "no help shown"
        at = {"xycoords": ("axes fraction", "data"), "fontsize": "small", "va": "center"}
        text = f"{word}: {100 * row.value:+.1f}\np = {row.p_holm:.3f}"
        ax.annotate(text, (1.02, y), annotation_clip=False, **at)
    ax.axvline(0, color=LINE, ls="--", lw=1)
    labels = [f"{row.modality}\nadded to {row.added_to}" for row in verdicts.itertuples()]
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    text = "gain in test accuracy (points), 95% interval over users"
    several = verdicts["by_seed"].map(len).gt(1).any()
    ax.set_xlabel(text + ("\nsmall ticks: training seeds" if several else ""))
    ax.grid(axis="y", visible=False)
    return ax
