"""What each representation of a clip tells on valid, through the same regularised head."""

import time
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.models.regularised_heads import fit_head
from mmage_utils.scores.choice import CONSTANT, constant_table, valid_scores


class Representation(NamedTuple):
    """Features of clips, and where they come from.

    Attributes
    ----------
    features : array-like or scipy.sparse matrix, shape (n clips, width)
    licence : str
        Of the network's weights; empty for our own computations.
    seconds : float
        To compute one clip; NaN where nothing was computed, as all was in the cache.
    note : str
        What went otherwise for some clips, with their number.
    """

    features: object
    licence: str = ""
    seconds: float = np.nan
    note: str = ""


def timed(compute, *arguments, licence="", **settings):
    """Compute a representation and measure what a clip took.

    Parameters
    ----------
    compute : callable
        Such as `face_embeddings.embed_packaged`: its result has ``vectors`` and ``computed``.
    *arguments, **settings
        Of `compute`.
    licence : str
        Of what was computed.

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


def compare_representations(representations, clips, *, balanced=False, **settings):
    """Fit a head on each representation and score it on valid; test is not scored.

    Parameters
    ----------
    representations : dict of str to Representation
        Name to features in the order of `clips`.
    clips : pandas.DataFrame
        Clips with labels.
    balanced : bool
        Every age group weighs the same, in the heads and in the log-losses.
    **settings
        Of `regularised_heads.fit_head`.

    Returns
    -------
    heads : dict of str to regularised_heads.Head
    rows : pandas.DataFrame
        One row a representation and a last one for the constant predictor: representation,
        numbers, licence, seconds, note, strength, and `choice.valid_scores`.
    """
    constant = constant_table(clips, balanced=balanced)
    heads, rows = {}, []
    for name, one in representations.items():
        heads[name] = fit_head(one.features, clips, balanced=balanced, **settings)
        facts = (name, np.shape(one.features)[1], *one[1:], heads[name].strength)
        rows.append(
            (*facts, *valid_scores(heads[name].table, constant, balanced=balanced).values())
        )
    scores = valid_scores(constant, constant, balanced=balanced)
    rows.append((CONSTANT, 0, "", np.nan, "", np.nan, *scores.values()))
    names = ["representation", "numbers", "licence", "seconds", "note", "strength", *scores]
    return heads, pd.DataFrame(rows, columns=names)
