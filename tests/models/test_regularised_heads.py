"""Regularised heads: the strength is valid's choice, test decides nothing, no group is lost."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, sparse

from mmage_utils.models import class_balance, ordinal_regression, regularised_heads
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores import evaluation

SHARES = (0.04, 0.08, 0.2, 0.4, 0.2, 0.05, 0.03)


@pytest.fixture(params=["logistic", "ordinal"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def problem():
    """Clips of users of two clips each, seven telling features beside thirty-three of noise."""
    rng = np.random.default_rng(0)
    groups = np.repeat(rng.choice(np.arange(1, 8), 360, p=SHARES), 2)
    users = np.repeat(np.arange(360), 2)
    clips = pd.DataFrame(
        {
            "VideoName": [f"v{k}.mp4" for k in range(720)],
            "UserID": [f"u{k}" for k in users],
            "AgeGroup": groups,
            "split": np.repeat(["train", "valid", "test"], 240),
        }
    )
    features = rng.normal(0, 1, (720, 40))
    features[:, :7] += 3 * np.eye(7)[groups - 1] + groups[:, None] / 2
    return features, clips


def test_telling_features_beat_the_prior_and_noise_falls_back_to_it(problem, kind):
    features, clips = problem
    majority = evaluation.train_majority(clips)
    told = regularised_heads.fit_head(features, clips, kind)
    score = evaluation.score_models({"head": told.table}, majority=majority)
    accuracy = evaluation.pick(score, model="head")
    assert accuracy.value > accuracy.constant + 0.1
    noise = regularised_heads.fit_head(features[:, 7:], clips, kind)
    train = clips.loc[clips["split"] == "train", "AgeGroup"]
    prior = np.exp(class_balance.adjustment(class_balance.group_counts(train)))
    assert noise.strength < told.strength
    np.testing.assert_allclose(noise.table[P_COLUMNS], np.tile(prior, (720, 1)), atol=0.12)
    assert regularised_heads.valid_loss(noise.table) > regularised_heads.valid_loss(told.table)


def test_the_strength_is_that_of_the_least_valid_loss(problem, kind):
    head = regularised_heads.fit_head(*problem, kind)
    assert head.losses.idxmin() == head.strength
    assert head.losses.min() == pytest.approx(regularised_heads.valid_loss(head.table))
    assert head.losses.index.is_monotonic_increasing


def test_test_clips_decide_nothing(problem, kind):
    features, clips = problem
    at = (clips["split"] == "test").to_numpy()
    other, relabelled = features.copy(), clips.copy()
    other[at] = 5.0
    relabelled.loc[at, "AgeGroup"] = 1
    found = regularised_heads.fit_head(other, relabelled, kind).table
    expected = regularised_heads.fit_head(features, clips, kind).table
    pd.testing.assert_frame_equal(found[~at], expected[~at])


def test_balanced_heads_answer_more_groups(problem, kind):
    plain, balanced = (
        regularised_heads.fit_head(*problem, kind, balanced=b) for b in (False, True)
    )
    scores = evaluation.score_models({"plain": plain.table, "balanced": balanced.table}, majority=4)
    scores = evaluation.select(scores, metric="balanced_accuracy", split="valid")
    plain, balanced = scores.set_index("model")["value"][["plain", "balanced"]]
    assert balanced > plain


def test_units_and_offsets_of_features_change_nothing(problem, kind):
    features, clips = problem
    head = regularised_heads.fit_head(features * 1000 + 7, clips, kind)
    expected = regularised_heads.fit_head(features, clips, kind)
    np.testing.assert_allclose(head.table[P_COLUMNS], expected.table[P_COLUMNS], atol=1e-3)


def test_groups_without_train_clips_count_as_half_a_clip(problem, kind):
    features, clips = problem
    train = ((clips["split"] == "train") & (clips["AgeGroup"] != 7)).to_numpy()
    table = regularised_heads.fit_head(features, clips, kind, train=train).table
    assert table["p7"].to_numpy() == pytest.approx(0.5 / (train.sum() + 0.5))
    assert table[P_COLUMNS].sum(axis=1).to_numpy() == pytest.approx(1)
    alone = ((clips["split"] == "train") & (clips["AgeGroup"] == 4)).to_numpy()
    table = regularised_heads.fit_head(features, clips, kind, train=alone).table
    assert (table["prediction"] == 4).all()


def test_sparse_features_are_taken_as_they_are(problem, kind):
    features, clips = problem
    head = regularised_heads.fit_head(sparse.csr_matrix(np.maximum(features, 0)), clips, kind)
    majority = evaluation.train_majority(clips)
    score = evaluation.score_models({"head": head.table}, majority=majority)
    accuracy = evaluation.pick(score, model="head", split="valid")
    assert accuracy.value > accuracy.constant


@pytest.mark.parametrize("form", ["dense", "sparse", "one age group"])
def test_a_head_of_its_numbers_says_the_same_to_the_last_bit(problem, kind, form):
    features, clips = problem
    train = None
    if form == "sparse":
        features = sparse.csr_matrix(np.maximum(features, 0))
    elif form == "one age group":
        train = ((clips["split"] == "train") & (clips["AgeGroup"] == 4)).to_numpy()
    head = regularised_heads.fit_head(features, clips, kind, train=train)
    np.testing.assert_array_equal(head.fitted.predict(features), head.table[P_COLUMNS])
    arrays = regularised_heads.head_arrays(head.fitted)
    assert {values.dtype.kind for values in arrays.values()} <= {"i", "f"}
    again = regularised_heads.head_of_arrays(arrays)
    np.testing.assert_array_equal(again.predict(features), head.table[P_COLUMNS])


def test_unknown_kind_is_an_error(problem):
    with pytest.raises(ValueError, match="Unknown kind 'luck': choose one of ordinal, logistic"):
        regularised_heads.fit_head(*problem, "luck")


def test_ordinal_regression_finds_the_line_and_its_thresholds(rng):
    x, cuts = rng.normal(0, 1, (4000, 3)), np.array([-2.0, 0.0, 1.0])
    line = x @ [2.0, -1.0, 0.0] + rng.logistic(0, 1, 4000)
    model = ordinal_regression.fit_ordinal(x, np.searchsorted(cuts, line), 1e6)
    np.testing.assert_allclose(model.weights, [2, -1, 0], atol=0.15)
    np.testing.assert_allclose(model.thresholds, cuts, atol=0.15)
    p = model.predict_proba(x)
    assert p.min() >= 0
    assert p.sum(1) == pytest.approx(1)


def test_no_other_ordinal_model_has_a_smaller_loss(rng):
    x, levels = rng.normal(0, 1, (200, 3)), rng.integers(0, 4, 200)
    levels[x[:, 0] > 1] = 3
    weights = rng.uniform(0.5, 2, 200)
    model = ordinal_regression.fit_ordinal(x, levels, 0.7, weights=weights)

    def loss(values):
        other = ordinal_regression.Ordinal(values[:3], np.sort(values[3:]))
        p = other.predict_proba(x)[np.arange(200), levels]
        return -(weights * np.log(np.maximum(p, 1e-12))).sum() + values[:3] @ values[:3] / 1.4

    ours = np.concatenate([model.weights, model.thresholds])
    assert loss(ours) == pytest.approx(optimize.minimize(loss, ours).fun, abs=1e-3)
