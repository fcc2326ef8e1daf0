"""How a network is fed with the acoustic features (task g)."""

import warnings

import numpy as np

from mmage_utils.features.voices.definition import FEATURES


def published_inputs(features):
    """Features as the report fed them: raw Hz, and seven zeros for silence, shape (n, 7)."""
    return np.nan_to_num(features[list(FEATURES)].to_numpy(float))


def corrected_inputs(features, train):
    """Features as a network should get them: f0 as the ear hears it, and a flag for no voice.

    Mean, median and percentiles of f0 are taken in semitones above 100 Hz; the standard deviation
    s becomes 12 log2(1 + s / mean), the semitones from the mean to one s above it, as a spread in
    Hz grows with the height of the voice. Then all seven are scaled to mean 0 and standard
    deviation 1 on the train rows, with NaN as 0; the flag, which is not scaled, tells a clip
    without f0 from one at the mean.

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
    return scaled_inputs(features, *input_scale(features, train))


def input_scale(features, train):
    """Mean and standard deviation, shape (7,) each, by which `corrected_inputs` scales."""
    values = _heard(features)[train]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a number
        mean, std = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    return mean, np.where(std > 0, std, 1)


def scaled_inputs(features, mean, std):
    """`corrected_inputs` of any clips by the `input_scale` of others, shape (n, 8)."""
    unvoiced = features["f0_mean"].isna().to_numpy(float)
    return np.column_stack([np.nan_to_num((_heard(features) - mean) / std), unvoiced])


def _heard(features):
    """`FEATURES` with f0 in semitones, shape (n, 7)."""
    table = features[list(FEATURES)].astype(float)
    table["f0_std"] = 12 * np.log2(1 + table["f0_std"] / table["f0_mean"])
    for name in ("f0_mean", "f0_median", "f0_p5", "f0_p95"):
        table[name] = 12 * np.log2(table[name] / 100)
    return table.to_numpy()
