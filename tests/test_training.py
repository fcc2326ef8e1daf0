"""Training learns, repeats itself, keeps the best epoch, and is not done twice."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from mmage_utils import training
from mmage_utils.models import acoustic_mlp

SETTINGS = {"epochs": 6, "batch_size": 32, "lr": 0.02, "seed": 0}


def _problem(n, *, noise=0.6, seed=0):
    """Three age groups around three corners of a square, as features and groups."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(3, 6, n)
    corners = np.array([[0, 0, 1, 0], [3, 0, 0, 1], [0, 3, 1, 1]])
    return training.as_dataset(corners[groups - 3] + rng.normal(0, noise, (n, 4)), groups)


@pytest.fixture
def fit(tmp_path):
    """Function that trains on the small problem, with its own cache unless told."""
    count = iter(range(99))

    def run(train=None, valid=None, *, build=lambda: acoustic_mlp(4), cache=None, **changes):
        settings = SETTINGS | changes
        training.seed_everything(settings["seed"])
        return training.fit(
            build(),
            train or _problem(160),
            valid or _problem(60, seed=1),
            checkpoint=tmp_path / "run" / "checkpoints" / "audio.ckpt",
            cache=cache or tmp_path / f"cache{next(count)}",
            **settings,
        )

    return run


def _linear():
    return nn.Linear(4, 7)


def test_loss_falls_and_accuracy_rises(fit):
    history = fit().history
    assert list(history["epoch"]) == [1, 2, 3, 4, 5, 6]
    for split in ("train", "valid"):
        assert history[f"{split}_loss"].iloc[-1] < 0.6 * history[f"{split}_loss"].iloc[0]
        assert history[f"{split}_accuracy"].iloc[-1] > history[f"{split}_accuracy"].iloc[0]
    assert history["valid_accuracy"].max() > 0.9


def test_same_seed_gives_the_same_training_and_another_seed_another(fit):
    first, again, other = fit(), fit(), fit(seed=1)
    pd.testing.assert_frame_equal(first.history, again.history, check_exact=True)
    everyone = _problem(50, seed=2)
    p, p_again, p_other = (training.predict(f.model, everyone) for f in (first, again, other))
    np.testing.assert_array_equal(p, p_again)
    assert np.abs(p - p_other).max() > 1e-3


def test_finished_training_is_not_done_again(fit, tmp_path, monkeypatch):
    first = fit(cache=tmp_path / "kept")
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained again"))
    again = fit(cache=tmp_path / "kept")
    pd.testing.assert_frame_equal(first.history, again.history, check_exact=True)
    assert (first.best_epoch, first.seconds) == (again.best_epoch, again.seconds)
    for one, two in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 0.03}, {"batch_size": 16}, {"epochs": 3}, {"patience": 2}, {"optimiser": "AdamW"},
        {"monitor": "valid_loss"}, {"class_weights": np.ones(7)}, {"seed": 5},
        {"train": _problem(160, seed=3)}, {"valid": _problem(60, seed=3)},
        {"build": lambda: acoustic_mlp(4, dropout=0.1)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_decides_the_training_decides_what_is_kept(fit, tmp_path, monkeypatch, change):
    def quick(model, train, valid, kept, *settings):
        trained.append(kept)
        kept.parent.mkdir(exist_ok=True)
        torch.save(
            {"model": model.state_dict(), "history": {}, "best_epoch": 1, "seconds": 0.0}, kept
        )

    trained = []
    monkeypatch.setattr(training, "_train", quick)
    fit(cache=tmp_path / "kept")
    fit(cache=tmp_path / "kept")
    fit(cache=tmp_path / "kept", **change)
    assert len(trained) == 2


def test_training_stops_when_nothing_gets_better(fit):
    found = fit(lr=0.0, epochs=20, patience=2, build=_linear)
    assert len(found.history) == 3
    assert found.best_epoch == 1


@pytest.mark.parametrize(("monitor", "best"), [("valid_accuracy", "max"), ("valid_loss", "min")])
def test_best_epoch_is_kept(fit, monitor, best):
    valid = _problem(60, noise=2, seed=1)
    found = fit(_problem(64, noise=2), valid, lr=0.3, epochs=12, batch_size=16, monitor=monitor)
    values = found.history[monitor]
    assert found.best_epoch == 1 + (values.argmax() if best == "max" else values.argmin())
    assert found.best_epoch < 12
    p = training.predict(found.model, valid)
    truth = valid.tensors[1].numpy()
    expected = found.history.loc[found.best_epoch - 1]
    assert (p.argmax(1) == truth).mean() == pytest.approx(expected["valid_accuracy"])
    loss = -np.log(p[np.arange(60), truth]).mean()
    assert loss == pytest.approx(expected["valid_loss"], rel=1e-4)


def test_checkpoint_holds_the_model_that_is_returned(fit, tmp_path):
    found = fit(epochs=2)
    saved = torch.load(tmp_path / "run" / "checkpoints" / "audio.ckpt", weights_only=True)
    model = acoustic_mlp(4)
    model.load_state_dict(saved["model"])
    everyone = _problem(20, seed=4)
    expected = training.predict(found.model, everyone)
    np.testing.assert_array_equal(training.predict(model, everyone), expected)
    assert (saved["best_epoch"], saved["seconds"]) == (found.best_epoch, found.seconds)


@pytest.mark.parametrize("n", [33, 65])
def test_last_batch_of_one_clip_does_not_fail(fit, n):
    found = fit(_problem(n), epochs=1)
    assert np.isfinite(found.history.to_numpy()).all()


@pytest.mark.parametrize(("weights", "answer"), [(None, 3), ((1, 1, 1, 1, 9, 1, 1), 5)])
def test_weights_decide_what_is_answered_when_inputs_say_nothing(fit, weights, answer):
    nothing = training.as_dataset(np.zeros((60, 4)), [3] * 40 + [5] * 20)
    found = fit(nothing, nothing, build=_linear, class_weights=weights, lr=0.3, batch_size=60)
    assert (training.predict(found.model, nothing).argmax(1) + 1 == answer).all()


def test_loss_with_one_weight_is_that_groups_loss(fit):
    nothing = training.as_dataset(np.zeros((60, 4)), [3] * 45 + [5] * 15)
    weights = np.eye(7)[4]
    found = fit(nothing, nothing, build=_linear, class_weights=weights, lr=0.0, batch_size=60)
    expected = -np.log(training.predict(found.model, nothing)[0, 4])
    assert found.history["valid_loss"].tolist() == pytest.approx([expected] * 6, rel=1e-5)
    assert found.history["train_loss"].tolist() == pytest.approx([expected] * 6, rel=1e-5)


def test_probabilities_come_in_the_order_of_the_clips(fit):
    model = fit(epochs=1).model
    everyone = _problem(11, seed=6)
    together = training.predict(model, everyone, batch_size=4)
    assert together.shape == (11, 7)
    np.testing.assert_allclose(together.sum(1), 1)
    for k in range(11):
        alone = training.as_dataset(everyone.tensors[0][k : k + 1].numpy(), [4])
        np.testing.assert_allclose(training.predict(model, alone)[0], together[k], atol=1e-6)


def test_record_holds_the_curves(fit):
    record = fit(epochs=2).record()
    assert record["epochs"] == 2
    assert list(record["history"]) == [
        "epoch", "valid_loss", "valid_accuracy", "train_loss", "train_accuracy"
    ]  # fmt: skip
    assert all(len(values) == 2 for values in record["history"].values())
