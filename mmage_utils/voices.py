"""The seven acoustic features of a waveform, computed once and cached (task e)."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from mmage_utils.errors import DataError
from mmage_utils.runs import CACHE, code_key, whole

SAMPLE_RATE = 8000  # Hz
HOP = 128  # samples between onset frames, 16 ms
FEATURES = ("words_per_second", "tempo", "f0_mean", "f0_median", "f0_std", "f0_p5", "f0_p95")
UNITS = dict(zip(FEATURES, ("words/s", "bpm", *["Hz"] * 5), strict=True))
PYIN = {"fmin": 10, "fmax": 450, "frame_length": 4096}  # the report's second setting
PITCH_RANGE = (65, 450)  # Hz, of speech


def load_voice(path):
    """Read a recording as mono at 8 kHz.

    Returns
    -------
    numpy.ndarray of float32, shape (n samples,)
        In -1..1.

    Raises
    ------
    DataError
        When the file cannot be read as audio; the message names it.
    """
    import librosa
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"The recording {path} cannot be read as audio: {error}") from None
    return librosa.resample(samples.mean(1), orig_sr=rate, target_sr=SAMPLE_RATE)


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


def track_f0(samples, *, method="praat"):
    """Fundamental frequency over time.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz.
    method : str
        ``praat``: Praat's autocorrelation, 65-450 Hz, through praat-parselmouth (GPL-3).
        ``pyin``: librosa's probabilistic YIN, 10-450 Hz, frame 4096, as the report.

    Returns
    -------
    times : numpy.ndarray, shape (frames,)
        In s.
    f0 : numpy.ndarray, shape (frames,)
        In Hz, NaN where unvoiced.
    """
    if method == "pyin":
        import librosa

        f0, _, _ = librosa.pyin(samples, sr=SAMPLE_RATE, **PYIN)
        return librosa.times_like(f0, sr=SAMPLE_RATE, hop_length=PYIN["frame_length"] // 4), f0
    import parselmouth

    sound = parselmouth.Sound(samples.astype(float), SAMPLE_RATE)
    pitch = sound.to_pitch_ac(pitch_floor=PITCH_RANGE[0], pitch_ceiling=PITCH_RANGE[1])
    f0 = pitch.selected_array["frequency"]
    return pitch.xs(), np.where(f0 > 0, f0, np.nan)


def summarise_f0(f0):
    """Mean, median, standard deviation, 5th and 95th percentile in Hz over voiced frames.

    NaN for a clip without voice: never zeros, which would look like a very deep voice.
    """
    voiced = f0[~np.isnan(f0)]
    if len(voiced) == 0:
        return dict.fromkeys(FEATURES[2:], np.nan)
    values = (voiced.mean(), np.median(voiced), voiced.std(), *np.percentile(voiced, [5, 95]))
    return dict(zip(FEATURES[2:], map(float, values), strict=True))


def acoustic_features(samples, *, method="praat"):
    """The report's seven features of one clip, and the fraction of voiced frames.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz, as `load_voice` gives it; denoised here.
    method : str
        As `track_f0`.

    Returns
    -------
    dict
        `FEATURES` (units in `UNITS`) and voiced_fraction, which is kept out of the seven.
    """
    import librosa

    if not np.any(samples):
        return dict.fromkeys(FEATURES, np.nan) | {"voiced_fraction": 0.0}
    clean = denoise(samples)
    envelope = librosa.onset.onset_strength(y=clean, sr=SAMPLE_RATE, hop_length=HOP)
    onsets = librosa.onset.onset_detect(onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP)
    tempo = librosa.feature.tempo(
        onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP, start_bpm=10
    )
    _, f0 = track_f0(clean, method=method)
    return {
        "words_per_second": len(onsets) / (len(samples) / SAMPLE_RATE),
        "tempo": float(tempo[0]),
        **summarise_f0(f0),
        "voiced_fraction": float(np.mean(~np.isnan(f0))),
    }


def extract_features(clips, *, method="praat", cache=CACHE, n_jobs=-1):
    """Acoustic features of all clips, each computed once and kept in the cache.

    Parameters
    ----------
    clips : pandas.DataFrame
        Clips that all have audio.
    method : str
        As `track_f0`.
    cache : pathlib.Path
        Folder of ``voices_<method>_<code>.parquet``, keyed by the bytes of the recordings.
    n_jobs : int
        Processes, as in joblib.

    Returns
    -------
    pandas.DataFrame
        VideoName, `FEATURES`, voiced_fraction; in the order of `clips`.
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    path = cache / f"voices_{method}_{code_key('voices')}.parquet"
    known = pd.read_parquet(path) if path.is_file() else pd.DataFrame({"key": []})
    keys = [_file_key(audio) for audio in clips["audio"]]
    paths = dict(zip(keys, clips["audio"], strict=True))
    missing = sorted(set(keys) - set(known["key"]))
    if missing:
        jobs = (delayed(_features_of)(paths[key], method) for key in missing)
        rows = list(
            tqdm(
                Parallel(n_jobs=n_jobs, batch_size=8, return_as="generator")(jobs),
                total=len(missing),
                desc="Acoustic features",
                unit="clip",
            )
        )
        new = pd.DataFrame(rows).assign(key=missing)
        known = new if known.empty else pd.concat([known, new], ignore_index=True)
        with whole(path) as temporary:
            known.to_parquet(temporary, index=False)
    table = known.set_index("key").loc[keys].reset_index(drop=True)
    table.insert(0, "VideoName", clips["VideoName"].to_numpy())
    return table


def _file_key(path):
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()


def _features_of(path, method):
    return acoustic_features(load_voice(path), method=method)


def standardise(features, train):
    """Scale features to mean 0 and standard deviation 1 on the train rows; NaN becomes 0.

    Parameters
    ----------
    features : pandas.DataFrame
        `extract_features`.
    train : array-like of bool
        Which rows the mean and the standard deviation are taken from.

    Returns
    -------
    numpy.ndarray, shape (n, 7)
    """
    values = features[list(FEATURES)].to_numpy(float)
    mean, std = np.nanmean(values[train], axis=0), np.nanstd(values[train], axis=0)
    return np.nan_to_num((values - mean) / np.where(std > 0, std, 1))
