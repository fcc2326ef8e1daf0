"""Inner loops of the fast acoustic features, compiled by numba (task e).

The constants stand beside the loops because what is compiled is kept on disk until this file
changes.
"""

import math
from functools import cache

import numpy as np

# The noise gate.
GATE_AT = 2.0  # floors above the floor, where half of the amplitude passes
GATE_SLOPE = 10.0
GATE_WIDTH = 12  # bins to each side over which the gate is smoothed, 190 Hz

# Onsets, in frames of 16 ms. The values were chosen on train clips of the synthetic sample.
APART = 6  # that two onsets are apart
AROUND = 4  # before and, less one, after, of which an onset is the strongest
NEIGHBOURS = 6  # to each side, whose mean it exceeds
EXCESS = 0.07  # of the strongest onset, by this

# Pitch. Tuned on synthetic clips of other seeds than those reported.
CANDIDATES = 8  # of a frame, the unvoiced one among them
OCTAVE_COST = 0.04  # an octave down, for the many lags that fit a short period
JUMP_COST = 0.5  # an octave between two frames
SWITCH_COST = 0.14  # between voiced and unvoiced


@cache
def compiled(name):
    """The loop of that name (gate, pick or track), compiled at its first call.

    Importing numba and compiling take seconds; later processes read the result from disk.
    """
    from numba import njit

    loop = {"gate": gate, "pick": pick, "track": track}[name]
    try:
        return njit(cache=True)(loop)
    except RuntimeError:  # no folder to keep it in
        return njit(loop)


def gate(amplitude, follow, band_of_bin, n_bands):
    """Power that passes a noise gate, after noisereduce's for noise that is not stationary.

    Takes amplitudes (frames, bins) and gives power (frames, n_bands), both float32. `follow` is
    the share of a new frame in the floor of the noise, which is smoothed forward and back.
    """
    frames, bins = amplitude.shape
    floor = amplitude.copy()
    for t in range(1, frames):
        for k in range(bins):
            floor[t, k] = floor[t - 1, k] + follow * (floor[t, k] - floor[t - 1, k])
    for t in range(frames - 2, -1, -1):
        for k in range(bins):
            floor[t, k] = floor[t + 1, k] + follow * (floor[t, k] - floor[t + 1, k])
    share = np.empty((frames, bins), np.float32)
    total = np.empty(bins + 1, np.float32)
    opened = np.empty(bins, np.float32)
    for t in range(frames):
        for k in range(bins):
            above = amplitude[t, k] / (floor[t, k] + np.float32(1e-9)) - np.float32(1 + GATE_AT)
            steep = min(max(-GATE_SLOPE * above, np.float32(-40)), np.float32(40))
            opened[k] = 1 / (1 + np.exp(steep))
        total[0] = 0
        for k in range(bins):
            total[k + 1] = total[k] + opened[k]
        for k in range(bins):
            low, high = max(k - GATE_WIDTH, 0), min(k + GATE_WIDTH + 1, bins)
            share[t, k] = (total[high] - total[low]) / (2 * GATE_WIDTH + 1)
    bands = np.zeros((frames, n_bands), np.float32)
    for t in range(frames):
        before, after = max(t - 1, 0), min(t + 1, frames - 1)
        for k in range(bins):
            mean = (share[before, k] + share[t, k] + share[after, k]) / 3
            bands[t, band_of_bin[k]] += (amplitude[t, k] * mean) ** 2
    return bands


def pick(envelope):
    """Mark the onsets of an envelope, (frames,) in 0..1: strongest about, above the mean, apart."""
    n = len(envelope)
    onset = np.zeros(n, np.bool_)
    t = 0
    while t < n:
        strongest = envelope[max(t - AROUND, 0) : t + AROUND].max()
        mean = envelope[max(t - NEIGHBOURS, 0) : t + NEIGHBOURS + 1].mean()
        onset[t] = envelope[t] == strongest and envelope[t] >= mean + EXCESS
        t += APART + 1 if onset[t] else 1
    return onset


def track(lags, unvoiced, first, last):
    """Follow the best path through the peaks of the autocorrelation.

    Takes the autocorrelation of each frame (frames, last + 2 or more), which is 1 where a frame
    repeats itself perfectly; how periodic each must be to count as voiced (frames,); and the
    shortest and longest lag tried. Gives the lag of the period (frames,), 0 where unvoiced.
    """
    n = len(lags)
    strength = np.full((n, CANDIDATES), -1e9)  # of each candidate; the first is unvoiced
    period = np.zeros((n, CANDIDATES))  # log2 of the lag
    for t in range(n):
        strength[t, 0] = unvoiced[t]
        weakest = 1
        for i in range(first, last + 1):
            left, peak, right = lags[t, i - 1], lags[t, i], lags[t, i + 1]
            if peak < 0.1 or peak <= left or peak < right:
                continue
            shift = 0.5 * (left - right) / (left - 2 * peak + right)
            height = peak - 0.25 * (left - right) * shift
            if height > 1:  # beyond what can be, where the window's ends are blown up
                height = 1 / height
            height -= OCTAVE_COST * math.log2((i + shift) / first)
            if height > strength[t, weakest]:
                strength[t, weakest] = height
                period[t, weakest] = math.log2(i + shift)
                weakest = 1 + np.argmin(strength[t, 1:])
    score = strength[0].copy()
    came_from = np.zeros((n, CANDIDATES), np.int64)
    for t in range(1, n):
        reached = np.empty(CANDIDATES)
        for k in range(CANDIDATES):
            best = -1e30
            for j in range(CANDIDATES):
                if j == 0 or k == 0:
                    cost = 0.0 if j == k else SWITCH_COST
                else:
                    cost = JUMP_COST * abs(period[t, k] - period[t - 1, j])
                if score[j] - cost > best:
                    best = score[j] - cost
                    came_from[t, k] = j
            reached[k] = best + strength[t, k]
        score = reached
    path = np.zeros(n)
    k = np.argmax(score)
    for t in range(n - 1, -1, -1):
        if k > 0:
            path[t] = 2 ** period[t, k]
        k = came_from[t, k]
    return path
