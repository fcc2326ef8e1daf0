"""The seven acoustic features: their names, units, and the statistics of f0 (task e)."""

import numpy as np

HOP = 128  # samples between onset frames, 16 ms
FEATURES = ("words_per_second", "tempo", "f0_mean", "f0_median", "f0_std", "f0_p5", "f0_p95")
UNITS = dict(zip(FEATURES, ("words/s", "bpm", *["Hz"] * 5), strict=True))


def summarise_f0(f0):
    """Mean, median, standard deviation, 5th and 95th percentile in Hz over voiced frames.

    NaN for a clip without voice: never zeros, which would look like a very deep voice.
    """
    voiced = f0[~np.isnan(f0)]
    if len(voiced) == 0:
        return dict.fromkeys(FEATURES[2:], np.nan)
    values = (voiced.mean(), np.median(voiced), voiced.std(), *np.percentile(voiced, [5, 95]))
    return dict(zip(FEATURES[2:], map(float, values), strict=True))
