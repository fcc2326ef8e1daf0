"""Check a prediction file against a label list: what is wrong, the evidence, and the likely fix.

The report once scored a chart of task g on rows in another order than their labels.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.data.labels import LABEL_LIST, N_GROUPS, SPLITS, read_label_list
from mmage_utils.errors import DataError, first_few
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.bootstrap import paired_at_random
from mmage_utils.scores.metrics import answers, confusion, scores_of
from mmage_utils.scores.prediction_file import Findings, Unscorable, read_prediction_file

PERMUTATIONS = 1000
SUM_TOLERANCE = 1e-3  # of a row of probabilities, as printed with few digits
SHIFT_GAIN = 0.1  # accuracy that a shift must gain to be reported
# Findings that a poor model gives as well as a damaged file.
OF_THE_MODEL = (
    *("constant output", "rows in another order than their labels"),
    *("0-based labels", "shifted labels"),
)


class Reference(NamedTuple):
    """The label list that predictions are checked against, and the lists beside it."""

    labels: pd.DataFrame  # the clips to be scored
    split: str
    train: pd.DataFrame | None  # the train list, for the constant predictor
    others: dict  # VideoName of a clip that is not scored -> its split


class Examination(NamedTuple):
    """Findings, and the predictions that can be scored (None if there are none)."""

    findings: list
    table: pd.DataFrame | None


def read_reference(path, *, split="test"):
    """Read a label list, or the list of one split of a data folder.

    If any clip of a folder has media, only clips with media are expected to be predicted.

    Raises
    ------
    DataError
        When the list is missing or wrong.
    """
    path = Path(path)
    if path.is_dir():
        from mmage_utils.data.clips import MEDIA, read_clips

        clips = read_clips(path)
        labels = clips[clips["split"] == split]
        if labels.empty:
            raise DataError(f"{path} lists no clip of the split {split!r}.")
        with_media = labels[list(MEDIA)].notna().any(axis=1)
        labels = labels[with_media] if with_media.any() else labels
        rest = clips.drop(labels.index)
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
        if name == split:
            continue
        # It only tells of which split an extra clip is, so it may be missing or wrong.
        with suppress(DataError):
            listed = read_label_list(path.with_name(LABEL_LIST.format(split=name)), name)
            others |= dict.fromkeys(listed["VideoName"], name)
            train = listed if name == "train" else train
    return Reference(labels, split, train, others)


def check_predictions(path, reference):
    """Check a prediction file against a label list.

    Parameters
    ----------
    path : path-like
        As `prediction_file.read_prediction_file`.
    reference : Reference
        `read_reference`.

    Returns
    -------
    Examination
        Its table has the clips that can be scored: VideoName, prediction, p1..p7 if usable,
        UserID, ground_truth (of the list), Gender, Ethnicity, split.
    """
    findings = Findings()
    try:
        table = _check_clips(read_prediction_file(path, findings), reference, findings)
        given = table.get("ground_truth")
        labels = reference.labels.rename(columns={"AgeGroup": "ground_truth"})
        columns = ["VideoName", "UserID", "ground_truth", "Gender", "Ethnicity", "split"]
        own = table.columns.intersection(["VideoName", "prediction", *P_COLUMNS], sort=False)
        table = table[own].merge(labels[columns], on="VideoName", validate="1:1")
        if given is not None:
            _check_given_truth(given.to_numpy(), table["ground_truth"].to_numpy(), findings)
        table = _check_answers(table, findings)
        if set(P_COLUMNS) <= set(table):
            table = _check_probabilities(table, findings)
    except Unscorable:
        table = None
    return Examination(findings, table)


def _check_clips(table, reference, findings):
    """Keep each listed clip once; report extra, duplicate and missing clips."""
    listed = pd.Index(reference.labels["VideoName"])
    table = table.assign(place=listed.get_indexer(table["VideoName"]))
    if "split" in table and table["split"].isin(SPLITS).any():
        # A file of all splits is expected to have clips that this list lacks.
        inside = table["place"] >= 0
        wrong = inside & table["split"].ne(reference.split)
        if wrong.any():
            evidence = (
                f"{wrong.sum()} clips of {reference.split} have another split, first "
                f"{first_few(table.loc[wrong, 'VideoName'])}"
            )
            findings.add("wrong split", evidence, "Write the split of the label list.")
        table = table[inside | table["split"].eq(reference.split)]
    inside = table["place"] >= 0
    unlisted, table = table.loc[~inside, "VideoName"], table[inside]
    splits = unlisted.map(reference.others)
    if splits.notna().any():
        evidence = " and ".join(f"{n} are of {name}" for name, n in splits.value_counts().items())
        fix = f"Give the predictions of {reference.split}, or the list that belongs to them."
        findings.add("clips of another split", evidence, fix)
    extra = unlisted[splits.isna()]
    if len(extra):
        evidence = f"{len(extra)} clips are in no label list, first {first_few(extra)}"
        findings.add("extra clips", evidence, "Check the names, and the list given.")
    repeated = table["VideoName"].duplicated()
    if repeated.any():
        names = table.loc[repeated, "VideoName"].unique()
        evidence = f"{repeated.sum()} rows, first {first_few(names)}"
        fix = "Write each clip once; the first row of each is used."
        findings.add("duplicate clips", evidence, fix)
    table = table[~repeated]
    missing = listed.delete(table["place"].to_numpy()).to_series()
    if len(missing):
        evidence = f"{len(missing)} of {len(listed)}, first {first_few(missing)}"
        findings.add("missing clips", evidence, "Predict every clip of the list.")
    if table.empty:
        evidence = "no predicted clip is in the label list"
        fix = "Give the list that belongs to these predictions."
        findings.add("nothing to score", evidence, fix, fatal=True)
    return table.drop(columns="place").reset_index(drop=True)


def _check_given_truth(given, truth, findings):
    """Compare the file's ground truth with that of the list."""
    wrong = given != truth
    if not wrong.any():
        return
    for shift in (1, -1):
        if np.array_equal(given + shift, truth):
            evidence = f"in every row it is the list's age group {-shift:+d}"
            fix = f"Labels run from 1 to 7: add {shift:+d}."
            findings.add("shifted ground truth", evidence, fix)
            return
    what = "ground truth contradicts the label list"
    evidence = f"it differs from the label list in {wrong.sum()} of {len(truth)} rows"
    fix = "Take the ground truth from the list; it is the list's that is scored."
    if np.array_equal(np.sort(given), np.sort(truth)):
        what = "ground truth in another order than the clips"
        evidence += ", but has the same number of each age group"
        fix = "Write each row's values together, or turn shuffling off when predicting."
    findings.add(what, evidence, fix)


def _check_answers(table, findings):
    """Check the predicted age groups."""
    truth, prediction = table["ground_truth"].to_numpy(), table["prediction"].to_numpy()
    groups = range(1, N_GROUPS + 1)
    outside = ~np.isin(prediction, groups)
    accuracy = np.mean(prediction == truth)
    shifts = {shift: np.mean(prediction + shift == truth) for shift in (-2, -1, 1, 2)}
    best = max(shifts, key=shifts.get)
    constant = len(np.unique(prediction)) == 1
    fits = np.isin(prediction + best, groups).all() and not constant
    least = accuracy + (0 if outside.any() else SHIFT_GAIN)
    if fits and shifts[best] > least:
        what = "0-based labels" if best == 1 else "shifted labels"
        evidence = (
            f"{best:+d} on every prediction changes accuracy from {accuracy:.3f} "
            f"to {shifts[best]:.3f}"
        )
        if outside.any():
            evidence += f", and {outside.sum()} predictions are outside 1..7"
        fix = f"Labels run from 1 to 7: add {best:+d}."
        findings.add(what, evidence, fix, fatal=bool(outside.any()))
    elif outside.any():
        names = table.loc[outside, "VideoName"]
        evidence = f"{outside.sum()} predictions, first for {first_few(names)}"
        findings.add("labels outside 1..7", evidence, "Labels run from 1 to 7.", fatal=True)
    table = table.astype({"prediction": int})
    if constant and len(table) > 1:
        evidence = f"all {len(table)} predictions are {int(prediction[0])}"
        fix = "Check the loss weights and the learning rate: the model learnt nothing."
        findings.add("constant output", evidence, fix)
    else:
        _check_order(table, findings)
    return table


def _check_order(table, findings):
    """Report predictions that are no better than the same ones in a random order."""
    truth, prediction = table["ground_truth"].to_numpy(), table["prediction"].to_numpy()
    if len(table) < 30 or len(np.unique(truth)) == 1:
        return  # too few to tell
    counts = [np.bincount(v, minlength=N_GROUPS + 1)[1:] for v in (truth, prediction)]
    orders = paired_at_random(*counts, draws=PERMUTATIONS, seed=len(table)) / len(table)
    low, high = np.percentile(np.trace(orders, axis1=1, axis2=2), [0.5, 99.5])
    # As the marginals stay, quadratic kappa falls exactly as the mean squared distance grows.
    distance = np.subtract.outer(np.arange(N_GROUPS), np.arange(N_GROUPS))
    near, far = np.percentile((orders * distance**2).sum((1, 2)), [0.5, 99.5])
    scores = scores_of(confusion(table))
    inside = low <= scores["accuracy"] <= high
    if inside and near <= np.mean((prediction - truth) ** 2) <= far:
        evidence = (
            f"accuracy {scores['accuracy']:.3f} is what these predictions give in a random order "
            f"({low:.3f} to {high:.3f}), and quadratic kappa is {scores['kappa']:.2f}"
        )
        fix = (
            "Join predictions on VideoName and turn shuffling off when predicting; "
            "otherwise the model knows nothing of its clips."
        )
        findings.add("rows in another order than their labels", evidence, fix)


def _check_probabilities(table, findings):
    """Check and normalise p1..p7; drop them all when a row cannot be used."""
    p, fix = table[P_COLUMNS].to_numpy(), "Write the softmax of the logits."
    total = p.sum(1)
    broken = ~np.isfinite(p).all(1) | (p < 0).any(1) | (total <= 0)
    if broken.any():
        names = table.loc[broken, "VideoName"]
        evidence = f"{broken.sum()} rows contain NaN or negative numbers, first {first_few(names)}"
        findings.add("broken probabilities, not scored", evidence, fix)
        return table.drop(columns=P_COLUMNS)
    off = np.abs(total - 1)
    if off.max() > SUM_TOLERANCE:
        count, worst = (off > SUM_TOLERANCE).sum(), total[off.argmax()]
        evidence = f"{count} rows do not sum to 1, the worst to {worst:.4g}"
        findings.add("probabilities not normalised", evidence, fix)
    # Printed digits may tie: the prediction must be among the largest.
    confidence, _ = answers(table)
    other = confidence < p.max(1) - SUM_TOLERANCE * total
    if other.any():
        names = table.loc[other, "VideoName"]
        evidence = f"{other.sum()} rows, first {first_few(names)}"
        fix = "Take prediction and probabilities from the same rows; columns run from 1 to 7."
        findings.add("prediction is not the argmax of its probabilities", evidence, fix)
    return table.assign(**table[P_COLUMNS].div(total, axis=0))
