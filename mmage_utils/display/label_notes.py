"""Labels in doubt, near-duplicates, and scores without them: tables and sentences."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display.sentences import percent

CROWD = 0.1  # share of the test clips that have a near one: more than copies would be
TRUE_LABELS = (
    "The sample's media are drawn from their labels, so that nearly every suspect here is an error "
    "of the model."
)


def suspect_table(suspects):
    """Suspect labels of each age group.

    Parameters
    ----------
    suspects : dict of str to pandas.DataFrame
        Split to `label_noise.suspect_labels`.
    """
    parts = {}
    for split, table in suspects.items():
        groups = table.groupby("ground_truth")
        doubted = table[table["suspect"]].groupby("ground_truth")
        parts[split] = pd.DataFrame(
            {
                "clips": groups.size(),
                "suspect": doubted.size(),
                "users of these": doubted["UserID"].nunique(),
                "wrong answers": (table["prediction"] != table["ground_truth"])
                .groupby(table["ground_truth"])
                .sum(),
            }
        )
    shown = pd.concat(parts, axis=1).reindex(list(AGE_GROUPS)).fillna(0).astype(int)
    return shown.rename(index=AGE_GROUPS).rename_axis("label")


def named_suspects(listed, n=10):
    """The first suspects by name: the clips to look at first.

    Parameters
    ----------
    listed : pandas.DataFrame
        `label_noise.list_suspects`.
    n : int
        How many.
    """
    first = listed.head(n)
    return pd.DataFrame(
        {
            "split": first["split"],
            "label": first["label"].map(AGE_GROUPS),
            "its probability": first["self_confidence"].map(percent),
            "likelier group": first["suggested"].map(AGE_GROUPS),
            "probability of this": first["suggested_confidence"].map(percent),
        }
    ).set_index(first["VideoName"])


def suspect_sentence(suspects, found, *, synthetic):
    """How many labels are suspect, and what the method finds of labels moved on purpose.

    Parameters
    ----------
    suspects : pandas.DataFrame
        `label_noise.suspect_labels` of test.
    found : dict
        `label_noise.count_found`.
    synthetic : bool
        Whether the labels are those of the sample, which are right.
    """
    own = suspects[suspects["suspect"]]
    text = (
        f"{len(own):,} of {len(suspects):,} test labels ({percent(len(own) / len(suspects))}), of "
        f"{own['UserID'].nunique():,} users, are suspect. Of {found['moved']:,} labels that were "
        f"moved to the next age group on purpose, {found['moved_suspect']:,} are, and so are "
        f"{found['kept_suspect']:,} of the {found['kept']:,} others"
    )
    all_suspect = found["moved_suspect"] + found["kept_suspect"]
    if all_suspect:
        text += f": a suspect is a moved label in {percent(found['moved_suspect'] / all_suspect)}"
    return f"{text}. {TRUE_LABELS}" if synthetic else f"{text}."


def pairs_table(pairs):
    """`near_duplicates.count_pairs` with the names that a reader needs."""
    names = {"across": "in two splits", "test": "test clips like one of train or valid"}
    return pairs.rename(columns=names).rename_axis("near in")


def pairs_sentence(pairs, clips, test_clips):
    """How many pairs are near in several modalities, and where being near tells nothing.

    Parameters
    ----------
    pairs : pandas.DataFrame
        `near_duplicates.count_pairs`.
    clips, test_clips : int
        Number of clips that were compared, and of those in test.
    """
    own = pairs.drop(index="two or more")
    crowds = "".join(
        f" Near in {name}, {row.test:,} of {test_clips:,} test clips have one like them in train "
        "or valid: so many different people are as alike by these numbers as one person's clips "
        "that they tell nothing of copies."
        for name, row in own[own["test"] > CROWD * test_clips].iterrows()
    )
    return f"{_several(pairs, clips)}{crowds}"


def _several(pairs, clips):
    several = pairs.loc["two or more"]
    text = (
        f"One recording under two names would be near in several modalities: among {clips:,} clips "
    )
    if not several.pairs:
        return f"{text}no pair of different users is near in two modalities or more."
    text += f"{several.pairs:,} pairs of different users are near in two or more"
    return f"{text}, {several.across:,} of them in two splits."


def without_table(rows):
    """`label_noise.scores_without` as text."""
    shown = rows[["clips", "users"]].astype(int)
    for metric in ("accuracy", "balanced accuracy"):
        ends = rows[[f"{metric}, low", f"{metric}, high"]].map(percent)
        shown[metric] = rows[metric].map(percent) + " (" + ends.iloc[:, 0]
        shown[metric] += " to " + ends.iloc[:, 1] + ")"
        shown[f"constant, {metric}"] = rows[f"{metric}, constant"].map(percent)
    return shown


def without_sentence(rows):
    """What leaving out suspects does beside leaving out as many at random."""
    kinds = ("all clips", "without suspect labels", "without as many at random")
    if not set(kinds) <= set(rows.index):
        return "No label is suspect, so that none is left out."
    all_clips, doubted, drawn = (percent(rows.loc[kind, "accuracy"]) for kind in kinds)
    return (
        f"Without the suspects, accuracy reads {doubted} instead of {all_clips}; without as many "
        f"clips drawn at random, {drawn}. Suspects are clips on which the model disagrees, so that "
        "their removal raises the number whether their labels are wrong or not: it is no score of "
        "the model, and none of the scores here leaves clips out."
    )
