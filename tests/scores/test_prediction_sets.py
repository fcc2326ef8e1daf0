"""Prediction sets hold the true age group as often as stated, over users."""

import numpy as np
import pandas as pd
import pytest
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

from mmage_utils.predictions import P_COLUMNS, softmax, tabulate
from mmage_utils.scores.prediction_sets import (
    NOTHING_LEFT_OUT,
    choose_level,
    coverage_by,
    prediction_sets,
)


def _drawn(rng, users, *, split="valid", sharpness=1.0):
    """Clips of users whose clips are alike, some of one clip, some of six; a model that is off."""
    group, clips = rng.integers(0, 7, users), rng.choice([1, 2, 6], users)
    user = np.repeat(np.arange(users), clips)
    hard = rng.normal(0, 1.5, users)[user] + 0.3 * rng.normal(size=len(user))
    distance = np.abs(np.arange(7) - (group[user] + hard)[:, None])
    table = pd.DataFrame({"VideoName": [f"{split}{k}.mp4" for k in range(len(user))]})
    table = table.assign(UserID=[f"{split}{k}" for k in user], split=split)
    return tabulate(table.assign(AgeGroup=group[user] + 1), softmax(-sharpness * distance))


def _held(table, level):
    inside = prediction_sets(table[P_COLUMNS], level)
    return inside[np.arange(len(table)), table["ground_truth"] - 1]


@pytest.mark.parametrize("sharpness", [0.3, 4.0], ids=["too unsure", "too sure"])
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_of_new_users_hold_the_truth_as_often_as_stated(sharpness, coverage):
    held = []
    for seed in range(60):
        rng = np.random.default_rng([7, seed])
        level = choose_level(_drawn(rng, 60, sharpness=sharpness), coverage=coverage)
        new = _drawn(rng, 200, split="test", sharpness=sharpness)
        shares = pd.Series(_held(new, level)).groupby(new["UserID"].to_numpy()).mean()
        held.append(shares.mean())
    # Stated for the mean over what is drawn; 60 draws of 60 users leave an error of 0.7 points.
    assert coverage - 0.015 < np.mean(held) < coverage + 0.04


def test_a_user_with_many_clips_counts_as_one():
    truth = np.r_[np.full(50, 1), np.full(9, 2)]
    p = np.full((59, 7), 0.01)
    p[:50, 0], p[50:, 1] = 0.2, 0.9  # one user of fifty hard clips, nine of an easy one
    users = ["one"] * 50 + [f"u{k}" for k in range(9)]
    clips = pd.DataFrame({"VideoName": range(59), "UserID": users, "split": "valid"})
    table = tabulate(clips.assign(AgeGroup=truth), p)
    # Nine of eleven (ten of valid and the one to come) are 0.818.
    assert choose_level(table, coverage=0.8) == pytest.approx(0.1)
    assert choose_level(table, coverage=0.85) == pytest.approx(0.8)
    assert choose_level(table, coverage=0.95) == NOTHING_LEFT_OUT
    assert prediction_sets(p, NOTHING_LEFT_OUT).all()


def test_no_set_is_empty_and_a_higher_level_only_adds():
    p = np.random.default_rng(1).dirichlet(np.ones(7), 200)
    before = prediction_sets(p, 0.0)
    assert (before.sum(1) == 1).all()
    assert before[np.arange(200), p.argmax(1)].all()
    for level in (0.3, 0.7, 0.95):
        now = prediction_sets(p, level)
        assert (now >= before).all()
        before = now


def test_only_valid_is_read():
    rng = np.random.default_rng(3)
    valid, test = _drawn(rng, 40), _drawn(rng, 40, split="test")
    assert choose_level(pd.concat([valid, test])) == choose_level(valid)


class _Known(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its probabilities."""

    def fit(self, features, groups):
        self.classes_, self.n_features_in_ = np.arange(7), 7
        return self

    def predict_proba(self, features):
        return np.asarray(features)

    def predict(self, features):
        return np.argmax(features, axis=1)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("users", [21, 60, 399])
def test_with_one_clip_a_user_the_sets_are_those_of_mapie(users, coverage):
    rng = np.random.default_rng(users)
    valid, new = (
        _drawn(rng, n, split=split).drop_duplicates("UserID").reset_index(drop=True)
        for n, split in ((users, "valid"), (300, "test"))
    )
    theirs = SplitConformalClassifier(
        _Known().fit(None, None), coverage, conformity_score="lac", prefit=True
    ).conformalize(valid[P_COLUMNS].to_numpy(), valid["ground_truth"].to_numpy() - 1)
    expected = theirs.predict_set(new[P_COLUMNS].to_numpy())[1][:, :, 0].astype(bool)
    ours = prediction_sets(new[P_COLUMNS], choose_level(valid, coverage=coverage))
    some = expected.any(1)  # theirs may be empty; ours then hold the most probable group
    assert some.mean() > 0.5
    assert (ours[some] == expected[some]).all()
    assert (ours[~some].sum(1) == 1).all()


def test_coverage_is_counted_for_each_group():
    p = np.full((30, 7), 0.02)
    p[:, 3] = 0.88  # sets hold age group 4 alone
    clips = pd.DataFrame({"VideoName": range(30), "UserID": range(30), "split": "test"})
    table = tabulate(clips.assign(AgeGroup=np.repeat([4, 5], 15)), p)
    table = table.assign(Gender=np.tile([1, 2], 15), Ethnicity=2)
    ages = coverage_by(table, 0.5, "AgeGroup")
    assert ages.loc["25-32", ["held", "clips", "users", "coverage"]].tolist() == [15, 15, 15, 1]
    assert ages.loc["33-45", ["held", "coverage", "size"]].tolist() == [0, 0, 1]
    assert ages.loc["25-32", "low"] < 1 == ages.loc["25-32", "high"]
    assert ages.loc["7-13", "clips"] == 0
    assert np.isnan(ages.loc["7-13", "coverage"])
    genders = coverage_by(table, 0.5, "Gender")
    assert genders["held"].tolist() == [8, 7]
    assert (coverage_by(table, NOTHING_LEFT_OUT, "Gender")["size"] == 7).all()
