"""Calibration, unanswered clips, missing modalities, ablation and verdicts (tasks g and h)."""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch

from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import ACCENT, GREY, LINE, MODEL_COLOURS, colour_of

MIN_BIN_USERS = 5  # in a bin of confidence
MIN_COVERAGE = 0.05  # below, the accuracy is that of a handful of clips
PER_UNIT = {"clip": {"lw": 2, "ms": 6}, "user": {"lw": 1, "ms": 4.5, "mfc": "white"}}


def plot_reliability(stages, *, colour=MODEL_COLOURS["fusion"], title="", ax=None):
    """Accuracy against confidence: on the diagonal, a confidence can be believed.

    Parameters
    ----------
    stages : dict of str to pandas.DataFrame
        ``before`` and ``after``, or other names, to `calibration.reliability`; the first of
        several is grey. The area of a dot is its share of clips; bins of fewer than five users
        are left out.
    colour : str
        Of the others.
    """
    ax = marks.axes_of(ax, figsize=(4.2, 4))
    ax.plot([0, 1], [0, 1], color=LINE, ls="--", lw=1)
    for k, (name, bins) in enumerate(stages.items()):
        own, marker = (GREY, "s") if k == 0 and len(stages) > 1 else (colour, "o")
        bins = bins.assign(area=12 + 220 * bins["clips"] / bins["clips"].sum())
        bins = bins[bins["users"] >= MIN_BIN_USERS]
        x, y = bins["confidence"], bins["accuracy"]
        ax.vlines(x, bins["low"], bins["high"], color=own, lw=1.5, alpha=0.7)
        ax.scatter(x, y, s=bins["area"], color=own, marker=marker, zorder=3)
        ax.plot(x, y, color=own, lw=1)
        ax.plot([], [], color=own, marker=marker, label=name)
    ax.set(xlabel="confidence in the answer", ylabel="accuracy", title=title)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.02), xticks=(0.2, 0.4, 0.6, 0.8, 1))
    marks.in_percent(ax.xaxis, ax.yaxis)
    ax.legend(fontsize="small", loc="upper left")
    return ax


def plot_reliability_panels(models):
    """`plot_reliability` of several models side by side.

    Parameters
    ----------
    models : dict of str to dict of str to pandas.DataFrame
        Model (image, audio, text, fusion) to `stages` of `plot_reliability`.
    """
    size = {"figsize": (3.3 * len(models) + 0.4, 3.6), "sharey": True, "squeeze": False}
    axes = plt.subplots(1, len(models), **size)[1][0]
    for ax, (name, stages) in zip(axes, models.items(), strict=True):
        plot_reliability(stages, colour=colour_of(name), title=fill(name, 24), ax=ax)
    for ax in axes[1:]:
        ax.set_ylabel("")
    return axes


def plot_risk_coverage(curves, *, chosen=None, target=0.7, ax=None):
    """Accuracy of the answers against the share of clips answered, the most confident first.

    Parameters
    ----------
    curves : dict of str to pandas.DataFrame
        Model to `selective.risk_coverage` on test; the last has its interval. Nothing is drawn
        where fewer than 5% of the clips are answered.
    chosen : dict of str to dict, optional
        Model to `selective.answer_above` with the threshold chosen on valid.
    target : float
        The accuracy that the threshold was chosen for.
    """
    ax = marks.axes_of(ax, figsize=(7, 4))
    for k, (name, curve) in enumerate(curves.items()):
        colour, last = colour_of(name), k == len(curves) - 1
        style = {"ls": "-", "lw": 2.2} if last else {"ls": ("--", "-.", ":")[k % 3], "lw": 1.6}
        curve = curve[curve["coverage"] >= MIN_COVERAGE]
        x, y = curve["coverage"], curve["accuracy"]
        ax.plot(x, y, color=colour, label=name, **style)
        if last:
            ax.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.15, lw=0)
        answered = (chosen or {}).get(name)
        if answered and answered["answered"]:
            style = {"color": colour, "ms": 9, "mec": "white", "mew": 1.5, "zorder": 4}
            ax.plot(answered["coverage"], answered["accuracy"], "o", **style)
    ax.axhline(target, color=ACCENT, ls=":", lw=1.5, label=f"{target:.0%} right")
    if chosen:
        ax.plot([], [], "o", color=LINE, ms=8, label=f"threshold for {target:.0%}, chosen on valid")
    ax.legend(fontsize="small", loc="lower left", ncols=2)
    ax.set(xlabel="share of test clips answered", ylabel="accuracy of the answers")
    ax.set(xlim=(0, 1.02), ylim=(0, 1.02))
    marks.in_percent(ax.xaxis, ax.yaxis)
    return ax


def plot_missing(table, *, constant=None, ax=None):
    """Accuracy against the share of clips that lack a modality.

    Parameters
    ----------
    table : pandas.DataFrame
        `robustness.lose_modality`.
    constant : float, optional
        The constant predictor's accuracy.
    """
    ax = marks.axes_of(ax, figsize=(7, 4))
    for k, (name, part) in enumerate(table.groupby("modality", sort=False)):
        colour = colour_of(name)
        x = part["share"] + 0.012 * (k - 1)  # beside each other, so that no interval hides another
        ax.vlines(x, part["low"], part["high"], color=colour, lw=1.5, alpha=0.6)
        ax.plot(x, part["accuracy"], marker="os^D"[k], color=colour, label=f"{name} missing")
    if constant is not None:
        ax.axhline(constant, **marks.CONSTANT)
    ax.set(xlabel="share of test clips without the modality", ylabel="accuracy of the fused model")
    marks.in_percent(ax.xaxis, ax.yaxis)
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
    """
    table = table[table["metric"] == "accuracy"]
    rows = table.drop_duplicates(["modalities", "rule"])
    names = list(rows["modalities"] + ", " + rows["rule"])
    ax = marks.axes_of(ax, figsize=(9, 1.1 + 0.3 * len(rows)))
    for row in table.itertuples():
        y, per_clip = names.index(f"{row.modalities}, {row.rule}"), row.unit == "clip"
        shift = -0.13 if per_clip else 0.17
        marks.draw_dot(ax, y + shift, row, colour_of(row.modalities), **PER_UNIT[row.unit])
        if per_clip:
            marks.write_beside(ax, y, f"{row.value:.1%}", fontsize="small")
    marks.name_rows(ax, names, fontsize="small")
    for label, chosen in zip(ax.get_yticklabels(), rows["chosen"], strict=True):
        label.set_fontweight("bold" if chosen else "normal")
    for unit, style in PER_UNIT.items():
        ax.plot([], [], color=LINE, marker="o", label=f"per {unit}", **style)
    marks.draw_references(ax, table.loc[table["unit"] == "clip", "constant"].iloc[0], ceiling)
    marks.put_legend_above(ax)
    ax.set_xlabel("test accuracy, 95% interval over users; bold: the rule chosen on valid")
    marks.in_percent(ax.xaxis)
    return ax


def plot_shapley(worth, *, ax=None):
    """Shapley value of each modality, and what all gain together over the constant predictor.

    Parameters
    ----------
    worth : pandas.DataFrame
        `ablation.shapley`.
    """
    ax = marks.axes_of(ax, figsize=(7, 3.8))
    names = list(worth["modality"].unique())
    for row in worth.itertuples():
        colour, plain = colour_of(row.modality), row.metric == "accuracy"
        x = names.index(row.modality) + (-0.2 if plain else 0.2)
        style = {"color": colour} if plain else {"fc": "white", "ec": colour, "lw": 1.2}
        points, low, high = 100 * row.value, 100 * row.low, 100 * row.high
        ax.bar(x, points, 0.38, hatch="" if plain else "///", **style)
        ax.plot([x, x], [low, high], color=LINE, lw=1.5)
        marks.write_above(ax, x, max(high, points, 0), f"{points:+.1f}", bbox=marks.PLAIN)
    ax.axhline(0, color=LINE, lw=1)
    if len(names) > 1:
        ax.axvline(len(names) - 1.5, color="0.8", lw=1)
    marks.name_columns(ax, ["all together" if name == "all" else name for name in names])
    ax.set_ylabel("gain over the constant\npredictor (points)")
    ax.margins(y=0.12)
    handles = [
        Patch(fc="#777777", label="accuracy"),
        Patch(fc="white", ec="#777777", hatch="///", label="balanced accuracy"),
    ]
    ax.legend(handles=handles, fontsize="small", loc="upper left")
    return ax


def plot_verdicts(verdicts, *, ax=None):
    """Gain of each modality when added to the best of the others, with its 95% interval.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        `verdicts.judge_modalities`. A modality that helps or harms has a filled dot; small
        ticks are the training seeds.
    """
    ax = marks.axes_of(ax, figsize=(8, 1.3 + 0.6 * len(verdicts)))
    names = verdicts["modality"] + "\nadded to " + verdicts["added_to"]
    marks.draw_verdicts(ax, verdicts, names, fontsize="small", lw=2.5, ms=9, mew=2)
    label = "gain in test accuracy (points), 95% interval over users"
    for y, row in enumerate(verdicts.itertuples()):
        if len(row.by_seed) > 1:
            seeds = 100 * np.array(row.by_seed)
            ticks = {"marker": "|", "ls": "", "ms": 7, "color": colour_of(row.modality)}
            ax.plot(seeds, np.full(len(seeds), y + 0.22), **ticks)
    several = verdicts["by_seed"].map(len).gt(1).any()
    ax.set_xlabel(label + ("\nsmall ticks: training seeds" if several else ""))
    return ax
