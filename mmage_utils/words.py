"""What the words and their embeddings hold: words that pull towards an age group, and clusters."""

import numpy as np
import pandas as pd

from mmage_utils.clips import by_split
from mmage_utils.labels import AGE_GROUPS, N_GROUPS
from mmage_utils.predictions import tabulate

TOKEN = r"(?u)\b\w[\w']*\b"
MIN_USERS = 5  # of train who must say a word, so that no single speaker makes it telling
SHUFFLES = 100


def pulling_words(texts, clips, *, top=6, min_users=MIN_USERS):
    """Words that pull towards each age group, and what a model of words alone predicts.

    Multinomial logistic regression on which words occur, on the train split; a word counts when
    enough users of train say it. A check against leakage: a word that names the age, or marks how
    a recording was made, would stand here.

    Parameters
    ----------
    texts : sequence of str
        In the order of `clips`.
    clips : pandas.DataFrame
    top : int
        Words shown per age group.
    min_users : int

    Returns
    -------
    words : pandas.DataFrame
        Columns AgeGroup, word, weight (of the regression), users (of the group in train who say
        it), of_users (of the group in train) and elsewhere (users of other groups who say it);
        sorted by group and weight. A group without train clips has no rows.
    table : pandas.DataFrame
        Predictions of all clips by this model (`predictions.tabulate`).
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train = clips["split"].eq("train").to_numpy()
    groups, users = clips["AgeGroup"].to_numpy()[train], clips["UserID"].to_numpy()[train]
    counter = CountVectorizer(binary=True, token_pattern=TOKEN)
    said = counter.fit_transform(np.asarray(texts, dtype=object)[train]).astype(bool)
    vocabulary = counter.get_feature_names_out()
    by_user = _any_of(said, users)
    often = np.asarray(by_user.sum(0)).ravel() >= min_users
    model = LogisticRegression(C=0.1, max_iter=2000).fit(said[:, often], groups)

    p = np.zeros((len(clips), N_GROUPS))
    seen = counter.transform(np.asarray(texts, dtype=object)).astype(bool)[:, often]
    p[:, model.classes_ - 1] = model.predict_proba(seen)

    rows, weights = (
        [],
        model.coef_ if len(model.coef_) > 1 else np.vstack([-model.coef_, model.coef_]),
    )
    for group, weight in zip(model.classes_, weights, strict=True):
        mine = _any_of(said[groups == group][:, often], users[groups == group])
        others = _any_of(said[groups != group][:, often], users[groups != group])
        for k in np.argsort(-weight, kind="stable")[:top]:
            users_of = int(mine[:, k].sum()), mine.shape[0], int(others[:, k].sum())
            rows.append((group, vocabulary[often][k], weight[k], *users_of))
    columns = ["AgeGroup", "word", "weight", "users", "of_users", "elsewhere"]
    return pd.DataFrame(rows, columns=columns), tabulate(clips, p)


def show_words(words):
    """`pulling_words` as a table to look at: one row an age group.

    Behind each word, the users of the group who say it and, after the plus, those of others.
    """
    said = [f"{row.word} ({row.users} + {row.elsewhere})" for row in words.itertuples()]
    groups = words.assign(said=said).groupby("AgeGroup")
    table = pd.DataFrame({"users": groups["of_users"].first()})
    table["words (users of the group + others)"] = groups["said"].agg(", ".join)
    return table.rename(index=AGE_GROUPS).rename_axis("age group")


def concentration(vectors, clips, *, split="valid", neighbours=15, shuffles=SHUFFLES, seed=0):
    """How close together the embeddings of each age group lie, and how far that is chance.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (n clips, width)
    clips : pandas.DataFrame
    split : str
        The split that is looked at; its neighbours are sought in train.
    neighbours : int
        Of the vote of the nearest train clips, by cosine distance.
    shuffles : int
        Times the age groups are dealt out anew among the users of the split, whole users together.

    Returns
    -------
    table : pandas.DataFrame
        One row an age group that the split has: clips, users, silhouette (mean over its clips, by
        cosine distance; 1 is a tight cluster apart from the others, below 0 lies nearer to
        another group), chance_low and chance_high (its range in 95% of the shuffles) and right
        (clips of the group that the vote of the neighbours gets right).
    vote : pandas.DataFrame
        The clips of the split with ground_truth and prediction by that vote.
    """
    from sklearn.metrics.pairwise import cosine_distances
    from sklearn.neighbors import KNeighborsClassifier

    here, train = (clips["split"].eq(name).to_numpy() for name in (split, "train"))
    chosen = by_split(clips, split).rename(columns={"AgeGroup": "ground_truth"})
    groups = chosen["ground_truth"].to_numpy()
    distances = cosine_distances(np.asarray(vectors)[here])
    np.fill_diagonal(distances, 0)

    rng = np.random.default_rng(seed)
    users, user_of = np.unique(chosen["UserID"], return_inverse=True)
    group_of = groups[np.unique(user_of, return_index=True)[1]]
    chance = [
        _silhouettes(distances, group_of[rng.permutation(len(users))][user_of])
        for _ in range(shuffles)
    ]
    table = pd.DataFrame({"silhouette": _silhouettes(distances, groups)}).dropna()
    low, high = (
        pd.DataFrame(chance).quantile([0.025, 0.975]).reindex(columns=table.index).to_numpy()
    )
    table["chance_low"], table["chance_high"] = low, high

    vote = KNeighborsClassifier(min(neighbours, int(train.sum())), metric="cosine")
    vote.fit(np.asarray(vectors)[train], clips.loc[train, "AgeGroup"])
    chosen["prediction"] = vote.predict(np.asarray(vectors)[here])
    by_group = chosen.groupby("ground_truth")
    table.insert(0, "users", by_group["UserID"].nunique())
    table.insert(0, "clips", by_group.size())
    right = chosen["prediction"] == chosen["ground_truth"]
    table["right"] = right.groupby(chosen["ground_truth"]).sum()
    return table.rename_axis("AgeGroup"), chosen


def show_concentration(table):
    """`concentration` as a table to look at."""
    shown = table[["clips", "users"]].copy()
    shown["silhouette"] = table["silhouette"].map("{:+.3f}".format)
    low, high = (table[name].map("{:+.3f}".format) for name in ("chance_low", "chance_high"))
    shown["95% by chance"] = low + " to " + high
    shown["right by neighbours"] = table["right"].astype(str) + "/" + table["clips"].astype(str)
    return shown.rename(index=AGE_GROUPS).rename_axis("age group")


def say_concentration(table):
    """A sentence on which age groups lie together beyond chance."""
    beyond = table[table["silhouette"] > table["chance_high"]]
    apart = table[table["silhouette"] < table["chance_low"]]
    lead = "By the silhouette, beyond what dealing the age groups out among the users gives"
    parts = [
        f"**{word}**: {', '.join(_with_users(rows)) or 'none'}"
        for word, rows in (("concentrated", beyond), ("scattered", apart))
    ]
    return f"{lead}, {'; '.join(parts)}."


def _with_users(rows):
    return [f"{AGE_GROUPS[row.Index]} ({row.users} users)" for row in rows.itertuples()]


def _silhouettes(distances, groups):
    """Mean silhouette per age group; none where there is but one group."""
    from sklearn.metrics import silhouette_samples

    if not 1 < len(np.unique(groups)) < len(groups):
        return pd.Series(dtype=float)
    return (
        pd.Series(silhouette_samples(distances, groups, metric="precomputed"))
        .groupby(groups)
        .mean()
    )


def _any_of(said, users):
    """Whether a user says each word in any of their clips, shape (n users, n words), sparse."""
    from scipy.sparse import csr_array

    names, rows = np.unique(users, return_inverse=True)
    member = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), (len(names), len(rows)))
    return (member @ csr_array(said).astype(float)) > 0
