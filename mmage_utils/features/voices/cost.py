"""What the acoustic features of one clip cost, measured on this machine (task e)."""

from functools import partial
from time import process_time
from timeit import repeat

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.features.voices.acoustic import acoustic_features, pyin

# The report's first setting of pyin, and the range of speech that librosa is held against.
FIRST_PYIN = {"fmin": 10, "fmax": 4000, "frame_length": 1024}
EXCERPT = 2  # s
SPEECH_PYIN = {"fmin": 65, "fmax": 450, "frame_length": 2048}


def speech_pyin(samples):
    """f0 by librosa's pyin over the range of speech, 65-450 Hz; returns as `acoustic.pyin`."""
    return pyin(samples, SPEECH_PYIN)


def first_pyin(samples):
    """f0 by the report's first setting of pyin, which is nearly all of that setting's cost."""
    return pyin(samples, FIRST_PYIN)


def measure_cost(samples, *, passes=3):
    """Processor time that the features of one clip take by each way, after 1 s to warm up.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz.
    passes : int
        The fastest pass counts. The first setting, which takes long, is timed once and on the
        first `EXCERPT` seconds; its cost is that of its frames, so it is scaled to the clip.

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
        long = name == "first setting"
        timed = samples[: EXCERPT * SAMPLE_RATE] if long else samples
        how = {"number": 1, "repeat": 1 if long else passes, "timer": process_time}
        best = min(repeat(partial(run, timed), **how))
        seconds[name] = best * len(samples) / len(timed)
    return seconds
