"""Speech-like clips: their pitch is the one drawn, and the same seed gives the same sound."""

import numpy as np
import pytest

from mmage_utils.sample import known_pitch
from mmage_utils.sample.known_pitch import KINDS, SAMPLE_RATE, known_clips, synthesise


def _spectral_pitch(samples, near):
    """Strongest fundamental within 15 % of `near`, by the sum of its first harmonics."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    candidates = near * np.linspace(0.85, 1.15, 301)
    bins = np.round(np.outer(candidates, np.arange(1, 6)) / SAMPLE_RATE * (1 << 16)).astype(int)
    return candidates[np.argmax(spectrum[bins].sum(1))]


@pytest.mark.parametrize("kind", KINDS)
def test_harmonics_lie_where_the_truth_says(kind):
    clip = synthesise(np.random.default_rng(3), kind=kind, seconds=4)
    voiced = ~np.isnan(clip.f0)
    errors = []
    for middle in np.flatnonzero(voiced)[5:-5:7]:
        around = clip.f0[middle - 3 : middle + 4]
        # A harmonic that glides has no one place in a spectrum.
        if not voiced[middle - 3 : middle + 4].all() or np.ptp(around) > 0.04 * clip.f0[middle]:
            continue
        centre = round(clip.times[middle] * SAMPLE_RATE)
        found = _spectral_pitch(clip.samples[centre - 240 : centre + 240], clip.f0[middle])
        errors.append(abs(found / clip.f0[middle] - 1))
    assert len(errors) > 8
    assert np.median(errors) < 0.015


def test_clips_look_as_promised():
    for clip in known_clips(6, seed=5, seconds=3, noisy=True):
        low, high = known_pitch.F0_LIMITS
        assert clip.samples.shape == (3 * SAMPLE_RATE,)
        assert clip.samples.dtype == np.float32
        assert 0.19 < np.abs(clip.samples).max() < 0.91
        assert clip.times.shape == clip.f0.shape == (300,)
        assert low <= np.nanmin(clip.f0) <= np.nanmax(clip.f0) <= high
        assert 0.2 < np.isfinite(clip.f0).mean() < 0.95
        assert 5 <= clip.snr <= 30


def test_a_whole_clip_has_the_length_of_the_real_ones(rng):
    assert synthesise(rng).samples.shape == (122_416,)


def test_the_same_seed_gives_the_same_clips_and_another_seed_others():
    first, again, other = ([*known_clips(2, seed=seed, seconds=2)] for seed in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)
        np.testing.assert_array_equal(a.f0, b.f0)
        assert not np.array_equal(a.samples, c.samples)


def test_a_clip_does_not_depend_on_how_many_are_drawn():
    np.testing.assert_array_equal(
        [*known_clips(3, seconds=2)][1].samples, [*known_clips(2, seconds=2)][1].samples
    )


def test_noise_leaves_the_truth_as_it_is():
    pairs = zip(
        known_clips(3, seed=4, seconds=2),
        known_clips(3, seed=4, seconds=2, noisy=True),
        strict=True,
    )
    for clean, noisy in pairs:
        np.testing.assert_array_equal(clean.f0, noisy.f0)
        assert clean.snr == np.inf
        assert not np.array_equal(clean.samples, noisy.samples)


@pytest.mark.parametrize("snr", [5, 20])
def test_noise_is_as_strong_as_asked(rng, snr):
    speech = np.sin(np.arange(20_000) / 5)
    speech[:10_000] = 0  # a pause, which does not count
    noise = known_pitch.add_noise(speech, snr, rng) - speech
    expected = np.mean(speech[10_000:] ** 2) / 10 ** (snr / 10)
    # The quietest moments of the speech do not count either.
    assert np.mean(noise**2) == pytest.approx(expected, rel=0.03)


def test_pauses_of_a_clean_clip_are_silent():
    clip = synthesise(np.random.default_rng(8), seconds=6)
    lead = clip.samples[: int(0.03 * SAMPLE_RATE)]
    assert not lead.any()
    assert np.isnan(clip.f0[:3]).all()


def test_voices_are_ordered_as_those_of_men_women_and_children():
    median = {kind: [] for kind in KINDS}
    for clip in known_clips(18, seed=6, seconds=2):
        median[clip.kind].append(np.nanmedian(clip.f0))
    male, female, child = (np.median(median[kind]) for kind in KINDS)
    assert male < female < child


@pytest.mark.parametrize("wrong", [{"kind": "robot"}, {"seconds": 0.5}, {"seconds": np.nan}])
def test_what_cannot_be_made_is_refused(rng, wrong):
    with pytest.raises(ValueError, match="kind must be one of"):
        synthesise(rng, **wrong)
