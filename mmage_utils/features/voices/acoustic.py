"""The seven acoustic features of a waveform (task e)."""

import warnings

import numpy as np

from mmage_utils.data.recordings import SAMPLE_RATE, read_recording
from mmage_utils.errors import UsageError
from mmage_utils.features.voices.definition import FEATURES, HOP, summarise_f0

RECIPES = ("fast", "published")
PYIN = {"fmin": 10, "fmax": 450, "frame_length": 4096}  # the report's second setting
SILENCE = 2.0**-14  # of full scale, two steps of 16 bits: dither is not a voice


def load_voice(path):
    """Samples of a recording as mono at 8 kHz; see `recordings.read_recording`."""
    return read_recording(path)[0]


def denoise(samples):
    """Reduce background noise by non-stationary spectral gating (noisereduce, as the report)."""
    import noisereduce

    with warnings.catch_warnings():
        # Digital silence divides 0 by 0; `acoustic_features` gives NaN for it.
        warnings.simplefilter("ignore", RuntimeWarning)
        return noisereduce.reduce_noise(y=samples, sr=SAMPLE_RATE, stationary=False)


def find_onsets(samples):
    """Times in s of the sound onsets, which the report counts as words, by librosa."""
    import librosa

    return librosa.onset.onset_detect(y=samples, sr=SAMPLE_RATE, hop_length=HOP, units="time")


def track_f0(samples, *, recipe="fast"):
    """Fundamental frequency over time.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz.
    recipe : str
        ``fast``: `fast.fast_f0`. ``published``: `pyin`.

    Returns
    -------
    times, f0 : numpy.ndarray, shape (frames,)
        In s; in Hz, NaN where unvoiced.

    Raises
    ------
    UsageError
        For an unknown recipe.
    """
    check_recipe(recipe)
    if recipe == "fast":
        from mmage_utils.features.voices.fast import fast_f0

        return fast_f0(samples)
    return pyin(samples, PYIN)


def pyin(samples, settings):
    """Times in s and f0 in Hz, NaN where unvoiced, by librosa's pyin with the settings given."""
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # 1024 samples hold few periods of 10 Hz
        f0, _, _ = librosa.pyin(samples, sr=SAMPLE_RATE, **settings)
    return librosa.times_like(f0, sr=SAMPLE_RATE, hop_length=settings["frame_length"] // 4), f0


def acoustic_features(samples, *, recipe="fast"):
    """The report's seven features of one clip, and the fraction of voiced frames.

    Silence has no features: all seven are NaN and the voiced fraction is 0. The report put seven
    zeros there, which a network takes for a very deep voice that says nothing.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz, not denoised.
    recipe : str
        ``fast``: `fast.fast_features`. ``published``: the report's chain of noisereduce,
        librosa's onsets and tempo (hop 128, start 10 bpm), and `pyin`.

    Returns
    -------
    dict
        `FEATURES` (units in `UNITS`) and voiced_fraction, which is kept out of the seven.

    Raises
    ------
    UsageError
        For an unknown recipe.
    """
    check_recipe(recipe)
    if len(samples) == 0 or np.ptp(samples) <= SILENCE:
        return dict.fromkeys(FEATURES, np.nan) | {"voiced_fraction": 0.0}
    if recipe == "fast":
        from mmage_utils.features.voices.fast import fast_features

        return fast_features(samples)
    clean = denoise(samples)
    _, f0 = pyin(clean, PYIN)
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
    """Raise UsageError for an unknown recipe."""
    if recipe not in RECIPES:
        raise UsageError(f"Unknown recipe {recipe!r}: use {' or '.join(RECIPES)}.")
