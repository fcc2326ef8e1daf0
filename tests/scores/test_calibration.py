"""Temperatures, reliability, and answers above a threshold of confidence."""

import numpy as np
import pandas as pd
import pytest
from helpers.experts import PRIOR, draw_experts, log_loss, mixed_up, with_other_test

from mmage_utils.display.fusion_sentences import answered_sentence
from mmage_utils.predictions import P_COLUMNS, logits
from mmage_utils.scores.calibration import (
    best_temperature,
    calibrate,
    compare_reliability,
    reliability,
)
from mmage_utils.scores.evaluation import pick, score
from mmage_utils.scores.selective import answer_above, choose_threshold, halve_errors, risk_coverage


def _part(table, split):
    return table[table["split"] == split]


def _fitted(table):
    valid = _part(table, "valid").sort_values("VideoName")
    return best_temperature(logits(valid), valid["ground_truth"])


@pytest.fixture(scope="module")
def sharp():
    """An expert whose logits were multiplied by 2."""
    return draw_experts(1, users=2000, sharpness=2.0)[0]["image"]


@pytest.mark.parametrize("temperature", [0.2, 1.0, 7.0])
def test_a_temperature_leaves_the_answers(sharp, temperature):
    calibrated = calibrate(sharp, temperature)
    p = calibrated[P_COLUMNS].to_numpy()
    assert (p.argmax(1) + 1 == sharp["prediction"]).all()
    assert (calibrated["prediction"] == sharp["prediction"]).all()
    np.testing.assert_allclose(p.sum(1), 1)


def test_a_temperature_by_hand(tabled):
    # Odds 9:1 at temperature 2 are the square root: 3:1.
    table = tabled([3], p=[[0, 0, 0.9, 0.1, 0, 0, 0]])
    result = calibrate(table, 2).loc[0, ["p3", "p4"]].to_numpy(float)
    assert result[0] / result[1] == pytest.approx(3)


def test_the_true_temperature_is_recovered(sharp):
    assert _fitted(sharp) == pytest.approx(2, rel=0.15)


def test_no_temperature_has_less_loss(sharp):
    valid = _part(sharp, "valid")
    best = log_loss(calibrate(valid, _fitted(sharp)))
    assert all(best <= log_loss(calibrate(valid, t)) + 1e-6 for t in np.geomspace(0.1, 10, 30))


def test_temperature_and_threshold_ignore_test_and_order(sharp):
    for other in (with_other_test({"image": sharp}), mixed_up({"image": sharp})):
        assert _fitted(other["image"]) == _fitted(sharp)
        assert choose_threshold(other["image"], 0.7) == choose_threshold(sharp, 0.7)


def test_invalid_temperatures_are_refused(sharp):
    with pytest.raises(ValueError, match="above 0"):
        calibrate(sharp, 0)
    with pytest.raises(ValueError, match="needs clips"):
        _fitted(_part(sharp, "test"))


def test_calibration_reduces_loss_and_error(sharp):
    test = _part(sharp, "test")
    after = calibrate(test, _fitted(sharp))
    for metric in ("log_loss", "ece"):
        rows = [
            pick(score(table, majority=4, prior=PRIOR), metric=metric) for table in (test, after)
        ]
        assert rows[1].value < rows[0].value
        assert all(row.low < row.value < row.high for row in rows)


def test_reliability_by_hand(tabled):
    p = np.zeros((4, 7))
    p[:, 2], p[:, 3] = [0.62, 0.64, 0.91, 0.95], [0.38, 0.36, 0.09, 0.05]
    table = tabled([3, 4, 3, 3], p=p, users=["a", "b", "a", "b"])
    result = reliability(table, draws=50)
    assert result["from"].tolist() == [0.6, 0.9]
    assert result["confidence"].tolist() == pytest.approx([0.63, 0.93])
    assert result["accuracy"].tolist() == [0.5, 1]
    assert result["clips"].tolist() == [2, 2]
    assert result["users"].tolist() == [2, 2]


def test_a_bin_of_one_user_has_no_interval(tabled):
    p = np.zeros((2, 7))
    p[:, 2], p[:, 3] = [0.62, 0.95], [0.38, 0.05]
    assert reliability(tabled([3, 3], p=p), draws=20)["low"].isna().all()


def test_a_calibrated_expert_lies_on_the_diagonal():
    table = draw_experts(2, users=1500)[0]["image"]
    result = reliability(_part(table, "test"))
    assert (np.abs(result["accuracy"] - result["confidence"]) < 0.06)[result["clips"] > 100].all()


def test_risk_coverage_by_hand(tabled):
    p = np.full((4, 7), 0.0)
    p[:, 2] = [0.9, 0.8, 0.7, 0.6]
    p[:, 3] = 1 - p[:, 2]
    result = risk_coverage(tabled([3, 3, 4, 3], p=p), draws=20)
    assert result["coverage"].tolist() == [1, 0.75, 0.5, 0.25]
    assert result["accuracy"].tolist() == pytest.approx([0.75, 2 / 3, 1, 1])


def test_the_threshold_answers_as_many_valid_clips_as_it_may(tabled):
    p = np.full((4, 7), 0.0)
    p[:, 2] = [0.9, 0.8, 0.7, 0.6]
    p[:, 3] = 1 - p[:, 2]
    table = tabled([3, 3, 4, 3], p=p, split="valid")
    assert choose_threshold(table, 0.7) == 0
    assert choose_threshold(table, 0.8) == 0.8
    assert choose_threshold(table.assign(ground_truth=1), 0.1) > 1


def test_a_few_lucky_clips_make_no_threshold(tabled):
    p = np.full((40, 7), 0.0)
    p[:, 2] = np.linspace(0.99, 0.6, 40)
    p[:, 3] = 1 - p[:, 2]
    table = tabled([3] + [4] * 39, p=p, split="valid")
    assert choose_threshold(table, 0.7) > 1
    assert choose_threshold(table, 0.7, least=0) == 0.99


def test_answers_above_a_threshold_are_counted(sharp):
    test = _part(sharp, "test")
    result = answer_above(test, 0.8, draws=50)
    answered = test[test[P_COLUMNS].max(axis=1) >= 0.8]
    assert result["answered"] == len(answered)
    assert result["coverage"] == len(answered) / len(test)
    right = (answered["prediction"] == answered["ground_truth"]).mean()
    assert result["accuracy"] == pytest.approx(right)
    assert f"{len(answered):,} of {len(test):,}" in answered_sentence(result, 0.7)


def test_a_threshold_above_all_answers_is_reported(sharp):
    result = answer_above(_part(sharp, "test"), 1.01, draws=20)
    assert result["answered"] == 0
    assert np.isnan(result["accuracy"])
    assert "No threshold" in answered_sentence(result, 0.7)


def test_order_of_rows_changes_nothing(sharp):
    test = _part(sharp, "test")
    other = test.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(reliability(other), reliability(test))
    pd.testing.assert_frame_equal(risk_coverage(other), risk_coverage(test))
    assert answer_above(other, 0.7) == pytest.approx(answer_above(test, 0.7))


def test_the_best_temperature_of_a_calibrated_expert_is_about_one():
    table = _part(draw_experts(3, users=800)[0]["audio"], "valid")
    assert best_temperature(logits(table), table["ground_truth"]) == pytest.approx(1, rel=0.15)


def test_stages_are_compared_model_by_model(sharp):
    test = sharp[sharp["split"] == "test"]
    stages = compare_reliability({"image": test}, {"image": calibrate(test, 2.0)}, draws=20)
    assert list(stages["image"]) == ["before", "after"]
    pd.testing.assert_frame_equal(stages["image"]["before"], reliability(test, draws=20))


def test_half_of_the_errors_is_never_met_by_answering_all(sharp):
    target = halve_errors(sharp)
    valid = sharp[sharp["split"] == "valid"]
    right = (valid["prediction"] == valid["ground_truth"]).mean()
    assert 1 - target == pytest.approx((1 - right) / 2)
    assert choose_threshold(sharp, target) > 0
