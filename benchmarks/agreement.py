"""Hold the same run on one thread, on two, and without bfloat16 against each other.

.venv/bin/python benchmarks/agreement.py [-o TABLE.json] [--toy]

Everything happens in temporary copies of the repository with data and caches of their own. What is
counted and not learnt has to be the same to the last bit: the sample, acoustic features, and the
statistics of task a. What is learnt may differ by what is printed: probabilities of each prediction
table, and its scores. The exit code is 1 where
something counted differs, or more than the tolerances allow.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import interruptions
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, balanced_accuracy_score, cohen_kappa_score

from mmage_utils.features.fingerprint import data_fingerprint
from mmage_utils.files import save_json

# Two machines alike, and two that multiply differently.
SETTINGS = {
    "one thread": {"OMP_NUM_THREADS": "1", "MMAGE_FLOAT32": "0"},
    "two threads": {"OMP_NUM_THREADS": "2", "MMAGE_FLOAT32": "0"},
    "float32": {"OMP_NUM_THREADS": "2", "MMAGE_FLOAT32": "1"},
}
COUNTED = ("a.json",)
COLUMNS = ["p1", "p2", "p3", "p4", "p5", "p6", "p7"]
# Of single probabilities: two thread counts add the same numbers in another order, bfloat16 keeps
# eight bits of each factor.
TOLERANCES = {"two threads": 0.02, "float32": 0.1}


def run(root, environment):
    """Run the report on the tiny sample in a copy of the repository.

    Raises
    ------
    RuntimeError
        It failed; with all that it said.
    """
    done = interruptions.start(root, environment=environment)
    printed, said = done.communicate()
    if done.returncode:
        raise RuntimeError(printed + said)


def counted(root):
    """What a run counted: its sample, features in tables, and statistics.

    Returns
    -------
    dict of str to object
        By name; comparable.
    """
    made = interruptions.products(root)
    kept = {name: made[name] for name in made if name in COUNTED or name.endswith(".sqlite")}
    data = root / "data" / "tiny"
    return kept | ({"sample": data_fingerprint(data, root / "cache")} if data.is_dir() else {})


def tables(root):
    """Prediction tables of a run, by the name of their file, in the order of VideoName."""
    found = sorted((root / "runs" / "tiny" / "predictions").glob("*_*.csv"))
    return {path.stem: pd.read_csv(path) for path in found}


def compare(table, other):
    """How far two prediction tables of the same clips are apart.

    Returns
    -------
    dict
        `p` and `median_p`, the largest and the median difference of a probability; `changed`, the
        share of clips whose answer differs; the differences of accuracy, balanced accuracy and
        quadratic weighted kappa on test.
    """
    table, other = (t.set_index("VideoName") for t in (table, other))
    gaps = np.abs(table[COLUMNS].to_numpy() - other.loc[table.index, COLUMNS].to_numpy())
    changed = table["prediction"].ne(other["prediction"].reindex(table.index))
    row = {"p": gaps.max(), "median_p": np.median(gaps), "changed": changed.mean()}
    first, second = (_scores(t[t["split"] == "test"]) for t in (table, other))
    return row | {name: abs(value - second[name]) for name, value in first.items()}


def _scores(table):
    answers = table["ground_truth"], table["prediction"]
    return {
        "accuracy": accuracy_score(*answers),
        "balanced": balanced_accuracy_score(*answers),
        "kappa": cohen_kappa_score(*answers, weights="quadratic"),
    }


def agree(place, *, toy=False):
    """Run under each of `SETTINGS` and compare with the first.

    Parameters
    ----------
    place : Path
        A folder for the copies.
    toy : bool
        Two small notebooks instead of the report on the tiny sample.

    Returns
    -------
    table : pandas.DataFrame
        A row for each other setting and prediction table, as `compare`.
    faults : list of str
        What was counted and differs, and what is beyond `TOLERANCES`.
    """
    roots = {}
    for k, (name, environment) in enumerate(SETTINGS.items()):
        (place / str(k)).mkdir()
        roots[name] = interruptions.make_root(place / str(k), toy=toy)
        run(roots[name], environment)
        print(f"{name}: done", flush=True)
    first, *others = SETTINGS
    before, expected, rows, faults = tables(roots[first]), counted(roots[first]), [], []
    for name in others:
        wrong = interruptions.differences(counted(roots[name]), expected)
        faults += [f"{name}: {file} differs" for file in wrong]
        after = tables(roots[name])
        faults += [f"{name}: {file} is not in both" for file in before.keys() ^ after.keys()]
        for file in before.keys() & after.keys():
            rows.append({"setting": name, "model": file} | compare(before[file], after[file]))
            if rows[-1]["p"] > TOLERANCES[name]:
                faults.append(f"{name}: a probability of {file} is {rows[-1]['p']:.3f} off")
    return pd.DataFrame(rows), faults


def main(arguments=None):
    """Print the table and what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="write the table as JSON")
    parser.add_argument("--toy", action="store_true", help="two small notebooks, not the report")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        table, faults = agree(Path(place), toy=options.toy)
    if len(table):
        table = table.sort_values(["setting", "model"], ignore_index=True)
        with pd.option_context("display.width", 140, "display.max_rows", None):
            print(table.round(6).to_string(index=False))
    if options.output:
        save_json(options.output, {"cores": os.cpu_count(), "rows": table.to_dict("records")})
    print("\n".join(faults) or "What was counted is the same; what was learnt is within tolerance.")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
