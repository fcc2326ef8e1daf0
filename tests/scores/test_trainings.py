"""Differences of recipes that were trained several times: users and trainings in the interval."""

import numpy as np
import pytest
from helpers.crowds import draw_crowd

from mmage_utils.scores.comparison import difference, seed_differences


@pytest.fixture(scope="module")
def table():
    return draw_crowd(np.random.default_rng(4), "balanced")[0]


def shaken(table, share, seed):
    """The same clips, a share of the answers replaced by the largest group."""
    lost = np.random.default_rng(seed).random(len(table)) < share
    return table.assign(prediction=table["prediction"].where(~lost, 4))


def test_one_training_each_is_the_paired_difference(table):
    other = shaken(table, 0.3, 1)
    (row,) = seed_differences([table], [other]).itertuples()
    gap = difference(table, other)
    assert (row.value, row.low, row.high) == pytest.approx(tuple(gap.values()))
    assert row.mean - row.mean_other == pytest.approx(row.value)
    assert row.trainings == 1


def test_trainings_that_differ_widen_the_interval(table):
    others = [shaken(table, 0.3, seed) for seed in (1, 2, 3)]
    alike = seed_differences([table] * 3, [others[0]] * 3).iloc[0]
    spread = [shaken(table, share, 5) for share in (0.0, 0.5, 1.0)]
    apart = seed_differences([table] * 3, spread).iloc[0]
    one = seed_differences([table], others[:1]).iloc[0]
    assert alike.high - alike.low == pytest.approx(one.high - one.low)
    assert apart.high - apart.low > 2 * (alike.high - alike.low)
    gaps = [difference(table, other)["value"] for other in spread]
    assert apart.value == pytest.approx(np.mean(gaps))


def test_numbers_of_trainings_must_agree(table):
    with pytest.raises(ValueError, match="same number of trainings"):
        seed_differences([table], [table, table])
    with pytest.raises(ValueError, match="not of the same clips"):
        seed_differences([table], [table[:-1]])
