"""pyproject.toml, requirements.lock and environment.yml say the same."""

import os
import re
import shutil
import signal
import stat
import subprocess
import time
import tomllib
from importlib.metadata import version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmage_utils.features.face_networks import NETWORKS
from mmage_utils.files import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
EXTRA = (ROOT / "requirements.words.lock").read_text()
WEIGHTS = (ROOT / "requirements.weights.lock").read_text()
SETUP = (ROOT / "tools" / "setup_env.sh").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())


def lock_entries(text=LOCK):
    """Return (requirement, hashes) of every entry; an entry goes on after a backslash."""
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    entries = [re.split(r"\s+--hash=", line) for line in lines if line and line[0] != "#"]
    return [(Requirement(first.strip()), [h.strip() for h in rest]) for first, *rest in entries]


def declared():
    """Return (requirement, the text that locks it) of every dependency."""
    own, build = PROJECT["project"], PROJECT["build-system"]
    extras = own["optional-dependencies"]
    usual = [*build["requires"], *own["dependencies"], *extras["test"]]
    assert set(extras) == {"test", "words"}
    return [(line, LOCK) for line in usual] + [(line, EXTRA) for line in extras["words"]]


@pytest.mark.parametrize(
    ("text", "least"), [(LOCK, 100), (WEIGHTS, 2), (EXTRA, 2)], ids=["all", "weights", "words"]
)
def test_lock_holds_exact_pins_with_hashes_and_no_addresses(text, least):
    entries = lock_entries(text)
    assert len(entries) > least
    for requirement, hashes in entries:
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert "*" not in str(requirement.specifier), requirement
        assert hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", h) for h in hashes), requirement
    assert "://" not in text
    assert "--index" not in text
    assert "--extra-index" not in text


@pytest.mark.parametrize(("line", "lock"), declared(), ids=[line for line, _ in declared()])
def test_every_dependency_is_locked_at_the_version_asked_for(line, lock):
    wanted = Requirement(line)
    locked = [
        next(iter(requirement.specifier)).version
        for requirement, _ in lock_entries(lock)
        if canonicalize_name(requirement.name) == canonicalize_name(wanted.name)
    ]
    assert locked, f"{wanted.name} is not in the lock"
    assert all(wanted.specifier.contains(version) for version in locked)


def test_no_dependency_is_declared_twice():
    names = [canonicalize_name(Requirement(line).name) for line, _ in declared()]
    assert sorted(names) == sorted(set(names))


def test_extra_adds_packages_and_changes_none():
    usual, added = ({canonicalize_name(r.name) for r, _ in lock_entries(x)} for x in (LOCK, EXTRA))
    assert not usual & added


def test_conda_environment_is_the_lock_on_a_python_of_the_project():
    assert ENVIRONMENT["name"] == "mmage"
    *conda, from_pip = ENVIRONMENT["dependencies"]
    assert from_pip == {"pip": ["-r requirements.lock"]}
    assert conda[1:] == ["pip"]
    python = conda[0].removeprefix("python=")
    assert Requirement(f"python{PROJECT['project']['requires-python']}").specifier.contains(python)


def test_only_the_python_that_is_tested_is_claimed():
    claimed = PROJECT["project"]["requires-python"]
    versions = {
        f"3.{n}" for n in range(8, 20) if f"3.{n}.0" in Requirement(f"x{claimed}").specifier
    }
    assert versions == {"3.11"}
    assert "sys.version_info[:2] != (3, 11)" in SETUP
    assert "On a machine with Python 3.11 and" in (ROOT / "README.md").read_text()
    assert (ROOT / ".binder" / "runtime.txt").read_text().strip() == "python-3.11"
    assert re.search(r"^FROM python:3\.11-", DOCKERFILE, re.MULTILINE)


def test_setup_takes_an_active_conda_environment(tmp_path):
    wanted = [*sorted(ROOT.glob("requirements*.lock")), ROOT / "pyproject.toml"]
    wanted += [*sorted(ROOT.glob("tools/jupyter/*.json"))]
    wanted += [*sorted(ROOT.glob("tools/jupyter/labconfig/*.json"))]
    wanted += [*sorted(ROOT.glob("tools/ipython/*.py"))]
    stamp = f"{ROOT}\n" + "".join(path.read_text() for path in wanted)
    (tmp_path / "mmage.stamp").write_text(stamp)
    conda = os.environ | {
        "CONDA_DEFAULT_ENV": "mmage",
        "CONDA_PREFIX": str(tmp_path),
        "LC_ALL": "C",
    }
    said = subprocess.run(
        [ROOT / "tools" / "setup_env.sh"], env=conda, capture_output=True, text=True, check=True
    )
    assert (said.stdout, said.stderr) == (f"{tmp_path}/bin\n", "")


STUB = """#!/bin/sh
case $* in
  "-m venv "*)
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    echo "VIRTUAL_ENV=$3" >"$3/bin/activate"
    printf '#!/bin/sh\\necho "became $0 $*"\\n' >"$3/bin/mmage"
    chmod +x "$3/bin/mmage" ;;
  {slow})
    touch "{began}"
    exec sleep 60 ;;
esac
"""


@pytest.fixture
def stubbed(tmp_path):
    """Function that gives a repository whose Python does nothing, and waits at a step."""
    place = tmp_path / "here"
    shutil.copytree(ROOT / "tools", place / "tools")
    for path in (*ROOT.glob("requirements*.lock"), ROOT / "pyproject.toml", ROOT / "run_all.sh"):
        shutil.copy(path, place)

    def stub(slow):
        text = STUB.format(slow=slow, began=tmp_path / "began")
        (tmp_path / "python3.11").write_text(text)
        (tmp_path / "python3.11").chmod(0o755)
        return place

    return stub


def set_up(place):
    """Start run_all.sh with the stub as its Python."""
    own = {"PATH": f"{place.parent}:/usr/bin:/bin", "LC_ALL": "C"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [place / "run_all.sh", "--only", "1"]

    def as_in_a_terminal():  # what a script in the background ignores, it cannot trap
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        command, env=own, start_new_session=True, preexec_fn=as_in_a_terminal, **streams
    )


@pytest.mark.parametrize("slow", ["*pip?install*", "*weights.lock", "-"])
@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.killpg), (signal.SIGTERM, os.kill)],
    ids=["Ctrl-C", "batch system", "kill"],
)
def test_a_set_up_that_is_stopped_says_so_in_one_line_and_goes_on(
    stubbed, tmp_path, number, send, slow
):
    place = stubbed(slow)
    run = set_up(place)
    end = time.monotonic() + 60
    while not (tmp_path / "began").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    clock = time.monotonic()
    send(run.pid, number)
    printed, said = run.communicate(timeout=30)
    assert time.monotonic() - clock < 20  # and not when the step ends
    assert run.returncode == 128 + number
    assert said.splitlines()[-1] == "mmage: interrupted; the same command goes on."
    assert [line.split(":")[0] for line in said.splitlines()] == ["mmage"] * said.count("\n")
    assert printed == ""
    assert not (place / ".venv" / "mmage.stamp").exists()

    shutil.rmtree(place / ".venv")
    run = set_up(stubbed("nothing"))
    printed, said = run.communicate(timeout=60)
    assert (run.returncode, printed) == (0, f"became {place}/.venv/bin/mmage report --only 1\n")
    assert (place / ".venv" / "mmage.stamp").exists()
    assert set_up(place).communicate(timeout=60)[1] == ""


def test_a_set_up_step_that_fails_ends_it(stubbed, tmp_path):
    place = stubbed("nothing")
    path = tmp_path / "python3.11"
    path.write_text(path.read_text() + 'case $* in *"pip install"*) exit 3 ;; esac\n')
    run = set_up(place)
    assert run.communicate(timeout=60)[0] == ""
    assert run.returncode == 3
    assert not (place / ".venv" / "mmage.stamp").exists()


def dockerfile_steps():
    """Instruction and arguments of each step of the Dockerfile."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [line.split(maxsplit=1) for line in lines]


def test_dockerfile_makes_the_environment_with_the_same_script():
    steps = dockerfile_steps()
    known = {"FROM", "RUN", "USER", "WORKDIR", "COPY", "CMD"}
    assert {name for name, _ in steps} == known
    first = steps.index(["RUN", "tools/setup_env.sh"])
    copied = [step for name, step in steps[:first] if name == "COPY"]
    sources = [word for step in copied for word in step.split()[1:-1]]
    assert all((ROOT / source).exists() for source in sources)
    needed = {path.name for path in ROOT.glob("requirements*.lock")} | {"pyproject.toml", "tools"}
    assert needed <= set(sources)
    assert PROJECT["project"]["readme"] in sources  # the build of the project reads it
    assert ["COPY", "--chown=jovyan . ."] in steps[first:]
    assert "pip install" not in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".venv", "cache", "data", "runs"} <= set(ignored)


def test_binder_makes_the_environment_with_the_same_script():
    path = ROOT / ".binder" / "postBuild"
    assert path.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    assert "bin=$(tools/setup_env.sh)" in lines
    assert not any("pip install" in line for line in lines)


def test_packages_of_weights_are_installed_at_the_version_locked():
    for requirement, _ in lock_entries(WEIGHTS):
        assert requirement.specifier.contains(version(requirement.name))
    both = {canonicalize_name(r.name) for r, _ in lock_entries(WEIGHTS)}
    assert not both & {canonicalize_name(r.name) for r, _ in lock_entries()}
    assert {network.package for network in NETWORKS.values()} <= both
