"""The seven acoustic features of a waveform, and how a network is fed with them (task e)."""

import warnings

import numpy as np

from mmage_utils.errors import UsageError
from mmage_utils.recordings import SAMPLE_RATE, read_recording

HOP = 128  # samples between onset frames, 16 ms
FEATURES = ("words_per_second", "tempo", "f0_mean", "f0_median", "f0_std", "f0_p5", "f0_p95")
UNITS = dict(zip(FEATURES, ("words/s", "bpm", *["Hz"] * 5), strict=True))
RECIPES = ("fast", "published")
PYIN = {"fmin": 10, "fmax": 450, "frame_length": 4096}  # the report's second setting
SILENCE = 2.0**-14  # of full scale, two steps of 16 bits: dither is no voice


def load_voice(path):
    """Samples of a recording as mono at 8 kHz, as `recordings.read_recording` gives them."""
    return read_recording(path)[0]


def denoise(samples):
    """Reduce background noise by non-stationary spectral gating (noisereduce, as the report)."""
    import noisereduce

    with warnings.catch_warnings():
        # Digital silence divides nothing by nothing; `acoustic_features` answers NaN for it.
        warnings.simplefilter("ignore", RuntimeWarning)
        return noisereduce.reduce_noise(y=samples, sr=SAMPLE_RATE, stationary=False)


def find_onsets(samples):
    """Times of sound onsets in s, which the report counts as words."""
    import librosa

    return librosa.onset.onset_detect(y=samples, sr=SAMPLE_RATE, hop_length=HOP, units="time")


def track_f0(samples, *, recipe="fast"):
    """Fundamental frequency over time.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz.
    recipe : str
        ``fast``: `fast_voice.fast_f0`. ``published``: librosa's probabilistic YIN, 10-450 Hz,
        frame 4096, the report's second setting.

    Returns
    -------
    times : numpy.ndarray, shape (frames,)
        In s.
    f0 : numpy.ndarray, shape (frames,)
        In Hz, NaN where unvoiced.

    Raises
    ------
    UsageError
        For another recipe.
    """
    check_recipe(recipe)
    if recipe == "fast":
        from mmage_utils.fast_voice import fast_f0

        return fast_f0(samples)
    import librosa

    f0, _, _ = librosa.pyin(samples, sr=SAMPLE_RATE, **PYIN)
    return librosa.times_like(f0, sr=SAMPLE_RATE, hop_length=PYIN["frame_length"] // 4), f0


def summarise_f0(f0):
    """Mean, median, standard deviation, 5th and 95th percentile in Hz over voiced frames.

    NaN for a clip without voice: never zeros, which would look like a very deep voice.
    """
    voiced = f0[~np.isnan(f0)]
    if len(voiced) == 0:
        return dict.fromkeys(FEATURES[2:], np.nan)
    values = (voiced.mean(), np.median(voiced), voiced.std(), *np.percentile(voiced, [5, 95]))
    return dict(zip(FEATURES[2:], map(float, values), strict=True))


def acoustic_features(samples, *, recipe="fast"):
    """The report's seven features of one clip, and the fraction of voiced frames.

    Silence has no features: all seven are NaN and the voiced fraction is 0. The report put seven
    zeros there, which a network takes for a very deep voice that says nothing; neither recipe
    does.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz, as `load_voice` gives it; denoised here.
    recipe : str
        ``fast``: `fast_voice.fast_features`. ``published``: the report's chain of noisereduce,
        librosa's onsets and tempo (hop 128, start 10 bpm), and pyin (`track_f0`).

    Returns
    -------
    dict
        `FEATURES` (units in `UNITS`) and voiced_fraction, which is kept out of the seven.

    Raises
    ------
    UsageError
        For another recipe.
    """
    check_recipe(recipe)
    if len(samples) == 0 or np.ptp(samples) <= SILENCE:
        return dict.fromkeys(FEATURES, np.nan) | {"voiced_fraction": 0.0}
    if recipe == "fast":
        from mmage_utils.fast_voice import fast_features

        return fast_features(samples)
    clean = denoise(samples)
    _, f0 = track_f0(clean, recipe=recipe)
    voiced = {"voiced_fraction": float(np.mean(~np.isnan(f0)))}
    return _rhythm(clean) | summarise_f0(f0) | voiced


def _rhythm(clean):
    """Words per second and tempo of denoised samples, from one onset envelope of librosa."""
    import librosa

    frames = {"sr": SAMPLE_RATE, "hop_length": HOP}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a clip of 0.2 s is shorter than a frame
        envelope = librosa.onset.onset_strength(y=clean, **frames)
    onsets = librosa.onset.onset_detect(onset_envelope=envelope, **frames)
    tempo = librosa.feature.tempo(onset_envelope=envelope, start_bpm=10, **frames)
    rate = len(onsets) / (len(clean) / SAMPLE_RATE)
    return {"words_per_second": rate, "tempo": float(tempo[0])}


def check_recipe(recipe):
    """Raise UsageError for a recipe that there is not."""
    if recipe not in RECIPES:
        raise UsageError(f"There is no recipe {recipe!r}: use {' or '.join(RECIPES)}.")


def standardise(features, train):
    """Scale features to mean 0 and standard deviation 1 on the train rows; NaN becomes 0.

    Parameters
    ----------
    features : pandas.DataFrame
        `extraction.extract_features`.
    train : array-like of bool
        Which rows the mean and the standard deviation are taken from.

    Returns
    -------
    numpy.ndarray, shape (n, 7)
    """
    return _scale(features[list(FEATURES)].to_numpy(float), train)


def corrected_inputs(features, train):
    """Features as a network should get them: f0 as the ear hears it, and a flag for no voice.

    Mean, median and percentiles of f0 are taken in semitones above 100 Hz; the standard deviation
    s becomes 12 log2(1 + s / mean), the semitones from the mean to one s above it, as a spread in
    Hz grows with the height of the voice. Then all seven are standardised as by `standardise`;
    the flag, which stays as it is, tells a clip without f0 from one at the mean.

    Parameters
    ----------
    features : pandas.DataFrame
        `extraction.extract_features`.
    train : array-like of bool
        Which rows the mean and the standard deviation are taken from.

    Returns
    -------
    numpy.ndarray, shape (n, 8)
        `FEATURES`, standardised, and 1 where there is no voice, 0 elsewhere.
    """
    table = features[list(FEATURES)].astype(float)
    unvoiced = table["f0_mean"].isna().to_numpy(float)
    table["f0_std"] = 12 * np.log2(1 + table["f0_std"] / table["f0_mean"])
    for name in ("f0_mean", "f0_median", "f0_p5", "f0_p95"):
        table[name] = 12 * np.log2(table[name] / 100)
    return np.column_stack([_scale(table.to_numpy(), train), unvoiced])


def _scale(values, train):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a number
        mean, std = np.nanmean(values[train], axis=0), np.nanstd(values[train], axis=0)
    return np.nan_to_num((values - mean) / np.where(std > 0, std, 1))
