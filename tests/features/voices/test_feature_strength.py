"""Effect sizes and mutual information of features, by hand and by construction."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.features.voices.feature_strength import cohens_d, eta_squared, feature_strength


def test_eta_squared_by_hand():
    assert eta_squared([1, 3, 5, 7], [1, 1, 2, 2]) == pytest.approx(16 / 20)
    assert eta_squared([1, 3, 1, 3], [1, 1, 2, 2]) == 0
    assert np.isnan(eta_squared([2, 2], [1, 2]))


def test_cohens_d_by_hand():
    assert cohens_d([1, 3], [4, 6]) == pytest.approx(-3 / np.sqrt(2))
    assert np.isnan(cohens_d([1], [4, 6]))


def test_informative_feature_stands_out_and_clips_without_voice_are_left_out():
    rng = np.random.default_rng(0)
    n = 2000
    clips = pd.DataFrame(
        {
            "VideoName": [f"v{k}.mp4" for k in range(n)],
            "AgeGroup": rng.integers(1, 8, n),
            "Gender": rng.integers(1, 3, n),
            "split": np.where(np.arange(n) < 1800, "train", "test"),
        }
    )
    features = pd.DataFrame(rng.normal(0, 1, (n, 7)), columns=list(FEATURES))
    features["words_per_second"] += clips["AgeGroup"]
    features["f0_mean"] -= 3 * (clips["Gender"] == 1)
    features.insert(0, "VideoName", clips["VideoName"])
    features.loc[:9, list(FEATURES)] = np.nan
    found = feature_strength(features.sample(frac=1, random_state=1), clips)
    assert list(found.index) == list(FEATURES)
    assert set(found["clips"]) == {1790}
    by_age = found[["eta squared, age group", "mutual information, age group (bits)"]]
    assert list(by_age.idxmax()) == ["words_per_second"] * 2
    assert found["Cohen's d, male - female"].abs().idxmax() == "f0_mean"
    assert found.loc["f0_mean", "Cohen's d, male - female"] == pytest.approx(-3, abs=0.25)
    assert found.loc["tempo", "eta squared, age group"] < 0.1
