"""How much each acoustic feature tells about age group and gender (task e)."""

import numpy as np
import pandas as pd

from mmage_utils.features.voices.definition import FEATURES


def feature_strength(features, clips, *, split="train", seed=0):
    """Effect size and mutual information of each feature with age group and gender.

    Parameters
    ----------
    features : pandas.DataFrame
        `extraction.extract_features`.
    clips : pandas.DataFrame
        Clips with labels.
    split : str
        The clips that are looked at; those without voice are left out and counted by `clips`.
    seed : int
        Of the small noise that scikit-learn adds for its nearest neighbours.

    Returns
    -------
    pandas.DataFrame
        One row a feature: clips; eta squared of age group (share of the variance between the
        groups, 0..1); Cohen's d of gender (male minus female, in pooled standard deviations);
        mutual information with age group and with gender, in bits.
    """
    from sklearn.feature_selection import mutual_info_classif

    columns = ["VideoName", "AgeGroup", "Gender", "split"]
    table = features[["VideoName", *FEATURES]].merge(clips[columns], on="VideoName")
    table = table[table["split"] == split].dropna(subset=list(FEATURES))
    rows = {}
    for name in FEATURES:
        x = table[name].to_numpy(float)
        age, gender = (
            mutual_info_classif(x[:, None], table[label], random_state=seed)[0] / np.log(2)
            for label in ("AgeGroup", "Gender")
        )
        rows[name] = {
            "clips": len(x),
            "eta squared, age group": eta_squared(x, table["AgeGroup"]),
            "Cohen's d, male - female": cohens_d(x[table["Gender"] == 1], x[table["Gender"] == 2]),
            "mutual information, age group (bits)": age,
            "mutual information, gender (bits)": gender,
        }
    return pd.DataFrame(rows).T


def eta_squared(values, groups):
    """Share of the variance of values that lies between groups, 0..1; NaN without variance."""
    values = pd.Series(np.asarray(values, float))
    means = values.groupby(np.asarray(groups)).transform("mean")
    total = ((values - values.mean()) ** 2).sum()
    return float(((means - values.mean()) ** 2).sum() / total) if total > 0 else np.nan


def cohens_d(first, second):
    """Difference of two means in pooled standard deviations; NaN where it is not defined."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    if min(len(first), len(second)) < 2:
        return np.nan
    n, m = len(first) - 1, len(second) - 1
    pooled = np.sqrt((n * first.var(ddof=1) + m * second.var(ddof=1)) / (n + m))
    return float((first.mean() - second.mean()) / pooled) if pooled > 0 else np.nan
