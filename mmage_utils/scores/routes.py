"""From representations to the corrected prediction of a modality: heads compared, a route chosen.

What valid does not choose is not computed on test: representations are made for train and valid
first, and for test only where the chosen route needs them (tasks b, e and f).
"""

import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmage_utils.features.face_embeddings import embed_packaged, told_ages
from mmage_utils.features.face_networks import describe_network
from mmage_utils.features.text_ngrams import KINDS as COUNTS
from mmage_utils.features.text_ngrams import count_ngrams
from mmage_utils.features.voices import speaker
from mmage_utils.features.voices.speaker_embeddings import embed_voices
from mmage_utils.files import CACHE, file_name, save_json
from mmage_utils.models.regularised_heads import KINDS, fit_head
from mmage_utils.scores.choice import CONSTANT, Choice, choose_on_valid, take_route
from mmage_utils.scores.learning_curve import learning_curve
from mmage_utils.scores.representations import Representation, compare_representations, timed

NONE = "none"
SEVEN = "seven features"
AGES = "dlib-age"  # the network whose own answer is a representation too


class Chosen(NamedTuple):
    """Predictions of the best head for all clips, its representation, and the comparison.

    name : str, kind : str of `regularised_heads.fit_head`, features : array-like of all clips,
    table : pandas.DataFrame, rows : `representations.compare_representations`
    """

    name: str
    kind: str
    features: object
    table: pd.DataFrame
    rows: pd.DataFrame


def best_head(makers, clips):
    """The representation whose regularised head has the least valid log-loss.

    Representations are compared by ordinal heads, which have the fewest weights; of the best one,
    every kind of head is fitted, and valid chooses again.

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
    kind, head = best_kind(features, clips)
    return Chosen(name, kind, features, head.table, rows)


def best_kind(features, clips):
    """The kind of head of the least valid log-loss, of features of all clips, and the head."""
    heads = {kind: fit_head(features, clips, kind) for kind in KINDS}
    kind = min(heads, key=lambda one: heads[one].losses.min())
    return kind, heads[kind]


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


def face_representations(images, network, frozen=None, *, cache=None):
    """Makers of embeddings of faces, for `best_head`.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n clips, 3, H, W)
    network : str
        Packaged networks or files, joined by `` + `` (`face_networks.check_network`), or
        ``none``.
    frozen : dict of str to (array-like of shape (n clips, width), str), optional
        Embeddings by other networks and their licences (`recipes.frozen_faces`).
    cache : path-like, optional
        Another folder for what is computed than the project's.
    """
    makers = {}
    names = _names(network)
    for name, (vectors, licence) in (frozen or {}).items():
        makers[name] = partial(_rows, vectors, licence)
    for name in names:
        makers[name] = partial(_faces, images, [name], cache)
    if AGES in names:
        makers[f"ages told by {AGES}"] = partial(_ages, images, cache)
    if len(names) > 1:
        makers[" + ".join(names)] = partial(_faces, images, names, cache)
    return makers


def voice_representations(clips, features, network, *, cache=None):
    """Makers of acoustic features and speaker embeddings, for `best_head`.

    Parameters
    ----------
    clips : pandas.DataFrame
    features : array-like, shape (n clips, width)
        `inputs.corrected_inputs`.
    network : str
        As `speaker.check_speaker_network`, or ``none``.
    cache : path-like, optional
        As `face_representations`.
    """
    makers = {SEVEN: partial(_rows, features, "")}
    if network != NONE:
        for name, own in {network: None, f"{SEVEN} + {network}": features}.items():
            makers[name] = partial(_voices, clips, own, network, cache)
    return makers


def word_representations(texts, train, vectors, name, licence=""):
    """Makers of a text embedding and of counts of n-grams, for `best_head`.

    Parameters
    ----------
    texts : sequence of str
    train : array-like of bool, shape (n clips,)
    vectors : array-like, shape (n clips, width)
        Embeddings by the text model `name`.
    name, licence : str
        Of the text model.
    """
    makers = {name: partial(_rows, vectors, licence)}
    for kind in COUNTS:
        makers[f"n-grams of {kind}"] = partial(_counts, np.asarray(texts, object), train, kind)
    return makers


def two_best(rows):
    """Names of the two representations of least valid log-loss, of `best_head`'s rows."""
    rows = pd.DataFrame(rows)
    rows = rows[rows["representation"] != CONSTANT].sort_values("log_loss", kind="stable")
    return rows["representation"].head(2).tolist()


def best_curves(makers, rows, clips, modality, *, seed=0):
    """Learning curves of the two representations of least valid log-loss; test is not made.

    Parameters
    ----------
    makers, clips
        As `best_head`.
    rows : pandas.DataFrame
        `best_head`'s.
    modality : str
    seed : int

    Returns
    -------
    pandas.DataFrame
        `learning_curve.learning_curve` of both, named ``<modality>, corrected: <representation>``.
    """
    decide = (clips["split"] != "test").to_numpy()
    known = clips[decide].reset_index(drop=True)
    names = {f"{modality}, corrected: {name}": name for name in two_best(rows)}
    made = {model: makers[name](decide).features for model, name in names.items()}
    return pd.concat([learning_curve(x, known, model=k, seed=seed) for k, x in made.items()])


def describe_faces(network):
    """`face_networks.describe_network` of each network that is asked for, as a list."""
    return [describe_network(name) for name in _names(network)]


def describe_voices(network):
    """`speaker.describe_speaker_network` of the network that is asked for, as a list."""
    return [] if network == NONE else [speaker.describe_speaker_network(network)]


def _rows(features, licence, rows):
    return Representation(np.asarray(features)[rows], licence)


def _names(network):
    return [] if network == NONE else [name.strip() for name in network.split("+")]


def _faces(images, names, cache, rows):
    licences = [describe_network(name)["licence"] for name in names]
    return _joined(
        [
            _timed(embed_packaged, images[rows], name, licence, cache)
            for name, licence in zip(names, licences, strict=True)
        ]
    )


def _ages(images, cache, rows):
    """Logarithms of the probabilities of the age groups, and the mean age in years."""
    part = _faces(images, [AGES], cache, rows)
    told = told_ages(part.features)
    told[:, 1:] = np.log(told[:, 1:] + 1e-3)
    return part._replace(features=told)


def _voices(clips, features, network, cache, rows):
    licence = speaker.describe_speaker_network(network)["licence"]
    own = [] if features is None else [Representation(np.asarray(features)[rows])]
    return _joined([*own, _timed(embed_voices, clips[rows], network, licence, cache)])


def _timed(embed, inputs, network, licence, cache):
    """A representation with its seconds: of this call, or of an earlier one that computed it.

    Seconds are kept in the cache beside the embeddings, with the number of clips they rest on.
    """
    own = {} if cache is None else {"cache": cache}
    part, made = timed(embed, inputs, network, licence=licence, **own)
    missed = int((~made.found).sum()) if hasattr(made, "found") else 0
    if missed:
        part = part._replace(note=f"no face found in {missed:,} of {len(inputs):,} crops")
    place = Path(cache or CACHE) / f"seconds_{file_name(network)}.json"
    kept = json.loads(place.read_text()) if place.is_file() else {"clips": 0, "seconds": np.nan}
    if np.isnan(part.seconds):
        return part._replace(seconds=kept["seconds"])
    if made.computed >= kept["clips"]:
        save_json(place, {"clips": made.computed, "seconds": part.seconds})
    return part


def _counts(texts, train, kind, rows):
    counts = count_ngrams(texts, train, kind)
    return Representation(counts[rows])


def _joined(parts):
    """Representations side by side; the seconds are those of all."""
    notes = dict.fromkeys(part.note for part in parts if part.note)
    licences = dict.fromkeys(part.licence for part in parts if part.licence)
    seconds = [part.seconds for part in parts if not np.isnan(part.seconds)]
    features = np.hstack([part.features for part in parts])
    spent = sum(seconds) if seconds else np.nan
    return Representation(features, ", ".join(licences), spent, "; ".join(notes))
