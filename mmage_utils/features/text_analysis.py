"""What the words and their embeddings hold: telling words, clusters, and a map (task f)."""

import numpy as np
import pandas as pd

from mmage_utils.data.clips import by_split
from mmage_utils.data.labels import N_GROUPS, SPLITS
from mmage_utils.predictions import tabulate

TOKEN = r"(?u)\b\w[\w']*\b"
MIN_USERS = 5  # of a group in train who must say a word, or all of a group that has fewer
JUDGED_USERS = 5  # fewer in a group are too few to call it concentrated
SHUFFLES = 1000


def pulling_words(texts, clips, *, top=6, min_users=MIN_USERS):
    """Words that pull towards each age group, and what a model of words alone predicts.

    Multinomial logistic regression on which words occur, on the train split; a word counts when
    enough users of one group say it. A check against leakage: a word that names the age, or marks
    how a recording was made, would stand here. In a group of one or two users it cannot be told
    from their own words.

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
        sorted by group and weight. A group without train clips has no rows; there are none at all
        where train has one group, or no word is said often enough.
    table : pandas.DataFrame
        Predictions of all clips by this model (`predictions.tabulate`).
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train = clips["split"].eq("train").to_numpy()
    groups, users = clips["AgeGroup"].to_numpy()[train], clips["UserID"].to_numpy()[train]
    texts = np.asarray(texts, dtype=object)
    # A word of its own, so that texts without words have a vocabulary too.
    counter = CountVectorizer(binary=True, token_pattern=TOKEN).fit([*texts[train], "_"])
    said, vocabulary = counter.transform(texts[train]).astype(bool), counter.get_feature_names_out()
    spoken = {
        group: _any_of(said[groups == group], users[groups == group]) for group in set(groups)
    }
    often = np.zeros(len(vocabulary), dtype=bool)
    for one in spoken.values():
        often |= np.asarray(one.sum(0)).ravel() >= min(min_users, one.shape[0])
    columns = ["AgeGroup", "word", "weight", "users", "of_users", "elsewhere"]
    if len(spoken) < 2 or not often.any():
        prior = np.bincount(groups, minlength=N_GROUPS + 1)[1:] / len(groups)
        return pd.DataFrame(columns=columns), tabulate(clips, np.tile(prior, (len(clips), 1)))
    model = LogisticRegression(C=0.1, max_iter=2000).fit(said[:, often], groups)

    p = np.zeros((len(clips), N_GROUPS))
    seen = counter.transform(texts).astype(bool)[:, often]
    p[:, model.classes_ - 1] = model.predict_proba(seen)

    weights = model.coef_ if len(model.coef_) > 1 else np.vstack([-model.coef_, model.coef_])
    users_of = {group: np.asarray(one.sum(0)).ravel()[often] for group, one in spoken.items()}
    everyone = np.asarray(_any_of(said, users).sum(0)).ravel()[often]
    rows = [
        (
            group,
            vocabulary[often][k],
            weight[k],
            int(users_of[group][k]),
            spoken[group].shape[0],
            int(everyone[k] - users_of[group][k]),
        )
        for group, weight in zip(model.classes_, weights, strict=True)
        for k in np.argsort(-weight, kind="stable")[:top]
    ]
    return pd.DataFrame(rows, columns=columns), tabulate(clips, p)


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
        Times the age groups are dealt out anew among the users of the split who have as many
        clips, all clips of a user together.

    Returns
    -------
    table : pandas.DataFrame
        One row an age group that the split has: clips, users, silhouette (mean over its clips, by
        cosine distance; 1 is a tight cluster apart from the others, below 0 lies nearer to
        another group; none where a group has one clip or is the only one), chance_low and
        chance_high (its range in 95% of the shuffles), p_holm (two-sided, for all groups of at
        least `JUDGED_USERS` users; none for the others) and right (clips of the group that the
        vote of the neighbours gets right).
    vote : pandas.DataFrame
        The clips of the split with ground_truth and prediction by that vote.
    """
    from sklearn.metrics.pairwise import cosine_distances
    from sklearn.neighbors import KNeighborsClassifier
    from statsmodels.stats.multitest import multipletests

    here, train = (clips["split"].eq(name).to_numpy() for name in (split, "train"))
    chosen = by_split(clips, split).rename(columns={"AgeGroup": "ground_truth"})
    groups = chosen["ground_truth"].to_numpy()
    vote = KNeighborsClassifier(min(neighbours, int(train.sum())), metric="cosine")
    vote.fit(np.asarray(vectors)[train], clips.loc[train, "AgeGroup"])
    chosen["prediction"] = vote.predict(np.asarray(vectors)[here])

    by_group = chosen.groupby("ground_truth")
    table = pd.DataFrame({"clips": by_group.size(), "users": by_group["UserID"].nunique()})
    table = table.rename_axis("AgeGroup")
    distances = cosine_distances(np.asarray(vectors)[here])
    np.fill_diagonal(distances, 0)
    table["silhouette"] = silhouettes(distances, groups)
    chance = _by_chance(distances, chosen, shuffles, seed).reindex(columns=table.index)
    table["chance_low"], table["chance_high"] = chance.quantile([0.025, 0.975]).to_numpy()
    above = (1 + (chance >= table["silhouette"]).sum()) / (1 + shuffles)
    below = (1 + (chance <= table["silhouette"]).sum()) / (1 + shuffles)
    judged = table["silhouette"].notna() & (table["users"] >= JUDGED_USERS)
    table["p_holm"] = np.nan
    if judged.any():
        p = np.minimum(1, 2 * np.minimum(above, below))[judged]
        table.loc[judged, "p_holm"] = multipletests(p, method="holm")[1]
    right = chosen["prediction"] == chosen["ground_truth"]
    table["right"] = right.groupby(chosen["ground_truth"]).sum()
    return table, chosen


def silhouettes(distances, groups):
    """Mean silhouette of each group (Rousseeuw 1987, J. Comput. Appl. Math. 20).

    As scikit-learn's, which takes a hundred times as long where it is asked a thousand times.

    Parameters
    ----------
    distances : numpy.ndarray, shape (n, n)
    groups : array-like, shape (n,)

    Returns
    -------
    pandas.Series
        Indexed by group; none for a group of one, and where there is one group only.
    """
    names, member = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return pd.Series(np.nan, index=names)
    sizes, rows = np.bincount(member), np.arange(len(member))
    sums = distances @ np.eye(len(names))[member]
    with np.errstate(invalid="ignore", divide="ignore"):
        own = sums[rows, member] / (sizes[member] - 1)
        others = sums / sizes
        others[rows, member] = np.inf
        nearest = others.min(1)
        values = (nearest - own) / np.maximum(nearest, own)
    return pd.Series(values).groupby(names[member]).mean()


def _by_chance(distances, chosen, shuffles, seed):
    """Silhouettes with the age groups dealt out among users of equally many clips."""
    rng = np.random.default_rng(seed)
    _, first, user_of = np.unique(chosen["UserID"], return_index=True, return_inverse=True)
    group_of = chosen["ground_truth"].to_numpy()[first]
    n_clips = np.bincount(user_of)
    rows = []
    for _ in range(shuffles):
        dealt = group_of.copy()
        for n in np.unique(n_clips):
            alike = n_clips == n
            dealt[alike] = rng.permutation(group_of[alike])
        rows.append(silhouettes(distances, dealt[user_of]))
    return pd.DataFrame(rows)


def _any_of(said, users):
    """Whether a user says each word in any of their clips, shape (n users, n words), sparse."""
    from scipy.sparse import csr_array

    names, rows = np.unique(users, return_inverse=True)
    member = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), (len(names), len(rows)))
    return (member @ csr_array(said).astype(float)) > 0


def text_map(vectors, clips, *, perplexity, seed=0):
    """Positions of the embeddings of each split on a map by t-SNE (task f).

    Parameters
    ----------
    perplexity : float
        About the number of neighbours of a point; a small split has a third of its clips at most.

    Returns
    -------
    dict of str to numpy.ndarray, shape (n clips of the split, 2)
    """
    from sklearn.manifold import TSNE

    points = {}
    for split in SPLITS:
        here = clips["split"].eq(split).to_numpy()
        most = max(1.0, (here.sum() - 1) / 3)
        method = TSNE(perplexity=min(perplexity, most), random_state=seed)
        points[split] = method.fit_transform(np.asarray(vectors)[here])
    return points
