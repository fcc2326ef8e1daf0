"""How far the fused answers can be trusted, for every set of modalities that a clip may have.

All of it is chosen on valid, where each clip is scored by a fit without its user; test is not read.
"""

import pandas as pd

from mmage_utils.fusion.cross_fit import cross_fit
from mmage_utils.fusion.late_fusion import subset_name, subsets
from mmage_utils.scores.calibration import reliability
from mmage_utils.scores.prediction_sets import COVERAGE, choose_level
from mmage_utils.scores.selective import choose_threshold, halve_errors


def choose_trust(fitted, tables, *, coverage=COVERAGE):
    """Thresholds of confidence and levels of prediction sets, by the modalities of a clip.

    Parameters
    ----------
    fitted : late_fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions of all splits.
    coverage : float
        Of the prediction sets.

    Returns
    -------
    dict
        coverage; target, the accuracy that answers should have: half of the errors of all
        modalities (`selective.halve_errors`); and subsets: name (``image + audio``) to threshold
        (`selective.choose_threshold`), level (`prediction_sets.choose_level`), clips and users of
        valid, accuracy there, and reliability (`calibration.reliability`).
    """
    names = tuple(tables)
    made = {
        subset_name(own): cross_fit(fitted, {name: tables[name] for name in own})
        for own in subsets(names)
    }
    target, chosen = halve_errors(made[subset_name(names)]), {}
    for name, table in made.items():
        valid = table[table["split"] == "valid"]
        chosen[name] = {
            "threshold": choose_threshold(valid, target),
            "level": choose_level(valid, coverage=coverage),
            "clips": len(valid),
            "users": valid["UserID"].nunique(),
            "accuracy": float((valid["prediction"] == valid["ground_truth"]).mean()),
            "reliability": reliability(valid),
        }
    return {"coverage": coverage, "target": target, "subsets": chosen}


def accuracy_at(known, confidence):
    """How often valid clips of about this confidence were answered right.

    Parameters
    ----------
    known : dict
        One of the subsets of `choose_trust`.
    confidence : float
        0 to 1.

    Returns
    -------
    pandas.Series or None
        The row of `calibration.reliability` of its tenth; None where valid has no such clip.
    """
    bins = pd.DataFrame(known["reliability"])
    own = bins[(bins["from"] <= confidence) & (confidence < bins["to"] + (bins["to"] >= 1))]
    return None if own.empty else own.iloc[0]
