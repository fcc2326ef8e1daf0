"""Two runs side by side: what they rest on, and their models on the clips that both predict."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.provenance import DIGITS
from mmage_utils.errors import DataError, first_few
from mmage_utils.files import file_name
from mmage_utils.predictions import PREDICTION_COLUMNS, shared_clips
from mmage_utils.report.run_check import is_whole
from mmage_utils.report.run_files import read_run, usual
from mmage_utils.scores.comparison import probability_differences, seed_differences
from mmage_utils.scores.evaluation import SCORE_COLUMNS
from mmage_utils.scores.metrics import BOUNDS, scores_of
from mmage_utils.scores.rescoring import UNITS

SPLITS = ("test", "valid")  # train says how well a model was fitted, not how good it is
METRICS = tuple(scores_of(np.ones((7, 7))))
SHORT = ("fingerprint", "commit")  # shown by their first digits
ABSENT = "–"
KEYS = ["model", "split", "unit", "metric"]


class RunComparison(NamedTuple):
    """What two runs have in common and what not.

    ``names``: of the runs; ``data``: of each, in words; ``synthetic``: whether each is.
    ``differs``: table of kind, name, first, second: what is not the same of data, code, parameters,
    versions, weights and machine.
    ``same_data``: whether the runs were made from the same content.
    ``scores``: of runs of the same data, one row a model, split, unit and metric: first, second,
    value (second minus first), low, high, clips, users; of others, the saved scores of both, each
    with its own interval, and no difference.
    ``notes``: what is not compared, and why, a sentence each.
    """

    names: tuple
    data: tuple
    synthetic: tuple
    differs: pd.DataFrame
    same_data: bool
    scores: pd.DataFrame
    notes: list


def compare_runs(first, second):
    """Compare two runs by their records, predictions and results.

    Parameters
    ----------
    first, second : pathlib.Path
        ``runs/<RUN>``.

    Returns
    -------
    RunComparison

    Raises
    ------
    DataError
        A folder holds no file of a run, or the two are one.
    """
    if first.resolve() == second.resolve():
        raise DataError(f"{first.name} and {second.name} are the same run: name two.")
    names = tuple(_names(first, second))
    findings = ([], [])
    runs = [
        read_run(folder, found) for folder, found in zip((first, second), findings, strict=True)
    ]
    notes = [f"{n}: {one}" for n, found in zip(names, findings, strict=True) for one in found]
    facts = [_facts(run.origins) for run in runs]
    content = [facts_of["data", "fingerprint"] for facts_of in facts]
    same = content[0] == content[1] != ABSENT
    if same:
        scores = _paired(names, runs, notes)
    else:
        notes.append(_why_not(names, facts))
        scores = _beside(runs)
    return RunComparison(
        names,
        tuple(str(one["data", "data"]) for one in facts),
        tuple(_is_synthetic(run) for run in runs),
        _differences(facts),
        same,
        scores,
        notes,
    )


def _names(first, second):
    """The names of two folders; with the folder they are in where the names are the same."""
    if first.name != second.name:
        return first.name, second.name
    return str(first), str(second)


def _is_synthetic(run):
    return any(result.get("synthetic") for result in run.results.values())


def _facts(origins):
    """What most files of a run rest on, by kind and name, as text."""
    facts = {
        ("data", "data"): usual(origins, "data"),
        ("data", "fingerprint"): usual(origins, "fingerprint"),
        ("data", "seed"): usual(origins, "seed"),
        ("code", "commit"): usual(origins, "commit"),
        ("code", "files changed"): usual(origins, "changed"),
    }
    for kind in ("parameters", "versions", "weights", "machine"):
        inner = [one[kind] for one in origins.values() if isinstance(one.get(kind), dict)]
        for name in sorted({name for values in inner for name in values}):
            having = {str(k): values for k, values in enumerate(inner) if name in values}
            facts[kind, name] = usual(having, name)
    return {key: _shown(key[1], value) for key, value in facts.items()}


def _shown(name, value):
    if value is None:
        return ABSENT
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)[:DIGITS] if name in SHORT else str(value)


def _differences(facts):
    first, second = facts
    rows = [
        (*key, first.get(key, ABSENT), second.get(key, ABSENT))
        for key in dict.fromkeys([*first, *second])
        if first.get(key, ABSENT) != second.get(key, ABSENT)
    ]
    return pd.DataFrame(rows, columns=["kind", "name", "first", "second"])


def _why_not(names, facts):
    """Why two runs of different data are not compared, in a sentence."""
    contents = [one["data", "fingerprint"] for one in facts]
    unknown = [n for n, content in zip(names, contents, strict=True) if content == ABSENT]
    if unknown:
        said = f"it is not recorded from which data {' and '.join(unknown)} was made"
    else:
        each = zip(names, facts, contents, strict=True)
        said = " and ".join(f"{n} was made from {f['data', 'data']} ({c})" for n, f, c in each)
    return (
        f"No difference of scores is given, as {said}: it would mix what the models and what the "
        "data differ in. The scores stand beside each other, each with its own interval."
    )


def _paired(names, runs, notes):
    """Paired differences of every model that both runs have, `RunComparison.scores`."""
    tables = [_read_predictions(n, run, notes) for n, run in zip(names, runs, strict=True)]
    labels = _labels(runs)
    for name, mine, others in ((names[0], *tables), (names[1], *tables[::-1])):
        alone = [labels.get(key, key) for key in mine if key not in others]
        if alone:
            notes.append(f"Only {name} has predictions of {len(alone)} models: {first_few(alone)}.")
    rows = []
    for key in sorted(tables[0].keys() & tables[1].keys(), key=lambda key: labels.get(key, key)):
        model, pair = labels.get(key, key), [table[key] for table in tables]
        left_out = [len(table) for table in pair]
        pair = shared_clips(pair)
        left_out = [before - len(pair[0]) for before in left_out]
        one, other = pair
        if any(
            (one[c].astype(str) != other[c].astype(str)).any()
            for c in ("UserID", "ground_truth", "split")
        ):
            notes.append(
                f"{model} is not compared: users, splits or age groups of its clips differ."
            )
            continue
        if any(left_out):
            counts = " and ".join(map(str, left_out))
            notes.append(f"{model}: {counts} clips that only one run predicts are left out.")
        for split in SPLITS:
            if (one["split"] == split).any():
                rows += [_difference(pair, model, split, unit) for unit in UNITS]
    columns = [*KEYS, "first", "second", "value", "low", "high", "clips", "users"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def _difference(pair, model, split, unit):
    where = {"unit": unit, "split": split}
    tables = [
        seed_differences(pair[1:], pair[:1], METRICS, **where),
        probability_differences(pair[1], pair[0], **where),
    ]
    table = pd.concat(tables, ignore_index=True)
    names = {"mean": "second", "mean_other": "first"}
    return table.rename(columns=names).assign(model=model, split=split, unit=unit)


def _read_predictions(name, run, notes):
    """The prediction tables of a run that its notebooks recorded, by the stem of their file."""
    paths = {one: path for one, path in run.paths.items() if one.startswith("predictions/")}
    unknown = [one for one in paths if run.records and one not in run.records]
    if unknown:
        notes.append(f"{name}: {len(unknown)} prediction files without a record are left out.")
    tables, damaged = {}, []
    for one, path in paths.items():
        if one in unknown:
            continue
        try:
            table = pd.read_csv(path)
        except (ValueError, OSError):
            table = pd.DataFrame()
        if list(table) == PREDICTION_COLUMNS and is_whole(table):
            tables[path.stem] = table
        else:
            damaged.append(one)
    if damaged:
        notes.append(f"{name}: {first_few(damaged)} cannot be read (mmage verify says why).")
    return tables


def _labels(runs):
    """The labels of models by the stems of their files, from the scores in results."""
    scores = [_saved_scores(run) for run in runs]
    return {file_name(model): model for table in scores for model in table["model"].unique()}


def _saved_scores(run):
    """All rows of scores that the results of a run hold, each once."""
    tables = [pd.DataFrame(columns=SCORE_COLUMNS)]
    for result in run.results.values():
        rows = result.get("scores")
        table = pd.DataFrame(rows) if isinstance(rows, list) else pd.DataFrame()
        if len(table) and set(SCORE_COLUMNS) <= set(table):
            tables.append(table[list(SCORE_COLUMNS)])
    return pd.concat(tables[1:] or tables, ignore_index=True).drop_duplicates(KEYS)


def _beside(runs):
    """Saved scores of both runs beside each other, without differences."""
    columns = [*KEYS, "value", "low", "high", "clips", "users"]
    one, other = (_saved_scores(run)[columns] for run in runs)
    both = one.merge(other, on=KEYS, how="outer", suffixes=(" of first", " of second"))
    keep = both["split"].isin(SPLITS) & both["metric"].isin(BOUNDS)
    return both[keep].reset_index(drop=True)
