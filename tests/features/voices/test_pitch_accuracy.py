"""Errors of pitch trackers: examples counted by hand, and trackers that are right or wrong."""

import numpy as np
import pytest

from mmage_utils.features.voices import pitch_accuracy
from mmage_utils.features.voices.pitch_accuracy import (
    accuracy_table,
    at_times,
    count_errors,
    sum_errors,
)
from mmage_utils.sample.known_pitch import known_clips

NAN = np.nan


def test_errors_are_counted_as_by_hand():
    truth = [100, 100, 100, 100, 100, 200, NAN, NAN]
    found = [119, 121, 50, 200, NAN, 205, 90, NAN]
    # 121 is gross, 50 and 200 are gross and octaves; one voice missed, one heard in silence.
    expected = {"frames": 8, "both_voiced": 5, "gross": 3, "voicing": 2, "octave": 2}
    assert count_errors(truth, found) == expected


def test_octave_errors_are_those_within_a_fifth_of_half_or_double():
    truth = np.full(6, 100.0)
    counts = count_errors(truth, [39, 41, 59, 161, 239, 241])
    assert counts["gross"] == 6
    assert counts["octave"] == 4


def test_rates_are_over_the_frames_of_all_clips():
    long = count_errors([100] * 8, [100] * 7 + [300])
    short = count_errors([100, NAN], [NAN, NAN])
    found = sum_errors([long, short])
    assert found["clips"] == 2
    assert found["frames"] == 10
    assert found["gross_pitch_error"] == pytest.approx(1 / 8)
    assert found["voicing_error"] == pytest.approx(1 / 10)
    assert found["octave_error"] == found["octave_errors"] == 0


def test_without_voice_there_is_no_pitch_error_to_speak_of():
    found = sum_errors([count_errors([NAN, 100], [NAN, NAN])])
    assert np.isnan(found["gross_pitch_error"])
    assert found["voicing_error"] == 0.5
    assert np.isnan(sum_errors([count_errors([], [])])["voicing_error"])


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="differ"):
        count_errors([100, 100], [100])


def test_the_nearest_frame_is_taken_and_of_two_the_earlier():
    times, f0 = [0.0, 0.2, 0.4], [100, NAN, 300]
    found = at_times([-1, 0.05, 0.1, 0.11, 0.29, 0.31, 9], times, f0)
    np.testing.assert_array_equal(found, [100, 100, 100, NAN, NAN, 300, 300])
    np.testing.assert_array_equal(at_times([0, 5], [1.0], [70.0]), [70, 70])
    assert np.isnan(at_times([0, 1], [], [])).all()


def test_frames_finer_than_the_truth_lose_nothing():
    times = np.arange(1000) / 1000
    f0 = 100 + 50 * times
    wanted = np.arange(100) / 100
    np.testing.assert_allclose(at_times(wanted, times, f0), 100 + 50 * wanted)


def test_table_tells_right_trackers_from_wrong_ones():
    clips = [*known_clips(3, seed=9, seconds=2)]
    truths = {clip.samples.tobytes(): clip for clip in clips}

    def oracle(samples):
        clip = truths[samples.tobytes()]
        return clip.times, clip.f0

    def octave_up(samples):
        times, f0 = oracle(samples)
        return times, 2 * f0

    def deaf(samples):
        times, f0 = oracle(samples)
        return times, np.full_like(f0, NAN)

    trackers = {"oracle": oracle, "octave up": octave_up, "deaf": deaf}
    table = accuracy_table({"clean": clips, "again": clips[:1]}, trackers)
    assert table[["condition", "tracker"]].to_numpy().tolist() == [
        [condition, name] for condition in ("clean", "again") for name in trackers
    ]
    assert table["clips"].tolist() == [3, 3, 3, 1, 1, 1]
    rows = table[table["condition"] == "clean"].set_index("tracker")
    assert rows.loc["oracle", ["gross_pitch_error", "voicing_error"]].tolist() == [0, 0]
    assert rows.loc["octave up", ["gross_pitch_error", "octave_error"]].tolist() == [1, 1]
    voiced = np.mean([np.isfinite(clip.f0).mean() for clip in clips])
    assert rows.loc["deaf", "voicing_error"] == pytest.approx(voiced)


def test_an_error_of_a_fifth_is_not_gross():
    share = pitch_accuracy.TOLERANCE
    assert count_errors([100, 100], [100 * (1 + share), 100 * (1 - share)])["gross"] == 0


def test_frames_above_a_limit_are_counted_by_either_recipe():
    seconds = np.arange(2 * 8000) / 8000
    voice = sum(np.sin(2 * np.pi * 120 * k * seconds) / k for k in range(1, 8)).astype(np.float32)
    assert pitch_accuracy.shares_above(voice, 60)["fast"] == 1
    assert pitch_accuracy.shares_above(voice, 400)["fast"] == 0
    assert set(pitch_accuracy.shares_above(voice)) == {"published", "fast"}
    silent = pitch_accuracy.shares_above(np.zeros(8000, np.float32))
    assert np.isnan([silent["published"], silent["fast"]]).all()
