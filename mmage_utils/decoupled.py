"""Answers to unbalanced groups that retrain only the head, on frozen embeddings (task c).

A network learns its features from all clips as they come; what it answers is decided by its last
layer, which is retrained in about a second (Kang et al. 2020, ICLR). So every weighting can be
compared on the same features, over several seeds.
"""

import numpy as np
import pandas as pd

from mmage_utils import evaluation, fairness, imbalance, models, training
from mmage_utils.labels import AGE_GROUPS
from mmage_utils.predictions import P_COLUMNS, logits, softmax, tabulate

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
    counts = imbalance.group_counts(age_groups)
    rows, build = np.arange(len(age_groups)), models.linear_head
    changes = {
        "none": dict,
        "count / total (published)": lambda: {"class_weights": imbalance.published_weights(counts)},
        "N / (K n)": lambda: {"class_weights": imbalance.inverse_weights(counts)},
        "effective number": lambda: {"class_weights": imbalance.effective_weights(counts)},
        "balanced softmax": lambda: {"offset": imbalance.adjustment(counts)},
        "logit adjustment": dict,  # of the model without weights, afterwards
        "down-sampling": dict,
        "ordinal (CORN)": dict,
    }
    settings = changes[method]()
    if method == "down-sampling":
        rows = imbalance.down_sample(age_groups, seed=seed)
    if method == "ordinal (CORN)":
        build = models.ordinal_head
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
        table = adjust(table, imbalance.adjustment(imbalance.group_counts(here)))
    return table


def adjust(table, adjustment):
    """Take an adjustment off the logits of a prediction table.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions with p1..p7.
    adjustment : array-like, shape (7,)
        `imbalance.adjustment`.
    """
    z = logits(table) - adjustment
    adjusted = table.copy()
    adjusted[P_COLUMNS], adjusted["prediction"] = softmax(z), z.argmax(1) + 1
    return adjusted


def compare_methods(embeddings, clips, *, seeds, methods=METHODS, **settings):
    """Train every method with every seed and score it on test.

    Parameters
    ----------
    embeddings, clips
        As `train_head`.
    seeds : sequence of int
    **settings
        As `train_head`.

    Returns
    -------
    pandas.DataFrame
        One row a method: mean and spread (standard deviation over seeds) of test accuracy and
        balanced accuracy, and the mean recall of each age group on test.
    """
    rows = {}
    for method in methods:
        scores, recalls = [], []
        for seed in seeds:
            table = train_head(embeddings, clips, method, seed=seed, **settings)
            test = table[table["split"] == "test"]
            scores.append(evaluation.scores_of(evaluation.confusion(test)))
            part = fairness.accuracy_by(test, "AgeGroup")
            recalls.append((part["right"] / part["clips"]).reindex(list(AGE_GROUPS.values())))
        found = pd.DataFrame(scores).astype(float)
        rows[method] = {}
        for metric in ("accuracy", "balanced_accuracy"):
            name = metric.replace("_", " ")
            rows[method][name] = found[metric].mean()
            rows[method][f"{name}, spread"] = found[metric].std(ddof=0)
        rows[method] |= pd.concat(recalls, axis=1).mean(axis=1).to_dict()
    return pd.DataFrame(rows).T


def sweep(table, counts, *, taus):
    """The dial: scores of one model as the prior is taken off its logits by more or less.

    Parameters
    ----------
    table : pandas.DataFrame
        Predictions of one split.
    counts : array-like, shape (7,)
        Train clips per age group.
    taus : sequence of float
        0 leaves the model as it is.

    Returns
    -------
    pandas.DataFrame
        tau, accuracy, balanced accuracy.
    """
    rows = []
    for tau in taus:
        adjusted = adjust(table, imbalance.adjustment(counts, tau))
        scores = evaluation.scores_of(evaluation.confusion(adjusted))
        rows.append((tau, float(scores["accuracy"]), float(scores["balanced_accuracy"])))
    return pd.DataFrame(rows, columns=["tau", "accuracy", "balanced accuracy"])


def operating_points(frontier):
    """The two values of the dial that are best on a frontier measured on valid.

    Parameters
    ----------
    frontier : pandas.DataFrame
        `sweep` of the valid split.

    Returns
    -------
    dict of str to float
        tau of the best accuracy and of the best balanced accuracy; of equals the nearest to 0.
    """
    points = {}
    for metric in ("accuracy", "balanced accuracy"):
        best = frontier[frontier[metric] >= frontier[metric].max() - 1e-12]
        points[metric] = float(best.loc[best["tau"].abs().idxmin(), "tau"])
    return points
