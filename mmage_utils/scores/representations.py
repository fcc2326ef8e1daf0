"""What each representation of a clip tells on valid, through the same regularised head."""

import time
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.models.regularised_heads import fit_head
from mmage_utils.predictions import log_losses
from mmage_utils.scores.choice import CONSTANT, clip_weights, constant_table, weighted_mean
from mmage_utils.scores.metrics import confusion, scores_of


class Representation(NamedTuple):
    """Features of clips, and where they come from.

    Attributes
    ----------
    features : array-like or scipy.sparse matrix, shape (n clips, width)
    licence : str
        Of the network's weights; empty for our own computations.
    seconds : float
        To compute one clip; NaN where nothing was computed, as all was in the cache.
    """

    features: object
    licence: str = ""
    seconds: float = np.nan


def timed(compute, *arguments, licence="", **settings):
    """Compute a representation and measure what a clip took.

    Parameters
    ----------
    compute : callable
        Such as `face_embeddings.embed_packaged`: its result has ``vectors`` and ``computed``.

    Returns
    -------
    representation : Representation
    result : object
        What `compute` returned.
    """
    clock = time.perf_counter()
    result = compute(*arguments, **settings)
    seconds = time.perf_counter() - clock
    each = seconds / result.computed if result.computed else np.nan
    return Representation(result.vectors, licence, each), result


def compare_representations(representations, clips, **settings):
    """Fit a head on each representation and score it on valid; test is not scored.

    Parameters
    ----------
    representations : dict of str to Representation
        Name to features in the order of `clips`.
    clips : pandas.DataFrame
        Clips with labels.
    **settings
        Of `regularised_heads.fit_head`.

    Returns
    -------
    heads : dict of str to regularised_heads.Head
    rows : pandas.DataFrame
        One row a representation and a last one for the constant predictor: representation,
        numbers, licence, seconds, log_loss and se (nats on valid, over users), accuracy,
        balanced_accuracy, strength.
    """
    heads = {
        name: fit_head(one.features, clips, **settings) for name, one in representations.items()
    }
    rows = []
    for name, one in representations.items():
        facts = (np.shape(one.features)[1], one.licence, one.seconds)
        rows.append((name, *facts, *_valid_scores(heads[name].table), heads[name].strength))
    constant = _valid_scores(constant_table(clips))
    rows.append((CONSTANT, 0, "", np.nan, *constant, np.nan))
    names = ["representation", "numbers", "licence", "seconds", "log_loss", "se", "accuracy"]
    return heads, pd.DataFrame(rows, columns=[*names, "balanced_accuracy", "strength"])


def _valid_scores(table):
    valid = table[table["split"] == "valid"]
    loss = weighted_mean(valid, log_losses(valid), clip_weights(valid))
    scores = scores_of(confusion(valid))
    return *loss, float(scores["accuracy"]), float(scores["balanced_accuracy"])
