"""Processes that a command starts keep the memory that they free."""

import os
import platform
import subprocess
import sys

import pytest

from mmage_utils.processes import KEEP_MEMORY, keep_memory

# Page faults of eight arrays of 1 MB at a time, made and freed a hundred times, after once before.
FREES = """
import resource
import numpy as np
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    arrays = [np.ones(1 << 17) for _ in range(8)]
use()
before = faults()
for _ in range(100):
    use()
print(faults() - before)
"""


@pytest.fixture
def environ(monkeypatch):
    """An environment without such settings."""
    for name in KEEP_MEMORY:
        monkeypatch.setenv(name, "0")  # so that what is set here is taken back
        monkeypatch.delenv(name)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are those of glibc")
def test_memory_that_is_freed_is_used_again(environ):
    def count():
        done = subprocess.run([sys.executable, "-c", FREES], capture_output=True, text=True)
        return int(done.stdout)

    before = count()
    keep_memory()
    assert before > 10_000
    assert count() < before / 20


def test_a_setting_of_the_user_stays(environ, monkeypatch):
    name = next(iter(KEEP_MEMORY))
    monkeypatch.setenv(name, "1")
    keep_memory()
    assert os.environ[name] == "1"
    assert {key: os.environ[key] for key in list(KEEP_MEMORY)[1:]} == {
        key: str(KEEP_MEMORY[key]) for key in list(KEEP_MEMORY)[1:]
    }
