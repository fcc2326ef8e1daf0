"""What the acoustic features of one clip cost, measured on this machine (task e)."""

import warnings
from time import perf_counter

from mmage_utils.data import recordings
from mmage_utils.features.voices import acoustic

# The report's first setting of pyin, and the range of speech that librosa is held against.
FIRST_PYIN = {"fmin": 10, "fmax": 4000, "frame_length": 1024}
SPEECH_PYIN = {"fmin": 65, "fmax": 450, "frame_length": 2048}


def speech_pyin(samples):
    """f0 by librosa's pyin over the range of speech, 65-450 Hz.

    Returns
    -------
    times, f0 : numpy.ndarray, shape (frames,)
        In s, and in Hz with NaN where unvoiced.
    """
    return _pyin(samples, SPEECH_PYIN)


def first_pyin(samples):
    """f0 by the report's first setting of pyin, which is nearly all of that setting's cost."""
    return _pyin(samples, FIRST_PYIN)


def _pyin(samples, settings):
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # 1024 samples hold few periods of 10 Hz
        f0, _, _ = librosa.pyin(samples, sr=recordings.SAMPLE_RATE, **settings)
    hop = settings["frame_length"] // 4
    return librosa.times_like(f0, sr=recordings.SAMPLE_RATE, hop_length=hop), f0


def measure_cost(samples, *, passes=3):
    """Seconds that the features of one clip take by each way, after a first call to warm up.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz.
    passes : int
        The fastest pass counts; the first setting, which takes long, is timed once.

    Returns
    -------
    dict of str to float
        first setting (pyin alone), published, fast; in s.
    """
    ways = {
        "first setting": lambda: first_pyin(samples),
        "published": lambda: acoustic.acoustic_features(samples, recipe="published"),
        "fast": lambda: acoustic.acoustic_features(samples, recipe="fast"),
    }
    seconds = {}
    for name, run in ways.items():
        if name == "first setting":
            first_pyin(samples[: recordings.SAMPLE_RATE])
        else:
            run()
        taken = []
        for _ in range(1 if name == "first setting" else passes):
            clock = perf_counter()
            run()
            taken.append(perf_counter() - clock)
        seconds[name] = min(taken)
    return seconds
