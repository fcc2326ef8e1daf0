"""What words and embeddings tell of the age group: words, clusters, and a map (task f)."""

import numpy as np
import pandas as pd

from mmage_utils.data.clips import by_split
from mmage_utils.data.labels import N_GROUPS, SPLITS
from mmage_utils.features import text_embeddings
from mmage_utils.predictions import tabulate

TOKEN = r"(?u)\b\w[\w']*\b"  # noqa: S105, of a text and no password
MIN_SAYING = 5  # of a group in train who must say a word, or all of a group that has fewer
JUDGED_USERS = 5  # fewer in a group are too few to call it concentrated
SHUFFLES = 1000


def pulling_words(texts, clips, *, top=6, min_users=MIN_SAYING):
    """Words that pull towards each age group, and what a model of words alone predicts.

    Multinomial logistic regression on which words occur, on the train split; a word counts when
    enough users of one group say it. A check against leakage: a word that names the age, or marks
    how a recording was made, would be among them. In a group of one or two users it cannot be told
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
        sorted by group and weight. A group without train clips has no rows; there are no rows
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
    occurs, vocabulary = counter.transform(texts).astype(bool), counter.get_feature_names_out()
    own = {group: groups == group for group in np.unique(groups)}
    n_users = {group: len(np.unique(users[rows])) for group, rows in own.items()}
    speakers = {
        group: _count_users(occurs[train][rows], users[rows]) for group, rows in own.items()
    }
    often = np.any([speakers[group] >= min(min_users, n_users[group]) for group in own], axis=0)
    columns = ["AgeGroup", "word", "weight", "users", "of_users", "elsewhere"]
    if len(own) < 2 or not often.any():
        prior = np.bincount(groups, minlength=N_GROUPS + 1)[1:] / len(groups)
        return pd.DataFrame(columns=columns), tabulate(clips, np.tile(prior, (len(clips), 1)))
    model = LogisticRegression(C=0.1, max_iter=2000).fit(occurs[train][:, often], groups)
    p = np.zeros((len(clips), N_GROUPS))
    p[:, model.classes_ - 1] = model.predict_proba(occurs[:, often])

    weights = model.coef_ if len(model.coef_) > 1 else np.vstack([-model.coef_, model.coef_])
    everyone = _count_users(occurs[train], users)
    tables = []
    for group, weight in zip(model.classes_, weights, strict=True):
        best = np.argsort(-weight, kind="stable")[:top]
        here = np.flatnonzero(often)[best]
        counts = speakers[group][here], n_users[group], (everyone - speakers[group])[here]
        values = (group, vocabulary[here], weight[best], *counts)
        tables.append(pd.DataFrame(dict(zip(columns, values, strict=True))))
    return pd.concat(tables, ignore_index=True), tabulate(clips, p)


def _count_users(occurs, users):
    """How many users say each word in any of their clips, shape (n words,)."""
    from scipy.sparse import csr_array

    names, rows = np.unique(users, return_inverse=True)
    member = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), (len(names), len(rows)))
    return ((member @ csr_array(occurs).astype(float)) > 0).sum(0)


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
        How often the age groups are permuted across the users of the split who have equally many
        clips, all clips of a user together.

    Returns
    -------
    table : pandas.DataFrame
        One row an age group that the split has: clips, users, silhouette (mean over its clips, by
        cosine distance; 1 is a tight cluster apart from the others, below 0 lies nearer to
        another group; NaN where a group has one clip or is the only one), chance_low and
        chance_high (its range in 95% of the shuffles), p_holm (two-sided, NaN for groups of less
        than `JUDGED_USERS` users) and right (clips that the vote of the neighbours gets right).
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
    above, below = chance >= table["silhouette"], chance <= table["silhouette"]
    p = (2 * (1 + np.minimum(above.sum(), below.sum())) / (1 + shuffles)).clip(upper=1)
    judged = table["silhouette"].notna() & (table["users"] >= JUDGED_USERS)
    table["p_holm"] = np.nan
    if judged.any():
        table.loc[judged, "p_holm"] = multipletests(p[judged], method="holm")[1]
    right = chosen["prediction"] == chosen["ground_truth"]
    table["right"] = right.groupby(chosen["ground_truth"]).sum()
    return table, chosen


def silhouettes(distances, groups):
    """Mean silhouette of each group (Rousseeuw 1987, J. Comput. Appl. Math. 20).

    The same as scikit-learn's, a hundred times as fast when called a thousand times.

    Parameters
    ----------
    distances : numpy.ndarray, shape (n, n)
    groups : array-like, shape (n,)

    Returns
    -------
    pandas.Series
        Indexed by group; NaN for a group of one, and where there is one group only.
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
    """Silhouettes with the age groups permuted across users of equally many clips."""
    rng = np.random.default_rng(seed)
    _, first, user_of = np.unique(chosen["UserID"], return_index=True, return_inverse=True)
    group_of = chosen["ground_truth"].to_numpy()[first]
    n_clips = np.bincount(user_of)
    rows = []
    for _ in range(shuffles):
        permuted = group_of.copy()
        for n in np.unique(n_clips):
            alike = n_clips == n
            permuted[alike] = rng.permutation(group_of[alike])
        rows.append(silhouettes(distances, permuted[user_of]))
    return pd.DataFrame(rows)


def text_map(vectors, clips, *, perplexity, seed=0):
    """Positions of the embeddings of each split on a map by t-SNE (task f).

    Parameters
    ----------
    vectors : array-like, shape (n clips, width)
    clips : pandas.DataFrame
        In the order of the vectors.
    perplexity : float
        About the number of neighbours of a point, at most a third of the clips of a split.

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


def pad_mean(text, model, paddings):
    """What a mean that runs over the padding makes of a transcript (the report's error 8).

    Parameters
    ----------
    text : str
    model : str
        As `text_embeddings.embed`.
    paddings : sequence of int
        Tokens of padding, as a batch with a longer transcript adds them.

    Returns
    -------
    pandas.DataFrame
        One row each: padding, tokens (of the transcript itself), cosine (of the mean over all
        positions with the mean over the transcript alone), own (the same, padding left out).
    """
    import torch

    tokenizer, network = text_embeddings.load(model)
    plain = tokenizer(text, truncation=True, max_length=text_embeddings.MAX_TOKENS)
    length, rows, alone = len(plain["input_ids"]), [], None
    for padding in (0, *paddings):
        size = {"padding": "max_length", "max_length": length + padding}
        batch = tokenizer.pad({k: [v] for k, v in plain.items()}, return_tensors="pt", **size)
        with torch.inference_mode():
            states = network(**batch).last_hidden_state[0]
        over_all, own = states.mean(0), states[:length].mean(0)
        alone = own if alone is None else alone
        cosines = [float(torch.cosine_similarity(x, alone, dim=0)) for x in (over_all, own)]
        rows.append((padding, length, *cosines))
    return pd.DataFrame(rows[1:], columns=["padding", "tokens", "cosine", "own"])


def mean_cosine(vectors):
    """Mean cosine of two different rows of vectors, shape (n, width)."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    n = len(unit)
    return float((np.square(unit.sum(0)).sum() - n) / (n * (n - 1)))
