"""Answers to unbalanced groups that retrain only the head, on frozen embeddings (task c).

A network learns its features from all clips as they come; what it answers is decided by its last
layer, which is retrained in about a second (Kang et al. 2020, ICLR). So every weighting can be
compared on the same features, over several seeds.
"""

from functools import partial

import numpy as np
import torch

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.models import class_balance, networks, training
from mmage_utils.predictions import adjust, tabulate

WEIGHTS = {
    "count / total (published)": class_balance.published_weights,
    "N / (K n)": class_balance.inverse_weights,
    "effective number": class_balance.effective_weights,
}
METHODS = (
    "none",
    *WEIGHTS,
    "balanced softmax",
    "logit adjustment",  # of the predictions without weights
    "down-sampling",
    "ordinal (CORN)",
)
HEAD = {"epochs": 20, "lr": 0.002, "batch_size": 64, "optimiser": "AdamW"}
HEAD |= {"schedule": "warm-up", "monitor": "valid_loss"}


def standardise(embeddings, clips, *, out=None):
    """Embeddings with mean 0 and standard deviation 1 on the train clips.

    Parameters
    ----------
    embeddings : numpy.ndarray, shape (n clips, width)
        In the order of `clips`.
    clips : pandas.DataFrame
    out : numpy.ndarray, optional
        Where to put them: `embeddings` itself, where a copy would be too large.

    Returns
    -------
    x : numpy.ndarray of float32, shape (n clips, width)
    mean, std : numpy.ndarray of float32, shape (width,)
    """
    train = embeddings[(clips["split"] == "train").to_numpy()]
    mean, std = train.mean(0), np.maximum(train.std(0), 1e-6)
    x = np.subtract(embeddings, mean, out=out)
    x /= std
    return x, mean, std


def train_head(embeddings, clips, method="none", *, seed, **settings):
    """Train a head on the frozen embeddings of the train clips.

    Parameters
    ----------
    embeddings : numpy.ndarray, shape (n clips, width)
        In the order of `clips`; standardised on train here.
    clips : pandas.DataFrame
        Clips with labels.
    method : str
        One of `METHODS`.
    **settings
        Of `training.Settings`, else those of `HEAD`.

    Returns
    -------
    pandas.DataFrame
        Predictions of all clips, by the epoch of the best valid log-loss.

    Raises
    ------
    ValueError
        For an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"Unknown method {method!r}: choose one of {', '.join(METHODS)}.")
    train = clips.loc[clips["split"] == "train", "AgeGroup"]
    counts = class_balance.group_counts(train)
    rows = slice(None)
    if method in WEIGHTS:
        settings["class_weights"] = WEIGHTS[method](counts)
    elif method == "balanced softmax":
        settings["offset"] = class_balance.adjustment(counts)
    elif method == "down-sampling":
        rows = class_balance.down_sample(train, seed=seed)
    # The loss of balanced softmax holds the prior itself.
    start = np.ones(N_GROUPS)
    if method != "balanced softmax":
        start = class_balance.group_counts(train.iloc[rows])
    build = partial(_head_at, start, ordinal=method == "ordinal (CORN)")
    x = standardise(embeddings, clips)[0]
    settings = training.Settings(**HEAD | settings, seed=seed)
    fit = training.fit_features(x, clips, build, settings, rows=rows)
    everyone = training.as_dataset(x, clips["AgeGroup"])
    table = tabulate(clips, training.predict(fit.model, everyone))
    if method == "logit adjustment":
        table = adjust(table, class_balance.adjustment(counts))
    return table


def _head_at(counts, width, *, ordinal):
    """A head that answers the shares of counts before it has learnt anything.

    From random weights a group of a few clips starts far above its share, and training stops
    before it has come down: with the prior taken off, it then wins everywhere.
    """
    head = networks.ordinal_head(width) if ordinal else networks.linear_head(width)
    layer, start = head[0] if ordinal else head, class_balance.adjustment(counts)
    if ordinal:  # the odds of being older than a group, among those who are not younger
        shares = np.exp(start)
        start = np.log(shares[::-1].cumsum()[::-1][1:] / shares[:-1])
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.as_tensor(start))
    return head


def train_methods(embeddings, clips, *, seeds, **settings):
    """Train every method of `METHODS` with every seed.

    Parameters
    ----------
    embeddings, clips, **settings
        As `train_head`.
    seeds : sequence of int

    Returns
    -------
    dict of str to list of pandas.DataFrame
        Method to the predictions of all clips, one table a seed.
    """
    return {
        method: [train_head(embeddings, clips, method, seed=seed, **settings) for seed in seeds]
        for method in METHODS
    }
