"""What the acoustic features of one clip cost, measured on this machine (task e)."""

from functools import partial
from timeit import repeat

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.features.voices.acoustic import acoustic_features, pyin

# The report's first setting of pyin, and the range of speech that librosa is held against.
FIRST_PYIN = {"fmin": 10, "fmax": 4000, "frame_length": 1024}
SPEECH_PYIN = {"fmin": 65, "fmax": 450, "frame_length": 2048}


def speech_pyin(samples):
    """f0 by librosa's pyin over the range of speech, 65-450 Hz; returns as `acoustic.pyin`."""
    return pyin(samples, SPEECH_PYIN)


def first_pyin(samples):
    """f0 by the report's first setting of pyin, which is nearly all of that setting's cost."""
    return pyin(samples, FIRST_PYIN)


def measure_cost(samples, *, passes=3):
    """Seconds that the features of one clip take by each way, after a call on 1 s to warm up.

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
        "first setting": first_pyin,
        "published": partial(acoustic_features, recipe="published"),
        "fast": partial(acoustic_features, recipe="fast"),
    }
    seconds = {}
    for name, run in ways.items():
        run(samples[:SAMPLE_RATE])
        n = 1 if name == "first setting" else passes
        seconds[name] = min(repeat(partial(run, samples), number=1, repeat=n))
    return seconds
