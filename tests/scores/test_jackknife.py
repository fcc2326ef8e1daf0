"""Intervals over users cover what they should, at the real numbers of users per age group."""

import numpy as np
import pytest
from helpers.crowds import GROUPS, USERS, draw_crowd, true_scores

from mmage_utils.scores.bootstrap import sum_per_user
from mmage_utils.scores.comparison import difference, metric_differences
from mmage_utils.scores.evaluation import average_seeds, pick, score
from mmage_utils.scores.jackknife import (
    confusions_without_each,
    groups_of_users,
    interval_over_users,
    reach_of,
    without_each,
)
from mmage_utils.scores.metrics import confusion, scores_of

SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "kappa")
COMPARED = ("accuracy", "balanced_accuracy")
MODELS = ("balanced", "big groups only")


def coverage(rng, model, other, tables):
    """Shares of intervals that hold the truth, of scores and of paired differences."""
    truth, gap = true_scores(model), {}
    for metric in COMPARED:
        gap[metric] = true_scores(other)[metric] - truth[metric]
    hits = {metric: [] for metric in SCORES} | {f"{metric}, gap": [] for metric in COMPARED}
    for _ in range(tables):
        first, second = draw_crowd(rng, model, other)
        scores = score(first, majority=4)
        for metric in SCORES:
            row = pick(scores, metric=metric)
            hits[metric].append(row.low <= truth[metric] <= row.high)
        for metric, row in metric_differences(second, first, COMPARED).items():
            hits[f"{metric}, gap"].append(row["low"] <= gap[metric] <= row["high"])
    return {name: np.mean(own) for name, own in hits.items()}


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_intervals_cover(rng, model):
    for name, share in coverage(rng, model, "better", 400).items():
        assert share >= 0.95 - 3 * (0.95 * 0.05 / 400) ** 0.5, name  # three standard errors


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_intervals_cover_at_their_level(rng, model):
    for name, share in coverage(rng, model, "better", 2000).items():
        # 93 to 97%, give or take two errors of a share of 2,000. The gap in balanced accuracy of
        # the model of big groups is conservative: 97.3% of 3,000 tables of another seed.
        assert 0.92 <= share <= 0.98, name


def test_no_draw_misses_an_age_group(rng):
    table = draw_crowd(rng, "balanced")[0]
    clips = confusions_without_each(table).sum(2)
    assert (clips > 0).all()
    # Where users have as many clips as each other, the group weighs the same without one.
    counts = without_each(np.eye(7)[GROUPS], GROUPS + 1)
    np.testing.assert_allclose(counts, np.tile(USERS, (len(counts), 1)))


def test_an_age_group_of_one_users_second_clip_is_not_lost(tabled):
    table = tabled([3, 3, 1, 3, 4, 4], [3, 3, 1, 4, 4, 4], users=list("aaabcd"))
    assert groups_of_users(table).tolist() == [3, 3, 4, 4]
    assert (confusions_without_each(table)[:, 0].sum(1) > 0).all()


def test_the_constant_predictor_always_reaches_a_seventh(rng):
    constant = draw_crowd(rng, "balanced")[0].assign(prediction=4)
    row = pick(score(constant, majority=4), metric="balanced_accuracy")
    assert [row.low, row.value, row.high] == pytest.approx([1 / 7] * 3)


def test_never_answered_is_known_and_rarely_answered_is_not(rng):
    table = draw_crowd(rng, "big groups only")[0]
    never = pick(score(table, majority=4), metric="balanced_accuracy")
    assert never.high - never.value < 0.03
    # One wrong answer of the youngest: now 0 of 2 users are evidence, and weak.
    once = table.assign(prediction=table["prediction"].where(table.index != 500, 1))
    row = pick(score(once, majority=4), metric="balanced_accuracy")
    assert 0.05 < row.high - row.value < 0.3


def test_variance_is_that_of_the_mean_within_groups(rng):
    """Of accuracy with one clip a user, the textbook's stratified variance of a mean."""
    from scipy.stats import norm

    group = np.repeat([3, 4], [200, 300])
    right = rng.random(500) < np.where(group == 3, 0.9, 0.4)
    sums = np.stack([right, np.ones(500)], axis=1).astype(float)
    without = without_each(sums, group)
    value, low, high = interval_over_users(without[:, 0] / without[:, 1], group, np.ones(7))
    parts = [right[group == g].var(ddof=1) * n / 500**2 for g, n in ((3, 200), (4, 300))]
    assert value == right.mean()
    assert high - low == pytest.approx(2 * norm.ppf(0.975) * sum(parts) ** 0.5, rel=0.01)
    assert (low + high) / 2 == pytest.approx(value)


def test_reach_by_hand(tabled):
    table = tabled([3, 3, 4, 4, 4, 5], [3, 4, 4, 4, 4, 4])
    reach = reach_of(confusion(table))
    # Only 3 and 4 are ever answered: nothing moves the recall of 5.
    np.testing.assert_allclose(reach["accuracy"], [0, 0, 2 / 6, 3 / 6, 0, 0, 0])
    np.testing.assert_allclose(reach["balanced_accuracy"], [0, 0, 1 / 3, 1 / 3, 0, 0, 0])


def test_further_variance_widens_and_bounds_hold():
    values, group = np.array([0.5, 0.48, 0.5, 0.52, 0.49, 0.51]), np.full(5, 4)
    _, low, high = interval_over_users(values, group, np.ones(7))
    _, lower, higher = interval_over_users(values, group, np.ones(7), more=[(0.01, 4)])
    assert lower < low < high < higher
    _, low, high = interval_over_users(values, group, np.ones(7), more=[(9, 4)], bounds=(0, 1))
    assert (low, high) == (0, 1)


def test_a_perfect_score_is_not_sure_of_itself(rng):
    table = draw_crowd(rng, "balanced")[0]
    perfect = score(table.assign(prediction=table["ground_truth"]), majority=4)
    row = pick(perfect)
    assert row.value == row.high == 1
    assert row.low == pytest.approx(0.025 ** (1 / 612))
    sizes = perfect["high"] - perfect["low"]
    assert (sizes > 0).all()
    assert perfect["value"].between(perfect["low"], perfect["high"]).all()


def test_a_small_difference_of_thin_groups_is_not_sure(rng):
    """Two models that differ elsewhere, and by chance not among the two youngest."""
    first, second = draw_crowd(rng, "balanced", "better")
    young = first["ground_truth"] == 1
    second = second.assign(prediction=second["prediction"].mask(young, first["prediction"]))
    gap = difference(second, first, "balanced_accuracy")
    others = difference(second[~young], first[~young], "balanced_accuracy")
    assert gap["high"] - gap["low"] > 1.2 * (others["high"] - others["low"]) * 6 / 7


def test_scores_of_sums_are_those_of_the_table(rng):
    table = draw_crowd(rng, "better")[0]
    matrix = confusions_without_each(table)
    np.testing.assert_array_equal(matrix[0], confusion(table))
    one = table["UserID"].unique()[200]
    left = scores_of(matrix[201])["balanced_accuracy"]
    group = table.loc[table["UserID"] == one, "ground_truth"].iloc[0]
    assert group == groups_of_users(table)[200]
    by_hand = scores_of(confusion(table[table["UserID"] != one]))["balanced_accuracy"]
    assert left == pytest.approx(by_hand)
    assert sum_per_user(table, np.ones(len(table))).sum() == len(table)


def trained(rng, table, noise):
    """The same model after another training: a share of its answers, more or less, is spoilt."""
    spoilt = rng.random(len(table)) < rng.uniform(0, noise)
    return table.assign(prediction=table["prediction"].mask(spoilt, 4))


def test_the_mean_of_trainings_varies_with_users_and_seeds(rng):
    """Few trainings that differ much: an interval over users alone would be too sure."""
    noise, held, sure = 0.6, [], []
    truth = 0.7 * true_scores("better")["accuracy"] + 0.3 * USERS[3] / USERS.sum()
    for _ in range(80):
        table = draw_crowd(rng, "better")[0]
        seeds = [trained(rng, table, noise) for _ in range(4)]
        row = average_seeds({"a": seeds}, majority=4).loc["a"]
        held.append(row["accuracy, low"] <= truth <= row["accuracy, high"])
        same = average_seeds({"a": [seeds[0]] * 4}, majority=4).loc["a"]
        sure.append(same["accuracy, low"] <= truth <= same["accuracy, high"])
    assert np.mean(held) >= 0.87
    assert np.mean(sure) < 0.7


def test_a_mean_over_seeds_by_hand(rng):
    first, second = draw_crowd(rng, "better", "balanced")
    row = average_seeds({"a": [first, second]}, majority=4).loc["a"]
    own = [pick(score(table, majority=4), metric="balanced_accuracy") for table in (first, second)]
    assert row["balanced accuracy"] == pytest.approx(np.mean([one.value for one in own]))
    assert row["balanced accuracy, spread"] == pytest.approx(np.std([one.value for one in own]))
    assert row["balanced accuracy, constant"] == pytest.approx(own[0].constant)
    assert row[["clips", "users", "seeds"]].tolist() == [len(first), 612, 2]
    alone = average_seeds({"a": [first]}, majority=4).loc["a"]
    ends = alone[["balanced accuracy, low", "balanced accuracy, high"]].tolist()
    assert ends == pytest.approx([own[0].low, own[0].high])
    with pytest.raises(ValueError, match="not of the same clips"):
        average_seeds({"a": [first, second.iloc[1:]]}, majority=4)
