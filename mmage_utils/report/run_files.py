"""The files of a run against their records, its notebooks, and each other's origin."""

from collections import Counter
from typing import NamedTuple

from mmage_utils import files
from mmage_utils.data.provenance import DIGITS, FOLDER, read_json, read_record
from mmage_utils.errors import DataError, first_few
from mmage_utils.report.notebook_reader import saved_files
from mmage_utils.report.stamps import read_stamp

KINDS = ("results", "figures", "predictions", "checkpoints")
MODEL = "model"  # beside these, written by the last notebook alone
UNRECORDED = {"results/times.json"}  # in runs of earlier versions
# What must be the same in all files, and what may differ but is worth a note.
SAME = {"fingerprint": "content of the data", "seed": "seed"}
SAME_IN_ALL = {"versions": "version of", "parameters": "parameter", "weights": "SHA-256 of"}
NOTED = {"commit": "commit", "machine": "machine"}


class RunFinding(NamedTuple):
    """One thing that is wrong with a run: the file, relative to the run's folder, and what."""

    file: str
    what: str

    def __str__(self):
        return f"{self.file}: {self.what}"


class RunFiles(NamedTuple):
    """The files of a run, each a dict by the file's name relative to the run's folder.

    ``paths`` of all files; ``records`` (`provenance.read_record`), also of files that are missing;
    ``results``, as read; ``origins``, the provenance of each file that tells its own.
    """

    paths: dict
    records: dict
    results: dict
    origins: dict


def read_run(folder, findings):
    """Find the files of a run and read records and results.

    Parameters
    ----------
    folder : pathlib.Path
    findings : list of RunFinding
        What cannot be read is added to it.

    Returns
    -------
    RunFiles

    Raises
    ------
    DataError
        The folder holds no file of a run.
    """
    listed = (path for kind in (*KINDS, MODEL) for path in sorted((folder / kind).glob("[!.]*")))
    paths = {path.relative_to(folder).as_posix(): path for path in listed}
    if not paths:
        raise DataError(f"{files.shown(folder)} holds no file of a run: run ./run_all.sh first.")
    records, results = {}, {}
    place = folder / FOLDER
    for path in sorted(place.glob("*/[!.]*.json")):
        name = path.relative_to(place).as_posix().removesuffix(".json")
        try:
            records[name] = read_record(folder, folder / name)
        except DataError as error:
            findings.append(RunFinding(f"{FOLDER}/{name}.json", str(error)))
    for name in [name for name in paths if name.startswith("results/")]:
        try:
            results[name] = read_json(paths[name])
        except DataError as error:
            findings.append(RunFinding(name, str(error)))
    origins = {name: record["provenance"] for name, record in records.items()}
    # What results say of themselves goes where the file goes.
    own = {name: result.get("provenance") for name, result in results.items()}
    origins |= {name: one for name, one in own.items() if isinstance(one, dict)}
    return RunFiles(paths, records, results, origins)


def check_files(run, findings):
    """Hold the files of a run against their records."""
    for name in sorted(set(run.records) - set(run.paths)):
        findings.append(RunFinding(name, "it was written, and is missing: run its notebook again."))
    for name in sorted(set(run.records) & set(run.paths)):
        if files.file_sha256(run.paths[name]) != run.records[name]["sha256"]:
            what = "it was changed after it was written: run its notebook again."
            findings.append(RunFinding(name, what))
    unknown = [name for name in run.paths if name not in run.records and name not in UNRECORDED]
    if unknown and not run.records:
        what = "no file has a record, as in runs of earlier versions: run ./run_all.sh again."
        findings.append(RunFinding(FOLDER, what))
    elif unknown:
        what = f"no record of {first_few(unknown)}: remove them, or run their notebooks again."
        findings.append(RunFinding(FOLDER, what))


def check_notebooks(folder, run, findings):
    """Hold what executed notebooks say they save against the files; return their number."""
    executed = sorted((folder / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    for path in executed:
        missing = [name for name in saved_files(path) if name not in run.paths]
        if missing:
            what = f"what it saves is missing, {first_few(missing)}: run it again."
            findings.append(RunFinding(f"notebooks/{path.name}", what))
    for path in sorted((folder / "notebooks").glob("partial_*.ipynb")):
        findings.append(RunFinding(f"notebooks/{path.name}", "it did not run to its end."))
    return len(executed)


def check_stamps(folder, run, findings):
    """Hold what has no record (executed notebooks, slides) against the stamps of their steps.

    A file that a later step wrote as well may be as either left it.
    """
    left = {}
    for path in sorted((folder / "stamps").glob("[!.]*.json")):
        stamp = read_stamp(path)
        if stamp is None:
            what = "it is damaged: run ./run_all.sh again."
            findings.append(RunFinding(f"stamps/{path.name}", what))
            continue
        for name, sha256 in stamp["written"].items():
            # What has a record is held against it, and the records change with their files.
            if name not in run.records and not name.startswith(f"{FOLDER}/"):
                left.setdefault(name, set()).add(sha256)
    for name, contents in sorted(left.items()):
        if not (folder / name).is_file():
            findings.append(
                RunFinding(name, "it was written, and is missing: run ./run_all.sh again.")
            )
        elif files.file_sha256(folder / name) not in contents:
            what = "it was changed after it was written: run ./run_all.sh again."
            findings.append(RunFinding(name, what))


def check_origins(origins, findings, notes):
    """Compare where all files come from, name by name.

    Parameters
    ----------
    origins : dict of str to dict
        Of `RunFiles`.
    findings : list of RunFinding
        Other data, seeds, versions, parameters or weights than most files have are added.
    notes : list of str
        Other commits and machines are added.
    """
    for key, name in SAME.items():
        findings += _odd_ones({file: one.get(key) for file, one in origins.items()}, name)
    for group, name in SAME_IN_ALL.items():
        inner = {file: one.get(group) for file, one in origins.items()}
        inner = {file: values for file, values in inner.items() if isinstance(values, dict)}
        for key in sorted({key for values in inner.values() for key in values}):
            values = {file: one[key] for file, one in inner.items() if key in one}
            findings += _odd_ones(values, f"{name} {key}")
    for key, name in NOTED.items():
        values = {file: one.get(key) for file, one in origins.items()}
        if key == "commit":
            values = {file: str(commit)[:DIGITS] for file, commit in values.items()}
        elif key == "machine":  # notebooks of one machine may have other threads
            values = {file: {**(own or {}), "threads": None} for file, own in values.items()}
        notes += map(str, _odd_ones(values, name))
    changed = sum(bool(one.get("changed")) for one in origins.values())
    if changed:
        notes.append(f"{changed} files were written by code with changes that no commit holds.")


def usual(origins, key):
    """The value of a key that most files have, or None."""
    values = [one.get(key) for one in origins.values()]
    return max(values, key=[str(value) for value in values].count) if values else None


def _odd_ones(values, name):
    """A finding for each value that is not that of most files."""
    texts = {file: str(value) for file, value in values.items()}
    counts = Counter(texts.values()).most_common()
    for other, _ in counts[1:]:
        odd = first_few(file for file, text in texts.items() if text == other)
        what = f"{name} {other}, where {counts[0][1]} of {len(texts)} files have {counts[0][0]}."
        yield RunFinding(odd, what)
