"""Several processes train as one: each clip once, the same curves, and no hang after a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from torch.utils.data.distributed import DistributedSampler
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.errors import UsageError
from mmage_utils.features.shards import write_features
from mmage_utils.files import ROOT
from mmage_utils.models import batches, ranks

HOW = ("--epochs", 40, "--batch-size", 32, "--lr", 0.01)


def shares(monkeypatch, n, size, world, epoch=0):
    """The batches of each of some processes."""
    monkeypatch.setattr(ranks, "world", lambda: world)
    order = DistributedSampler(range(n), num_replicas=1, rank=0, seed=3)
    order.set_epoch(epoch)
    given = []
    for rank in range(world):
        monkeypatch.setattr(ranks, "rank", lambda rank=rank: rank)
        share = batches.Shares(order, size)
        given.append(list(share))
        assert len(share) == len(given[-1])
    return given


@pytest.mark.parametrize(
    ("n", "size", "world"), [(100, 16, 2), (96, 32, 3), (65, 16, 2), (9, 8, 4)]
)
def test_every_clip_is_in_the_share_of_one_process_once_an_epoch(monkeypatch, n, size, world):
    epochs = [shares(monkeypatch, n, size, world, epoch) for epoch in range(2)]
    for given in epochs:
        assert sorted(row for share in given for batch in share for row in batch) == [*range(n)]
        assert len({len(share) for share in given}) == 1  # all make the same number of steps
        assert min(len(batch) for share in given for batch in share) >= 2  # for batch norm
    assert epochs[0] != epochs[1]


def test_shares_make_up_the_batches_of_one_process(monkeypatch):
    [alone] = shares(monkeypatch, 100, 16, 1)
    together = shares(monkeypatch, 100, 16, 2)
    for batch, *parts in zip(alone, *together, strict=True):
        assert sorted(batch) == sorted(row for part in parts for row in part)


def test_too_many_processes_for_a_batch_are_wrong_usage(monkeypatch):
    with pytest.raises(UsageError, match="4 processes need batches of 8 examples or more, not 6"):
        shares(monkeypatch, 100, 6, 4)


def test_alone_nothing_is_added(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with ranks.process_group():
        tensor = torch.arange(3.0)
        assert ranks.add_up(tensor).tolist() == [0, 1, 2]
        assert (ranks.rank(), ranks.world(), ranks.as_first("x")) == (0, 1, "x")
        assert ranks.trainer_settings() == {"devices": 1}


@pytest.fixture(scope="module")
def features(sample, tmp_path_factory):
    """Embeddings of the sample's words, as parts."""
    out = tmp_path_factory.mktemp("features")
    write_features(sample, out, modality="words", shard_size=64, n_workers=1)
    return out


@pytest.fixture(scope="module")
def alone(features, sample, tmp_path_factory):
    """What one process makes of them."""
    out = tmp_path_factory.mktemp("alone")
    command = ["train", features, sample, "-o", out, *HOW]
    result = CliRunner().invoke(app, list(map(str, command)))
    assert result.exit_code == 0, result.output
    assert (
        "Linear head on words, minilm (synthetic sample, seed 0), by 1 processes: 96 train, 32"
        in (result.stdout)
    )
    return out


def start_two(features, sample, out):
    """Start `mmage train` as two processes."""
    return run_two("-m", "mmage_utils.cli", "train", features, sample, "-o", out, *HOW)


def run_two(*arguments):
    """Start torchrun with two processes on the CPU, as a group of processes of its own."""
    program = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = ["-m", *program, *arguments]
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# One epoch of a small network of faces with batch norm, its curves and weights by each process.
CNN = """
import sys
from pathlib import Path
import numpy as np
import torch
from torch import nn
from mmage_utils.features.faces import FaceDataset
from mmage_utils.models import ranks, training

rng, out = np.random.default_rng(0), Path(sys.argv[1])
groups = rng.integers(1, 8, 63)
faces = (30 * groups[:, None, None, None] + rng.integers(0, 30, (63, 3, 16, 16))).astype(np.uint8)
train = FaceDataset(faces, range(40), groups[:40], "light")
valid = FaceDataset(faces, range(40, 63), groups[40:])
training.seed_everything(0)
layers = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
model = nn.Sequential(*layers, nn.Linear(8, 7))
settings = training.Settings(epochs=1, batch_size=8, lr=0.01)
with ranks.process_group():
    fit = training.fit(model, train, valid, settings, resumable=True, cache=out)
    p = training.predict(fit.model, valid)[range(23), groups[40:] - 1]
    record = fit.record() | {"world": ranks.world(), "loss again": float(-np.log(p).mean())}
    torch.save(record | {"model": fit.model.state_dict()}, out / f"{ranks.rank()}.pt")
"""


@pytest.mark.slow
def test_two_processes_train_a_network_with_batch_norm(tmp_path):
    """As `recipes.train_faces` trains the face network, started by torchrun."""
    (tmp_path / "cnn.py").write_text(CNN)
    errors = run_two(tmp_path / "cnn.py", tmp_path).communicate(timeout=300)[1]
    first, second = (
        torch.load(tmp_path / f"{k}.pt", weights_only=True) if (tmp_path / f"{k}.pt").is_file()
        else pytest.fail(errors) for k in range(2)
    )  # fmt: skip
    assert first["world"] == 2
    assert first["history"] == second["history"]
    assert first["model"]["1.num_batches_tracked"] == 5  # both have a share of each batch of 8
    # Scores of valid are added up over processes that have the same means of batch norm.
    assert first["history"]["valid_loss"] == [pytest.approx(first["loss again"], rel=1e-4)]
    assert np.isfinite(first["history"]["train_loss"]).all()


def read(out):
    record = json.loads((out / "training.json").read_text())
    return record, pd.DataFrame(record["history"]), pd.read_parquet(out / "predictions.parquet")


def test_a_head_learns_from_parts(alone, sample):
    record, history, table = read(alone)
    assert history["train_loss"].iloc[-1] < 0.7 * history["train_loss"].iloc[0]
    assert len(table) == 160 == sum(record["clips"].values())
    assert record["left_out"] == {"without label": 0, "without numbers": 0}
    state = torch.load(alone / "head.ckpt", weights_only=True)
    assert state["model"]["weight"].shape == (7, 384)
    result = CliRunner().invoke(
        app, ["evaluate", str(alone / "predictions.parquet"), str(sample), "--split", "valid"]
    )
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_two_processes_learn_what_one_does(alone, features, sample, tmp_path):
    process = start_two(features, sample, tmp_path)
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert printed.count("by 2 processes: 96 train, 32 valid, 32 test clips") == 1
    _, one, table = read(alone)
    _, two, other = read(tmp_path)
    # Losses and scores of train and valid in every epoch: nothing is counted twice or left out.
    pd.testing.assert_frame_equal(one, two, rtol=1e-3, atol=1e-4)
    p = [f"p{k}" for k in range(1, 8)]
    np.testing.assert_allclose(table[p], other[p], atol=1e-3)


@pytest.mark.slow
def test_a_killed_process_ends_the_training_which_then_goes_on(features, sample, alone, tmp_path):
    process = start_two(features, sample, tmp_path)
    while not list(tmp_path.glob("state/*.partial/last.ckpt")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    members = psutil.Process(process.pid).children()
    [second] = [member for member in members if member.environ().get("RANK") == "1"]
    second.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=120)  # it does not hang
    assert process.returncode != 0
    assert "Signal 9 (SIGKILL)" in errors
    assert not (tmp_path / "training.json").exists()
    assert psutil.wait_procs(members, timeout=20)[1] == []
    process = start_two(features, sample, tmp_path)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    pd.testing.assert_frame_equal(read(alone)[1], read(tmp_path)[1], rtol=1e-3, atol=1e-4)
