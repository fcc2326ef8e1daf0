"""Shards on real Dask clusters: whatever is killed midway, the parts are those of a quiet run."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import dask
import psutil
import pytest
from distributed import KilledWorker  # here, so that a test can change a default
from helpers.recordings import SLOW, make_lists

from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import dask_jobs, modalities
from mmage_utils.features.parts import read_features
from mmage_utils.features.shards import write_features
from mmage_utils.files import ROOT

CLIPS, SHARD = 96, 6


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


def parts_of(out):
    return {path.name: path.read_bytes() for path in sorted(out.glob("part-*"))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings that a slow program analyses in some five seconds."""
    return make_lists(tmp_path_factory.mktemp("data") / "lists", CLIPS)


@pytest.fixture(scope="module")
def quiet(folder, tmp_path_factory):
    """The parts of a run that nobody disturbs, in one process."""
    out = tmp_path_factory.mktemp("quiet")
    run = f"write_features(*sys.argv[1:], shard_size={SHARD}, n_workers=1)"
    program = f"{SLOW}\nfrom mmage_utils.features.shards import write_features\n{run}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    command = [sys.executable, "-c", program, str(folder), str(out)]
    subprocess.run(command, env=environment, check=True, timeout=120)
    return parts_of(out)


@pytest.fixture
def features(folder, tmp_path):
    """Function that starts the command; processes of its own are slow too. Ended with the test."""
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    environment["DASK_DISTRIBUTED__WORKER__PRELOAD"] = json.dumps([str(slow)])
    with ExitStack() as stack:

        def run(*options, data=folder, size=SHARD):
            command = [sys.executable, "-m", "mmage_utils.cli", "features", str(data)]
            command += ["-o", str(tmp_path / "out"), "--shard-size", str(size), *options]
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield run


def wait_for_parts(process, out, n):
    while len(list(out.glob("part-*"))) < n:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


def finish(process):
    """Wait for the end, without an error: how many clips were computed, and how many were there."""
    printed, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, ""), errors
    found = re.search(
        rf"^{CLIPS} clips \(First Impressions\) in 16 parts: (\d+) computed"
        r" [^,]*(?:, (\d+) there already)?\.$",
        printed, re.MULTILINE,
    )  # fmt: skip
    assert found, printed
    return tuple(int(number or 0) for number in found.groups())


def computed_but_one(process):
    """`finish`; one part is there already where a worker had written and not yet reported it."""
    computed, there = finish(process)
    return computed + there == CLIPS and there in (0, SHARD)


@pytest.mark.slow
def test_a_worker_killed_midway_changes_nothing(start, features, tmp_path, quiet):
    address, workers = start(2)
    process = features("--scheduler", address)
    wait_for_parts(process, tmp_path / "out", 3)
    workers[0].send_signal(signal.SIGKILL)
    assert workers[0].wait() == -signal.SIGKILL
    assert process.poll() is None, "it was done before a worker could be killed"
    assert computed_but_one(process)
    assert parts_of(tmp_path / "out") == quiet
    assert len(read_features(tmp_path / "out")) == CLIPS


@pytest.mark.slow
def test_a_worker_with_a_network_killed_midway_changes_nothing(start, features, tmp_path, sample):
    write_features(sample, tmp_path / "quiet", modality="words", shard_size=10, n_workers=1)
    address, workers = start(2)
    options = ("--modality", "words", "--scheduler", address)
    process = features(*options, data=sample, size=10)
    wait_for_parts(process, tmp_path / "out", 1)
    workers[0].kill()
    assert process.poll() is None, "it was done before a worker could be killed"
    printed, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, ""), errors
    assert " in 16 parts: " in printed
    assert parts_of(tmp_path / "out") == parts_of(tmp_path / "quiet")


@pytest.mark.slow
def test_a_process_of_this_machine_killed_midway_is_started_again(features, tmp_path, quiet):
    process = features("--workers", "2")
    wait_for_parts(process, tmp_path / "out", 3)
    spawned = [
        child
        for child in psutil.Process(process.pid).children()
        if any("spawn_main" in part for part in child.cmdline())
    ]
    assert len(spawned) == 2
    spawned[0].kill()
    assert computed_but_one(process)
    assert parts_of(tmp_path / "out") == quiet


@pytest.mark.slow
def test_a_killed_client_loses_the_shards_in_hand_only(features, tmp_path, quiet):
    out, process = tmp_path / "out", features("--workers", "2")
    wait_for_parts(process, out, 4)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert psutil.wait_procs(children, timeout=20)[1] == []  # its workers end with it
    kept = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert 4 <= len(kept) < len(quiet)
    n_kept = len(kept) * SHARD
    assert finish(features("--workers", "2")) == (CLIPS - n_kept, n_kept)
    assert parts_of(out) == quiet
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_jobs_are_sent_as_workers_become_free():
    """A million jobs must not lie on the scheduler at once."""
    taken = []

    def jobs():
        for job in range(40):
            taken.append(job)
            yield job

    with dask_jobs.open_cluster(n_workers=2) as client:
        results = dask_jobs.compute(pow, jobs(), client=client, exp=2)
        done = []
        for job, square in results:
            done.append((job, square))
            assert len(taken) <= len(done) + 2 * dask_jobs.AHEAD
    assert sorted(done) == [(job, job**2) for job in range(40)]


@pytest.mark.slow
def test_jobs_that_waited_behind_the_one_to_blame_are_done(monkeypatch):
    monkeypatch.setattr(dask_jobs, "AHEAD", 4)

    def fatal(job):  # within the test, so that it is sent as it is
        if job == 0:
            os._exit(1)
        return job**2

    at_once = {
        "distributed.scheduler.allowed-failures": 0
    }  # every job of a lost worker is given up
    with dask.config.set(at_once), dask_jobs.open_cluster(n_workers=1) as client:
        done = dict(dask_jobs.compute(fatal, range(6), client=client))
    assert done == {0: None} | {job: job**2 for job in range(1, 6)}


@pytest.mark.slow
def test_a_cluster_is_closed_while_a_process_of_it_starts_again(capfd):
    """Closed too early, Dask fails itself, or prints tracebacks of the new process."""
    soon = {"distributed.scheduler.allowed-failures": 1}
    for wait in (0.0, 0.05, 0.1, 0.2):
        with dask.config.set(soon), dask_jobs.open_cluster(n_workers=1) as client:
            with pytest.raises(KilledWorker):
                client.submit(os._exit, 1).result()
            time.sleep(wait)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_a_process_that_dask_has_given_up_is_replaced(monkeypatch):
    """As one that ends before Dask has noted that it is there."""
    monkeypatch.setattr(dask_jobs, "RESTART", 2)
    with dask_jobs.open_cluster(n_workers=1) as client:
        client.cluster.sync(client.cluster.workers[0].close)
        deadline = time.monotonic() + 10
        while client.nthreads():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.wait_for_workers(1, timeout=60)
        assert dict(dask_jobs.compute(abs, [-1, -2], client=client)) == {-1: 1, -2: 2}


@pytest.mark.slow
def test_a_shard_that_ends_its_workers_is_given_up_and_named(folder, tmp_path):
    """Damage in one file that ends the program costs its shard, not the rest."""
    deadly = tmp_path / "deadly.py"
    ends = "    if samples.max() < 0.105: os._exit(1)\n"
    deadly.write_text(
        SLOW.replace("import sys", "import os, sys").replace("    time.sleep(0.05)\n", ends)
    )
    settings = {"shard_size": 24, "n_workers": 2}
    with (
        dask.config.set({"distributed.worker.preload": [str(deadly)]}),
        pytest.raises(DataError, match=r"Several Dask workers ended .* 0000\.000\.mp4 to"),
    ):
        write_features(folder, tmp_path / "out", **settings)
    assert sorted(parts_of(tmp_path / "out")) == [f"part-{k:05d}.parquet" for k in (1, 2, 3)]
    with pytest.raises(DataError, match="is not complete"):
        read_features(tmp_path / "out")


def test_what_goes_wrong_with_a_cluster_is_said(start, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_jobs, "PATIENCE", 2)
    address, workers = start(1)
    settings = {"scheduler": address}
    with monkeypatch.context() as patch:
        patch.setattr(modalities, "recipe_key", lambda *_: "newer")
        with pytest.raises(DataError, match="runs other code or other weights: install this"):
            write_features(folder, tmp_path / "out", **settings)
    workers[0].kill()
    workers[0].wait()
    with pytest.raises(UsageError, match="has no worker: start some"):
        write_features(folder, tmp_path / "out", **settings)
    assert list(tmp_path.glob("out/part-*")) == []


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "'nonsense' is no address of a scheduler"),
        ("foo://host:1", "no address of a scheduler"),
        ("tcp://127.0.0.1:1", "No Dask scheduler answers at tcp://127.0.0.1:1"),
    ],
)
def test_a_scheduler_that_is_not_there_is_wrong_usage(
    address, message, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(dask_jobs, "PATIENCE", 1)
    with pytest.raises(UsageError, match=message):
        write_features(folder, tmp_path / "out", scheduler=address)
