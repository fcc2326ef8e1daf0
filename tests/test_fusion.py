"""Late fusion adds log-probabilities of clips joined on VideoName."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.fusion import add_logits
from mmage_utils.predictions import P_COLUMNS


@pytest.fixture
def models(rng, tabled):
    truth = rng.integers(1, 8, 30)
    return [tabled(truth, p=rng.dirichlet(np.ones(7), 30)) for _ in range(3)]


@pytest.mark.parametrize("which", range(3))
def test_one_hot_weights_give_that_model_back(models, which):
    found = add_logits(models, np.eye(3)[which])
    pd.testing.assert_frame_equal(found, models[which], atol=1e-9)


def test_adding_logits_multiplies_probabilities(tabled):
    first = tabled([3], p=[[0, 0, 0.5, 0.4, 0.1, 0, 0]])
    second = tabled([3], p=[[0, 0, 0.1, 0.6, 0.3, 0, 0]])
    found = add_logits([first, second], (1, 1))
    # Products .05, .24, .03 of .32.
    expected = [0, 0, 5 / 32, 24 / 32, 3 / 32, 0, 0]
    assert found.loc[0, P_COLUMNS].tolist() == pytest.approx(expected, abs=1e-9)
    assert found["prediction"].tolist() == [4]


def test_weights_are_powers_of_the_probabilities(models):
    found = add_logits(models, (1.2, 0.8, 0.5))
    first, second, third = (model[P_COLUMNS].to_numpy() for model in models)
    expected = first**1.2 * second**0.8 * third**0.5
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(found[P_COLUMNS], expected, atol=1e-9)
    assert (found["prediction"] == expected.argmax(1) + 1).all()


@pytest.mark.parametrize("which", range(3))
def test_order_of_rows_does_not_matter(models, which):
    expected = add_logits(models, (1.2, 0.8, 0.8)).sort_values("VideoName", ignore_index=True)
    models[which] = models[which].sample(frac=1, random_state=5)
    found = add_logits(models, (1.2, 0.8, 0.8)).sort_values("VideoName", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1, 1), (1, 1, -0.1)])
def test_wrong_weights_are_refused(models, weights):
    with pytest.raises(ValueError, match="one weight, not negative, for each model"):
        add_logits(models, weights)


@pytest.mark.parametrize("which", range(3))
def test_clips_that_one_model_lacks_are_left_out(models, which):
    expected = add_logits(models, (1, 1, 1)).iloc[4:].reset_index(drop=True)
    models[which] = models[which].iloc[4:]
    pd.testing.assert_frame_equal(add_logits(models, (1, 1, 1)), expected)
