"""Class weights, what they do to the loss, and the augmentation plan of task c."""

import numpy as np
import pytest

from mmage_utils.models import class_balance

PUBLISHED = [30, 492, 1264, 2932, 1353, 696, 153]  # images per age group after augmentation


def test_plan_copies_the_small_groups_of_the_full_list(labels):
    plan = class_balance.plan_augmentation(labels[labels["split"] == "train"])
    assert plan["copy"].value_counts().to_dict() == {"original": 6006, "flip": 457, "mixed": 457}
    assert class_balance.group_counts(plan["AgeGroup"]).tolist() == PUBLISHED
    copied = plan[plan["copy"] != "original"]
    assert set(copied["AgeGroup"]) == {1, 2, 6, 7}
    assert set(copied["split"]) == {"train"}
    assert (copied["VideoName"].value_counts() == 2).all()


def test_published_weights_are_proportional_to_frequency():
    weights = class_balance.published_weights(PUBLISHED)
    assert weights.sum() == pytest.approx(1)
    assert weights[3] == pytest.approx(2932 / 6920)
    # count x weight is the square of the count: the largest group takes two thirds of the loss.
    share = class_balance.weight_table(PUBLISHED)["published share of loss"]
    assert share["25-32"] == pytest.approx(2932**2 / sum(n**2 for n in PUBLISHED))
    assert share["25-32"] == pytest.approx(0.67, abs=0.005)


def test_inverse_weights_share_the_loss_equally():
    weights = class_balance.inverse_weights(PUBLISHED)
    assert weights[0] == pytest.approx(6920 / (7 * 30))
    np.testing.assert_allclose(weights * PUBLISHED / np.dot(weights, PUBLISHED), 1 / 7)
    assert np.average(weights, weights=PUBLISHED) == pytest.approx(1)


def test_group_without_clips_gets_no_weight():
    counts = [0, 10, 20, 0, 40, 0, 0]
    weights = class_balance.inverse_weights(counts)
    assert weights.tolist() == pytest.approx([0, 70 / 30, 70 / 60, 0, 70 / 120, 0, 0])
    share = class_balance.weight_table(counts)["inverse share of loss"]
    assert share.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 0, 1 / 3, 0, 0])


def test_counts_have_every_group():
    assert class_balance.group_counts([4, 4, 2]).tolist() == [0, 1, 0, 2, 0, 0, 0]


def test_weight_table_shows_both_rules():
    table = class_balance.weight_table(PUBLISHED)
    assert table["clips"].tolist() == PUBLISHED
    assert table.loc["25-32", "published share of loss"] == pytest.approx(0.67, abs=0.005)
    assert table.loc["7-13", "inverse share of loss"] == pytest.approx(1 / 7)
    assert table.index[0] == "7-13"


def test_effective_number_lies_between_no_weights_and_inverse_weights():
    weights = class_balance.effective_weights(PUBLISHED)
    expected = (1 - 0.999) / (1 - 0.999 ** np.array(PUBLISHED))
    np.testing.assert_allclose(weights / weights[0], expected / expected[0])
    inverse = class_balance.inverse_weights(PUBLISHED)
    assert 1 < weights[0] / weights[3] < inverse[0] / inverse[3]
    assert class_balance.effective_weights([0, 10, 20, 0, 40, 0, 0])[0] == 0


def test_adjustment_is_tau_times_the_log_prior():
    half = class_balance.adjustment(PUBLISHED, tau=0.5)
    assert half[3] == pytest.approx(0.5 * np.log(2932 / 6920))
    assert np.isfinite(class_balance.adjustment([0, 1, 2, 3, 2, 1, 0])).all()
    assert not class_balance.adjustment(PUBLISHED, tau=0).any()


def test_down_sampling_keeps_small_groups_and_cuts_large_ones():
    groups = np.repeat(np.arange(1, 8), [3, 10, 40, 90, 35, 12, 4])
    rows = class_balance.down_sample(groups, seed=1)
    assert class_balance.group_counts(groups[rows]).tolist() == [3, 10, 12, 12, 12, 12, 4]
    assert len(set(rows)) == len(rows)
    assert not np.array_equal(rows, class_balance.down_sample(groups, seed=2))
