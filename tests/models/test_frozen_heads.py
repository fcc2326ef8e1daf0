"""Heads on frozen embeddings: each method does what it says; the dial moves between two scores."""

import numpy as np
import pandas as pd
import pytest
import torch

from mmage_utils import predictions
from mmage_utils.models import class_balance, frozen_heads, networks, training
from mmage_utils.scores import evaluation, prior_dial

SETTINGS = {"epochs": 40, "lr": 0.05, "batch_size": 64}
SHARES = (0.04, 0.08, 0.2, 0.4, 0.2, 0.05, 0.03)


@pytest.fixture(scope="module")
def problem():
    """Unbalanced clips, and embeddings in which neighbouring age groups overlap."""
    rng = np.random.default_rng(0)
    n = 900
    groups = rng.choice(np.arange(1, 8), n, p=SHARES)
    clips = pd.DataFrame(
        {
            "VideoName": [f"v{k}.mp4" for k in range(n)],
            "UserID": [f"u{k // 2}" for k in range(n)],
            "AgeGroup": groups,
            "split": np.repeat(["train", "valid", "test"], n // 3),
        }
    )
    embeddings = rng.normal(0, 1, (n, 5))
    embeddings[:, 0] += 0.9 * groups
    return embeddings.astype(np.float32), clips


def _in_own_cache(patch, cache):
    """Heads are trained, not found in the cache of another test or of the project."""
    fit = training.fit
    patch.setattr(training, "fit", lambda *a, **k: fit(*a, **{"cache": cache} | k))


@pytest.fixture(scope="module")
def table(problem, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        _in_own_cache(patch, tmp_path_factory.mktemp("cache"))
        return frozen_heads.train_head(*problem, "none", seed=0, **SETTINGS)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    _in_own_cache(monkeypatch, tmp_path)


def test_every_method_gives_predictions_of_all_clips(problem):
    embeddings, clips = problem
    tables = frozen_heads.train_methods(embeddings, clips, seeds=(0, 1), **SETTINGS)
    scores = evaluation.average_seeds(tables)
    assert list(scores.index) == list(frozen_heads.METHODS)
    constant = evaluation.constant_scores(clips)["test"]["balanced_accuracy"]
    learnt = scores.drop("count / total (published)")
    assert (learnt["balanced accuracy"] > constant + 0.03).all()
    assert (scores["accuracy, spread"] >= 0).all()
    # Rarer groups get more of the answers where the prior is taken out, fewer where it is doubled.
    small = scores[["7-13", "14-18", "46-60", "61+"]].mean(axis=1)
    for method in ("N / (K n)", "balanced softmax", "logit adjustment"):
        assert small[method] > small["none"] > small["count / total (published)"]


def test_same_seed_gives_the_same_head(problem, table):
    again = frozen_heads.train_head(*problem, "none", seed=0, **SETTINGS)
    pd.testing.assert_frame_equal(again, table)


def test_test_clips_decide_nothing(problem, table):
    embeddings, clips = problem
    at = (clips["split"] == "test").to_numpy()
    other, relabelled = embeddings.copy(), clips.copy()
    other[at] = 5.0
    relabelled.loc[at, "AgeGroup"] = 1
    found = frozen_heads.train_head(other, relabelled, "none", seed=0, **SETTINGS)
    kept = ["VideoName", "prediction", "p1", "p4"]
    pd.testing.assert_frame_equal(found.loc[~at, kept], table.loc[~at, kept])


def test_ordinal_head_is_corns():
    from coral_pytorch.losses import corn_loss

    torch.manual_seed(0)
    head = networks.ordinal_head(5)
    x, y = torch.randn(200, 5), torch.randint(7, (200,))
    log_p = head(x)
    assert log_p.exp().sum(1).detach().numpy() == pytest.approx(np.ones(200), abs=1e-5)
    ours = torch.nn.functional.nll_loss(log_p, y, reduction="sum")
    asked = sum(int((y >= k).sum()) for k in range(6))  # task k asks those of at least group k
    assert float(ours.detach()) == pytest.approx(
        float(corn_loss(head[0](x).detach(), y, 7)) * asked, rel=1e-4
    )


def test_adjustment_by_hand(table):
    counts = np.array([1, 1, 2, 4, 2, 1, 1])
    found = predictions.adjust(table, class_balance.adjustment(counts))
    p = table.loc[0, [f"p{k}" for k in range(1, 8)]].to_numpy(float) / counts
    expected = p / p.sum()
    np.testing.assert_allclose(
        found.loc[0, [f"p{k}" for k in range(1, 8)]].to_numpy(float), expected, rtol=1e-6
    )
    pd.testing.assert_frame_equal(
        predictions.adjust(table, np.zeros(7))[["prediction"]], table[["prediction"]]
    )


def test_dial_trades_accuracy_for_balanced_accuracy(problem, table):
    _, clips = problem
    counts = class_balance.group_counts(clips.loc[clips["split"] == "train", "AgeGroup"])
    valid = table[table["split"] == "valid"]
    frontier = prior_dial.sweep(valid, counts, taus=np.linspace(-1, 2, 13))
    points = prior_dial.operating_points(frontier)
    assert points["balanced accuracy"] > points["accuracy"]
    at_zero = frontier.loc[frontier["tau"] == 0].iloc[0]
    assert at_zero["accuracy"] == pytest.approx(
        (valid["prediction"] == valid["ground_truth"]).mean()
    )
    assert frontier["balanced accuracy"].max() > at_zero["balanced accuracy"]


def test_of_equal_points_the_one_nearest_to_the_model_as_it_is_wins():
    frontier = pd.DataFrame(
        {"tau": [-1, 0, 0.5, 1], "accuracy": [0.5, 0.6, 0.6, 0.6], "balanced accuracy": [0.1] * 4}
    )
    assert prior_dial.operating_points(frontier) == {"accuracy": 0, "balanced accuracy": 0}


def test_unknown_method_is_an_error(problem):
    with pytest.raises(ValueError, match="Unknown method 'luck': choose one of none, count"):
        frozen_heads.train_head(*problem, "luck", seed=0, **SETTINGS)


def test_heads_leave_no_checkpoint(problem, monkeypatch):
    """A head is a second of work: nothing but the cache keeps it."""

    def refuse(*_, checkpoint=None):
        assert checkpoint is None
        pytest.fail("enough")

    monkeypatch.setattr(training, "fit", refuse)
    with pytest.raises(pytest.fail.Exception, match="enough"):
        frozen_heads.train_head(*problem, "none", seed=0, **SETTINGS)


def test_every_head_starts_at_the_shares_it_sees(problem):
    """Without a step of training each method answers the shares of train, balanced ones evenly."""
    embeddings, clips = problem
    counts = class_balance.group_counts(clips.loc[clips["split"] == "train", "AgeGroup"])
    for method in ("none", "ordinal (CORN)", "balanced softmax"):
        table = frozen_heads.train_head(embeddings, clips, method, seed=0, epochs=1, lr=0.0)
        shares = np.ones(7) / 7 if method == "balanced softmax" else counts / counts.sum()
        np.testing.assert_allclose(table[predictions.P_COLUMNS].mean(), shares, atol=1e-3)
