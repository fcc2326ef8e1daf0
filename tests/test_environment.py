"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
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


def test_packages_of_weights_are_installed_at_the_version_locked():
    for requirement, _ in lock_entries(WEIGHTS):
        assert requirement.specifier.contains(version(requirement.name))
    both = {canonicalize_name(r.name) for r, _ in lock_entries(WEIGHTS)}
    assert not both & {canonicalize_name(r.name) for r, _ in lock_entries()}
    assert {network.package for network in NETWORKS.values()} <= both
