"""Fast acoustic features: pitch of known signals, silence, noise, and no worse than pyin."""

import numpy as np
import pytest

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.features.voices import fast, numba_loops
from mmage_utils.features.voices.cost import speech_pyin
from mmage_utils.features.voices.definition import FEATURES, HOP
from mmage_utils.features.voices.fast import fast_f0, fast_features
from mmage_utils.features.voices.pitch_accuracy import accuracy_table
from mmage_utils.sample.known_pitch import known_clips


def _seconds(length):
    return np.arange(int(length * SAMPLE_RATE)) / SAMPLE_RATE


def _tone(f0, length=1.5):
    return (0.3 * np.sin(2 * np.pi * f0 * _seconds(length))).astype(np.float32)


def _pulses(f0, length=1.5):
    """All harmonics of f0 below 3800 Hz, equally strong."""
    harmonics = np.arange(1, int(3800 / f0) + 1)
    waves = np.cos(2 * np.pi * f0 * harmonics[:, None] * _seconds(length))
    return (waves.mean(0) / 2).astype(np.float32)


def _hollow(f0, length=1.5):
    """Harmonics 2 to 6 without the fundamental, as through a telephone."""
    waves = [np.cos(2 * np.pi * k * f0 * _seconds(length) + k**2) for k in range(2, 7)]
    return np.mean(waves, axis=0).astype(np.float32)


@pytest.fixture(scope="module")
def speech():
    """A noisy clip of full length."""
    return next(known_clips(1, seed=31, noisy=True)).samples


@pytest.mark.parametrize("f0", [67, 80, 123.4, 220, 311, 440])
@pytest.mark.parametrize("sound", [_tone, _pulses, _hollow])
def test_pitch_of_steady_sounds_is_right_within_one_per_cent(sound, f0):
    times, found = fast_f0(sound(f0))
    inner = (times > 0.1) & (times < 1.4)
    assert np.isfinite(found[inner]).all()
    np.testing.assert_allclose(found[inner], f0, rtol=0.01)


def test_a_glide_is_followed():
    t = _seconds(2)
    f0 = 100 * 2**t  # up to 400 Hz in two seconds
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    times, found = fast_f0(sum(np.sin(k * phase) / k for k in range(1, 9)))
    inner = (times > 0.1) & (times < 1.9)
    np.testing.assert_allclose(found[inner], np.interp(times[inner], t, f0), rtol=0.02)


def test_voicing_begins_and_ends_where_the_voice_does():
    samples = np.zeros(2 * SAMPLE_RATE, np.float32)
    samples[4000:12000] = _pulses(150, 1)
    times, found = fast_f0(samples)
    voiced = times[np.isfinite(found)]
    assert voiced.min() == pytest.approx(0.5, abs=0.03)
    assert voiced.max() == pytest.approx(1.5, abs=0.03)
    assert np.isfinite(found).mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("colour", [0, 0.5, 0.9])
def test_noise_is_not_voiced(rng, colour):
    from scipy.signal import lfilter

    noise = lfilter([1], [1, -colour], rng.normal(0, 0.1, 5 * SAMPLE_RATE))
    assert np.isnan(fast_f0(noise)[1]).mean() > 0.95


@pytest.mark.parametrize("level", [0.0, 0.25, -1.0])
@pytest.mark.parametrize("n", [0, 1, 1600, SAMPLE_RATE])
def test_silence_has_no_features_rather_than_zeros(n, level):
    samples = np.full(n, level, np.float32)
    found = fast_features(samples)
    assert list(found) == [*FEATURES, "voiced_fraction"]
    assert np.isnan([found[name] for name in FEATURES]).all()
    assert found["voiced_fraction"] == 0
    times, f0 = fast_f0(samples)
    assert times.shape == f0.shape
    assert np.isnan(f0).all()


@pytest.mark.parametrize("n", [2, 63, 128, 400, 1600, 4001])
def test_short_clips_are_measured_without_complaint(rng, n, recwarn):
    for samples in (rng.normal(0, 0.1, n).astype(np.float32), _pulses(200)[:n]):
        found = fast_features(samples)
        assert list(found) == [*FEATURES, "voiced_fraction"]
        assert 0 <= found["voiced_fraction"] <= 1
        assert len(fast_f0(samples)[0]) == 1 + n // HOP
    assert not recwarn.list


def test_a_fifth_of_a_second_of_voice_has_its_pitch():
    assert fast_features(_pulses(200, 0.2))["f0_median"] == pytest.approx(200, rel=0.01)


def test_gain_and_offset_do_not_matter(speech):
    found = fast_features(speech)
    for gain, offset in ((1e-3, 0), (30, 0), (-1, 0), (1, 0.5), (0.1, -3)):
        other = fast_features(np.float32(gain) * speech + np.float32(offset))
        assert list(other.values()) == pytest.approx(list(found.values()), rel=1e-2), (gain, offset)


def test_the_kind_of_numbers_does_not_matter(speech):
    found = list(fast_features(speech).values())
    assert list(fast_features(speech.astype(float)).values()) == pytest.approx(found, rel=1e-3)
    whole = np.round(speech * 32767).astype(np.int16)
    assert list(fast_features(whole).values()) == pytest.approx(found, rel=1e-2)


def test_the_same_clip_gives_the_same_features_and_is_left_as_it_is(speech):
    before = speech.copy()
    assert fast_features(speech) == fast_features(speech)
    np.testing.assert_array_equal(speech, before)


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 800)), np.full(800, np.nan), np.array([0, np.inf, 0])]
)
def test_what_is_no_waveform_is_refused(samples):
    for function in (fast_features, fast_f0):
        with pytest.raises(ValueError, match="one row of finite numbers"):
            function(samples)


def test_bursts_are_counted_and_their_pitch_found():
    swell = np.interp(np.arange(2000), [0, 100, 2000], [0, 1, 0])  # sudden start, slow end
    burst, pause = _pulses(150, 0.25) * swell, np.zeros(SAMPLE_RATE // 4)
    found = fast_features(np.concatenate([pause, *[burst, pause] * 8]))
    assert found["words_per_second"] == pytest.approx(8 / 4.25, rel=0.15)
    assert found["f0_median"] == pytest.approx(150, rel=0.01)
    assert 0.2 < found["voiced_fraction"] < 0.7


def test_the_gate_lets_the_voice_through_and_not_the_noise(rng):
    samples = rng.normal(0, 0.02, 8 * SAMPLE_RATE).astype(np.float32)
    samples[4 * SAMPLE_RATE : 4 * SAMPLE_RATE + 2400] += _pulses(150, 0.3)
    power = fast.power_spectra(fast.level(samples))
    passed = fast.gate_noise(power).sum(1) / power.sum(1)
    voice = slice(4 * SAMPLE_RATE // HOP + 3, 4 * SAMPLE_RATE // HOP + 16)
    # Between the harmonics there is noise, so the smoothed gate is never quite open.
    assert passed[voice].min() > 0.05
    assert passed[:200].max() < 0.2 * passed[voice].min()


@pytest.mark.parametrize("seed", range(4))
def test_tempo_is_what_librosa_makes_of_the_same_envelope(seed):
    import librosa

    clip = next(known_clips(1, seed=seed, seconds=12, noisy=True))
    power = fast.power_spectra(fast.level(clip.samples))
    envelope = fast.onset_envelope(fast.gate_noise(power))
    theirs = librosa.feature.tempo(
        onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP, start_bpm=fast.START_BPM
    )
    assert fast.estimate_tempo(envelope) == pytest.approx(theirs[0], rel=0.05)


def test_onsets_are_what_librosa_picks_by_the_same_rule(rng):
    import librosa

    envelope = rng.gamma(1, 1, 900)
    scaled = (envelope - envelope.min()) / np.ptp(envelope)
    theirs = librosa.util.peak_pick(
        scaled,
        pre_max=numba_loops.AROUND,
        post_max=numba_loops.AROUND,
        pre_avg=numba_loops.NEIGHBOURS,
        post_avg=numba_loops.NEIGHBOURS + 1,
        delta=numba_loops.EXCESS,
        wait=numba_loops.APART,
    )
    np.testing.assert_array_equal(fast.pick_onsets(envelope), theirs)


def test_pitch_is_no_less_right_than_that_of_pyin():
    conditions = {
        "clean": [*known_clips(12, seed=77, seconds=3)],
        "noisy": [*known_clips(12, seed=77, seconds=3, noisy=True)],
    }
    table = accuracy_table(conditions, {"fast": fast_f0, "pyin": speech_pyin})
    table = table.set_index(["tracker", "condition"])
    for condition, gross, voicing in (("clean", 0.005, 0.06), ("noisy", 0.02, 0.13)):
        fast, pyin = (table.loc[(name, condition)] for name in ("fast", "pyin"))
        assert fast["gross_pitch_error"] <= min(gross, pyin["gross_pitch_error"])
        assert fast["voicing_error"] <= min(voicing, pyin["voicing_error"])
