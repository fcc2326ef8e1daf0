"""Training learns, repeats itself, keeps the best epoch, and is not done twice."""

import contextlib
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from mmage_utils.features.faces import FaceDataset
from mmage_utils.models import lightning_trainer, networks, training
from mmage_utils.models.networks import acoustic_mlp

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

    def run(
        train=None,
        valid=None,
        *,
        build=lambda: acoustic_mlp(4),
        cache=None,
        resumable=False,
        **changes,
    ):
        settings = SETTINGS | changes
        training.seed_everything(settings["seed"])
        return training.fit(
            build(),
            train or _problem(160),
            valid or _problem(60, seed=1),
            training.Settings(**settings),
            checkpoint=tmp_path / "run" / "checkpoints" / "audio.ckpt",
            resumable=resumable,
            cache=cache or tmp_path / f"cache{next(count)}",
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
    monkeypatch.setattr(lightning_trainer.L, "Trainer", lambda **_: pytest.fail("trained again"))
    again = fit(cache=tmp_path / "kept")
    pd.testing.assert_frame_equal(first.history, again.history, check_exact=True)
    assert (first.best_epoch, first.seconds) == (again.best_epoch, again.seconds)
    for one, two in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, two)


def test_an_unknown_setting_is_an_error(fit):
    with pytest.raises(TypeError, match="unexpected keyword argument 'momentum'"):
        fit(momentum=0.9)


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 0.03}, {"batch_size": 16}, {"epochs": 3}, {"patience": 2}, {"optimiser": "AdamW"},
        {"monitor": "valid_loss"}, {"class_weights": np.arange(7)}, {"seed": 5},
        {"class_weights": np.full(7, 1 + 1e-10)},
        {"schedule": "warm-up"}, {"offset": np.arange(7)}, {"monitor": "valid_balanced_loss"},
        {"train": _problem(160, seed=3)}, {"valid": _problem(60, seed=3)},
        {"build": lambda: acoustic_mlp(4, dropout=0.1)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_decides_the_training_decides_what_is_kept(fit, tmp_path, monkeypatch, change):
    class Quick:
        def __init__(self, **_):
            pass

        def fit(self, module, *_, **__):
            trained.append(module)
            module.best = {"epoch": 1, "model": module.model.state_dict()}

    trained = []
    monkeypatch.setattr(lightning_trainer.L, "Trainer", Quick)
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
    found = fit(_problem(64, noise=2), valid, lr=1.0, epochs=16, batch_size=16, monitor=monitor)
    values = found.history[monitor]
    assert found.best_epoch == 1 + (values.argmax() if best == "max" else values.argmin())
    assert found.best_epoch < 16
    p = training.predict(found.model, valid)
    truth = valid.tensors[1].numpy()
    expected = found.history.loc[found.best_epoch - 1]
    assert (p.argmax(1) == truth).mean() == pytest.approx(expected["valid_accuracy"])
    loss = -np.log(p[np.arange(60), truth]).mean()
    assert loss == pytest.approx(expected["valid_loss"], rel=1e-4)


def test_balanced_loss_counts_every_age_group_alike(fit):
    groups = [3] * 50 + [5] * 10
    nothing = training.as_dataset(np.zeros((60, 4)), groups)
    found = fit(nothing, nothing, build=_linear, lr=0.0, epochs=1, offset=np.arange(7))
    p = training.predict(found.model, nothing)[0]
    expected = -(np.log(p[2]) + np.log(p[4])) / 2
    assert found.history["valid_balanced_loss"].iloc[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_offset_takes_the_prior_out_of_what_is_learnt(fit):
    """With log prior added in the loss, the model itself answers as if groups were equal."""
    groups = [3] * 48 + [5] * 12
    nothing = training.as_dataset(np.zeros((60, 4)), groups)
    prior = np.log([0.001, 0.001, 0.8, 0.001, 0.2, 0.001, 0.001])
    settings = {"build": _linear, "lr": 0.2, "batch_size": 60, "epochs": 300}
    settings |= {"schedule": "warm-up", "monitor": "valid_loss"}
    p = training.predict(fit(nothing, nothing, offset=prior, **settings).model, nothing)[0]
    assert p[2] / p[4] == pytest.approx(1, rel=0.05)
    p = training.predict(fit(nothing, nothing, **settings).model, nothing)[0]
    assert p[2] / p[4] == pytest.approx(4, rel=0.05)


class _Headed(nn.Module):
    """A network with a backbone and a head named as the face classifier names it."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.logits = nn.Linear(8, 7)

    def forward(self, x):
        return self.logits(self.first(x).relu())


@pytest.mark.parametrize(("slow", "moved"), [(0.0, False), (0.001, True)])
def test_backbone_has_a_rate_of_its_own(fit, slow, moved):
    training.seed_everything(0)
    before = _Headed()
    after = fit(build=_Headed, backbone_lr=slow, epochs=1, schedule="warm-up").model
    assert torch.equal(before.first.weight, after.first.weight) is not moved
    assert not torch.equal(before.logits.weight, after.logits.weight)


CUT_OFF = """
import os, signal, sys
from pathlib import Path

import numpy as np

from mmage_utils.models import lightning_trainer, training
from mmage_utils.models.networks import acoustic_mlp

stop, patience, cache = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
lightning_trainer.APART = int(sys.argv[4])
rng = np.random.default_rng(0)
groups = rng.integers(1, 8, 70)
train = training.as_dataset(rng.normal(0, 1, (70, 4)) + groups[:, None], groups)
calls = 0


def prepare(batch):
    global calls
    calls += 1
    if calls == stop:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch


train.prepare = prepare
training.seed_everything(0)
settings = training.Settings(
    epochs=8, batch_size=16, lr=0.02, schedule="warm-up", patience=patience, monitor="valid_loss"
)
found = training.fit(acoustic_mlp(4), train, train, settings, resumable=True, cache=cache)
print(calls, found.best_epoch)
print(found.history.to_json(double_precision=15))
print(float(sum(p.detach().double().sum() for p in found.model.parameters())))
"""


def _train_elsewhere(stop, cache, patience=8, apart=0):
    command = [sys.executable, "-c", CUT_OFF, *map(str, (stop, patience, cache, apart))]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize(("apart", "left"), [(0, "24"), (10**9, "42")])
def test_training_killed_midway_goes_on_and_ends_the_same(tmp_path, apart, left):
    whole = _train_elsewhere(0, tmp_path / "whole")
    # In the fifth epoch of six batches; the state is that of the fourth, or of the first.
    killed = _train_elsewhere(27, tmp_path / "cut", apart=apart)
    assert killed.returncode == -signal.SIGKILL
    resumed = _train_elsewhere(0, tmp_path / "cut")
    calls, *rest = resumed.stdout.splitlines()
    whole_calls, *whole_rest = whole.stdout.splitlines()
    assert rest == whole_rest
    assert (calls.split()[0], whole_calls.split()[0]) == (left, "48")
    assert calls.split()[1] == whole_calls.split()[1]
    assert not list((tmp_path / "cut").glob("*.partial"))


def test_training_that_had_stopped_early_trains_no_further(fit, tmp_path, monkeypatch):
    class CutOff(lightning_trainer.L.Trainer):
        def fit(self, *arguments, **settings):
            super().fit(*arguments, **settings)
            raise KeyboardInterrupt

    cache = tmp_path / "kept"
    settings = {"lr": 0.0, "epochs": 20, "patience": 2, "build": _linear, "resumable": True}
    with monkeypatch.context() as patch:
        patch.setattr(lightning_trainer.L, "Trainer", CutOff)
        patch.setattr(lightning_trainer, "APART", 0)
        with pytest.raises(KeyboardInterrupt):
            fit(cache=cache, **settings)
    assert len(list(cache.glob("*.partial/last.ckpt"))) == 1
    assert len(fit(cache=cache, **settings).history) == 3


def test_states_take_a_twentieth_of_the_time_at_most(tmp_path, monkeypatch):
    written, now = [], [0.0]
    monkeypatch.setattr(lightning_trainer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(lightning_trainer, "whole", contextlib.nullcontext)

    def save(state, _):
        written.append(state)
        now[0] += 1

    monkeypatch.setattr(lightning_trainer.torch, "save", save)
    states = lightning_trainer.StraightCheckpoints()
    for epoch in range(1, 8):
        now[0] += 8
        states.save_checkpoint(epoch, tmp_path / "last.ckpt")
    # Written in a second, the next follows 20 s later or more: after three epochs of 8 s.
    assert written == [1, 4, 7]


def test_rows_of_features_are_trained_on_one_thread(tmp_path):
    class Asks(nn.Linear):
        def forward(self, x):
            seen.add(torch.get_num_threads())
            return super().forward(x)

    seen, before = set(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        training.fit_features(
            np.eye(20, 4),
            pd.DataFrame({"split": ["train", "valid"] * 10, "AgeGroup": [1, 2, 3, 4] * 5}),
            lambda width: Asks(width, 7),
            training.Settings(epochs=1, batch_size=5, lr=0.1),
            cache=tmp_path,
        )
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == {1}


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_bfloat16_is_used_where_it_is_asked_for_and_there(fit, monkeypatch, asked, there):
    monkeypatch.setattr(training, "has_bfloat16", lambda: there)
    used = set()

    class Noting(nn.Linear):
        def forward(self, x):
            y = super().forward(x)
            if self.training:
                used.add(y.dtype)
            return y

    trained = fit(build=lambda: Noting(4, 7), bfloat16=asked, epochs=1)
    assert used == {torch.bfloat16 if asked and there else torch.float32}
    assert trained.model.weight.dtype is torch.float32


def test_one_device_trains_however_many_there_are(fit, monkeypatch):
    asked = {}

    class Asked(lightning_trainer.L.Trainer):
        def __init__(self, **settings):
            asked.update(settings)
            super().__init__(**settings)

    monkeypatch.setattr(lightning_trainer.L, "Trainer", Asked)
    fit()
    assert asked["devices"] == 1


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


@pytest.mark.parametrize(("weights", "answer"), [((1,) * 7, 3), ((1, 1, 1, 1, 9, 1, 1), 5)])
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


def test_probabilities_come_in_the_order_of_the_clips_whoever_is_with_them(fit):
    model, n = fit(epochs=1).model, training.BATCH + 11
    everyone = _problem(n, seed=6)
    together = training.predict(model, everyone)
    assert together.shape == (n, 7)
    np.testing.assert_allclose(together.sum(1), 1)
    for first, last in ((0, 1), (5, 6), (5, 16), (n - 2, n)):
        few = training.as_dataset(everyone.tensors[0][first:last].numpy(), [4] * (last - first))
        assert np.array_equal(training.predict(model, few), together[first:last])


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_face_gets_the_same_numbers_in_any_company(bfloat16):
    faces = np.random.default_rng(3).integers(0, 256, (5, 3, 80, 80), dtype=np.uint8)
    network = networks.backbone(networks.face_classifier()[0])
    made = [
        training.outputs(network, FaceDataset(faces, rows, [4] * len(rows)), bfloat16=bfloat16)
        for rows in (range(5), [3, 0], [3])
    ]
    assert np.array_equal(made[0][[3, 0]], made[1])
    assert np.array_equal(made[0][[3]], made[2])


def test_record_holds_the_curves(fit):
    record = fit(epochs=2).record()
    assert record["epochs"] == 2
    assert list(record["history"]) == [
        "epoch", "valid_loss", "valid_accuracy", "valid_balanced_loss",
        "train_loss", "train_accuracy", "train_balanced_loss",
    ]  # fmt: skip
    assert all(len(values) == 2 for values in record["history"].values())
