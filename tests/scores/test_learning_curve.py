"""Learning curves: shares of users, nested draws, better with more people."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.display import plots
from mmage_utils.scores import evaluation
from mmage_utils.scores.learning_curve import SHARES, learning_curve


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(1)
    groups = np.repeat(rng.choice([2, 3, 4, 5, 6], 240, p=[0.1, 0.2, 0.4, 0.2, 0.1]), 3)
    clips = pd.DataFrame(
        {
            "VideoName": [f"v{k}.mp4" for k in range(720)],
            "UserID": [f"u{k}" for k in np.repeat(np.arange(240), 3)],
            "AgeGroup": groups,
            "split": np.repeat(["train", "valid", "test"], 240),
        }
    )
    features = rng.normal(0, 1, (720, 30))
    features[:, :5] += groups[:, None] / 2
    return features, clips


@pytest.fixture(scope="module")
def curve(problem):
    return learning_curve(*problem, model="image, a", splits=("valid", "test"))


def test_rows_are_shares_of_whole_users(curve):
    assert len(curve) == len(SHARES) * 2 * 3
    users = curve.drop_duplicates("share").set_index("share")["users"]
    assert users.to_dict() == {1 / 8: 10, 1 / 4: 20, 1 / 2: 40, 1: 80}
    assert (curve["clips"] == 3 * curve["users"]).all()
    assert curve.drop_duplicates("share")["draws"].tolist() == [2, 2, 2, 1]
    assert (evaluation.select(curve, share=1)["spread"] == 0).all()
    assert (curve["low"] <= curve["value"]).all()
    assert (curve["value"] <= curve["high"]).all()


def test_more_people_teach_more(curve):
    loss = evaluation.select(curve, metric="log_loss", split="valid")["value"].to_numpy()
    assert loss[-1] < loss[0]
    assert loss[-1] < evaluation.pick(curve, share=1, metric="log_loss", split="valid").constant


def test_all_users_give_the_scores_of_the_head_itself(problem, curve):
    from mmage_utils.models.regularised_heads import fit_head

    features, clips = problem
    table, majority = fit_head(features, clips).table, evaluation.train_majority(clips)
    scores = evaluation.score_models(
        {"head": table}, majority=majority, prior=evaluation.train_prior(clips)
    )
    for metric in ("accuracy", "balanced_accuracy", "log_loss"):
        row = evaluation.pick(scores, metric=metric)
        own = evaluation.pick(curve, share=1, metric=metric)
        assert [own.value, own.low, own.high] == pytest.approx([row.value, row.low, row.high])
    assert evaluation.pick(curve, share=1).constant == evaluation.pick(scores).constant


def test_same_seed_same_curve(problem, curve):
    again = learning_curve(*problem, model="image, a", splits=("valid", "test"))
    pd.testing.assert_frame_equal(again, curve)
    other = learning_curve(*problem, shares=(1 / 8,), draws=1, seed=1)
    first = learning_curve(*problem, shares=(1 / 8,), draws=1, seed=0)
    assert other["value"].tolist() != first["value"].tolist()


def test_test_is_read_only_where_it_is_asked_for(problem):
    features, clips = problem
    assert set(learning_curve(features, clips, shares=(1,))["split"]) == {"valid"}


def test_the_figure_has_a_line_a_model_and_the_constant_predictor(curve):
    both = pd.concat([curve, curve.assign(model="image, b"), curve.assign(model="audio")])
    axes = plots.plot_learning_curve(both)
    for ax, metric in zip(axes, ("accuracy", "log_loss"), strict=True):
        lines = {line.get_label(): line for line in ax.get_lines()}
        assert list(lines) == ["image, a", "image, b", "audio", "constant predictor"]
        rows = evaluation.select(curve, metric=metric, split="valid")
        assert lines["audio"].get_xdata().tolist() == [10, 20, 40, 80]
        assert lines["audio"].get_ydata().tolist() == rows["value"].tolist()
        assert lines["constant predictor"].get_ydata()[0] == rows["constant"].iloc[0]
        assert ax.get_xscale() == "log"
    styles = [line.get_linestyle() for line in axes[0].get_lines()[:2]]
    assert len(set(styles)) == 2
