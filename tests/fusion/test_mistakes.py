"""Mistakes made on purpose have the size that follows from what they are made on."""

import numpy as np
import pandas as pd
import pytest
from helpers.experts import draw_experts

from mmage_utils.fusion import mistakes
from mmage_utils.fusion.late_fusion import PUBLISHED_WEIGHTS, add_logits
from mmage_utils.predictions import of_split


@pytest.fixture(scope="module")
def drawn():
    return draw_experts(5)[0]


@pytest.fixture(scope="module")
def fused(drawn):
    return mistakes.try_weights(drawn, PUBLISHED_WEIGHTS.values())


def test_a_validation_that_stops_gives_the_constant_the_reports_number(labels):
    valid = labels[labels["split"] == "valid"]
    rows = mistakes.stop_early(valid, 4, 1936 / 2019, batch=16)
    assert rows["right"].tolist() == [1049, 1049]
    assert rows["clips"].tolist() == [2019, 1936]
    assert round(rows.loc["stopped too soon", "accuracy"], 4) == 0.5418


def test_a_validation_stops_after_whole_batches_of_the_youngest(tabled):
    table = tabled([7] * 10 + [4] * 30, [4] * 40)
    rows = mistakes.stop_early(table, 4, 0.75, batch=8)
    assert rows.loc["stopped too soon"].tolist() == [24, 24, 1.0]
    assert rows.loc["all clips", "accuracy"] == 0.75
    assert mistakes.stop_early(table, 4, 0.01, batch=8)["clips"].tolist() == [40, 8]


def test_the_error_of_a_difference_is_less_than_that_of_a_row(fused):
    test = of_split(dict(zip(PUBLISHED_WEIGHTS, fused.values(), strict=True)), "test")
    own, other = "fusion, published sum", "fusion, published weighted"
    errors = mistakes.standard_errors(test, [(own, other), (own, own)], draws=300)
    first, same = errors.iloc[0], errors.iloc[1]
    assert 0 < first.paired < first.over_users
    assert first.low <= first.value <= first.high
    assert (same.value, same.paired, same.low, same.high) == (0, 0, 0, 0)
    # Clips of one user go together, so that their error is larger than that of as many people.
    assert first.binomial < first.over_users


def test_weights_that_are_all_zero_are_not_tried(drawn):
    grid = mistakes.weight_grid(2, (0, 1))
    parts = {name: drawn[name] for name in ("image", "audio")}
    tried = mistakes.try_weights(parts, grid)
    assert list(tried) == [(0, 1), (1, 0), (1, 1)]
    pd.testing.assert_frame_equal(tried[1, 1], add_logits(parts.values(), (1, 1)))


def test_a_choice_on_test_looks_better_than_it_is_and_one_on_valid_does_not(drawn):
    tried = mistakes.try_weights(drawn, mistakes.weight_grid(3, (0.0, 0.5, 1.0)))
    chosen = mistakes.choose_best(tried, draws=500)
    assert chosen.loc["test", "optimism"] > 0.005
    assert abs(chosen.loc["valid", "optimism"]) < 0.005
    right = {
        name: (table["prediction"] == table["ground_truth"])[table["split"] == "test"].mean()
        for name, table in tried.items()
    }
    assert chosen.loc["test", "accuracy"] == pytest.approx(max(right.values()))
    assert right[chosen.loc["test", "chosen"]] == max(right.values())
    assert chosen.loc["valid", "accuracy"] <= max(right.values())


def test_a_single_candidate_has_no_optimism(drawn):
    one = mistakes.try_weights(drawn, [(1, 1, 1)])
    assert np.abs(mistakes.choose_best(one, draws=2000)["optimism"]).max() < 0.003


def test_temperature_undoes_a_sharpness():
    sharp, plain = (draw_experts(5, sharpness=s)[0] for s in (3.0, 1.0))
    ratio = mistakes.temperatures(sharp) / mistakes.temperatures(plain)
    np.testing.assert_allclose(ratio, 3, rtol=1e-2)


def test_a_checkpoint_is_known_by_its_valid_accuracy(tabled):
    own = pd.concat([tabled([4] * 10, [4] * 8 + [5] * 2, split=x) for x in ("valid", "test")])
    other = own.assign(prediction=5)
    checked = mistakes.check_checkpoint(0.8, {"own": own, "other": other})
    assert checked["belongs"].tolist() == [True, False]
    assert checked["off"].tolist() == pytest.approx([0, -0.8])
    assert checked.loc["other", "test"] == 0
