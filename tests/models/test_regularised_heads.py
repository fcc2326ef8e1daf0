"""Logistic heads: the strength is valid's choice, test decides nothing, no group is lost."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mmage_utils.models import class_balance, regularised_heads
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores import evaluation

SHARES = (0.04, 0.08, 0.2, 0.4, 0.2, 0.05, 0.03)


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
    features[:, :7] += 3 * np.eye(7)[groups - 1]
    return features, clips


def test_telling_features_beat_the_prior_and_noise_falls_back_to_it(problem):
    features, clips = problem
    majority = evaluation.train_majority(clips)
    told = regularised_heads.fit_head(features, clips)
    score = evaluation.score_models({"head": told.table}, majority=majority)
    accuracy = evaluation.pick(score, model="head")
    assert accuracy.value > accuracy.constant + 0.1
    noise = regularised_heads.fit_head(features[:, 7:], clips)
    train = clips.loc[clips["split"] == "train", "AgeGroup"]
    prior = np.exp(class_balance.adjustment(class_balance.group_counts(train)))
    assert noise.strength < told.strength
    np.testing.assert_allclose(noise.table[P_COLUMNS], np.tile(prior, (720, 1)), atol=0.12)
    assert regularised_heads.valid_loss(noise.table) > regularised_heads.valid_loss(told.table)


def test_the_strength_is_that_of_the_least_valid_loss(problem):
    head = regularised_heads.fit_head(*problem)
    assert head.losses.idxmin() == head.strength
    assert head.losses.min() == pytest.approx(regularised_heads.valid_loss(head.table))
    assert head.losses.index.is_monotonic_increasing


def test_test_clips_decide_nothing(problem):
    features, clips = problem
    at = (clips["split"] == "test").to_numpy()
    other, relabelled = features.copy(), clips.copy()
    other[at] = 5.0
    relabelled.loc[at, "AgeGroup"] = 1
    found = regularised_heads.fit_head(other, relabelled).table
    expected = regularised_heads.fit_head(features, clips).table
    pd.testing.assert_frame_equal(found[~at], expected[~at])


def test_balanced_heads_answer_more_groups(problem):
    plain, balanced = (regularised_heads.fit_head(*problem, balanced=b) for b in (False, True))
    scores = evaluation.score_models({"plain": plain.table, "balanced": balanced.table}, majority=4)
    scores = evaluation.select(scores, metric="balanced_accuracy", split="valid")
    plain, balanced = scores.set_index("model")["value"][["plain", "balanced"]]
    assert balanced > plain


def test_units_and_offsets_of_features_change_nothing(problem):
    features, clips = problem
    head = regularised_heads.fit_head(features * 1000 + 7, clips)
    expected = regularised_heads.fit_head(features, clips)
    np.testing.assert_allclose(head.table[P_COLUMNS], expected.table[P_COLUMNS], atol=1e-3)


def test_groups_without_train_clips_count_as_half_a_clip(problem):
    features, clips = problem
    train = ((clips["split"] == "train") & (clips["AgeGroup"] != 7)).to_numpy()
    table = regularised_heads.fit_head(features, clips, train=train).table
    assert table["p7"].to_numpy() == pytest.approx(0.5 / (train.sum() + 0.5))
    assert table[P_COLUMNS].sum(axis=1).to_numpy() == pytest.approx(1)
    alone = ((clips["split"] == "train") & (clips["AgeGroup"] == 4)).to_numpy()
    table = regularised_heads.fit_head(features, clips, train=alone).table
    assert (table["prediction"] == 4).all()


def test_sparse_features_are_taken_as_they_are(problem):
    features, clips = problem
    head = regularised_heads.fit_head(sparse.csr_matrix(np.maximum(features, 0)), clips)
    majority = evaluation.train_majority(clips)
    score = evaluation.score_models({"head": head.table}, majority=majority)
    accuracy = evaluation.pick(score, model="head", split="valid")
    assert accuracy.value > accuracy.constant
