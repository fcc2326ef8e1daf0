"""The models of a modality as numbers: what each needs to predict clips it has not seen.

A modality is answered by one part or by the mean of two, as `choice.choose_on_valid` chose: a
network trained here, a regularised head on a representation, or the shares of train.
"""

from typing import NamedTuple

import numpy as np
import torch

from mmage_utils.features import text_ngrams
from mmage_utils.features.faces import load_faces
from mmage_utils.features.text_embeddings import embed
from mmage_utils.features.voices import extraction, inputs
from mmage_utils.files import CACHE
from mmage_utils.models import networks
from mmage_utils.models.regularised_heads import head_of_arrays
from mmage_utils.predictions import adjust, softmax, tabulate
from mmage_utils.scores import routes

FULL_SIDE = 224  # pixels of the faces that packaged networks see
FACE, SCALE, COUNTS = "face.", "scale.", "counts."  # what names of arrays begin with
NGRAMS = "n-grams of "


class Part(NamedTuple):
    """One model: ``facts``, a dict for JSON, and ``arrays``, a dict of numpy arrays.

    The kind in the facts is ``head``, ``network`` (of faces), ``mlp`` (of voices and words) or
    ``shares``. The other facts of a head are those of `represent`.
    """

    facts: dict
    arrays: dict


def predict_part(part, modality, clips, *, cache=CACHE):
    """Predictions of clips by one part.

    Parameters
    ----------
    part : Part
    modality : str
        One of `predictions.MODALITIES`.
    clips : pandas.DataFrame
        VideoName, UserID, split, AgeGroup (0 where it is unknown) and what the modality needs:
        image or audio, the path of a file that can be read, or text.
    cache : path-like
        Folder for what is computed on the way.

    Returns
    -------
    pandas.DataFrame
        A prediction table in the order of `clips`.
    """
    kind = part.facts["kind"]
    if kind == "shares":
        return tabulate(clips, np.tile(part.arrays["p"], (len(clips), 1)))
    features = represent(part, modality, clips, cache=cache)
    if kind == "head":
        names = ("counts", "mean", "std", "weights", "thresholds", "intercepts")
        own = {name: part.arrays[name] for name in names if name in part.arrays}
        return tabulate(clips, head_of_arrays(own).predict(features))
    if kind == "network":
        with torch.no_grad():
            scores = _face_network(part).logits(torch.as_tensor(features))
        return adjust(tabulate(clips, softmax(scores)), -part.arrays["offset"])
    with torch.no_grad():
        scores = _mlp(part, modality)(torch.as_tensor(np.asarray(features), dtype=torch.float32))
    return tabulate(clips, softmax(scores))


def represent(part, modality, clips, *, cache=CACHE):
    """Features of clips as a part is fed with them, in the order of `clips`.

    The facts name them (``features``) and the settings: ``size`` of the faces of our own networks,
    ``networks`` or ``text_model``; the arrays hold the weights of a face network, the scale of the
    voice features or the weights of n-grams.

    Returns
    -------
    array-like or scipy.sparse matrix, shape (n clips, width)
    """
    name, everyone = part.facts["features"], np.ones(len(clips), dtype=bool)
    if modality == "text":
        texts = clips["text"].to_numpy(object)
        if name.startswith(NGRAMS):
            return text_ngrams.count_with(_counters(part), texts)
        return embed(texts, part.facts["text_model"], cache=cache)
    if modality == "audio":
        features = None
        if routes.SEVEN in name:
            # Those of new clips: starting processes takes longer. Others are in the cache.
            table = extraction.extract_features(clips, cache=cache, n_jobs=1).table
            scale = (part.arrays[f"{SCALE}{moment}"] for moment in ("mean", "std"))
            features = inputs.scaled_inputs(table, *scale)
        makers = routes.voice_representations(clips, features, part.facts["networks"], cache=cache)
        return makers[name](everyone).features
    if _has(part, FACE):
        from mmage_utils.models import recipes  # loads Lightning, which takes seconds

        faces = load_faces(clips, part.facts["size"], cache=cache).images
        return recipes.embed_faces(_face_network(part), clips, faces, cache=cache)
    images = load_faces(clips, FULL_SIDE, cache=cache).images
    makers = routes.face_representations(images, part.facts["networks"], cache=cache)
    return makers[name](everyone).features


def state_arrays(state, prefix):
    """A network's ``state_dict()`` as numpy arrays, each name after a prefix."""
    return {f"{prefix}{name}": np.array(t.cpu().numpy(), order="C") for name, t in state.items()}


def counter_arrays(counters):
    """N-grams and their weights of `text_ngrams.learn_counters`, the n-grams as UTF-8 lines."""
    arrays = {}
    for k, (terms, idf) in enumerate(zip(*text_ngrams.counter_facts(counters), strict=True)):
        lines = np.frombuffer("\n".join(terms).encode(), dtype=np.uint8)
        arrays |= {f"{COUNTS}{k}.terms": lines, f"{COUNTS}{k}.idf": idf}
    return arrays


def _counters(part):
    numbers = range(sum(name.endswith(".terms") for name in part.arrays))
    terms = [part.arrays[f"{COUNTS}{k}.terms"].tobytes().decode().split("\n") for k in numbers]
    weights = [part.arrays[f"{COUNTS}{k}.idf"] for k in numbers]
    return text_ngrams.known_counters(part.facts["features"].removeprefix(NGRAMS), terms, weights)


def _has(part, prefix):
    return any(name.startswith(prefix) for name in part.arrays)


def _state(part, prefix):
    chosen = {name: values for name, values in part.arrays.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): torch.tensor(values) for name, values in chosen.items()}


def _face_network(part):
    model, _ = networks.face_classifier()
    model.load_state_dict(_state(part, FACE))
    return model.eval()


def _mlp(part, modality):
    state = _state(part, "net.")
    build = networks.acoustic_mlp if modality == "audio" else networks.text_head
    model = build(state["0.weight"].shape[1])
    model.load_state_dict(state)
    return model.eval()
