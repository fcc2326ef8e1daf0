"""Waveforms, denoising, onsets, fundamental frequency and the seven features (task e)."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch

from mmage_utils.data.labels import AGE_GROUPS, ATTRIBUTES
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display.plots import marks
from mmage_utils.display.plots.style import ACCENT, AXIS_NAMES, BLUE, GENDER_COLOURS, ORANGE, SKY
from mmage_utils.features.voices.definition import FEATURES, HOP, UNITS


def plot_waveform(samples, rate, *, colour=BLUE, label=None, alpha=1.0, ylabel="", ax=None):
    """A waveform over time in s."""
    ax = marks.axes_of(ax, figsize=(9, 2.2))
    seconds = np.arange(len(samples)) / rate
    ax.plot(seconds, samples, lw=0.3, color=colour, label=label, alpha=alpha, rasterized=True)
    ax.set(xlabel="time (s)", ylabel=ylabel, xlim=(0, seconds[-1]))
    return ax


def plot_raw_and_scaled(raw, raw_rate, scaled):
    """The 16-bit integers of the file, and below what librosa reads: over 2^15, at 8 kHz."""
    axes = plt.subplots(2, 1, figsize=(9, 3.8), sharex=True)[1]
    plot_waveform(raw, raw_rate, ylabel="16-bit integer", ax=axes[0])
    plot_waveform(scaled, SAMPLE_RATE, ylabel="amplitude, -1 to 1", ax=axes[1])
    axes[0].set_title(f"file, {raw_rate / 1000:g} kHz")
    axes[0].set_xlabel("")
    axes[1].set_title("librosa, 8 kHz")
    return axes


def plot_denoised(original, clean):
    """Original and denoised waveform: overlaid above, each alone below."""
    axes = plt.subplots(3, 1, figsize=(9, 5), sharex=True, sharey=True)[1]
    waveforms = {"original": (original, ORANGE), "denoised": (clean, BLUE)}
    for ax, names in zip(axes, (waveforms, ["original"], ["denoised"]), strict=True):
        for name in names:
            samples, colour = waveforms[name]
            plot_waveform(samples, SAMPLE_RATE, colour=colour, label=name, ax=ax)
        ax.set(xlabel="", ylabel="amplitude")
        for line in ax.legend(loc="upper right", fontsize="small").get_lines():
            line.set_linewidth(3)
    axes[-1].set_xlabel("time (s)")
    return axes


def plot_trimmed(samples, start, end):
    """A waveform with what trimming would cut, before sample `start` and from `end`, shaded."""
    ax = plot_waveform(samples, SAMPLE_RATE, ylabel="amplitude")
    style = {"color": ACCENT, "alpha": 0.25, "lw": 0}
    ax.axvspan(0, start / SAMPLE_RATE, label="trimmed away", **style)
    ax.axvspan(end / SAMPLE_RATE, len(samples) / SAMPLE_RATE, **style)
    ax.legend(loc="upper right", fontsize="small")
    return ax


def plot_onsets(samples, onsets, *, title="", ax=None):
    """A waveform with the onsets that are counted as words."""
    ax = plot_waveform(samples, SAMPLE_RATE, ylabel="amplitude", ax=ax)
    low, high = ax.get_ylim()
    ax.vlines(onsets, low, high, color=ACCENT, lw=0.8, label="onset")
    ax.set(ylim=(low, high), title=title)
    ax.legend(loc="upper right", fontsize="small")
    return ax


def plot_f0(samples, times, f0, *, title="", ax=None):
    """The fundamental frequency on the spectrogram, 0 to 1.5 kHz."""
    import librosa

    ax = marks.axes_of(ax, figsize=(9, 2.8))
    power = librosa.amplitude_to_db(np.abs(librosa.stft(samples, n_fft=512, hop_length=HOP)))
    units = {"sr": SAMPLE_RATE, "hop_length": HOP, "n_fft": 512, "x_axis": "s", "y_axis": "hz"}
    shades = {"cmap": "magma", "vmin": -70, "vmax": 0}
    mesh = librosa.display.specshow(power - power.max(), ax=ax, **units, **shades)
    mesh.set_rasterized(True)
    ax.grid(visible=False)
    ax.plot(times, f0, color=SKY, lw=2.5, label="f0")
    ax.set(ylim=(0, 1500), xlabel="time (s)", ylabel="frequency (Hz)", title=title)
    ax.legend(loc="upper right", fontsize="small", labelcolor="white", frameon=False)
    ax.figure.colorbar(mesh, ax=ax, format="%+d dB", pad=0.01)
    return ax


def plot_feature_distributions(features, clips):
    """The seven features by age group and gender, one panel each (train clips with voice)."""
    train = clips.loc[clips["split"] == "train", ["VideoName", "AgeGroup", "Gender"]]
    table = features.merge(train, on="VideoName").replace(ATTRIBUTES)
    groups, width = list(AGE_GROUPS.values()), 0.8 / len(GENDER_COLOURS)
    axes = plt.subplots(2, 4, figsize=(13, 5.6))[1].ravel()
    for ax, feature in zip(axes, FEATURES, strict=False):
        for number, (gender, colour) in enumerate(GENDER_COLOURS.items()):
            own = table[table["Gender"] == gender]
            values = [own.loc[own["AgeGroup"] == group, feature].dropna() for group in groups]
            places = np.arange(len(groups)) + (number - (len(GENDER_COLOURS) - 1) / 2) * width
            _boxes(ax, values, places, width, colour)
        ax.set_xticks(range(len(groups)), groups)
        ax.set(xlabel="", ylabel=UNITS[feature], title=feature.replace("_", " "))
        ax.tick_params(axis="x", rotation=60, labelsize="small")
    axes[-1].axis("off")
    handles = [Patch(color=colour, label=name) for name, colour in GENDER_COLOURS.items()]
    axes[-1].legend(handles=handles, title="gender (as perceived)", loc="center")
    axes[0].figure.supxlabel(AXIS_NAMES["AgeGroup"], fontsize="medium")
    return axes


def _boxes(ax, values, places, width, colour):
    line = {"linewidth": 0.8, "color": "0.25"}
    ax.boxplot(
        values,
        positions=places,
        widths=width,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": colour, "edgecolor": "0.25", "linewidth": 0.8},
        flierprops={"marker": "o", "markersize": 1, "markeredgecolor": "0.25"},
        medianprops=line,
        whiskerprops=line,
        capprops=line,
    )


def plot_strength(strength):
    """How many bits each feature tells of age group and of gender, as bars."""
    names = [name.replace("_", " ") for name in strength.index]
    axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)[1]
    for ax, label in zip(axes, ("age group", "gender"), strict=True):
        bars = ax.barh(names, strength[f"mutual information, {label} (bits)"], color=BLUE)
        ax.bar_label(bars, fmt="%.2f", padding=3, fontsize="small")
        ax.set(xlabel="mutual information (bits)", title=label)
        ax.margins(x=0.15)
        ax.grid(axis="y", visible=False)
    axes[0].invert_yaxis()
    return axes
