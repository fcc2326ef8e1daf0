"""What the models say of one clip: bars of every modality, and its voice."""

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import BLUE, ORANGE, colour_of
from mmage_utils.display.plots.voices import plot_waveform


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


def plot_voice(samples, times, f0):
    """A waveform at 8 kHz, and its fundamental frequency below, in Hz."""
    axes = plt.subplots(2, 1, figsize=(9, 3), sharex=True)[1]
    plot_waveform(samples, SAMPLE_RATE, colour=BLUE, ylabel="amplitude", ax=axes[0])
    axes[0].set_xlabel("")
    axes[1].plot(times, f0, ".", ms=2, color=ORANGE)
    top = np.nanmax(f0) if np.isfinite(f0).any() else 1
    axes[1].set(xlabel="time (s)", ylabel="f0 (Hz)", ylim=(0, 1.1 * top))
    return axes
