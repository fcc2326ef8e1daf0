"""Errors of a pitch tracker against known fundamental frequencies (task e).

The usual errors of Rabiner et al. (1976): gross pitch errors among frames that are voiced in both,
and wrong decisions on voicing among all frames.
"""

import numpy as np
import pandas as pd

from mmage_utils.features.voices import acoustic

TOLERANCE = 0.2  # of the true f0: beyond it an error is gross
ABOVE = 400  # Hz: near the upper end of the ranges searched, which speech hardly reaches
COUNTS = ("frames", "both_voiced", "gross", "voicing", "octave")


def at_times(wanted, times, f0):
    """f0 of the tracker's frame nearest to each time wanted.

    Parameters
    ----------
    wanted : numpy.ndarray, shape (n,)
        In s.
    times, f0 : numpy.ndarray, shape (frames,)
        Of the tracker's frames: increasing, in s; in Hz, NaN where unvoiced.

    Returns
    -------
    numpy.ndarray, shape (n,)
        In Hz; of two frames equally near, the earlier one; all NaN when there is no frame.
    """
    wanted, times = np.asarray(wanted, float), np.asarray(times, float)
    if len(times) == 0:
        return np.full(len(wanted), np.nan)
    return np.asarray(f0, float)[np.searchsorted((times[1:] + times[:-1]) / 2, wanted)]


def count_errors(truth, estimate):
    """Count the errors of one clip.

    Parameters
    ----------
    truth, estimate : numpy.ndarray, shape (frames,)
        In Hz at the same times, NaN where unvoiced.

    Returns
    -------
    dict
        frames; both_voiced, those voiced in both; gross, of these off by more than 20%; voicing,
        frames voiced in one only; octave, gross errors within 20% of half or of double the truth.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    truth, estimate = np.asarray(truth, float), np.asarray(estimate, float)
    if truth.shape != estimate.shape:
        raise ValueError(f"shapes {truth.shape} and {estimate.shape} differ")
    voiced, heard = ~np.isnan(truth), ~np.isnan(estimate)
    ratio = estimate[voiced & heard] / truth[voiced & heard]
    gross = np.abs(ratio - 1) > TOLERANCE
    octave = gross & np.any([np.abs(ratio / k - 1) <= TOLERANCE for k in (0.5, 2)], axis=0)
    counts = (truth.size, ratio.size, gross.sum(), (voiced != heard).sum(), octave.sum())
    return dict(zip(COUNTS, map(int, counts), strict=True))


def sum_errors(counts):
    """Rates over all frames of many clips, from a list of `count_errors`.

    Returns
    -------
    dict
        clips, frames, gross_pitch_error, voicing_error and octave_error (shares; NaN where there
        is nothing to share), octave_errors (a count).
    """
    total = {name: sum(count[name] for count in counts) for name in COUNTS}
    both, frames = (total[name] or np.nan for name in ("both_voiced", "frames"))
    return {
        "clips": len(counts),
        "frames": total["frames"],
        "gross_pitch_error": total["gross"] / both,
        "voicing_error": total["voicing"] / frames,
        "octave_error": total["octave"] / both,
        "octave_errors": total["octave"],
    }


def accuracy_table(conditions, trackers, *, n_jobs=1):
    """Errors of pitch trackers on clips whose pitch is known.

    Parameters
    ----------
    conditions : dict of str to list of `known_pitch.KnownClip`
        Such as clean and noisy.
    trackers : dict of str to callable
        Each takes samples at 8 kHz, (n,), and returns times in s and f0 in Hz, NaN where
        unvoiced.
    n_jobs : int
        Processes, as in joblib.

    Returns
    -------
    pandas.DataFrame
        One row a condition and tracker: condition, tracker, and the columns of `sum_errors`.
    """
    from joblib import Parallel, delayed

    rows = []
    for condition, clips in conditions.items():
        for name, tracker in trackers.items():
            jobs = (delayed(_errors_of)(tracker, clip) for clip in clips)
            counts = Parallel(n_jobs=n_jobs)(jobs)
            rows.append({"condition": condition, "tracker": name} | sum_errors(counts))
    return pd.DataFrame(rows)


def _errors_of(tracker, clip):
    return count_errors(clip.f0, at_times(clip.times, *tracker(clip.samples)))


def shares_above(samples, limit=ABOVE):
    """Share of the voiced frames of a clip whose f0 is above a limit in Hz, by either recipe.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        8 kHz, not denoised; the published recipe denoises.
    limit : float
        Hz.

    Returns
    -------
    dict of str to float
        Recipe to share; NaN without a voiced frame.
    """
    if np.ptp(samples) <= acoustic.SILENCE:
        return dict.fromkeys(("published", "fast"), np.nan)
    tracks = {"published": acoustic.track_f0(acoustic.denoise(samples), recipe="published")[1]}
    tracks["fast"] = acoustic.track_f0(samples)[1]
    voiced = {recipe: f0[~np.isnan(f0)] for recipe, f0 in tracks.items()}
    return {
        recipe: float(np.mean(f0 > limit)) if len(f0) else np.nan for recipe, f0 in voiced.items()
    }
