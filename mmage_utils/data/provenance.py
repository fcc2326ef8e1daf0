"""Where each file of a run comes from: data, seed, parameters, versions, commit and machine.

Beside a run's files stand their records, ``provenance/<folder>/<file>.json``: the SHA-256 of the
file when it was written, and its provenance. Each record is a file of its own, so that notebooks
that run at the same time never wait for each other. Results hold their provenance themselves too.
"""

import ast
import json
import os
import platform
import shutil
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath

from mmage_utils import files
from mmage_utils.errors import DataError

FOLDER = "provenance"
PACKAGES = (
    *("torch", "facenet-pytorch", "transformers", "librosa"),
    *("numpy", "pandas", "scikit-learn"),
)
# The record names the run and the data in another way: by name, and by their content.
LEFT_OUT = ("RUN", "DATA_DIR")
SAME = ("fingerprint", "seed")  # what a run's files must have in common to be used together
DIGITS = 8  # of a fingerprint, as a message shows it


def make_provenance(data, fingerprint, *, seed=0):
    """What is known of where the files come from that this process writes.

    Parameters
    ----------
    data : str
        What the data are (`clips.describe_data`).
    fingerprint : str
        Of their content.
    seed : int

    Returns
    -------
    dict
        data, fingerprint, seed; parameters (`notebook_parameters`); versions of Python and of
        `PACKAGES` (None for a missing one); commit and changed (`read_commit`); machine
        (`describe_machine`); weights: SHA-256 by the name of a network, none so far, as
        `use_weights` and `check_origin` add them. It holds no name of a host or a user and no path.
    """
    commit, changed = read_commit(files.ROOT)
    return {
        "data": data,
        "fingerprint": fingerprint,
        "seed": seed,
        "parameters": notebook_parameters(),
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES},
        "commit": commit,
        "changed": changed,
        "machine": describe_machine(),
        "weights": {},
    }


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def notebook_parameters():
    """The parameters of the notebook that this process runs, whoever runs it.

    They are read from the kernel: the names that cells of nothing but ``NAME = literal`` set, which
    are the cell tagged ``parameters`` and the one that papermill adds, with the values they have
    now. So they are right in JupyterLab too, after a cell was edited and the run opened again.

    Returns
    -------
    dict or None
        None where no notebook runs. A value that is a path keeps its last part only.
    """
    # Where IPython was not imported there is no kernel.
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return None
    cells = [cell for cell in shell.user_ns.get("In", ()) if cell]
    names = {name for cell in cells for name in _set_by(cell)}
    if not cells:  # nbval keeps no history: when it opens the run, nothing but parameters is set
        names = {name for name, value in shell.user_ns.items() if _is_literal(name, value)}
    return {
        name: _without_place(shell.user_ns[name])
        for name in sorted(names - set(LEFT_OUT))
        if name in shell.user_ns
    }


def _set_by(cell):
    """Names that a cell of nothing but ``NAME = literal`` sets; none of another cell."""
    try:
        lines = ast.parse(cell).body
        values = {line.targets[0].id: ast.literal_eval(line.value) for line in lines}
    except (SyntaxError, AttributeError, ValueError):
        return ()
    return values if all(map(str.isupper, values)) else ()


def _is_literal(name, value):
    return name.isupper() and (value is None or isinstance(value, str | int | float))


def _without_place(value):
    if not isinstance(value, str):
        return value
    windows = PureWindowsPath(value)
    elsewhere = windows.drive or value.startswith(("/", "~", ".."))
    return (windows if windows.drive else PurePosixPath(value)).name if elsewhere else value


def read_commit(root):
    """The commit of a repository, and whether files differ from it; None, None if unknown.

    Unknown it is without git, and where `root` itself is no repository, though it be in one.
    """
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(root, *arguments):
    # Without ceiling, git would look for a repository in the folders above.
    ceiling = os.environ | {"GIT_CEILING_DIRECTORIES": str(Path(root).resolve().parent)}
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    settings = {"capture_output": True, "text": True, "check": True, "timeout": 20}
    # The arguments are ours.
    return subprocess.run(command, env=ceiling, **settings).stdout.strip()  # noqa: S603


@lru_cache(maxsize=1)
def describe_machine():
    """Cores, processor, memory in GiB, GPUs by their names; None for what cannot be known.

    `threads` is what ``OMP_NUM_THREADS`` says, and `float32` whether `keeps_float32`.
    """
    return {
        "system": platform.system(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "float32": keeps_float32(),
        "processor": _processor(),
        "memory_gib": memory(),
        "gpus": _gpus(),
    }


def keeps_float32():
    """Whether ``MMAGE_FLOAT32=1`` is set: nothing is multiplied in bfloat16 then.

    It is for repeating, on a machine that has bfloat16, the numbers of one that has not.
    """
    return os.environ.get("MMAGE_FLOAT32", "0") not in ("", "0")


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine() or None


def memory():
    """GiB of memory of this machine, or None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _gpus():
    # Asking torch would load it in notebooks that do without.
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    if shutil.which(command[0]) is None:
        return []
    try:
        settings = {"capture_output": True, "text": True, "check": True, "timeout": 20}
        listed = subprocess.run(command, **settings)  # noqa: S603 - the command is ours
    except (OSError, subprocess.SubprocessError):
        return None
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()]


def record_path(folder, path):
    """Where the record of a run's file is: ``provenance/results/a.json.json``."""
    place = Path(path).relative_to(folder)
    return folder / FOLDER / place.with_name(f"{place.name}.json")


def use_weights(run, weights):
    """Note networks that what a run writes from now on rests on: SHA-256 by name."""
    if run.provenance is not None:
        run.provenance["weights"] = run.provenance.get("weights", {}) | weights


def write_record(run, path):
    """Record the SHA-256 of a file that a run has just written, and its provenance.

    A run that was not opened (`runs.open_run`) knows nothing of it, and records nothing.
    """
    if run.provenance is not None:
        record = {"sha256": files.file_sha256(path), "provenance": run.provenance}
        files.save_json(record_path(run.folder, path), record)


def read_record(folder, path):
    """What `write_record` wrote of a file of a run's folder, or None.

    Raises
    ------
    DataError
        The record is damaged.
    """
    place = record_path(folder, path)
    if not place.is_file():
        return None
    record = read_json(place)
    if not isinstance(record.get("sha256"), str) or not isinstance(record.get("provenance"), dict):
        raise DataError(f"{files.shown(place)} is damaged: write {Path(path).name} again.")
    return record


def read_json(path):
    """Read a JSON object; `DataError` names the file that is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError):
        record = None
    if not isinstance(record, dict):
        raise DataError(f"{files.shown(path)} is damaged: run the notebook that writes it again.")
    return record


def check_origin(run, path, notebook, provenance=None):
    """Refuse a file of a run that is not what was recorded, or is of other data or another seed.

    The networks that a file rests on are then noted for what the run writes (`use_weights`).

    Parameters
    ----------
    run : runs.Run
    path : pathlib.Path
    notebook : str
        That writes the file, as ``02_image_classifier``.
    provenance : dict, optional
        What the file says of itself; without it, its record tells. Where neither tells, as in runs
        of earlier versions, nothing is refused.

    Raises
    ------
    DataError
        The data or the seed are not those that the run has now, and the message names both; or the
        content is not the one recorded. It names the notebook to run again.
    """
    if run.provenance is None:
        return
    record = read_record(run.folder, path) or {}
    known = provenance or record.get("provenance", {})
    other = [key for key in SAME if known.get(key, run.provenance[key]) != run.provenance[key]]
    again = f"run notebooks/{notebook}.ipynb again (or ./run_all.sh --only {notebook[:2]})."
    if other:
        raise DataError(
            f"{files.shown(path)} was made with {_origin(known, other)}, but this run is opened "
            f"with {_origin(run.provenance, other)}: {again}"
        )
    # The file of another run, copied over this one, is of the same name and maybe of other data.
    if record and files.file_sha256(path) != record["sha256"]:
        raise DataError(
            f"{files.shown(path)} was changed or replaced after its notebook wrote it: {again}"
        )
    use_weights(run, known.get("weights", {}))


def _origin(provenance, keys):
    """Data and seed in words, or one of them: ``the data First Impressions (content 1a2b3c4d)``."""
    content = str(provenance.get("fingerprint"))[:DIGITS]
    words = {
        "fingerprint": f"the data {provenance.get('data')} (content {content})",
        "seed": f"SEED {provenance.get('seed')}",
    }
    return " and ".join(words[key] for key in keys)
