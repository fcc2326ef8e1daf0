"""Clips of different people that are nearly the same, within a split and across splits (task g).

Users are in one split each, but one recording under two names, or one person under two, would let a
model be tested on what it has learnt. The clips of one user say how alike two clips may be.
"""

import numpy as np
import pandas as pd

from mmage_utils.data.transcripts import read_transcripts
from mmage_utils.features.face_embeddings import embed_packaged
from mmage_utils.features.faces import load_faces
from mmage_utils.features.text_embeddings import embed
from mmage_utils.features.voices.extraction import extract_features
from mmage_utils.features.voices.inputs import corrected_inputs
from mmage_utils.files import CACHE

FULL_SIDE = 224  # pixels of the faces that packaged networks see
BLOCK = 1000  # rows whose similarities are held at once
ALIKE = 0.99  # share of the pairs of clips of one user that are less alike than near-duplicates
LEAST = 0.9  # cosine: clips of one user may have nothing in common, as texts on two topics


def clip_vectors(clips, *, text_model, cache=CACHE):
    """What the cache holds of clips that have all media, to be compared by `near_duplicates`.

    Parameters
    ----------
    clips : pandas.DataFrame
        `clips.with_media`, each with a face that can be read.
    text_model : str
        As `text_embeddings.embed`.
    cache : path-like

    Returns
    -------
    dict of str to numpy.ndarray, shape (n clips, width)
        image: by dlib's network, which learnt to tell people apart; audio: the acoustic features,
        standardised on train; text: the text embedding.
    """
    faces = load_faces(clips, FULL_SIDE, cache=cache).images
    voices = extract_features(clips, cache=cache).table
    texts = read_transcripts(clips)["text"]
    return {
        "image": embed_packaged(faces, cache=cache).vectors,
        "audio": corrected_inputs(voices, clips["split"].eq("train")),
        "text": embed(texts, text_model, cache=cache),
    }


def near_duplicates(vectors, clips, *, alike=ALIKE):
    """Pairs of clips of different users that are more alike than clips of one user mostly are.

    Embeddings of people who look alike are near too, so a pair is one to look at.

    Parameters
    ----------
    vectors : array-like, shape (n clips, width)
        Embeddings, compared by cosine. Rows of NaN or of zeros are left out.
    clips : pandas.DataFrame
        VideoName, UserID and split, in the order of the vectors.
    alike : float
        Quantile of the similarity of pairs of clips of one user: what is above it, and above
        `LEAST`, is near.

    Returns
    -------
    pairs : pandas.DataFrame
        first, second (VideoName), first_split, second_split, similarity; the most alike first.
    threshold : float
        From which on clips are near; NaN, and no pairs, where no user has two clips.
    """
    x = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(x, axis=1)
    rows = np.flatnonzero(np.isfinite(norms) & (norms > 0))
    x, users = x[rows] / norms[rows, None], pd.factorize(clips["UserID"].to_numpy()[rows])[0]
    own = [x[one] @ x[one].T for one in _rows_of(users)]
    own = np.concatenate([part[np.triu_indices(len(part), 1)] for part in own] or [[]])
    threshold = max(float(np.quantile(own, alike)), LEAST) if len(own) else np.nan
    pairs = []
    for start in range(0, len(x) if len(own) else 0, BLOCK):
        similar = x[start : start + BLOCK] @ x.T
        first, second = np.nonzero(similar >= threshold)
        later = (second > first + start) & (users[second] != users[first + start])
        first, second = first[later], second[later]
        pairs.append((first + start, second, similar[first, second]))
    first, second, similarity = map(np.concatenate, zip(*pairs, strict=True)) if pairs else [[]] * 3
    first, second = (rows[np.asarray(one, dtype=int)] for one in (first, second))
    names, splits = clips["VideoName"].to_numpy(), clips["split"].to_numpy()
    found = {"first": names[first], "second": names[second]}
    found |= {"first_split": splits[first], "second_split": splits[second]}
    found = pd.DataFrame(found | {"similarity": np.asarray(similarity, dtype=float)})
    return found.sort_values("similarity", ascending=False, ignore_index=True), threshold


def _rows_of(users):
    """Rows of each user who has several."""
    order = np.argsort(users, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(users[order])) + 1)
    return [group for group in groups if len(group) > 1]


def count_pairs(pairs):
    """Near-duplicates of each modality within and across splits.

    Parameters
    ----------
    pairs : dict of str to pandas.DataFrame
        Modality to the pairs of `near_duplicates`.

    Returns
    -------
    pandas.DataFrame
        One row a modality, and ``two or more`` for pairs that are near in several: pairs, across
        (in two splits), test (test clips that have a near-duplicate in train or valid).
    """
    keys = ["first", "second", "first_split", "second_split"]
    together = pd.concat([own[keys] for own in pairs.values()])
    several = together[together.duplicated(keep="first")].drop_duplicates()
    rows = {}
    for name, own in {**pairs, "two or more": several}.items():
        across = own["first_split"] != own["second_split"]
        rows[name] = {"pairs": len(own), "across": int(across.sum()), "test": len(leaked(own))}
    return pd.DataFrame.from_dict(rows, orient="index")


def leaked(pairs):
    """Names of the test clips that have a near-duplicate in train or valid, sorted."""
    names = [
        pairs.loc[(pairs[f"{one}_split"] == "test") & (pairs[f"{other}_split"] != "test"), one]
        for one, other in (("first", "second"), ("second", "first"))
    ]
    return sorted(set(pd.concat(names)))
