"""What the models say of one clip: bars of every modality, and its voice."""

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import BLUE, ORANGE, colour_of
from mmage_utils.display.plots.voices import plot_waveform

LEAST_FALL = 0.05  # of a probability at the end of the shades, so that nothing is shown as nothing


def plot_probabilities(rows):
    """Probabilities of the age groups, a panel for each model.

    Parameters
    ----------
    rows : dict of str to array-like, shape (7,)
        Modality, or ``fusion``, to probabilities.
    """
    axes = plt.subplots(1, len(rows), figsize=(3 * len(rows), 2.2), sharey=True, squeeze=False)[1]
    for ax, (name, p) in zip(axes[0], rows.items(), strict=True):
        ax.bar(range(len(AGE_GROUPS)), p, color=colour_of(name))
        ax.set_title(name)
        marks.name_columns(ax, AGE_GROUPS.values())
        ax.tick_params(axis="x", rotation=60, labelsize="small")
        ax.set_ylim(0, 1)
        marks.in_percent(ax.yaxis)
    return axes[0]


def plot_face_map(face, falls):
    """A face, and beside it what of it an answer rests on: orange speaks for it, purple against.

    Parameters
    ----------
    face : array of uint8, shape (3, H, W)
    falls : array of float, shape (H, W)
        `answer_reasons.face_map`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(5, 2.3), layout="constrained")
    axes[0].imshow(face.transpose(1, 2, 0))
    axes[1].imshow(face.mean(0), cmap="gray")
    limit = max(float(np.abs(falls).max()), LEAST_FALL)
    shades = {"cmap": "PuOr_r", "vmin": -limit, "vmax": limit, "alpha": 0.65}
    bar = figure.colorbar(axes[1].imshow(falls, **shades), ax=axes[1])
    bar.set_label("fall of the probability", fontsize="small")
    for ax in axes:
        ax.axis("off")
    return axes


def plot_voice(samples, times, f0):
    """A waveform at 8 kHz, and its fundamental frequency below, in Hz."""
    axes = plt.subplots(2, 1, figsize=(9, 3), sharex=True)[1]
    plot_waveform(samples, SAMPLE_RATE, colour=BLUE, ylabel="amplitude", ax=axes[0])
    axes[0].set_xlabel("")
    axes[1].plot(times, f0, ".", ms=2, color=ORANGE)
    top = np.nanmax(f0) if np.isfinite(f0).any() else 1
    axes[1].set(xlabel="time (s)", ylabel="f0 (Hz)", ylim=(0, 1.1 * top))
    return axes
