"""The report's mistakes made on purpose, on predictions of a run (tasks b, d, g and h)."""

from itertools import product

import numpy as np
import pandas as pd

from mmage_utils.fusion.late_fusion import add_logits
from mmage_utils.predictions import age_groups_of, logits, of_split
from mmage_utils.scores.bootstrap import DRAWS, drawn_sums, interval, sum_per_user
from mmage_utils.scores.calibration import best_temperature

GRID = (0.0, 0.4, 0.8, 1.2, 1.6, 2.0)  # weights of a modality that could be tried by hand
CURVE_TOLERANCE = 0.005  # of a valid accuracy, as devices round differently


def stop_early(labels, majority, share, *, batch):
    """The constant predictor on a validation that reads folder by folder and stops too soon.

    The folders are the age groups from young to old, so what is left out are the oldest.

    Parameters
    ----------
    labels : pandas.DataFrame
        Clips, or predictions, of one split.
    majority : int
        The constant predictor's answer.
    share : float
        Of the clips, after which the validation stops; whole batches only.
    batch : int
        Clips of a batch.

    Returns
    -------
    pandas.DataFrame
        Rows for all clips and for those seen: right, clips, accuracy.
    """
    groups = np.sort(age_groups_of(labels).to_numpy(), kind="stable")
    seen = max(int(share * len(groups) / batch + 1e-9), 1) * batch
    rows = {}
    for name, part in (("all clips", groups), ("stopped too soon", groups[:seen])):
        right = int((part == majority).sum())
        rows[name] = {"right": right, "clips": len(part), "accuracy": right / len(part)}
    return pd.DataFrame.from_dict(rows, orient="index")


def standard_errors(tables, pairs, *, draws=DRAWS, seed=0):
    """The error of one accuracy beside that of a difference of two on the same clips, in shares.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Model to predictions of one split, of the same clips.
    pairs : sequence of (str, str)

    Returns
    -------
    pandas.DataFrame
        One row a pair: model, other, value (difference in accuracy), low, high (95%, paired, over
        users), binomial (standard error of the model's accuracy as if clips were independent),
        over_users (the same by bootstrap over users), paired (of the difference, over users).
    """

    names = list({name: None for pair in pairs for name in pair})
    drawn = dict(
        zip(names, _drawn_accuracies([tables[name] for name in names], draws, seed).T, strict=True)
    )
    rows = []
    for model, other in pairs:
        one, gap = drawn[model], drawn[model] - drawn[other]
        low, high = interval(gap[1:])
        rows.append(
            {"model": model, "other": other, "value": gap[0], "low": low, "high": high}
            | {
                "binomial": float(np.sqrt(one[0] * (1 - one[0]) / len(tables[model]))),
                "over_users": float(one[1:].std()),
                "paired": float(gap[1:].std()),
            }
        )
    return pd.DataFrame(rows)


def _drawn_accuracies(tables, draws, seed):
    """Accuracy of models on the same clips, of the sample and of drawn users: (1 + draws, n)."""
    ordered = [table.sort_values("VideoName") for table in tables]
    right = [(table["prediction"] == table["ground_truth"]).to_numpy(float) for table in ordered]
    sums = sum_per_user(ordered[0], np.column_stack([*right, np.ones(len(right[0]))]))
    drawn = drawn_sums(sums, draws=draws, seed=seed)
    return drawn[:, :-1] / drawn[:, -1:]


def try_weights(tables, weights):
    """Fuse by each choice of weights, as `late_fusion.add_logits`; 0 throughout is left out.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Modality to predictions.
    weights : iterable of sequence of float
        One weight a modality.

    Returns
    -------
    dict of tuple to pandas.DataFrame
    """
    return {tuple(w): add_logits(tables.values(), w) for w in weights if any(w)}


def weight_grid(n=3, values=GRID):
    """Every choice of `values` for n modalities."""
    return list(product(values, repeat=n))


def choose_best(fused, *, draws=DRAWS, seed=0):
    """How much the best of several looks better on the split it was chosen on than it is.

    Users are drawn anew for valid and for test. The winner on the drawn test users is scored on
    them, as the report does, and so is the winner on the drawn valid users; both are compared with
    the same winner's accuracy on the whole test split, which stands for people not yet seen.

    Parameters
    ----------
    fused : dict to pandas.DataFrame
        Candidates to predictions of valid and test.

    Returns
    -------
    pandas.DataFrame
        Rows ``test`` and ``valid``, where the choice was made: chosen (the winner on the split as
        it is), accuracy (its test accuracy), optimism (mean over draws of the accuracy on the drawn
        test users minus that on the whole split).
    """
    drawn = {
        split: _drawn_accuracies(list(of_split(fused, split).values()), draws, seed + number)
        for number, split in enumerate(("valid", "test"))
    }
    whole = drawn["test"][0]
    names, rows = list(fused), {}
    for split in ("test", "valid"):
        best = drawn[split].argmax(1)
        looks = drawn["test"][np.arange(1 + draws), best][1:]
        rows[split] = {
            "chosen": names[best[0]],
            "accuracy": whole[best[0]],
            "optimism": float((looks - whole[best[1:]]).mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def temperatures(tables, *, split="valid"):
    """Temperature of each model on a split: logits of models that differ in it do not add up."""
    return pd.Series(
        {
            name: best_temperature(logits(table), table["ground_truth"])
            for name, table in of_split(tables, split).items()
        },
        name="temperature",
    )


def check_checkpoint(curve_best, tables):
    """Hold what checkpoints answer against the curve of the training they are said to come from.

    Parameters
    ----------
    curve_best : float
        Valid accuracy of the epoch that the training kept.
    tables : dict of str to pandas.DataFrame
        Name of what was loaded to predictions of valid and test.

    Returns
    -------
    pandas.DataFrame
        One row each: valid, test (accuracies), off (valid minus `curve_best`), belongs (whether
        that is within `CURVE_TOLERANCE`).
    """
    rows = {}
    for name, table in tables.items():
        right = table["prediction"] == table["ground_truth"]
        rows[name] = right.groupby(table["split"]).mean()[["valid", "test"]].to_dict()
        rows[name]["off"] = rows[name]["valid"] - curve_best
    shown = pd.DataFrame.from_dict(rows, orient="index")
    return shown.assign(belongs=shown["off"].abs() < CURVE_TOLERANCE)
