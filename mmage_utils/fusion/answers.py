"""What a bundle says of new clips: probabilities, an answer, and a set that holds the truth.

A clip is answered from the modalities that it has, as the report scores clips that lack one
(`robustness.lose_modality`).
"""

import re
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.data.new_clips import MISSING, find_new_clips, read_new_clips
from mmage_utils.features.voices.extraction import extract_features
from mmage_utils.fusion.bundle import MEANING
from mmage_utils.fusion.bundle_parts import predict_part
from mmage_utils.fusion.bundle_routes import average
from mmage_utils.fusion.late_fusion import apply_fusion, subset_name
from mmage_utils.predictions import MODALITIES, P_COLUMNS, PREDICTION_COLUMNS
from mmage_utils.scores.prediction_sets import prediction_sets

BATCH = 128  # clips whose faces are in memory at once
NO_SPEECH = "no speech: nothing voiced was found in the recording"
NO_WORDS = "no words: the transcript holds none"
BETWEEN = ", "  # of the age groups of a set
TOLD = ["modalities", "confidence", "answer", "reason", "set"]
OWN = [f"{modality}_{column}" for modality in MODALITIES for column in P_COLUMNS]
ANSWER_COLUMNS = [*PREDICTION_COLUMNS, *TOLD, *OWN, "notes", "meaning"]


def predict_new(bundle, places, folder, *, recogniser=None):
    """Find, read and answer clips: `answer_found` of all that is in some places.

    Parameters
    ----------
    bundle : bundle.Bundle
    places : iterable of path-like
        As `new_clips.find_new_clips`.
    folder, recogniser
        As `answer_found`.
    """
    return answer_found(bundle, find_new_clips(places), folder, recogniser=recogniser)


def answer_found(bundle, found, folder, *, recogniser=None):
    """Read and answer clips.

    Parameters
    ----------
    bundle : bundle.Bundle
    found : pandas.DataFrame
        `new_clips.find_new_clips`, or some of its rows.
    folder : path-like
        Where faces and voices of videos are written; the caller removes it.
    recogniser : callable, optional
        As `new_clips.read_new_clips`.

    Returns
    -------
    clips, answers : pandas.DataFrame
        `new_clips.read_new_clips` and `answer_clips`.
    """
    clips = read_new_clips(found, folder, recogniser=recogniser)
    with TemporaryDirectory() as voices:
        clips = name_silence(clips, cache=voices)
        return clips, answer_clips(bundle, clips, predict_modalities(bundle, clips, voices=voices))


def name_silence(clips, *, cache):
    """Note where nobody speaks or no word is written; such clips are answered as the run's are.

    Parameters
    ----------
    clips : pandas.DataFrame
        `new_clips.read_new_clips`.
    cache : path-like
        Folder that keeps what was computed of the voices, for `predict_modalities`.

    Returns
    -------
    pandas.DataFrame
        The same clips, with more notes.
    """
    heard = clips[clips["audio"].notna()].reset_index(drop=True)
    table = extract_features(heard, cache=cache, n_jobs=1).table
    silent = set(table.loc[table["voiced_fraction"].eq(0), "VideoName"])
    rows = clips.to_dict("records")
    for row in rows:
        notes = [NO_SPEECH] * (row["audio"] is not None and row["VideoName"] in silent)
        if row["text"] is not None and not re.search(r"\w", row["text"]):
            notes.append(NO_WORDS)
        row["notes"] = "; ".join(filter(None, [*notes, row["notes"]]))
    return pd.DataFrame(rows, columns=clips.columns, dtype=object)


def predict_modalities(bundle, clips, *, voices=None):
    """Predictions of each modality, of the clips that have it.

    Nothing that is computed of a clip is kept: the cache is a folder that is removed.

    Parameters
    ----------
    bundle : bundle.Bundle
    clips : pandas.DataFrame
        `new_clips.read_new_clips`.
    voices : path-like, optional
        The cache of `name_silence`, so that no voice is computed twice; the caller removes it.

    Returns
    -------
    dict of str to pandas.DataFrame
        Modality to a prediction table; a modality that no clip has is left out.
    """
    clips = clips.astype({"AgeGroup": int})
    made = {}
    for modality, parts in bundle.modalities.items():
        own = clips[clips[modality].notna() & clips["problem"].eq("")].reset_index(drop=True)
        for start in range(0, len(own), BATCH):
            some = own.iloc[start : start + BATCH].reset_index(drop=True)
            with TemporaryDirectory() as cache:
                place = voices if voices and modality == "audio" else cache
                tables = [predict_part(part, modality, some, cache=place) for part in parts]
            made.setdefault(modality, []).append(average(tables))
    return {modality: pd.concat(tables, ignore_index=True) for modality, tables in made.items()}


def answer_clips(bundle, clips, tables):
    """The answer to each clip, and what it rests on.

    Parameters
    ----------
    bundle : bundle.Bundle
    clips : pandas.DataFrame
        `new_clips.read_new_clips`.
    tables : dict of str to pandas.DataFrame
        `predict_modalities`.

    Returns
    -------
    pandas.DataFrame
        `ANSWER_COLUMNS`, one row a clip in the order of `clips`. prediction is the most probable
        age group, 1..7; answer is the same, or empty where the confidence is below the threshold
        that was chosen on valid for the modalities of the clip, and reason then says so. set lists
        the age groups, in years, that hold the true one with the stated coverage. ground_truth is
        empty where no list says it, and all numbers where nothing of a clip can be read.
    """
    fused = apply_fusion(bundle.fusion, tables) if tables else pd.DataFrame(columns=["VideoName"])
    fused = fused.set_index("VideoName")
    by_name = {modality: table.set_index("VideoName") for modality, table in tables.items()}
    rows = []
    for clip in clips.to_dict("records"):
        name = clip["VideoName"]
        row = {key: clip[key] for key in ("VideoName", "UserID", "split")}
        row |= {"ground_truth": clip["AgeGroup"] or None, "notes": _notes(clip)}
        has = [modality for modality in by_name if name in by_name[modality].index]
        if clip["problem"] or not has:
            reason = clip["problem"] or "nothing of it can be read"
            rows.append(row | {"modalities": "", "reason": reason, "meaning": MEANING})
            continue
        for modality in has:
            p = by_name[modality].loc[name, P_COLUMNS].to_numpy(float)
            row |= {f"{modality}_{column}": one for column, one in zip(P_COLUMNS, p, strict=True)}
        p = fused.loc[name, P_COLUMNS].to_numpy(float)
        row |= dict(zip(P_COLUMNS, p, strict=True))
        rows.append(row | _answer(bundle.facts["trust"], subset_name(has), p))
    columns = {name: [row.get(name) for row in rows] for name in ANSWER_COLUMNS}
    table = pd.DataFrame(columns)
    numbers = [*P_COLUMNS, *OWN, "confidence"]
    whole_numbers = ["ground_truth", "prediction", "answer"]
    return table.astype(dict.fromkeys(numbers, float) | dict.fromkeys(whole_numbers, "Int64"))


def _answer(trust, has, p):
    known = trust["subsets"][has]
    inside = prediction_sets(p[None], known["level"])[0]
    confidence, threshold = float(p.max()), known["threshold"]
    sure = confidence >= threshold
    reason = ""
    if not sure:
        asked = f"{threshold:.2f} is asked" if threshold <= 1 else "no confidence is enough"
        reason = f"not sure enough: {confidence:.2f}, where {asked}"
    best = int(np.argmax(p)) + 1
    return {
        "prediction": best,
        "modalities": has,
        "confidence": confidence,
        "answer": best if sure else None,
        "reason": reason,
        "set": BETWEEN.join(np.array(list(AGE_GROUPS.values()))[inside]),
        "meaning": MEANING,
    }


def _notes(clip):
    """What is missing of a clip, and what is unusual about it."""
    lacks = [] if clip["problem"] else [f"{MISSING[m]}: {why}" for m, why in clip["lacks"].items()]
    return "; ".join([*lacks, *filter(None, [clip["notes"]])])
