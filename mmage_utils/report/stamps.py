"""Whether a step of a run is finished and would come out the same again: by its stamp.

A stamp names what a step rests on and what it made, each by its digest. It is written last, so a
step that was cut off has none.
"""

import json
import os
import platform
import re
import time
from functools import cache
from glob import glob
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import nbformat
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmage_utils import files
from mmage_utils.data.provenance import keeps_float32
from mmage_utils.features.fingerprint import data_fingerprint
from mmage_utils.features.recording_keys import content_keys
from mmage_utils.files import digest, file_sha256, save_json
from mmage_utils.report.parameters import declared_parameters
from mmage_utils.report.used_modules import used_files

PROJECT = "mmage-utils"
PLACES = ("RUN", "DATA_DIR")  # parameters that may name a folder and no weights


def shared_inputs(settings):
    """What all notebooks of a run rest on.

    Parameters
    ----------
    settings : dict
        As `resolve_parameters`.

    Returns
    -------
    dict of str to str
        Digests of the locked packages and which of them are installed, without those that only
        the tests need; of the machine (kind of processor, GPUs, and whether it keeps to float32),
        of the committed results, and of the data where the notebooks have any.
    """
    locks = sorted(files.ROOT.glob("requirements*.lock"))
    text, only_tests = "".join(path.read_text() for path in locks), packages_of_tests()
    # A name and its version, with the hashes in the lines below.
    pins = dict(re.findall(r"^([\w.-]+)(==.*(?:\n[ \t].*)*)", text, re.MULTILINE))
    names = [name for name in pins if canonicalize_name(name) not in only_tests]
    gpus = sorted(glob("/dev/nvidia[0-9]*")), os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    inputs = {
        "packages": digest(
            [platform.python_version(), *map(_installed, names)],
            [[name, pins[name]] for name in names],
        ),
        "machine": digest(platform.system(), platform.machine(), repr((gpus, keeps_float32()))),
        "committed": _digest_of(sorted((files.ROOT / "figures" / "seeds").glob("*.json"))),
    }
    folder = files.ROOT / settings.get("DATA_DIR", "")
    if "DATA_DIR" in settings and folder.is_dir():
        inputs["data"] = data_fingerprint(folder, files.ROOT / "cache")
    return inputs


@cache
def packages_of_tests():
    """Names of the packages that only the extra ``test`` needs: no result rests on them."""
    return _needed(f"{PROJECT}[test]") - _needed(PROJECT)


def _needed(requirement):
    """Names of the packages that a requirement needs, as far as they are installed."""
    needed, waiting = set(), [Requirement(requirement)]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), {"", *wanted.extras}
        if {(name, extra) for extra in extras} <= needed:
            continue
        needed |= {(name, extra) for extra in extras}
        # Most lines are of extras that nobody asks for, and to read a line takes time.
        lines = (line for line in _requires(name) if wanted.extras or "extra ==" not in line)
        further = map(Requirement, lines)
        waiting += [
            one
            for one in further
            if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return {name for name, _ in needed}


@cache
def _requires(name):
    try:
        return requires(name) or ()
    except PackageNotFoundError:
        return ()


def notebook_inputs(path, injected, shared):
    """What one notebook rests on, besides what it reads of its run.

    Parameters
    ----------
    path : Path
        The notebook; its outputs do not count.
    injected : dict
        Values of parameters that are set for it.
    shared : dict
        `shared_inputs`.

    Returns
    -------
    dict of str to str
        `shared` with digests of its cells, its parameters, the files of the package that it uses,
        and the weights that its parameters name as a file or a folder.
    """
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    parameters = declared_parameters(path) | injected
    return shared | {
        "cells": digest([cell.cell_type, cell.source] for cell in cells),
        "parameters": digest(repr(sorted(parameters.items()))),
        "code": digest_files(used_files(code)),
        "weights": _weights_digest(parameters),
    }


def digest_files(paths):
    """One digest of the names and contents of files."""
    return digest([path.name, path.read_bytes()] for path in paths)


def read_stamp(path):
    """What `write_stamp` wrote, or None where there is nothing whole."""
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
        return stamp if {"inputs", "read", "written", "finished"} <= set(stamp) else None
    except (OSError, ValueError, TypeError):
        return None


def write_stamp(path, inputs, folder, *, read=(), written=(), **more):
    """Write the stamp of a step that is finished now.

    Parameters
    ----------
    path : Path
    inputs : dict of str to str
        What it rests on, by digests.
    folder : Path
        The run.
    read, written : iterable of str
        What the step used of it: paths within it. What has gone in the meantime counts as missing
        in `read` and as nothing in `written`.
    **more
        Kept in the stamp as it is.

    Returns
    -------
    dict
        The stamp.
    """
    made = {name: value for name, value in _digests(folder, written).items() if value}
    stamp = {"finished": time.time(), **more, "inputs": inputs}
    stamp |= {"read": _digests(folder, read), "written": made}
    save_json(path, stamp)
    return stamp


def is_current(stamp, inputs, folder, later=()):
    """Whether a stamp has these inputs, and all that the step read and wrote is as it was.

    A file that a later step wrote as well may be as that one left it: `later` are their stamps.
    """
    if stamp is None or stamp["inputs"] != inputs:
        return False
    if _digests(folder, stamp["read"]) != stamp["read"]:
        return False
    overwritten = (set(step["written"].items()) for step in later if step is not None)
    changed = set(_digests(folder, stamp["written"]).items()) - set(stamp["written"].items())
    return changed <= set().union(*overwritten)


def since(stamp):
    """When a step was finished, as text: ``12:04``, or with the day where it is another one."""
    then, now = time.localtime(stamp["finished"]), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)


def seconds_together(steps):
    """Seconds in which at least one of some steps ran, by their ``finished`` and ``seconds``."""
    total, until = 0.0, 0.0
    for begin, end in sorted((one["finished"] - one["seconds"], one["finished"]) for one in steps):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return round(total, 1)


def _digests(folder, names):
    """SHA-256 of files of a folder by name; None where there is no file."""
    paths = {name: folder / name for name in names}
    return {name: file_sha256(path) if path.is_file() else None for name, path in paths.items()}


def _digest_of(paths):
    """Digest of files that need not be read again (`recording_keys.content_keys`)."""
    keys = content_keys(paths, files.ROOT / "cache")
    return digest([path.name, str(key)] for path, key in zip(paths, keys, strict=True))


def _weights_digest(parameters):
    texts = [str(value) for name, value in sorted(parameters.items()) if name not in PLACES]
    places = [files.ROOT / name for text in texts for name in text.split(" + ") if name]
    paths = [place for place in places if place.is_file()]
    for place in filter(Path.is_dir, places):
        paths += sorted(path for path in place.rglob("*") if path.is_file())
    return _digest_of(paths)


def _installed(name):
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} is missing"
