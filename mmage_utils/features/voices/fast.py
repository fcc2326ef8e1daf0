"""The seven acoustic features of a waveform from one short-time Fourier transform (task e).

All features of `acoustic.acoustic_features` are read from one transform of the clip, with windows
of 50 ms every 16 ms: what stands out of the noise gives the onsets and their tempo, and the power
spectrum, transformed back, is the autocorrelation that gives f0. The inner loops are in
`numba_loops`.
"""

import math
from functools import cache

import numpy as np

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.features.voices.definition import FEATURES, HOP, summarise_f0
from mmage_utils.features.voices.numba_loops import compiled

PITCH_RANGE = (65, 450)  # Hz, of speech

WINDOW = 400  # samples, 50 ms: more than three periods of the lowest voice
N_FFT = 512  # lags up to 8000 / 65 stay clear of what the circular transform folds back

SILENT = 1e-12  # between the lowest and the highest sample: no recording is that quiet
NOISE_SECONDS = 2.0  # over which the floor of a frequency follows its amplitude

BANDS = 40  # of about the width of the ear's
DYNAMIC_RANGE = 80  # dB below the loudest
RISE = 2  # frames over which loudness rises

START_BPM = 10
TEMPO_SECONDS = 8.0
TEMPO_STEP = 8  # frames; one frame, as librosa has it, costs eight times as much for the same
MAX_BPM = 320

# Pitch, after Boersma (1993). Tuned on synthetic clips of other seeds than those reported.
FINER = 2  # lags a sample, so that the parabola fits the peaks of high voices
RUMBLE = 2  # bins from 0 Hz that are left out, below 30 Hz
VOICED_FROM = 0.4  # of perfect periodicity
SILENCE = 0.03  # of the loudest frame's amplitude


def fast_features(samples):
    """The report's seven features of one clip, and the fraction of voiced frames, fast.

    Onsets and tempo are measured behind a noise gate, as in the published recipe. f0 is not: the
    gate takes weak voice for noise, and autocorrelation needs no gate (the benchmark shows both).

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        Mono at 8 kHz; neither gain nor offset matters.

    Returns
    -------
    dict
        `FEATURES` (units in `definition.UNITS`) and voiced_fraction, 0..1; NaN and 0 for silence
        and for a clip without samples.

    Raises
    ------
    ValueError
        When the samples are not one row of finite numbers.
    """
    samples = level(samples)
    if samples is None:
        return dict.fromkeys(FEATURES, np.nan) | {"voiced_fraction": 0.0}
    power = power_spectra(samples)
    envelope = onset_envelope(gate_noise(power))
    f0 = pitch_of_spectra(power)
    return {
        "words_per_second": len(pick_onsets(envelope)) / (len(samples) / SAMPLE_RATE),
        "tempo": estimate_tempo(envelope),
        **summarise_f0(f0),
        "voiced_fraction": float(np.mean(~np.isnan(f0))),
    }


def fast_f0(samples):
    """Fundamental frequency over time, 65-450 Hz, without denoising.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        Mono at 8 kHz.

    Returns
    -------
    times, f0 : numpy.ndarray, shape (frames,)
        Middles of the frames in s, every 16 ms; Hz, NaN where unvoiced.

    Raises
    ------
    ValueError
        As `fast_features`.
    """
    n_frames = 1 + len(samples) // HOP if len(samples) else 0
    times = np.arange(n_frames) * (HOP / SAMPLE_RATE)
    samples = level(samples)
    if samples is None:
        return times, np.full(len(times), np.nan)
    return times, pitch_of_spectra(power_spectra(samples))


def level(samples):
    """Take off the offset and scale to unit power as float32; None for silence."""
    samples = np.asarray(samples, float)
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("samples must be one row of finite numbers")
    if len(samples) == 0 or np.ptp(samples) < SILENT:
        return None
    samples = samples - samples.mean()
    return (samples / samples.std()).astype(np.float32)


def power_spectra(samples):
    """Power spectra of Hann windows about every `HOP`-th sample, shape (frames, 257), float32."""
    from scipy import fft

    padded = np.pad(samples, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectra = fft.rfft(frames * _window(), N_FFT, overwrite_x=True)
    return spectra.real**2 + spectra.imag**2


@cache
def _window():
    window = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)
    window.flags.writeable = False
    return window


def gate_noise(power):
    """Power in bands of hearing that stands out of the noise, from `power_spectra`.

    Returns
    -------
    numpy.ndarray of float32, shape (frames, 40)
    """
    frames = NOISE_SECONDS * SAMPLE_RATE / HOP
    # The one-pole filter that is as slow as asked for, run forward and back.
    follow = (math.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    return compiled("gate")(np.sqrt(power), np.float32(follow), _band_of_bin(), BANDS)


def onset_envelope(bands):
    """How much louder the bands become from frame to frame, in dB, falls as 0; shape (frames,)."""
    level = 10 * np.log10(np.maximum(bands, bands.max() * 10 ** (-DYNAMIC_RANGE / 10) + 1e-20))
    rise = np.zeros(len(level))
    rise[RISE:] = np.maximum(level[RISE:] - level[:-RISE], 0).mean(1)
    return rise


@cache
def _band_of_bin():
    """Number of the band each bin belongs to, with equal steps in mel."""
    mel = np.log1p(np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT / 700)
    return np.minimum(mel / mel[-1] * BANDS, BANDS - 1).astype(np.int64)


def pick_onsets(envelope):
    """Frames of the sound onsets, which the report counts as words, shape (onsets,)."""
    span = np.ptp(envelope)
    if span == 0:
        return np.zeros(0, int)
    return np.flatnonzero(compiled("pick")((envelope - envelope.min()) / span))


def estimate_tempo(envelope):
    """Tempo in bpm as librosa estimates it, near `START_BPM`; NaN where nothing begins.

    Autocorrelation of the envelope over windows of 8 s, averaged, times a log-normal prior one
    octave wide (Ellis 2007).
    """
    from scipy import fft

    if not envelope.any():
        return math.nan
    size = int(TEMPO_SECONDS * SAMPLE_RATE / HOP)
    padded = np.pad(envelope.astype(np.float32), size // 2, mode="linear_ramp")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: len(envelope) : TEMPO_STEP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size, dtype=np.float32) / size)
    spectra = fft.rfft(frames * window, fft.next_fast_len(2 * size, real=True))
    periodic = fft.irfft(spectra.real**2 + spectra.imag**2)[:, :size]
    periodic = (periodic / np.maximum(periodic[:, :1], 1e-20)).mean(0)[1:]
    bpm = 60 * SAMPLE_RATE / HOP / np.arange(1, size)
    score = np.log1p(1e6 * np.maximum(periodic, 0)) - 0.5 * np.log2(bpm / START_BPM) ** 2
    return float(bpm[np.argmax(np.where(bpm < MAX_BPM, score, -np.inf))])


def pitch_of_spectra(power):
    """f0 in Hz of each frame of `power_spectra`, shape (frames,); NaN where unvoiced."""
    from scipy import fft

    power = power.copy()
    power[:, :RUMBLE] = 0
    shape, first, last = _lag_window()
    # Padding the spectrum with zeros samples the autocorrelation between the samples.
    lags = fft.irfft(power, FINER * N_FFT, overwrite_x=True)[:, : len(shape)]
    energy = lags[:, 0].copy()
    lags *= shape / np.maximum(energy, 1e-12 * energy.max() + 1e-30)[:, None]
    loudness = np.sqrt(energy / max(energy.max(), 1e-30)).astype(float)
    unvoiced = VOICED_FROM + np.maximum(0, 2 - loudness * (1 + VOICED_FROM) / SILENCE)
    lag = compiled("track")(lags, unvoiced, first, last)
    return FINER * SAMPLE_RATE / np.where(lag > 0, lag, np.nan)


@cache
def _lag_window():
    """Correction of the window's own autocorrelation, (lags,); the first and last lag tried."""
    from scipy import fft

    spectrum = np.abs(fft.rfft(_window().astype(float), 2 * N_FFT)) ** 2
    last = math.ceil(FINER * SAMPLE_RATE / PITCH_RANGE[0])
    own = fft.irfft(spectrum, 2 * N_FFT * FINER)[: last + 2]
    return (own[0] / own).astype(np.float32), FINER * SAMPLE_RATE // PITCH_RANGE[1], last
