"""What the features of a clip cost is measured on it, the slow way on an excerpt and scaled."""

import time

import numpy as np
import pytest

from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.features.voices import cost

SECONDS = 6.0
# Seconds that each way takes for a second of sound.
PACE = {"first setting": 0.02, "published": 0.01, "fast": 0.005}


@pytest.fixture
def heard(monkeypatch):
    """The ways, each at its pace, and (way, seconds of sound) of every call."""
    calls, clock = [], [0.0]

    def hear(way, samples):
        calls.append((way, len(samples) / SAMPLE_RATE))
        clock[0] += PACE[way] * len(samples) / SAMPLE_RATE

    monkeypatch.setattr(cost, "first_pyin", lambda samples: hear("first setting", samples))
    monkeypatch.setattr(cost, "acoustic_features", lambda samples, recipe: hear(recipe, samples))
    monkeypatch.setattr(cost, "repeat", timed_by(clock))
    return calls


def timed_by(clock):
    """`timeit.repeat` by a clock that the calls move."""

    def repeat(run, *, number, repeat, timer):
        assert timer is time.process_time  # of the processor, whatever else runs
        times = []
        for _ in range(repeat):
            before = clock[0]
            for _ in range(number):
                run()
            times.append(clock[0] - before)
        return times

    return repeat


def test_each_way_is_measured_for_the_whole_clip(heard):
    seconds = cost.measure_cost(np.zeros(int(SECONDS * SAMPLE_RATE)), passes=2)
    assert seconds == {way: pytest.approx(SECONDS * pace) for way, pace in PACE.items()}


def test_the_slow_way_is_timed_once_on_an_excerpt(heard):
    cost.measure_cost(np.zeros(int(SECONDS * SAMPLE_RATE)), passes=2)
    assert [length for way, length in heard if way == "first setting"] == [1, cost.EXCERPT]
    assert [length for way, length in heard if way == "fast"] == [1, SECONDS, SECONDS]


def test_a_clip_that_is_shorter_than_the_excerpt_is_not_scaled(heard):
    seconds = cost.measure_cost(np.zeros(SAMPLE_RATE), passes=1)
    assert seconds["first setting"] == pytest.approx(PACE["first setting"])


def test_of_several_passes_the_fastest_counts(monkeypatch):
    for name in ("first_pyin", "acoustic_features"):
        monkeypatch.setattr(cost, name, lambda *_, **__: None)
    monkeypatch.setattr(cost, "repeat", lambda _, *, repeat, **__: [3.0, 1.0, 2.0][:repeat])
    seconds = cost.measure_cost(np.zeros(2 * SAMPLE_RATE))
    assert seconds == {"first setting": 3.0, "published": 1.0, "fast": 1.0}
