"""Scores, their intervals over users, and bias: worked by hand, and against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from mmage_utils.predictions import join_labels
from mmage_utils.scores import comparison, evaluation, groups, metrics

TRUTH = [1, 2, 3, 4, 4, 4, 5, 6, 7, 4]
PREDICTION = [1, 3, 3, 4, 5, 4, 4, 6, 4, 4]
BY_HAND = {
    "accuracy": 6 / 10,
    "balanced_accuracy": (1 + 0 + 1 + 3 / 4 + 0 + 1 + 0) / 7,
    "macro_f1": (1 + 0 + 2 / 3 + 6 / 9 + 0 + 1 + 0) / 7,
    # Squared distances: 1 + 1 + 1 + 9 seen; (10 * 188 + 10 * 160 - 2 * 40 * 38) / 10 by chance.
    "kappa": 1 - 12 / 44,
    "mae": (1 + 1 + 1 + 3) / 10,
    "within_one": 9 / 10,
}
PERFECT = {**dict.fromkeys(BY_HAND, 1.0), "mae": 0.0}


def _interval(scores):
    row = evaluation.pick(scores)
    return row.low, row.high


def _with_labels(table, gender=1, ethnicity=2):
    return table.assign(Gender=gender, Ethnicity=ethnicity)


def _clustered(rng, tabled, n_users=60, n_clips=5):
    """All clips of a user are right, or all are wrong."""
    users = np.repeat([f"u{k:03d}" for k in range(n_users)], n_clips)
    truth = np.repeat(rng.integers(3, 6, n_users), n_clips)
    shift = np.repeat(rng.integers(0, 2, n_users), n_clips)
    return tabled(truth, truth + shift, users=users)


def test_confusion_has_true_groups_in_rows(tabled):
    matrix = metrics.confusion(tabled([1, 1, 7], [1, 2, 4]))
    assert matrix.shape == (7, 7)
    assert (matrix[0, 0], matrix[0, 1], matrix[6, 3], matrix.sum()) == (1, 1, 1, 3)


@pytest.mark.parametrize("name", BY_HAND)
def test_scores_are_those_worked_by_hand(tabled, name):
    scores = metrics.scores_of(metrics.confusion(tabled(TRUTH, PREDICTION)))
    assert scores[name] == pytest.approx(BY_HAND[name])


@pytest.mark.parametrize("name", PERFECT)
def test_perfect_predictions_reach_the_limits(tabled, name):
    scores = metrics.scores_of(metrics.confusion(tabled(TRUTH, TRUTH)))
    assert scores[name] == pytest.approx(PERFECT[name])


def test_perfect_predictions_have_no_bias(tabled):
    biases = groups.biases(_with_labels(tabled(TRUTH, TRUTH), [1, 2] * 5, [1, 2, 3, 2, 2] * 2))
    assert biases["attribute"].tolist() == ["AgeGroup", "Gender", "Ethnicity", "average"]
    assert biases["value"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("groups", [range(1, 8), (2, 3, 4, 6)])
def test_scores_agree_with_scikit_learn(rng, tabled, groups):
    truth, guess = rng.choice(list(groups), 400), rng.choice(list(groups), 400)
    guess = np.where(rng.random(400) < 0.4, truth, guess)
    scores = metrics.scores_of(metrics.confusion(tabled(truth, guess)))
    kappa = sklearn_metrics.cohen_kappa_score(truth, guess, weights="quadratic", labels=range(1, 8))
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(truth, guess),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(truth, guess),
        "macro_f1": sklearn_metrics.f1_score(truth, guess, labels=list(groups), average="macro"),
        "kappa": kappa,
        "mae": sklearn_metrics.mean_absolute_error(truth, guess),
    }
    assert {name: float(scores[name]) for name in expected} == pytest.approx(expected)


def test_constant_predictor_on_the_test_list(tabled):
    truth = np.repeat(range(1, 8), [5, 48, 410, 972, 458, 64, 18])
    scores = evaluation.score(tabled(truth, truth), majority=4)
    assert scores["clips"].eq(1975).all()
    constant = scores.set_index("metric")["constant"]
    assert constant["accuracy"] == pytest.approx(0.4922, abs=5e-5)
    assert constant["balanced_accuracy"] == pytest.approx(0.1429, abs=5e-5)
    assert constant["kappa"] == pytest.approx(0)


def test_majority_is_that_of_train():
    clips = pd.DataFrame({"split": ["train"] * 3 + ["test"] * 4, "AgeGroup": [5, 5, 3, 4, 4, 4, 4]})
    assert evaluation.train_majority(clips) == 5
    predicted = clips.rename(columns={"AgeGroup": "ground_truth"})
    assert evaluation.train_majority(predicted) == 5
    np.testing.assert_allclose(evaluation.train_prior(predicted)[[2, 4]], [1 / 3, 2 / 3])


def test_scores_are_one_tidy_table(rng, tabled):
    table = _clustered(rng, tabled)
    both = pd.concat([table.assign(split="valid"), table.iloc[:50]])
    models = {"a": both, "b": table}
    scores = evaluation.score_models(models, majority=4, units=("clip", "user"))
    assert list(scores) == list(evaluation.SCORE_COLUMNS)
    keys = scores[["model", "split", "unit", "metric"]]
    assert not keys.duplicated().any()
    assert len(scores) == 3 * 2 * len(BY_HAND)
    assert keys["split"].unique().tolist() == ["valid", "test"]
    row = evaluation.pick(scores, model="a", unit="user", metric="kappa")
    assert (row.clips, row.split) == (50, "test")
    with pytest.raises(KeyError, match="2 rows have"):
        evaluation.pick(scores)
    with pytest.raises(KeyError, match="0 rows have"):
        evaluation.pick(scores, model="c")


def test_score_does_not_depend_on_the_order_of_rows(rng, tabled):
    table = _clustered(rng, tabled)
    mixed = table.sample(frac=1, random_state=1)
    for unit in ("clip", "user"):
        scores = [evaluation.score(rows, majority=4, unit=unit) for rows in (mixed, table)]
        pd.testing.assert_frame_equal(*scores)


def test_accuracy_by_does_not_depend_on_the_order_of_rows(rng, tabled):
    table = _with_labels(_clustered(rng, tabled))
    mixed = table.sample(frac=1, random_state=1)
    tables = [groups.accuracy_by(part, "AgeGroup") for part in (mixed, table)]
    pd.testing.assert_frame_equal(*tables)


def test_scoring_again_gives_the_same_interval(rng, tabled):
    table = _clustered(rng, tabled)
    first, again = (evaluation.score(table, majority=4) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert (first["low"] < first["value"]).all()
    assert (first["value"] <= first["high"]).all()
    assert (first["high"] > first["value"]).sum() == len(first) - 1  # of within_one, all are


def test_interval_over_users_is_wider_than_over_clips_when_a_users_clips_are_alike(rng, tabled):
    table = _clustered(rng, tabled)
    alone = table.assign(UserID=table["VideoName"])
    low, high = _interval(evaluation.score(table, majority=4))
    low_alone, high_alone = _interval(evaluation.score(alone, majority=4))
    # Five alike clips a user: the standard error is sqrt(5) times as large.
    assert (high - low) / (high_alone - low_alone) == pytest.approx(5**0.5, rel=0.2)
    assert low < (table["ground_truth"] == table["prediction"]).mean() < high


def test_bias_by_hand():
    assert groups.bias([0.5, 0.7, 0.4]) == pytest.approx((0.2 + 0.1 + 0.3) / 3)
    assert groups.bias([0.5, np.nan, 0.4]) == pytest.approx(0.1)
    assert np.isnan(groups.bias([0.5, np.nan]))


def test_category_without_clips_is_nan_and_takes_no_part_in_the_bias(tabled):
    table = _with_labels(tabled([3, 3, 4, 4], [3, 4, 4, 4]))
    by_age = groups.accuracy_by(table, "AgeGroup")
    assert by_age["clips"].tolist() == [0, 0, 2, 2, 0, 0, 0]
    assert by_age["accuracy"].isna().tolist() == [True, True, False, False, True, True, True]
    assert groups.bias(by_age["accuracy"]) == pytest.approx(0.5)


def test_fewer_than_ten_users_have_no_interval(tabled):
    truth = [3] * 30 + [4] * 10
    users = ["a", "b", "c"] * 10 + [f"u{k}" for k in range(10)]
    by_age = groups.accuracy_by(_with_labels(tabled(truth, [3] * 40, users=users)), "AgeGroup")
    assert by_age.loc["19-24", ["right", "clips", "users"]].tolist() == [30, 30, 3]
    assert by_age.loc["19-24", ["low", "high"]].isna().all()
    assert by_age.loc["25-32", ["low", "high"]].notna().all()


def test_accuracy_by_gender_by_hand(tabled):
    table = tabled([4, 4, 4, 5, 5], [4, 4, 3, 5, 4])
    labels = table.assign(AgeGroup=table["ground_truth"], Gender=[1, 1, 1, 2, 2], Ethnicity=2)
    joined = join_labels(table, labels.sample(frac=1, random_state=0))
    by_gender = groups.accuracy_by(joined, "Gender")
    assert by_gender[["right", "clips"]].to_numpy().tolist() == [[2, 3], [1, 2]]
    biases = groups.biases(joined).set_index("attribute")
    assert biases.loc["Gender", "value"] == pytest.approx(2 / 3 - 1 / 2)
    assert (
        biases.loc["Ethnicity", ["value", "null50", "null95", "p"]].isna().all()
    )  # one category alone
    known = biases.loc[["AgeGroup", "Gender"], "value"]
    assert biases.loc["average", "value"] == pytest.approx(known.mean())


def test_difference_is_zero_for_equal_tables_and_has_the_sign_of_the_better(rng, tabled):
    table = _clustered(rng, tabled)
    perfect = table.assign(prediction=table["ground_truth"])
    assert comparison.difference(table, table) == {"value": 0, "low": 0, "high": 0}
    gain = comparison.difference(perfect, table)
    assert 0 < gain["low"] < gain["value"] < gain["high"]
    assert comparison.difference(table, perfect)["value"] == -gain["value"]


def test_difference_joins_on_the_name_not_on_the_position(rng, tabled):
    table = _clustered(rng, tabled)
    other = table.assign(prediction=rng.permutation(table["prediction"]))
    expected = comparison.difference(table, other)
    assert comparison.difference(table, other.sample(frac=1, random_state=3)) == expected


@pytest.mark.parametrize("rows", [slice(1, None), [*range(9), 8]])
def test_difference_refuses_predictions_of_other_clips(tabled, rows):
    table = tabled(TRUTH, PREDICTION)
    with pytest.raises(ValueError, match=r"same clips|unique"):
        comparison.difference(table, table.iloc[rows])


def test_per_user_accuracy_weighs_every_user_alike(tabled):
    table = tabled([4] * 5, [4, 3, 3, 3, 4], users=["a", "a", "a", "a", "b"])
    row = evaluation.pick(evaluation.score(table, majority=4, unit="user"), unit="user")
    assert row.value == pytest.approx((1 / 4 + 1) / 2)
    assert row.users == 2


def test_log_loss_by_hand(tabled):
    p = [[0.5, 0.5, 0, 0, 0, 0, 0], [0, 0, 0, 0.25, 0.75, 0, 0]]
    scores = evaluation.score(tabled([1, 4], p=p), majority=4, prior=np.full(7, 1 / 7))
    row = evaluation.pick(scores, metric="log_loss")
    assert row.value == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert row.constant == pytest.approx(np.log(7))


def test_accuracy_by_counts_as_fairlearn_does(rng, tabled):
    from fairlearn.metrics import MetricFrame, count
    from sklearn.metrics import accuracy_score

    table = _clustered(rng, tabled)
    labels = table.assign(AgeGroup=table["ground_truth"])
    labels["Gender"], labels["Ethnicity"] = rng.integers(1, 3, len(table)), 1
    joined = join_labels(table, labels)
    ours = groups.accuracy_by(joined, ("Gender", "AgeGroup"))
    theirs = MetricFrame(
        metrics={"accuracy": accuracy_score, "clips": count},
        y_true=joined["ground_truth"],
        y_pred=joined["prediction"],
        sensitive_features=joined[["Gender", "ground_truth"]],
    ).by_group.dropna()
    known = ours[ours["clips"] > 0]
    np.testing.assert_allclose(known["accuracy"], theirs["accuracy"])
    np.testing.assert_array_equal(known["clips"], theirs["clips"])
