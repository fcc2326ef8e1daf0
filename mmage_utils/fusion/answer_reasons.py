"""Which parts of a face and which words an answer rests on: each is left out, and asked again.

The models of a bundle are asked as they are, whatever they are made of: a network, a head on a
packaged network, or counts of n-grams. It shows what these models use, not what age looks like.
"""

import re
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from mmage_utils.data.face_images import read_face
from mmage_utils.data.new_clips import NEW
from mmage_utils.fusion.answers import predict_modalities
from mmage_utils.predictions import MODALITIES, P_COLUMNS

SIDE = 224  # pixels of a face
PATCH, STEP = 64, 32  # pixels: a patch is some two sevenths of the side, and moves by half of it
GREY = 128
WORD = r"\w[\w'’]*"
MOST_WORDS = 200  # different ones that are left out; of a longer text, the first


def face_map(bundle, path, group):
    """Cover a face patch by patch, and see how the probability of an age group falls.

    Parameters
    ----------
    bundle : bundle.Bundle
    path : path-like
        Of a face that can be read.
    group : int
        Age group 1..7.

    Returns
    -------
    face : numpy.ndarray of uint8, shape (3, 224, 224)
    falls : numpy.ndarray, shape (224, 224)
        Mean fall of the probability by the models of the face where a place was covered with
        grey: positive speaks for the age group. Where the models search for a face themselves,
        they do so in the covered picture too.
    """
    from PIL import Image

    face, _ = read_face(path, SIDE)
    starts = range(0, SIDE - PATCH + 1, STEP)
    patches = [
        (slice(top, top + PATCH), slice(left, left + PATCH)) for top in starts for left in starts
    ]
    with TemporaryDirectory() as folder:
        files = []
        for place in [None, *patches]:
            covered = face.transpose(1, 2, 0).copy()
            if place is not None:
                covered[place] = GREY
            files.append(f"{folder}/{len(files)}.png")
            Image.fromarray(covered).save(files[-1], compress_level=1)
        p = _ask(bundle, "image", files)[:, group - 1]
    falls, times = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for place, covered in zip(patches, p[1:], strict=True):
        falls[place] += p[0] - covered
        times[place] += 1
    return face, falls / times


def telling_words(bundle, text, group):
    """Leave each word out of a text, and see how the probability of an age group falls.

    Parameters
    ----------
    bundle : bundle.Bundle
    text : str
    group : int
        Age group 1..7.

    Returns
    -------
    pandas.DataFrame
        word (as it first stands in the text) and fall (of the probability by the models of the
        words, when the word is left out wherever it stands), the largest fall first; the first
        `MOST_WORDS` different words of the text.
    """
    spelt = {}
    for match in re.finditer(WORD, text):
        spelt.setdefault(match[0].lower(), match[0])
        if len(spelt) == MOST_WORDS:
            break
    without = [
        re.sub(WORD, lambda found, word=word: "" if found[0].lower() == word else found[0], text)
        for word in spelt
    ]
    p = _ask(bundle, "text", [text, *without])[:, group - 1]
    table = pd.DataFrame({"word": list(spelt.values()), "fall": p[0] - p[1:]})
    return table.sort_values("fall", ascending=False, kind="stable", ignore_index=True)


def _ask(bundle, modality, values):
    """Probabilities of one modality, shape (n, 7), of faces (paths) or texts."""
    clips = pd.DataFrame({"VideoName": [f"{k}.mp4" for k in range(len(values))]}, dtype=object)
    clips = clips.assign(UserID="", split=NEW, AgeGroup=0, problem="")
    clips = clips.assign(**dict.fromkeys(MODALITIES)).assign(**{modality: values})
    alone = bundle._replace(modalities={modality: bundle.modalities[modality]})
    return predict_modalities(alone, clips)[modality][P_COLUMNS].to_numpy(float)
