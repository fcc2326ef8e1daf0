"""A Dask cluster computes the same table, also when a worker is killed midway."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest
from helpers.recordings import RUN, SLOW, TABLE, count_kept, make_clips

from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import dask_jobs
from mmage_utils.features.voices import extraction
from mmage_utils.files import ROOT


def _start(stack, folder, program, *arguments):
    """Start a part of the cluster; it is ended with the stack."""
    command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    with (folder / f"{program}.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


@pytest.fixture
def start(tmp_path):
    """Function that starts a scheduler with n workers on loopback: its address, the workers."""
    with ExitStack() as stack:

        def run(n_workers):
            (tmp_path / "slow.py").write_text(SLOW)
            file = tmp_path / "scheduler.json"
            place = ("--host", "127.0.0.1", "--scheduler-file", str(file))
            _start(stack, tmp_path, "dask_scheduler", *place, "--port", "0")
            # No nanny, which would start a killed worker again.
            settings = ("--scheduler-file", str(file), "--no-nanny", "--nthreads", "1")
            settings += ("--host", "127.0.0.1", "--preload", str(tmp_path / "slow.py"))
            workers = [_start(stack, tmp_path, "dask_worker", *settings) for _ in range(n_workers)]
            address = _wait_for_address(file, tmp_path / "dask_scheduler.log")
            _wait_for_workers(address, n_workers)
            return address, workers

        yield run


def _wait_for_address(file, log):
    """Until the scheduler has written its whole file, which is there before its content is."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            return json.loads(file.read_text())["address"]
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def _wait_for_workers(address, n):
    from distributed import Client

    with Client(address, timeout=20, set_as_default=False) as client:
        client.wait_for_workers(n, timeout=60)


def test_a_worker_killed_midway_changes_nothing(start, tmp_path, computed):
    clips = make_clips(tmp_path / "wav", np.linspace(0.1, 0.9, 80))
    address, workers = start(2)
    clips.to_csv(tmp_path / "clips.csv", index=False)
    # In a process of its own, as it is to be watched and to write nothing but the table.
    run = RUN.replace("n_jobs=1", f"scheduler={address!r}")
    command = [sys.executable, "-c", SLOW + run, str(tmp_path / "clips.csv"), str(tmp_path / "c")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    while count_kept(tmp_path / "c") < 8:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    workers[0].send_signal(signal.SIGKILL)
    assert workers[0].wait() == -signal.SIGKILL
    assert process.poll() is None, "it was done before a worker could be killed"
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    table = extraction.extract_features(clips, cache=tmp_path / "c", n_jobs=1).table
    assert list(table) == TABLE
    assert computed == []  # all were computed by the cluster
    here = extraction.extract_features(clips, cache=tmp_path / "here", n_jobs=1)
    assert len(computed) == 80
    pd.testing.assert_frame_equal(table, here.table)


def test_what_goes_wrong_with_a_cluster_is_said(start, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_jobs, "PATIENCE", 2)
    clips = make_clips(tmp_path / "wav", [0.1])
    settings = {"cache": tmp_path / "c"}
    address, workers = start(1)
    with monkeypatch.context() as patch:
        patch.setitem(extraction.CODES, "fast", "newer")
        with pytest.raises(DataError, match="runs other code: install this version there"):
            extraction.extract_features(clips, scheduler=address, **settings)
    workers[0].kill()
    workers[0].wait()
    with pytest.raises(UsageError, match="has no worker: start some"):
        extraction.extract_features(clips, scheduler=address, **settings)
    assert list(tmp_path.glob("c/voices_*")) == []


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "'nonsense' is no address of a scheduler"),
        ("foo://host:1", "no address of a scheduler"),
        ("tcp://127.0.0.1:1", "No Dask scheduler answers at tcp://127.0.0.1:1"),
    ],
)
def test_a_scheduler_that_is_not_there_is_wrong_usage(address, message, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_jobs, "PATIENCE", 1)
    clips = make_clips(tmp_path / "wav", [0.1])
    with pytest.raises(UsageError, match=message):
        extraction.extract_features(clips, cache=tmp_path / "c", scheduler=address)
