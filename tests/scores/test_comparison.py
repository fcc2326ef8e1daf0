"""Intervals cover, comparisons are paired, and bias is compared with chance."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.display.sentences import difference_sentence
from mmage_utils.predictions import P_COLUMNS, log_losses, logits, softmax
from mmage_utils.scores.bootstrap import proportion_interval, sum_per_user
from mmage_utils.scores.comparison import compare, compare_pairs, probability_differences
from mmage_utils.scores.evaluation import pick, score
from mmage_utils.scores.groups import accuracy_by, biases, compare_biases

PRIOR = [0.002, 0.027, 0.21, 0.488, 0.225, 0.039, 0.009]


def simulate(rng, *, users=120, likeness=2.0, accuracy=0.5):
    """Clips of users who are right with a probability of their own (Beta, mean `accuracy`)."""
    clips = rng.integers(1, 7, users)
    ability = rng.beta(likeness * accuracy, likeness * (1 - accuracy), users)
    right = rng.random(clips.sum()) < np.repeat(ability, clips)
    truth = rng.choice(np.arange(1, 8), clips.sum(), p=np.array(PRIOR) / np.sum(PRIOR))
    return pd.DataFrame(
        {
            "VideoName": [f"{k:06d}.mp4" for k in range(len(truth))],
            "UserID": np.repeat([f"user{k:04d}" for k in range(users)], clips),
            "split": "test",
            "ground_truth": truth,
            "prediction": np.where(right, truth, truth % 7 + 1),
        }
    )


def covers(table, truth):
    row = pick(score(table, majority=4))
    return row.low <= truth <= row.high


def test_interval_over_users_covers_and_the_one_over_rows_does_not(rng):
    by_user, by_row = [], []
    for _ in range(500):
        table = simulate(rng)
        by_user.append(covers(table, 0.5))
        by_row.append(covers(table.assign(UserID=table["VideoName"]), 0.5))
    assert 0.92 <= np.mean(by_user) <= 0.98
    assert np.mean(by_row) < np.mean(by_user) - 0.05


def worse(table, rng, share):
    """The same predictions with a share of the answers made wrong."""
    spoilt = rng.random(len(table)) < share
    prediction = np.where(spoilt, table["prediction"] % 7 + 1, table["prediction"])
    return table.assign(prediction=prediction)


def with_probabilities(table, rng, sharpness):
    logits = rng.normal(size=(len(table), 7)) + sharpness * np.eye(7)[table["ground_truth"] - 1]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return table.assign(**dict(zip(P_COLUMNS, p.T, strict=True)), prediction=p.argmax(1) + 1)


def test_probabilities_are_compared_clip_by_clip(rng):
    table = simulate(rng)
    sharp, dull = (with_probabilities(table, rng, k) for k in (3.0, 1.0))
    rows = probability_differences(sharp, dull.sample(frac=1, random_state=0)).set_index("metric")
    loss = (log_losses(sharp) - log_losses(dull)).mean()
    assert rows.loc["log_loss", "value"] == pytest.approx(loss)
    assert rows.loc["log_loss", "high"] < 0
    for metric in ("log_loss", "ece"):
        own = [
            pick(score(one, majority=4, prior=PRIOR), metric=metric).value for one in (sharp, dull)
        ]
        assert rows.loc[metric, ["mean", "mean_other"]].tolist() == pytest.approx(own)
    back = probability_differences(dull, sharp).set_index("metric")
    assert (back["value"] + rows["value"]).abs().max() < 1e-12
    assert (back["low"] + rows["high"]).abs().max() < 1e-12
    itself = probability_differences(sharp, sharp, unit="user")
    assert itself[["value", "low", "high"]].eq(0).all(axis=None)
    with pytest.raises(ValueError, match="not of the same clips"):
        probability_differences(sharp, dull.head(20))


def test_intervals_of_differences_in_log_loss_cover(rng):
    covered = []
    for _ in range(200):
        table = simulate(rng)
        # Alike but for chance, with errors that clips of one user share.
        shared = rng.normal(size=120)[pd.factorize(table["UserID"])[0]]
        sides = [with_probabilities(table, rng, 1.0) for _ in range(2)]
        sides[0][P_COLUMNS] = softmax(logits(sides[0]) * np.exp(0.2 * shared)[:, None])
        sides[1][P_COLUMNS] = softmax(logits(sides[1]) * np.exp(-0.2 * shared)[:, None])
        row = probability_differences(*sides).iloc[0]
        covered.append(row.low <= 0 <= row.high)
    assert 0.91 <= np.mean(covered) <= 0.99


def test_a_model_compared_with_itself_shows_nothing(rng):
    table = simulate(rng)
    differences, tests = compare(table, table.sample(frac=1, random_state=0))
    assert differences[["value", "low", "high"]].eq(0).all(axis=None)
    assert (tests["only_first"], tests["only_second"]) == (0, 0)
    assert (tests["p_mcnemar"], tests["p_users"]) == (1, 1)


def test_mcnemar_agrees_with_a_binomial_test(rng):
    from scipy.stats import binomtest

    table = simulate(rng)
    other = worse(table, rng, 0.3)
    _, tests = compare(table, other)
    right, right_other = (rows["prediction"] == rows["ground_truth"] for rows in (table, other))
    assert tests["only_first"] == (right & ~right_other).sum()
    n = tests["only_first"] + tests["only_second"]
    assert tests["p_mcnemar"] == pytest.approx(binomtest(tests["only_first"], n).pvalue)


def test_a_clearly_worse_model_is_called_worse(rng):
    table = simulate(rng, accuracy=0.7)
    other = worse(table, rng, 0.4)
    gain = compare(table, other)[0].iloc[0]
    assert gain.low > 0
    assert difference_sentence("a", "b", gain).startswith("A is better than b: +")
    loss = compare(other, table)[0].iloc[0]
    assert difference_sentence("b", "a", loss).startswith("B is worse than a: -")


def test_sentence_of_an_interval_around_zero():
    text = difference_sentence("a", "b", {"value": 0.006, "low": -0.009, "high": 0.021})
    assert text == "No difference between a and b is shown: +0.6 points (-0.9 to +2.1)."


def test_holm_never_lowers_a_p_value_and_agrees_by_hand(rng):
    table = simulate(rng)
    tables = {"a": table, "b": worse(table, rng, 0.1), "c": worse(table, rng, 0.5)}
    result = compare_pairs(tables, [("a", "b"), ("a", "c"), ("b", "c")])
    p = np.sort(result["p"])
    by_hand = np.minimum(np.maximum.accumulate(p * [3, 2, 1]), 1)
    np.testing.assert_allclose(np.sort(result["p_holm"]), by_hand)
    assert list(result["model"] + result["other"]) == ["ab", "ac", "bc"]


def with_attributes(table, rng):
    users = table["UserID"].unique()
    gender = dict(zip(users, rng.integers(1, 3, len(users)), strict=True))
    ethnicity = dict(zip(users, rng.choice([1, 2, 3], len(users), p=[0.1, 0.8, 0.1]), strict=True))
    return table.assign(
        Gender=table["UserID"].map(gender), Ethnicity=table["UserID"].map(ethnicity)
    )


def test_bias_by_chance_alone_is_rarely_significant(rng):
    rows = [
        pick(biases(with_attributes(simulate(rng), rng), draws=200, seed=seed), attribute="Gender")
        for seed in range(100)
    ]
    assert np.mean([row.p < 0.05 for row in rows]) <= 0.12
    # The median of the null is exceeded half of the time.
    assert np.mean([row.excess > 0 for row in rows]) == pytest.approx(0.5, abs=0.15)
    assert all(row.null50 < row.null95 for row in rows)


def test_bias_that_is_there_is_significant(rng):
    table = with_attributes(simulate(rng, users=300, accuracy=0.8), rng)
    spoilt = worse(table, rng, 0.8)
    fair = table.copy()
    table["prediction"] = table["prediction"].where(table["Gender"] == 1, spoilt["prediction"])
    row = pick(biases(table, draws=400), attribute="Gender")
    assert row.p < 0.01
    assert row.excess > row.null95
    gap = pick(compare_biases(table, fair, draws=400), attribute="Gender")
    assert gap.value > gap.null_high
    assert gap.p < 0.01
    back = pick(compare_biases(fair, table, draws=400), attribute="Gender")
    assert back.value == pytest.approx(-gap.value)


def test_biases_of_one_model_do_not_differ_and_those_of_like_models_rarely(rng):
    table = with_attributes(simulate(rng), rng)
    same = compare_biases(table, table.sample(frac=1, random_state=0), draws=50)
    assert same["value"].tolist() == [0, 0, 0, 0]
    assert same["p"].tolist() == [1, 1, 1, 1]
    p = []
    for seed in range(100):
        table = with_attributes(simulate(rng), rng)
        pair = (worse(table, rng, 0.2), worse(table, rng, 0.2))
        p.append(pick(compare_biases(*pair, draws=200, seed=seed), attribute="Gender").p)
    assert np.mean(np.array(p) < 0.05) <= 0.12


def test_proportions_of_independent_clips_are_clopper_pearsons():
    from statsmodels.stats.proportion import proportion_confint

    hits = np.zeros((40, 1))
    hits[:7] = 1
    value, low, high = proportion_interval(hits, np.ones((40, 1)))
    expected = proportion_confint(7 * 39 / 40, 39, method="beta")
    assert value[0] == 7 / 40
    np.testing.assert_allclose([low[0], high[0]], expected, atol=2e-3)


@pytest.mark.parametrize("share", [0, 1])
def test_no_hit_and_hits_alone_have_an_interval(share):
    counts = np.full((16, 1), 3.0)  # 48 clips of 16 users
    value, low, high = proportion_interval(share * counts, counts)
    assert value[0] == share
    width = high[0] - low[0]
    assert 0.06 < width < 0.3  # of 48 clips 7 points, of 16 users 21
    assert (low[0] == 0) if share == 0 else (high[0] == 1)


def test_one_user_and_no_user_have_no_interval():
    counts = np.array([[5.0, 0.0]])
    value, low, high = proportion_interval(counts, counts)
    assert value[0] == 1
    assert np.isnan([value[1], *low, *high]).all()


@pytest.mark.parametrize("accuracy", [0.04, 0.5, 0.96])
def test_intervals_of_categories_cover(rng, accuracy):
    covered = []
    for _ in range(400):
        table = simulate(rng, users=80, accuracy=accuracy)
        right = (table["ground_truth"] == table["prediction"]).to_numpy(float)[:, None]
        sums = (sum_per_user(table, values) for values in (right, np.ones_like(right)))
        _, low, high = proportion_interval(*sums)
        covered.append(low[0] <= accuracy <= high[0])
    assert 0.93 <= np.mean(covered) <= 0.995


def test_the_constant_of_a_category_is_its_own(rng):
    table = with_attributes(simulate(rng), rng)
    by_age = accuracy_by(table, "AgeGroup", majority=4)
    assert by_age["constant"].dropna().isin([0, 1]).all()
    assert by_age.loc["25-32", "constant"] == 1
    by_gender = accuracy_by(table, "Gender", majority=4)
    women = table[table["Gender"] == 2]
    assert by_gender.loc["Female", "constant"] == (women["ground_truth"] == 4).mean()


def test_combinations_of_attributes_add_up_to_all_clips(rng):
    table = with_attributes(simulate(rng), rng)
    result = accuracy_by(table, ("Gender", "Ethnicity"))
    assert len(result) == 6
    assert result["clips"].sum() == len(table)
    assert result["right"].sum() == (table["prediction"] == table["ground_truth"]).sum()
    assert result["users"].sum() == table["UserID"].nunique()


def test_per_user_scores_weigh_users_alike():
    table = pd.DataFrame(
        {
            "VideoName": list("abcd"),
            "UserID": ["u", "u", "u", "v"],
            "split": "test",
            "ground_truth": [3, 3, 3, 4],
            "prediction": [3, 3, 3, 5],
        }
    )
    assert pick(score(table, majority=4)).value == 0.75
    assert pick(score(table, majority=4, unit="user"), unit="user").value == 0.5
