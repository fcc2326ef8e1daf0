"""Predictions on valid of a fusion that was fitted on valid, each by a fit without its user."""

import pandas as pd

from mmage_utils.fusion.late_fusion import FOLDS, apply_fusion, fit_fusion


def cross_fit(fitted, tables, *, folds=FOLDS):
    """Score every valid clip by a fit on the valid clips of other users.

    What a fusion says of the clips that it was fitted on is better than it will be on others. Here
    rule and penalty stay as chosen, and temperatures, weights and regressions are fitted again
    without the users of each fold.

    Parameters
    ----------
    fitted : late_fusion.Fusion
    tables : dict of str to pandas.DataFrame
        Modality to predictions of all splits.
    folds : int
        Of whole users.

    Returns
    -------
    pandas.DataFrame
        As `late_fusion.apply_fusion`, of all splits; only the rows of valid are cross-fitted.
    """
    from sklearn.model_selection import GroupKFold

    fused = apply_fusion(fitted, tables)
    valid = fused[fused["split"] == "valid"]
    rules, penalties = (fitted.rule,), (fitted.C,)
    pieces = [fused[fused["split"] != "valid"]]
    for _, rows in GroupKFold(folds).split(valid, groups=valid["UserID"]):
        left_out = valid["VideoName"].iloc[rows]
        inside = {name: table[~table["VideoName"].isin(left_out)] for name, table in tables.items()}
        refitted = fit_fusion(
            inside, fitted.prior, rules=rules, penalties=penalties, folds=min(folds, 2)
        )
        outside = {name: table[table["VideoName"].isin(left_out)] for name, table in tables.items()}
        pieces.append(apply_fusion(refitted, outside))
    return pd.concat(pieces).sort_values("VideoName", ignore_index=True)
