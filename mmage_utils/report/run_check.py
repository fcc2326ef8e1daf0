"""Check a whole run: its files, where they come from, its predictions, and its scores."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils import files
from mmage_utils.data.clips import read_clips
from mmage_utils.data.labels import LABEL_LIST, N_GROUPS
from mmage_utils.data.provenance import DIGITS
from mmage_utils.errors import first_few
from mmage_utils.features.fingerprint import data_fingerprint
from mmage_utils.predictions import P_COLUMNS, PREDICTION_COLUMNS, prediction_path
from mmage_utils.report import run_files
from mmage_utils.report.run_files import RunFinding
from mmage_utils.runs import Run
from mmage_utils.scores.evaluation import SCORE_COLUMNS
from mmage_utils.scores.prediction_check import OF_THE_MODEL, Reference, check_predictions
from mmage_utils.scores.rescoring import rescore

FIRST_SPLIT = LABEL_LIST.format(split="train")


class RunCheck(NamedTuple):
    """What `check_run` says of a run.

    ``findings`` : list of RunFinding; ``notes``: of what is no error, a sentence each; ``counts``:
    of what was checked; ``origin``: data, fingerprint, seed and commit of most files.
    """

    findings: list
    notes: list
    counts: dict
    origin: dict


def check_run(folder, data=None):
    """Check every file of a run.

    What was recorded is there and unchanged, and so are executed notebooks, slides and what the
    notebooks save; all files come from the same data, seed, versions, parameters and weights;
    prediction files are well-formed; and the scores of the results are those of the predictions.

    Parameters
    ----------
    folder : pathlib.Path
        ``runs/<RUN>``.
    data : path-like, optional
        The data folder. Without it, the one of ``data/`` is taken that has the run's content.

    Returns
    -------
    RunCheck

    Raises
    ------
    DataError
        The folder holds no file of a run, or the label lists are wrong.
    """
    findings, notes = [], []
    run = run_files.read_run(folder, findings)
    run_files.check_files(run, findings)
    run_files.check_stamps(folder, run, findings)
    executed = run_files.check_notebooks(folder, run, findings)
    run_files.check_origins(run.origins, findings, notes)
    origin = {
        key: run_files.usual(run.origins, key) for key in ("data", "fingerprint", "seed", "commit")
    }
    clips = _find_clips(origin, data, findings, notes)
    tables, weak = {}, Counter()
    for name in [name for name in run.paths if name.startswith("predictions/")]:
        table = _check_predictions(name, run.paths[name], clips, findings, weak)
        if table is not None:
            tables[run.paths[name]] = table
    notes += [
        f"{what}, in {n} splits of predictions, as of poor models" for what, n in weak.items()
    ]
    compared = _check_scores(folder, run.results, tables, findings, notes)
    counts = {
        kind: sum(name.startswith(f"{kind}/") for name in run.paths) for kind in run_files.KINDS
    }
    counts |= {"records": len(run.records), "notebooks": executed, "scores": compared}
    return RunCheck(findings, notes, counts, origin)


def _find_clips(origin, data, findings, notes):
    """The clips of the data that a run was made from; None if they cannot be found."""
    wanted = origin["fingerprint"]
    if data is not None:
        clips, content = read_clips(data), data_fingerprint(data, files.CACHE)
        if wanted is not None and content != wanted:
            what = f"it holds {content[:DIGITS]}, and the run was made from {wanted[:DIGITS]}"
            findings.append(RunFinding(str(data), f"its content has changed: {what}."))
        return clips
    for path in sorted((files.ROOT / "data").glob(f"*/{FIRST_SPLIT}")) if wanted else ():
        if data_fingerprint(path.parent, files.CACHE) == wanted:
            return read_clips(path.parent)
    notes.append(
        "no folder of data/ holds what the run was made from, so that predictions are not held "
        "against label lists: give the data folder with --data."
    )
    return None


def _check_predictions(name, path, clips, findings, weak):
    """Check one prediction file split by split; return it, or None if it cannot be scored."""
    try:
        table = pd.read_csv(path)
    except (ValueError, OSError) as error:
        findings.append(RunFinding(name, f"it cannot be read ({error}): run its notebook again."))
        return None
    if list(table) != PREDICTION_COLUMNS:
        what = f"its columns are not {','.join(PREDICTION_COLUMNS)}: run its notebook again."
        findings.append(RunFinding(name, what))
        return None
    usable = True
    listed = _listed(table) if clips is None else clips
    inside = listed["VideoName"].isin(table["VideoName"])
    for split, labels in listed[inside].groupby("split", sort=False):
        rest = listed[listed["split"] != split]
        others = dict(zip(rest["VideoName"], rest["split"], strict=True))
        reference = Reference(labels.reset_index(drop=True), split, None, others)
        problems, scored = check_predictions(path, reference)
        usable &= scored is not None
        for problem in problems:
            # A poor model, as the report has some, is no damaged file.
            if problem.what in OF_THE_MODEL and not problem.fatal:
                weak[problem.what] += 1
            else:
                findings.append(RunFinding(name, f"{split}: {problem}"))
    if not inside.any():
        findings.append(RunFinding(name, "none of its clips is in the label lists."))
    usable &= is_whole(table)
    if not usable:
        what = "its scores are not compared, as rows, numbers or train clips of it are missing."
        findings.append(RunFinding(name, what))
    return table if usable else None


def is_whole(table):
    """Whether every row of a prediction table can be scored, and train has some."""
    numbers = table[["ground_truth", "prediction", *P_COLUMNS]]
    return (
        all(map(pd.api.types.is_numeric_dtype, numbers.dtypes))
        and np.isfinite(numbers.to_numpy(float)).all()
        and table[["ground_truth", "prediction"]].isin(range(1, N_GROUPS + 1)).all(axis=None)
        and table["VideoName"].is_unique
        and table["UserID"].notna().all()
        and table["split"].eq("train").any()
    )


def _listed(table):
    """The clips of a prediction table as if they were listed, where the lists are not at hand."""
    labels = table[["VideoName", "UserID", "split"]].drop_duplicates("VideoName")
    truth = table.loc[labels.index, "ground_truth"]
    return labels.assign(AgeGroup=truth, Gender=1, Ethnicity=1)


def _check_scores(folder, results, tables, findings, notes):
    """Compute the scores of all results again; return how many rows were compared."""
    run, compared, without = Run(folder.name, folder, "", folder, False), 0, []
    for name, result in results.items():
        rows = result.get("scores")
        if rows is None:
            continue
        scores = pd.DataFrame(rows) if isinstance(rows, list) else pd.DataFrame()
        if scores.empty or set(SCORE_COLUMNS) - set(scores):
            findings.append(
                RunFinding(name, "its table scores is damaged: run its notebook again.")
            )
            continue
        differences, missing = rescore(
            scores, lambda model: tables.get(prediction_path(run, model))
        )
        compared += int((~scores["model"].isin(missing)).sum())
        without += [f"{model} ({name})" for model in missing]
        if len(differences):
            wrong = first_few(map(_difference, differences.itertuples()), between="; ")
            what = f"scores differ from its predictions in {len(differences)} numbers: {wrong}."
            findings.append(RunFinding(name, what))
    if without:
        notes.append(
            f"scores of models without predictions are not compared: {', '.join(without)}."
        )
    return compared


def _difference(row):
    place = f"{row.metric} ({row.column}) of {row.model}, {row.split}, per {row.unit}"
    return f"{place}, is {row.saved:.6g} instead of {row.again:.6g}"


def check_text(name, check):
    """A `RunCheck` as lines of text: where the run comes from, counts, notes and findings."""
    origin, counts = check.origin, check.counts
    content = str(origin["fingerprint"] or "unknown")[:DIGITS]
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in run_files.KINDS)
    lines = [
        f"{name}: {origin['data'] or 'data unknown'} (content {content}), SEED {origin['seed']}, "
        f"commit {str(origin['commit'] or 'unknown')[:DIGITS]}",
        f"  files: {kinds}; {counts['records']} have a record",
        f"  notebooks: {counts['notebooks']} executed",
        f"  scores: {counts['scores']} rows computed again from predictions",
        *(f"  note: {note}" for note in check.notes),
        *map(str, check.findings),
    ]
    found = len(check.findings)
    verdict = f"{found} finding{'s' * (found > 1)}." if found else "nothing wrong found."
    return "\n".join([*lines, f"{name}: {verdict}"])
