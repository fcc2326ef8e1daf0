"""A doctor for prediction files: what is wrong, how it is known, and the likely mend.

The report scored a chart of task g on rows that stood in another order than their labels.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.labels import LABEL_LIST, N_GROUPS, SPLITS, read_label_list
from mmage_utils.errors import DataError, first_few
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.metrics import confusion, scores_of
from mmage_utils.scores.prediction_file import Finding, read_prediction_file

PERMUTATIONS = 1000
SUM_TOLERANCE = 1e-3  # of a row of probabilities, as printed with few digits
SHIFT_GAIN = 0.1  # accuracy that a shift must bring before the labels are taken for shifted


class Reference(NamedTuple):
    """The label list that predictions are held against, and what is known around it."""

    labels: pd.DataFrame  # the clips to be scored
    split: str
    train: pd.DataFrame | None  # the train list, which tells the constant predictor's answer
    others: dict  # VideoName of a clip that is not scored -> its split


class Examination(NamedTuple):
    """Findings, and the predictions that can be scored (None when nothing can)."""

    findings: list
    table: pd.DataFrame | None


def read_reference(path, *, split="test"):
    """Read a label list, or the list of one split of a data folder.

    From a folder, only clips with media are expected to be predicted, if any clip has media.

    Raises
    ------
    DataError
        When the list is missing or wrong.
    """
    path = Path(path)
    if path.is_dir():
        from mmage_utils.data.clips import MEDIA, read_clips

        clips = read_clips(path)
        here = clips["split"] == split
        if not here.any():
            raise DataError(f"{path} lists no clip of the split {split!r}.")
        has = clips[list(MEDIA)].notna().any(axis=1)
        labels = clips[here & has] if (here & has).any() else clips[here]
        rest = clips[~clips["VideoName"].isin(labels["VideoName"])]
        others = dict(zip(rest["VideoName"], rest["split"], strict=True))
        train = clips[clips["split"] == "train"]
        return Reference(labels.reset_index(drop=True), split, train, others)
    named = [name for name in SPLITS if path.name == LABEL_LIST.format(split=name)]
    split = named[0] if named else split
    labels = read_label_list(path, split)
    if labels.empty:
        raise DataError(f"{path} lists no clip.")
    others, train = {}, labels if split == "train" else None
    for name in SPLITS if named else ():
        sibling = path.with_name(LABEL_LIST.format(split=name))
        if name == split or not sibling.is_file():
            continue
        try:
            listed = read_label_list(sibling, name)
        except DataError:
            continue  # it only helps to say where a foreign clip belongs
        others |= dict.fromkeys(listed["VideoName"], name)
        train = listed if name == "train" else train
    return Reference(labels, split, train, others)


def check_predictions(path, reference):
    """Examine a prediction file against a label list.

    Parameters
    ----------
    path : path-like
        As `prediction_file.read_prediction_file`.
    reference : Reference
        `read_reference`.

    Returns
    -------
    Examination
        Its table holds the clips that can be scored: VideoName, UserID, Gender, Ethnicity, split,
        ground_truth (from the list), prediction, and p1..p7 where they can be used.
    """
    table, findings = read_prediction_file(path)
    if table is None:
        return Examination(findings, None)
    findings = list(findings)
    table = _check_clips(table, reference, findings)
    if table is None:
        return Examination(findings, None)
    given = table["ground_truth"].rename("given") if "ground_truth" in table else None
    labels = reference.labels[["VideoName", "UserID", "AgeGroup", "Gender", "Ethnicity", "split"]]
    probabilities = [name for name in P_COLUMNS if name in table]
    table = table[["VideoName", "prediction", *probabilities]].merge(
        labels.rename(columns={"AgeGroup": "ground_truth"}), on="VideoName", validate="1:1"
    )
    if given is not None:
        _check_given_truth(given.to_numpy(), table["ground_truth"].to_numpy(), findings)
    table = _check_answers(table, findings)
    if table is None:
        return Examination(findings, None)
    if probabilities:
        table = _check_probabilities(table, findings)
    return Examination(findings, table)


def _check_clips(table, reference, findings):
    """Keep the listed clips, each once; say what is foreign, doubled or missing."""
    listed = set(reference.labels["VideoName"])
    if "split" in table and table["split"].isin(SPLITS).any():
        # A file of ours holds all splits: the other ones are no business of this list.
        inside = table["VideoName"].isin(listed)
        wrong = inside & table["split"].ne(reference.split)
        if wrong.any():
            evidence = (
                f"{wrong.sum()} clips of {reference.split} are said to be of another split, first "
                f"{first_few(table.loc[wrong, 'VideoName'])}"
            )
            findings.append(Finding("wrong split", evidence, "Write the split of the label list."))
        table = table[inside | table["split"].eq(reference.split)]
    foreign = table[~table["VideoName"].isin(listed)]["VideoName"]
    known = foreign.map(reference.others).dropna()
    if len(known):
        counts = known.value_counts()
        evidence = " and ".join(f"{n} are of {name}" for name, n in counts.items())
        mend = f"Give the predictions of {reference.split}, or the list that belongs to them."
        findings.append(Finding("clips of another split", evidence, mend))
    extra = foreign[~foreign.isin(list(reference.others))]
    if len(extra):
        evidence = f"{len(extra)} clips are in no label list, first {first_few(extra)}"
        findings.append(Finding("extra clips", evidence, "Check the names, and the list given."))
    table = table[table["VideoName"].isin(listed)]
    repeated = table["VideoName"].duplicated()
    if repeated.any():
        evidence = (
            f"{repeated.sum()} rows, first {first_few(table.loc[repeated, 'VideoName'].unique())}"
        )
        mend = "Write each clip once; the first row of each is used."
        findings.append(Finding("duplicated clips", evidence, mend))
        table = table[~repeated]
    missing = reference.labels.loc[~reference.labels["VideoName"].isin(table["VideoName"])]
    if len(missing):
        evidence = f"{len(missing)} of {len(listed)}, first {first_few(missing['VideoName'])}"
        findings.append(Finding("missing clips", evidence, "Predict every clip of the list."))
    if table.empty:
        mend = "Give the list that belongs to these predictions."
        evidence = "no predicted clip is in the label list"
        findings.append(Finding("nothing to score", evidence, mend, fatal=True))
        return None
    return table.reset_index(drop=True)


def _check_given_truth(given, truth, findings):
    """Hold the file's ground truth against the list's."""
    wrong = given != truth
    if not wrong.any():
        return
    for shift in (1, -1):
        if np.array_equal(given + shift, truth):
            evidence = f"in every row it is the list's age group {-shift:+d}"
            mend = f"Labels run from 1 to 7: add {shift:+d}."
            findings.append(Finding("shifted ground truth", evidence, mend))
            return
    evidence = f"it differs from the label list in {wrong.sum()} of {len(truth)} rows"
    same = np.array_equal(np.sort(given), np.sort(truth))
    if same:
        evidence += ", yet holds the same numbers of each age group"
        what = "ground truth in another order than the clips"
        mend = "Write each row's values together, or turn shuffling off when predicting."
        findings.append(Finding(what, evidence, mend))
        return
    mend = "Take the ground truth from the list; it is the list's that is scored."
    findings.append(Finding("ground truth contradicts the label list", evidence, mend))


def _check_answers(table, findings):
    """Examine the predicted age groups; None when they cannot be scored."""
    truth, prediction = table["ground_truth"].to_numpy(), table["prediction"].to_numpy()
    outside = ~np.isin(prediction, range(1, N_GROUPS + 1))
    accuracy = np.mean(prediction == truth)
    shifts = {shift: np.mean(prediction + shift == truth) for shift in (-2, -1, 1, 2)}
    best = max(shifts, key=shifts.get)
    moved = prediction + best
    constant = len(np.unique(prediction)) == 1
    fits = np.isin(moved, range(1, N_GROUPS + 1)).all() and not constant
    if fits and (
        shifts[best] > accuracy + SHIFT_GAIN or (outside.any() and shifts[best] > accuracy)
    ):
        what = "0-based labels" if best == 1 else "shifted labels"
        evidence = (
            f"{best:+d} on every prediction changes accuracy from {accuracy:.3f} "
            f"to {shifts[best]:.3f}"
        )
        if outside.any():
            evidence += f", and {outside.sum()} predictions are outside 1..7"
        mend = f"Labels run from 1 to 7: add {best:+d}."
        findings.append(Finding(what, evidence, mend, fatal=bool(outside.any())))
        if outside.any():
            return None
    elif outside.any():
        first = table.loc[outside, "VideoName"]
        evidence = f"{outside.sum()} predictions, first for {first_few(first)}"
        mend = "Labels run from 1 to 7."
        findings.append(Finding("labels outside 1..7", evidence, mend, fatal=True))
        return None
    table = table.astype({"prediction": int})
    if constant and len(table) > 1:
        evidence = f"all {len(table)} predictions are {int(prediction[0])}"
        mend = "Check the loss weights and the learning rate: nothing was learnt, or it was lost."
        findings.append(Finding("constant output", evidence, mend))
    else:
        _check_order(table, findings)
    return table


def _check_order(table, findings):
    """Tell predictions that know nothing of their rows from predictions that do."""
    truth, prediction = table["ground_truth"].to_numpy(), table["prediction"].to_numpy()
    if len(table) < 30 or len(np.unique(truth)) == 1:
        return  # too few to tell
    rng = np.random.default_rng(len(table))
    orders = rng.permuted(np.broadcast_to(prediction, (PERMUTATIONS, len(table))), axis=1)
    low, high = np.percentile((orders == truth).mean(1), [0.5, 99.5])
    # Quadratic kappa falls as the mean squared distance grows; the marginals stay as they are.
    distance = ((orders - truth) ** 2).mean(1)
    near, far = np.percentile(distance, [0.5, 99.5])
    here = scores_of(confusion(table))
    inside = low <= here["accuracy"] <= high
    if inside and near <= np.mean((prediction - truth) ** 2) <= far:
        evidence = (
            f"accuracy {here['accuracy']:.3f} is what these predictions give in a random order "
            f"({low:.3f} to {high:.3f}), and quadratic kappa is {here['kappa']:.2f}"
        )
        mend = (
            "Join predictions on VideoName and turn shuffling off when predicting; "
            "otherwise the model knows nothing of its clips."
        )
        findings.append(Finding("rows in another order than their labels", evidence, mend))


def _check_probabilities(table, findings):
    """Examine p1..p7; rows that cannot be used make the columns go."""
    p = table[P_COLUMNS].to_numpy()
    mend = "Write the softmax of the logits."
    broken = ~np.isfinite(p).all(1) | (p < 0).any(1) | (p.sum(1) <= 0)
    if broken.any():
        first = table.loc[broken, "VideoName"]
        evidence = f"{broken.sum()} rows hold NaN or negative numbers, first {first_few(first)}"
        findings.append(Finding("broken probabilities, not scored", evidence, mend))
        return table.drop(columns=P_COLUMNS)
    total = p.sum(1)
    off = np.abs(total - 1) > SUM_TOLERANCE
    if off.any():
        worst = total[np.abs(total - 1).argmax()]
        evidence = f"{off.sum()} rows do not sum to 1, the worst to {worst:.4g}"
        findings.append(Finding("probabilities not normalised", evidence, mend))
    # Printed digits may tie: the prediction must be among the largest.
    chosen = p[np.arange(len(p)), table["prediction"] - 1]
    other = chosen < p.max(1) - SUM_TOLERANCE * total
    if other.any():
        first = table.loc[other, "VideoName"]
        evidence = f"{other.sum()} rows, first {first_few(first)}"
        mend = "Take prediction and probabilities from the same rows; columns run from 1 to 7."
        findings.append(
            Finding("prediction is not the argmax of its probabilities", evidence, mend)
        )
    table = table.copy()
    table[P_COLUMNS] = p / total[:, None]
    return table
