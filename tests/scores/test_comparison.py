"""Intervals cover, comparisons are paired, and bias is compared with chance."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.display.sentences import difference_sentence
from mmage_utils.scores.comparison import compare, compare_pairs
from mmage_utils.scores.evaluation import pick, score
from mmage_utils.scores.groups import accuracy_by, biases

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


def covers(table, truth, seed):
    row = pick(score(table, majority=4, draws=400, seed=seed))
    return row.low <= truth <= row.high


def test_interval_over_users_covers_and_the_one_over_rows_does_not(rng):
    by_user, by_row = [], []
    for seed in range(500):
        table = simulate(rng)
        by_user.append(covers(table, 0.5, seed))
        by_row.append(covers(table.assign(UserID=table["VideoName"]), 0.5, seed))
    assert 0.92 <= np.mean(by_user) <= 0.98
    assert np.mean(by_row) < np.mean(by_user) - 0.05


def worse(table, rng, share):
    """The same predictions with a share of the answers made wrong."""
    spoilt = rng.random(len(table)) < share
    prediction = np.where(spoilt, table["prediction"] % 7 + 1, table["prediction"])
    return table.assign(prediction=prediction)


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


def test_bias_by_chance_alone_rarely_exceeds_chance(rng):
    hits = [
        pick(
            biases(with_attributes(simulate(rng), rng), draws=200, seed=seed), attribute="Gender"
        ).exceeds_chance
        for seed in range(100)
    ]
    assert np.mean(hits) <= 0.12


def test_bias_that_is_there_exceeds_chance(rng):
    table = with_attributes(simulate(rng, users=300, accuracy=0.8), rng)
    spoilt = worse(table, rng, 0.8)
    table["prediction"] = table["prediction"].where(table["Gender"] == 1, spoilt["prediction"])
    bias = pick(biases(table), attribute="Gender")
    assert bias.exceeds_chance
    assert bias.low > bias.null95 / 2


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
