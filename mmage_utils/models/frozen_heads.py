"""Answers to unbalanced groups that retrain only the head, on frozen embeddings (task c).

A network learns its features from all clips as they come; what it answers is decided by its last
layer, which is retrained in about a second (Kang et al. 2020, ICLR). So every weighting can be
compared on the same features, over several seeds.
"""

import numpy as np

from mmage_utils.models import class_balance, networks, training
from mmage_utils.predictions import adjust, tabulate

METHODS = (
    "none",
    "count / total (published)",
    "N / (K n)",
    "effective number",
    "balanced softmax",
    "logit adjustment",
    "down-sampling",
    "ordinal (CORN)",
)


HEAD = {"epochs": 20, "lr": 0.01, "batch_size": 64}  # of the training of a head


def standardise(embeddings, clips):
    """Embeddings with mean 0 and standard deviation 1 on the train clips.

    Returns
    -------
    x : numpy.ndarray of float32, shape (n clips, width)
    mean, std : numpy.ndarray of float32, shape (width,)
    """
    here = embeddings[(clips["split"] == "train").to_numpy()]
    mean, std = here.mean(0), np.maximum(here.std(0), 1e-6)
    return (embeddings - mean) / std, mean, std


def settings_of(method, age_groups, *, seed):
    """What a method changes in the training of a head.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    age_groups : array-like of int
        1..7, of the train clips.

    Returns
    -------
    rows : numpy.ndarray of int
        The train clips used.
    build : callable
        Makes the head, from the width of the embeddings.
    settings : dict
        For `training.fit`.

    Raises
    ------
    KeyError
        When there is no such method.
    """
    counts = class_balance.group_counts(age_groups)
    rows, build = np.arange(len(age_groups)), networks.linear_head
    changes = {
        "none": dict,
        "count / total (published)": lambda: {
            "class_weights": class_balance.published_weights(counts)
        },
        "N / (K n)": lambda: {"class_weights": class_balance.inverse_weights(counts)},
        "effective number": lambda: {"class_weights": class_balance.effective_weights(counts)},
        "balanced softmax": lambda: {"offset": class_balance.adjustment(counts)},
        "logit adjustment": dict,  # of the model without weights, afterwards
        "down-sampling": dict,
        "ordinal (CORN)": dict,
    }
    settings = changes[method]()
    if method == "down-sampling":
        rows = class_balance.down_sample(age_groups, seed=seed)
    if method == "ordinal (CORN)":
        build = networks.ordinal_head
    return rows, build, settings


def train_head(embeddings, clips, method="none", *, seed, build=None, **settings):
    """Train a head on the frozen embeddings of the train clips.

    Parameters
    ----------
    embeddings : numpy.ndarray, shape (n clips, width)
        In the order of `clips`; standardised on train here.
    clips : pandas.DataFrame
        Clips with labels.
    method : str
        One of `METHODS`.
    build : callable, optional
        Makes another head than the method's, from the width of the embeddings.
    **settings
        epochs, lr and batch_size, else those of `HEAD`.

    Returns
    -------
    pandas.DataFrame
        Predictions of all clips, by the epoch of the best valid log-loss.
    """
    at = {split: np.flatnonzero(clips["split"] == split) for split in ("train", "valid")}
    x = standardise(embeddings, clips)[0]
    groups = clips["AgeGroup"].to_numpy()
    here = groups[at["train"]]
    rows, usual, changes = settings_of(method, here, seed=seed)
    training.seed_everything(seed)
    fit = training.fit(
        (build or usual)(x.shape[1]),
        training.as_dataset(x[at["train"][rows]], here[rows]),
        training.as_dataset(x[at["valid"]], groups[at["valid"]]),
        checkpoint=None,
        seed=seed,
        optimiser="AdamW",
        schedule="warm-up",
        monitor="valid_loss",
        **HEAD | settings | changes,
    )
    table = tabulate(clips, training.predict(fit.model, training.as_dataset(x, groups)))
    if method == "logit adjustment":
        table = adjust(table, class_balance.adjustment(class_balance.group_counts(here)))
    return table


def train_methods(embeddings, clips, *, seeds, methods=METHODS, **settings):
    """Train every method with every seed.

    Parameters
    ----------
    embeddings, clips
        As `train_head`.
    seeds : sequence of int
    **settings
        As `train_head`.

    Returns
    -------
    dict of str to list of pandas.DataFrame
        Method to the predictions of all clips, one table a seed.
    """
    return {
        method: [train_head(embeddings, clips, method, seed=seed, **settings) for seed in seeds]
        for method in methods
    }
