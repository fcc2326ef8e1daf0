"""One run is made by one command; two runs may share data and cache."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import interruptions
import pytest

from mmage_utils.errors import UsageError
from mmage_utils.files import locked
from mmage_utils.runs import hold_run
from mmage_utils.sample.write import make_sample

HOLD = """
import sys, time
from pathlib import Path
from mmage_utils.runs import hold_run
with hold_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
# Drawing takes the time; which of the two draws is what is asked.
SAMPLE = """
import sys, time
from mmage_utils.sample import write
write.write_clip = lambda *_: time.sleep(0.01) or ""
print(write.make_sample(sys.argv[1], n_clips=160, n_jobs=1))
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_command_is_refused_in_one_sentence_with_the_process(tmp_path, holder):
    with (
        pytest.raises(UsageError, match=rf"is being made by process {holder.pid}: ") as raised,
        hold_run(tmp_path / "run"),
    ):
        pass
    assert "\n" not in str(raised.value)
    assert holder.poll() is None
    with hold_run(tmp_path / "other run"):
        pass


def test_the_lock_of_a_killed_process_blocks_nobody(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert (tmp_path / "run" / ".lock").read_text() == f"{holder.pid}\n"
    with hold_run(tmp_path / "run"):
        assert (tmp_path / "run" / ".lock").read_text() == f"{os.getpid()}\n"
    assert not (tmp_path / "run").exists()


def test_what_waits_for_a_lock_gets_it_when_it_is_free(tmp_path):
    code = "import sys\nfrom mmage_utils.files import locked\nwith locked(sys.argv[1]): print('in')"
    with locked(tmp_path / "lock"):
        waiting = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE
            )
            for _ in range(3)
        ]
        with pytest.raises(subprocess.TimeoutExpired):
            waiting[0].wait(timeout=3)
    assert [process.communicate(timeout=60)[0] for process in waiting] == [b"in\n"] * 3
    assert not (tmp_path / "lock").exists()


def test_two_that_make_the_same_sample_make_it_once(tmp_path):
    place = tmp_path / "data" / "sample"
    both = [
        subprocess.Popen([sys.executable, "-c", SAMPLE, str(place)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert sorted(process.communicate()[0] for process in both) == [b"False\n", b"True\n"]
    assert make_sample(place, n_clips=160) is False
    assert [path.name for path in place.parent.iterdir()] == ["sample"]


@pytest.mark.slow
@pytest.mark.long
def test_two_runs_that_share_data_and_cache_are_both_right(tmp_path):
    root = interruptions.make_root(tmp_path)
    both = [interruptions.start(root, "--run", name) for name in ("tiny", "other")]
    for run in both:
        _, said = run.communicate()
        assert (run.returncode, said) == (0, "")
    tables = [
        {path.name: path.read_bytes() for path in (root / "runs" / name).glob("predictions/*.csv")}
        for name in ("tiny", "other")
    ]
    assert len(tables[0]) > 20
    assert tables[0] == tables[1]
    assert unchanged_since_it_was_made(root / "data" / "tiny")


def unchanged_since_it_was_made(data: Path):
    """Whether nothing was written to a sample after its mark, which is written last."""
    last = (data / "synthetic.json").stat().st_mtime_ns
    return all(path.stat().st_mtime_ns <= last for path in data.rglob("*"))
