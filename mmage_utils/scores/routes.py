"""From representations to the corrected prediction of a modality: heads compared, a route chosen.

What valid does not choose is not computed on test: representations are made for train and valid
first, and for test only where the chosen route needs them (tasks b, e and f).
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.features.face_embeddings import embed_packaged
from mmage_utils.features.face_networks import describe_network
from mmage_utils.features.text_ngrams import KINDS, count_ngrams
from mmage_utils.features.voices import speaker
from mmage_utils.features.voices.speaker_embeddings import embed_voices
from mmage_utils.models.regularised_heads import fit_head
from mmage_utils.scores.choice import CONSTANT, Choice, choose_on_valid, take_route
from mmage_utils.scores.representations import Representation, compare_representations, timed

NONE = "none"


class Chosen(NamedTuple):
    """Predictions of the best head for all clips, its representation, and the comparison.

    name : str, features : array-like of all clips, table : pandas.DataFrame, rows :
    `representations.compare_representations`
    """

    name: str
    features: object
    table: pd.DataFrame
    rows: pd.DataFrame


def best_head(makers, clips):
    """The representation whose regularised head has the least valid log-loss.

    Parameters
    ----------
    makers : dict of str to callable
        Name to a function of a mask of clips, shape (n clips,), that gives the
        `representations.Representation` of these clips.
    clips : pandas.DataFrame

    Returns
    -------
    Chosen
    """
    decide = (clips["split"] != "test").to_numpy()
    known = {name: make(decide) for name, make in makers.items()}
    _, rows = compare_representations(known, clips[decide].reset_index(drop=True))
    name = two_best(rows)[0]
    features = makers[name](np.ones(len(clips), dtype=bool)).features
    return Chosen(name, features, fit_head(features, clips).table, rows)


def choose_corrected(routes, *, seeds=()):
    """The route chosen on valid, and the same route from other trainings.

    Parameters
    ----------
    routes : dict of str to pandas.DataFrame
        As `choice.choose_on_valid`, which looks at the first training only.
    seeds : sequence of dict of str to pandas.DataFrame
        The routes of further trainings.

    Returns
    -------
    choice : choice.Choice
    tables : list of pandas.DataFrame
        The chosen route of the first training and of the others.
    """
    choice: Choice = choose_on_valid(routes)
    return choice, [choice.table, *(take_route(choice.name, others) for others in seeds)]


def face_representations(images, network, own=None):
    """Makers of embeddings of faces, for `best_head`.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n clips, 3, H, W)
    network : str
        Packaged networks or files, joined by `` + `` (`face_networks.check_network`), or
        ``none``.
    own : array-like, shape (n clips, width), optional
        Embeddings by the network trained here.
    """
    makers, costs = {}, {}
    names = _names(network)
    if own is not None:
        makers["network trained here, frozen"] = partial(_rows, own, "")
    for name in names:
        makers[name] = partial(_faces, images, [name], costs)
    if len(names) > 1:
        makers[" + ".join(names)] = partial(_faces, images, names, costs)
    return makers


def voice_representations(clips, features, network):
    """Makers of acoustic features and speaker embeddings, for `best_head`.

    Parameters
    ----------
    clips : pandas.DataFrame
    features : array-like, shape (n clips, width)
        `inputs.corrected_inputs`.
    network : str
        As `speaker.check_speaker_network`, or ``none``.
    """
    makers, costs = {"seven features": partial(_rows, features, "")}, {}
    if network != NONE:
        makers[network] = partial(_voices, clips, None, network, costs)
        makers[f"seven features + {network}"] = partial(_voices, clips, features, network, costs)
    return makers


def word_representations(texts, train, vectors, name, licence=""):
    """Makers of a text embedding and of counts of n-grams, for `best_head`.

    Parameters
    ----------
    texts : sequence of str
    train : array-like of bool, shape (n clips,)
    vectors : array-like, shape (n clips, width)
        Embeddings by the text model `name`.
    """
    makers = {name: partial(_rows, vectors, licence)}
    for kind in KINDS:
        makers[f"n-grams of {kind}"] = partial(_counts, np.asarray(texts, object), train, kind)
    return makers


def two_best(rows):
    """Names of the two representations of least valid log-loss, of `best_head`'s rows."""
    rows = pd.DataFrame(rows)
    rows = rows[rows["representation"] != CONSTANT].sort_values("log_loss", kind="stable")
    return rows["representation"].head(2).tolist()


def describe_faces(network):
    """`face_networks.describe_network` of each network that is asked for, as a list."""
    return [describe_network(name) for name in _names(network)]


def describe_voices(network):
    """`speaker.describe_speaker_network` of the network that is asked for, as a list."""
    return [] if network == NONE else [speaker.describe_speaker_network(network)]


def cite_faces(network):
    """Networks, licences and the first digits of their SHA-256, to write below a figure."""
    known = [f"{d['name']} ({d['licence']}, {d['sha256'][:8]})" for d in describe_faces(network)]
    return "networks: " + ", ".join(known or [NONE])


def _rows(features, licence, rows):
    return Representation(np.asarray(features)[rows], licence)


def _names(network):
    return [] if network == NONE else [name.strip() for name in network.split("+")]


def _faces(images, names, costs, rows):
    licences = [describe_network(name)["licence"] for name in names]
    return _joined(
        [
            _timed(embed_packaged, images[rows], name, licence, costs)
            for name, licence in zip(names, licences, strict=True)
        ]
    )


def _voices(clips, features, network, costs, rows):
    licence = speaker.describe_speaker_network(network)["licence"]
    own = [] if features is None else [Representation(np.asarray(features)[rows])]
    return _joined([*own, _timed(embed_voices, clips[rows], network, licence, costs)])


def _timed(embed, inputs, network, licence, costs):
    """A representation with its seconds: of this call, or of an earlier one that computed it."""
    part, _ = timed(embed, inputs, network, licence=licence)
    if np.isnan(part.seconds):
        return part._replace(seconds=costs.get(network, np.nan))
    costs[network] = part.seconds
    return part


def _counts(texts, train, kind, rows):
    counts = count_ngrams(texts, train, kind)
    return Representation(counts[rows])


def _joined(parts):
    """Representations side by side; the seconds are those of all."""
    licences = dict.fromkeys(part.licence for part in parts if part.licence)
    seconds = [part.seconds for part in parts if not np.isnan(part.seconds)]
    features = np.hstack([part.features for part in parts])
    return Representation(features, ", ".join(licences), sum(seconds) if seconds else np.nan)
