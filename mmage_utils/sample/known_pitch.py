"""Speech-like sound whose fundamental frequency is known by construction (task e).

Source and filter after Fant: glottal pulses along a drawn pitch contour, the resonances of vowels,
unvoiced hiss, pauses and noise. It says nothing, but a pitch tracker can be held against its truth.
"""

from typing import NamedTuple

import numpy as np
from scipy import signal

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.sample.speech import DURATION

STEP = 0.01  # s between the frames of the truth
F0_LIMITS = (70, 430)  # Hz, of every contour

_OVERSAMPLING = 4  # glottal closure is a jump, with all frequencies: little of it folds back
_RATE = _OVERSAMPLING * SAMPLE_RATE
_BLOCK = _RATE // 200  # the resonances move in steps of 5 ms
_AUDIBLE = 0.1  # of full amplitude: below it glottal pulses count as unvoiced

# Mean f0 in Hz and length of the vocal tract against a man's, as ranges.
KINDS = {
    "male": ((80, 160), (0.95, 1.05)),
    "female": ((150, 270), (1.1, 1.22)),
    "child": ((220, 350), (1.25, 1.45)),
}

# Rounded textbook resonances of a man's vowels in Hz, first to third.
_VOWELS = np.array([
    [280, 2250, 2900], [400, 1950, 2550], [550, 1800, 2450], [700, 1650, 2400],
    [720, 1150, 2450], [580, 880, 2400], [450, 1050, 2250], [320, 900, 2250], [500, 1450, 2450],
])  # fmt: skip
_MURMUR = np.array([250, 1150, 2300])  # of m, n, l: voiced with the mouth nearly closed
_UPPER = np.array([3400, 4300])  # the resonances that all sounds share
_WIDTHS = np.array([70, 90, 130, 200, 280])  # Hz


class KnownClip(NamedTuple):
    """A clip and its truth."""

    samples: np.ndarray  # (n,) float32 at 8 kHz, peak 0.2 to 0.9
    times: np.ndarray  # (frames,) in s
    f0: np.ndarray  # (frames,) in Hz, NaN where unvoiced
    kind: str  # of `KINDS`
    snr: float  # dB, infinite for a clean clip


def _ramps(parts, length):
    """Join (start, end, level) into an amplitude over time, with soft edges of some 12 ms."""
    gate = np.zeros(length)
    for start, end, level in parts:
        gate[int(start * _RATE) : int(end * _RATE)] = level
    window = signal.windows.hann(int(0.024 * _RATE))
    return signal.oaconvolve(gate, window / window.sum(), mode="same").clip(0)


def _draw_phrases(rng, seconds):
    """Draw (start, end) of the phrases in s, with pauses before, between and after."""
    phrases, start = [], rng.uniform(0.05, 0.35)
    while start < seconds - 0.4:
        end = min(start + rng.uniform(0.6, 2.6), seconds - 0.05)
        phrases.append((start, end))
        start = end + rng.uniform(0.12, 0.8)
    return phrases


def _draw_sounds(rng, phrases):
    """Draw syllables: (start, end, level) of voiced and unvoiced parts, and resonances in time."""
    voiced, unvoiced, targets = [], [], []
    for now, stop in phrases:
        while now < stop - 0.1:
            kind = rng.choice(["hiss", "stop", "murmur", "none"], p=[0.3, 0.15, 0.3, 0.25])
            lead = 0 if kind == "none" else min(rng.uniform(0.04, 0.13), stop - now - 0.06)
            if kind == "hiss":
                unvoiced.append((now, now + lead, 10 ** rng.uniform(-1.3, -0.5)))
            elif kind == "stop":  # silent closure, then a burst
                burst = min(0.02, lead / 2)
                unvoiced.append((now + lead - burst, now + lead, 10 ** rng.uniform(-1, -0.4)))
            elif kind == "murmur":
                voiced.append((now, now + lead, rng.uniform(0.2, 0.5)))
                targets.append((now + lead / 2, _MURMUR))
            now += lead
            end = min(now + rng.uniform(0.06, 0.28), stop)
            voiced.append((now, end, rng.uniform(0.55, 1)))
            vowel = _VOWELS[rng.integers(len(_VOWELS))] * rng.uniform(0.95, 1.05, 3)
            targets.append((now + 0.3 * (end - now), vowel))
            glide = vowel + rng.uniform(0, 0.35) * (_VOWELS[rng.integers(len(_VOWELS))] - vowel)
            targets.append((now + 0.8 * (end - now), glide))
            now = end
    return voiced, unvoiced, targets


def _draw_contour(rng, mean_f0, phrases, times):
    """Draw f0 in Hz over `times`: declination, accents, a final fall or rise, slow wobble."""
    semitones = np.zeros_like(times)
    liveliness = rng.uniform(0.4, 1.5)
    for start, end in phrases:
        inside = (times >= start - 0.05) & (times <= end + 0.05)
        place = (times[inside] - start) / (end - start)
        line = -liveliness * rng.uniform(1, 5) * (place - 0.4) + rng.normal(0, 0.7)
        for _ in range(rng.poisson(1.6 * (end - start)) + 1):
            peak, width = rng.uniform(start, end), rng.uniform(0.06, 0.15)
            height = liveliness * rng.choice([1, -0.5], p=[0.8, 0.2]) * rng.uniform(1, 5)
            line += height * np.exp(-0.5 * ((times[inside] - peak) / width) ** 2)
        last = np.clip((times[inside] - end + 0.25) / 0.25, 0, 1) ** 2
        semitones[inside] = line + rng.choice([-3, 4], p=[0.75, 0.25]) * rng.uniform(0, 1) * last
    for rate in rng.uniform(1.5, 6, 3):  # no voice holds a tone quite still
        semitones += 0.12 * np.sin(2 * np.pi * (rate * times + rng.uniform()))
    return np.clip(mean_f0 * 2 ** (semitones / 12), *F0_LIMITS)


def _glottal_pulses(rng, f0):
    """Return the derivative of the glottal flow along `f0`, (n,), and the open phase, (n,).

    Rosenberg's pulse (1971) as Klatt and Klatt (1990) write it: flow x^2 - x^3 over the open part
    of a cycle. Length and loudness vary from cycle to cycle: jitter and shimmer.
    """
    jitter, shimmer = rng.uniform(0.002, 0.012), rng.uniform(0.01, 0.08)
    steps = f0 / _RATE
    cycle = np.cumsum(steps).astype(int)
    phase = np.cumsum(steps * (1 + jitter * rng.standard_normal(cycle[-1] + 1))[cycle])
    cycle = phase.astype(int)
    loudness = (1 + shimmer * rng.standard_normal(cycle[-1] + 1))[cycle]
    x = (phase - cycle) / rng.uniform(0.45, 0.75)
    is_open = x < 1
    pulses = np.where(is_open, loudness * (2 * x - 3 * x**2), 0)
    # The return of the vocal folds is not sudden: a soft voice loses its high harmonics.
    corner = np.exp(-2 * np.pi * rng.uniform(700, 3000) / _RATE)
    return signal.lfilter([1 - corner], [1, -corner], pulses), is_open


def _resonate(source, targets, tract):
    """Filter the source by five resonances in a row that move from target to target."""
    starts = np.arange(0, len(source), _BLOCK)
    when = np.array([time for time, _ in targets]) * _RATE
    order = np.argsort(when, kind="stable")
    vowels = np.array([resonances for _, resonances in targets])[order]
    moving = [np.interp(starts, when[order], column) for column in vowels.T]
    still = np.broadcast_to(_UPPER[:, None], (2, len(starts)))
    centres = tract * np.vstack([moving, still]).T
    radii = np.exp(-np.pi * _WIDTHS * tract / _RATE)
    sections = np.zeros((len(starts), 5, 6))
    sections[:, :, 3] = 1
    sections[:, :, 4] = -2 * radii * np.cos(2 * np.pi * centres / _RATE)
    sections[:, :, 5] = radii**2
    sections[:, :, 0] = sections[:, :, 3:].sum(2)  # unit gain at 0 Hz
    state, out = np.zeros((5, 2)), np.empty_like(source)
    for start, section in zip(starts, sections, strict=True):
        block = slice(start, start + _BLOCK)
        out[block], state = signal.sosfilt(section, source[block], zi=state)
    return out


def _add_noise(samples, snr, rng):
    """Add coloured noise, from white to rumbling, in dB below the samples without their pauses."""
    noise = signal.lfilter([1], [1, -rng.uniform(0, 0.95)], rng.standard_normal(len(samples)))
    power = samples**2
    loud = power[power > 1e-3 * power.max()].mean()
    return samples + noise * np.sqrt(loud / 10 ** (snr / 10) / np.mean(noise**2))


def _synthesise(rng, kind, seconds, snr, noise_rng):
    """Make one clip; the noise has a generator of its own, so that the speech is the same."""
    pitches, tracts = KINDS[kind]
    mean_f0, tract = np.exp(rng.uniform(*np.log(pitches))), rng.uniform(*tracts)
    n = round(seconds * SAMPLE_RATE)
    fine = np.arange(n * _OVERSAMPLING) / _RATE
    phrases = _draw_phrases(rng, seconds)
    voiced, unvoiced, targets = _draw_sounds(rng, phrases)
    contour = _draw_contour(rng, mean_f0, phrases, fine)

    pulses, is_open = _glottal_pulses(rng, contour)
    pulses /= pulses.std()
    # Breath flows while the folds are apart, so it comes in puffs with the pulses.
    breath = rng.standard_normal(len(fine)) * (0.3 + is_open) * 10 ** rng.uniform(-1.8, -0.8)
    gate = _ramps(voiced, len(fine))
    speech = _resonate((pulses + breath) * gate, targets, tract)
    speech = np.diff(speech, prepend=0)  # radiation at the lips
    band = [rng.uniform(1200, 2500), 9000]  # Hz
    hiss = signal.butter(2, band, "bandpass", fs=_RATE, output="sos")
    hiss = signal.sosfilt(hiss, rng.standard_normal(len(fine)))
    loud = speech[gate > 0.5].std()
    speech += hiss / hiss.std() * _ramps(unvoiced, len(fine)) * loud * 2
    samples = signal.resample_poly(speech, 1, _OVERSAMPLING)[:n]
    if np.isfinite(snr):
        samples = _add_noise(samples, snr, noise_rng)
    samples *= rng.uniform(0.2, 0.9) / np.abs(samples).max()
    # 16 bits, as a recording has: without them a tracker would find pitch in rounding errors.
    samples = np.round(samples * 32767) / 32767

    times = np.arange(int(seconds / STEP)) * STEP
    frames = np.round(times * _RATE).astype(int)
    f0 = np.where(gate[frames] >= _AUDIBLE, contour[frames], np.nan)
    return KnownClip(samples.astype(np.float32), times, f0, kind, float(snr))


def known_clips(n=200, *, seed=0, seconds=DURATION, noisy=False):
    """Yield clips of men, women and children in turn.

    Parameters
    ----------
    n : int
    seed : int
        The same seed gives the same clips, and the same speech clean and noisy.
    seconds : float
        Of each clip, at least 1.
    noisy : bool
        With noise, evenly drawn from 5 to 30 dB below the speech without its pauses.

    Yields
    ------
    KnownClip
        Times every 10 ms. A frame is voiced where the glottal pulses have at least a tenth of
        their full amplitude; f0 is the contour drawn, without the jitter about it.

    Raises
    ------
    ValueError
        When the clips are too short for a phrase.
    """
    if not seconds >= 1:
        raise ValueError(f"a clip lasts at least 1 s, not {seconds}")
    for i in range(n):
        rng, noise_rng = (np.random.default_rng([seed, i, part]) for part in (0, 1))
        snr = noise_rng.uniform(5, 30) if noisy else np.inf
        yield _synthesise(rng, list(KINDS)[i % len(KINDS)], seconds, snr, noise_rng)
