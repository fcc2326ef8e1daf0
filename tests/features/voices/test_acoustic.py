"""Acoustic features: pitch of known signals, silence, and the scaling."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.errors import UsageError
from mmage_utils.features.voices import acoustic, definition, inputs
from mmage_utils.features.voices.definition import FEATURES


def _pulses(f0, seconds=1.0):
    """A pulse train with a period of f0, softened as a voice is."""
    phase = np.arange(int(seconds * SAMPLE_RATE)) * f0 / SAMPLE_RATE
    return sum(np.cos(2 * np.pi * k * phase) / k for k in range(1, 8)).astype(np.float32) / 8


@pytest.mark.parametrize("f0", [120, 220])
@pytest.mark.parametrize("recipe", acoustic.RECIPES)
def test_pitch_of_a_pulse_train_is_found(f0, recipe):
    times, found = acoustic.track_f0(_pulses(f0), recipe=recipe)
    assert times.shape == found.shape
    assert np.nanmedian(found) == pytest.approx(f0, rel=0.03)
    assert np.isnan(found).mean() < 0.5
    assert 0 <= times[0] <= times[-1] <= 1.1


def test_noise_is_not_voiced(rng):
    _, f0 = acoustic.track_f0(rng.normal(0, 0.1, SAMPLE_RATE).astype(np.float32))
    assert np.isnan(f0).mean() > 0.8


def test_f0_is_summarised_over_voiced_frames_by_hand():
    found = definition.summarise_f0(np.array([np.nan, 100.0, 200.0, np.nan, 300.0]))
    expected = [200, 200, np.sqrt(2 / 3) * 100, 110, 290]
    assert list(found.values()) == pytest.approx(expected)
    assert list(found) == list(FEATURES[2:])


@pytest.mark.parametrize("recipe", acoustic.RECIPES)
@pytest.mark.parametrize("level", [0.0, 2.0**-15], ids=["digital", "dither"])
def test_silence_has_no_features_rather_than_zeros(recipe, level, rng):
    samples = level * rng.choice([0, 1, 2], SAMPLE_RATE).astype(np.float32)
    found = acoustic.acoustic_features(samples, recipe=recipe)
    assert np.isnan([found[name] for name in FEATURES]).all()
    assert found["voiced_fraction"] == 0


def test_no_voiced_frame_has_no_pitch():
    assert all(np.isnan(value) for value in definition.summarise_f0(np.full(5, np.nan)).values())


@pytest.mark.parametrize("recipe", acoustic.RECIPES)
def test_features_of_bursts_count_them_and_find_their_pitch(recipe):
    swell = np.interp(np.arange(2000), [0, 100, 2000], [0, 1, 0])  # sudden start, slow end
    burst, pause = _pulses(150, 0.25) * swell, np.zeros(SAMPLE_RATE // 4)
    found = acoustic.acoustic_features(np.concatenate([pause, *[burst, pause] * 8]), recipe=recipe)
    assert list(found) == [*FEATURES, "voiced_fraction"]
    assert found["words_per_second"] == pytest.approx(8 / 4.25, rel=0.15)
    assert found["f0_median"] == pytest.approx(150, rel=0.03)
    # The frames of `published` last half a second, and hardly fit between the bursts.
    assert 0.2 < found["voiced_fraction"] < (0.8 if recipe == "fast" else 1)


def test_other_recipes_are_refused():
    with pytest.raises(UsageError, match="Unknown recipe 'praat': use fast or published"):
        acoustic.acoustic_features(_pulses(100), recipe="praat")
    with pytest.raises(UsageError, match="Unknown recipe 'praat'"):
        acoustic.track_f0(_pulses(100), recipe="praat")


def test_voice_is_loaded_as_8_khz_mono(tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(22050) / 22050)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], 1), 22050)
    samples = acoustic.load_voice(tmp_path / "tone.wav")
    assert samples.shape == (SAMPLE_RATE,)
    assert np.nanmedian(acoustic.track_f0(samples)[1]) == pytest.approx(200, rel=0.01)


def test_scaling_is_that_of_the_train_rows(rng):
    features = pd.DataFrame(rng.normal(5, 3, (40, 7)), columns=FEATURES)
    features["tempo"] = 60.0
    made = inputs.corrected_inputs(features.abs(), np.arange(40) < 25)
    assert (made[:, FEATURES.index("tempo")] == 0).all()
    values = features["words_per_second"].abs().to_numpy()
    expected = (values - values[:25].mean()) / values[:25].std()
    np.testing.assert_allclose(made[:, FEATURES.index("words_per_second")], expected)


def _drawn(rng, n=40):
    features = pd.DataFrame(rng.uniform(80, 300, (n, 7)), columns=FEATURES)
    features.loc[[2, 30], list(FEATURES[2:])] = np.nan
    features.loc[30] = np.nan
    return features


def test_corrected_inputs_are_semitones_and_a_flag(rng):
    features, train = _drawn(rng), np.arange(40) < 25
    made = inputs.corrected_inputs(features, train)
    assert made.shape == (40, 8)
    assert np.isfinite(made).all()
    np.testing.assert_array_equal(np.flatnonzero(made[:, 7]), [2, 30])
    assert (made[2, 2:7] == 0).all()
    assert (made[2, :2] != 0).all()
    assert (made[30, :7] == 0).all()
    np.testing.assert_allclose(made[:25, :7].mean(0), 0, atol=1e-12)
    known = [row for row in range(25) if row != 2]
    np.testing.assert_allclose(made[known, 2:7].std(0), 1)


def test_a_new_clip_is_scaled_by_the_clips_of_train(rng):
    features, train = _drawn(rng), np.arange(40) < 25
    expected = inputs.corrected_inputs(features, train)
    scale = inputs.input_scale(features, train)
    for row in (2, 30, 39):
        alone = inputs.scaled_inputs(features.iloc[[row]], *scale)
        np.testing.assert_array_equal(alone[0], expected[row])


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_voice_an_octave_apart_differs_by_a_shift_only(rng, factor):
    features, train = _drawn(rng), np.ones(40, bool)
    other = features.copy()
    other[list(FEATURES[2:])] *= factor
    expected = inputs.corrected_inputs(features, train)
    np.testing.assert_allclose(inputs.corrected_inputs(other, train), expected, atol=1e-9)


def test_spread_in_semitones_is_that_from_the_mean_up():
    table = pd.DataFrame(100.0, index=range(3), columns=FEATURES)
    table = table.assign(f0_mean=[100, 200, 100], f0_std=[100, 200, 0])
    spread = inputs.corrected_inputs(table, np.ones(3, bool))[:, 4]
    # 12, 12 and 0 semitones: standardised by their mean 8 and their deviation.
    np.testing.assert_allclose(spread, np.array([4, 4, -8]) / np.sqrt(32))
