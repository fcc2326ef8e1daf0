"""A run's models in one folder: all that is needed to answer for a new clip, and no code in it.

``model.json`` holds the facts, ``weights.safetensors`` the numbers, ``MODEL_CARD.md`` says what the
models are for. Packaged networks are not copied: the facts name them with their SHA-256.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils.data import provenance
from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import text_embeddings
from mmage_utils.features.face_networks import NETWORKS, check_network
from mmage_utils.features.voices import speaker
from mmage_utils.files import file_sha256, save_json, shown, whole, write_text
from mmage_utils.fusion.bundle_parts import FACE, NGRAMS, Part
from mmage_utils.fusion.bundle_routes import check_parts, collect_parts
from mmage_utils.fusion.late_fusion import Fusion, apply_fusion, subset_name
from mmage_utils.fusion.trust import choose_trust
from mmage_utils.predictions import join_labels, of_split
from mmage_utils.scores import evaluation, groups
from mmage_utils.scores.prediction_sets import coverage_by

FOLDER, RECORD, WEIGHTS, CARD = "model", "model.json", "weights.safetensors", "MODEL_CARD.md"
FORMAT = 1
MEANING = "perceived age group, not true age"
AGAIN = "copy the folder again, or run notebooks/11_fused_model.ipynb again"
IN_PACKAGES = (*NETWORKS, speaker.PACKAGED, text_embeddings.PACKAGED)
STACK = ("centre", "coefficients", "intercepts")


class Bundle(NamedTuple):
    """Models that predict new clips.

    facts : dict of what ``model.json`` holds, as read or to be written
    modalities : dict of str to list of `bundle_parts.Part`, whose predictions are averaged
    fusion : late_fusion.Fusion
    """

    facts: dict
    modalities: dict
    fusion: Fusion


def make_bundle(run, listed, clips, tables, fitted, results, parameters):
    """Put the models together that a run has chosen, and hold them against its predictions.

    Parameters
    ----------
    run : runs.Run
    listed : pandas.DataFrame
        `clips.read_clips`.
    clips : pandas.DataFrame
        Those of the fusion, with all media.
    tables : dict of str to pandas.DataFrame
        Modality to the corrected predictions of `clips`, the prior put back.
    fitted : late_fusion.Fusion
    results, parameters : dict
        As `bundle_routes.collect_parts`.

    Returns
    -------
    Bundle

    Raises
    ------
    DataError
        As `bundle_routes.collect_parts` and `check_parts`.
    """
    chosen = collect_parts(run, listed, clips, results, parameters)
    gaps = check_parts(chosen, clips, tables)
    tests = of_split({**tables, "fusion": apply_fusion(fitted, tables)}, "test")
    majority = evaluation.train_majority(clips)
    labelled = join_labels(tests["fusion"], clips)
    modalities = {name: known["parts"] for name, known in chosen.items()}
    trust = choose_trust(fitted, tables)
    level = trust["subsets"][subset_name(tables)]["level"]
    facts = {
        "format": FORMAT,
        "meaning": MEANING,
        "run": run.name,
        "data": run.data,
        "synthetic": run.synthetic,
        "provenance": run.provenance,
        "parameters": _parameters(run),
        "routes": {name: known["route"] for name, known in chosen.items()},
        "models": {name: [_words(p) for p in parts] for name, parts in modalities.items()},
        "networks": _networks(modalities),
        "trust": trust,
        "scores": evaluation.score_models(tests, majority=majority, prior=fitted.prior),
        "by_group": {
            name: groups.accuracy_by(labelled, name, majority=majority)
            for name in groups.GROUP_COLUMNS
        },
        "sets_by_group": {
            name: coverage_by(labelled, level, name) for name in groups.GROUP_COLUMNS
        },
        "train_clips": int((clips["split"] == "train").sum()),
        "differences": gaps,
    }
    return Bundle(facts, modalities, fitted)


def _parameters(run):
    """Parameters of all notebooks that the predictions of a modality are of, as their records say.

    A name means the same in every notebook; the values of the one that writes come last. Fusions
    are made of those predictions, some of them while this is read.
    """
    now, known = run.provenance or {}, {}
    paths = (run.folder / "predictions").glob("[!.]*.csv")
    for path in sorted(path for path in paths if not path.name.startswith("fusion")):
        record = provenance.read_record(run.folder, path)
        origin = record["provenance"] if record else {}
        if all(origin.get(key) == now.get(key) for key in provenance.SAME):
            known |= origin.get("parameters") or {}
    return known | (now.get("parameters") or {})


def _words(part):
    """A part in words: ``ordinal head on dlib-age``."""
    facts = part.facts
    if facts["kind"] == "shares":
        return "shares of train"
    own = f"{facts['head']} head" if facts["kind"] == "head" else "network"
    return f"{own} on {'faces' if facts['kind'] == 'network' else facts['features']}"


def _networks(modalities):
    """Networks that the parts use and a bundle names only: what, name, SHA-256, where they are."""
    used = {
        (modality, name.strip())
        for modality, parts in modalities.items()
        for part in parts
        for name in _names_of(part, modality)
        if name.strip() != "none"
    }
    return [
        {
            "modality": modality,
            "name": name,
            "sha256": _sha256(modality, name),
            "packaged": name in IN_PACKAGES,
        }
        for modality, name in sorted(used)
    ]


def _names_of(part, modality):
    facts = part.facts
    if modality == "text":
        embedded = not facts.get("features", NGRAMS).startswith(NGRAMS)
        return [facts["text_model"]] if embedded else []
    if any(name.startswith(FACE) for name in part.arrays):
        return []
    return facts.get("networks", "none").split("+")


def _sha256(modality, name, *, fetch=True):
    if modality == "text":
        return file_sha256(
            text_embeddings.model_folder(name, fetch=fetch) / text_embeddings.WEIGHTS
        )
    if modality == "audio":
        return file_sha256(speaker.check_speaker_network(name))
    return file_sha256(check_network(name)[1])


def write_bundle(run, bundle, card):
    """Write a bundle to ``model`` of a run's folder, and the records of its files.

    Parameters
    ----------
    run : runs.Run
    bundle : Bundle
    card : str
        The model card, Markdown (`display.model_card.card_text`).

    Returns
    -------
    pathlib.Path
        The folder.
    """
    from safetensors.numpy import save_file

    folder, facts = run.folder / FOLDER, dict(bundle.facts)
    arrays, parts = {}, {}
    for modality, own in bundle.modalities.items():
        parts[modality] = [part.facts for part in own]
        for k, part in enumerate(own):
            arrays |= {f"{modality}.{k}.{name}": one for name, one in part.arrays.items()}
    for subset, stack in bundle.fusion.stacks.items():
        arrays |= {f"fusion.{subset}.{name}": one for name, one in zip(STACK, stack, strict=True)}
    with whole(folder / WEIGHTS) as temporary:
        save_file({name: np.array(one, order="C") for name, one in arrays.items()}, temporary)
    write_text(folder / CARD, card)
    facts |= {"parts": parts, "fusion": bundle.fusion.record()}
    facts["files"] = {name: file_sha256(folder / name) for name in (WEIGHTS, CARD)}
    save_json(folder / RECORD, facts)
    for name in (RECORD, WEIGHTS, CARD):
        provenance.write_record(run, folder / name)
    return folder


def read_bundle(folder):
    """Read a bundle, wherever it is, if it is whole and its packaged networks are installed.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    Bundle

    Raises
    ------
    DataError
        When a file is missing, damaged or changed, or a network has other weights than then.
    """
    from safetensors.numpy import load_file

    folder = Path(folder)
    if not (folder / RECORD).is_file():
        raise DataError(
            f"{shown(folder)} holds no models ({RECORD}): run notebooks/11_fused_model.ipynb first."
        )
    facts = provenance.read_json(folder / RECORD)
    try:
        if facts["format"] != FORMAT:
            raise DataError(f"{shown(folder)} was written by another version: {AGAIN}.")
        for name, sha256 in facts["files"].items():
            if not (folder / name).is_file() or file_sha256(folder / name) != sha256:
                raise DataError(
                    f"{shown(folder / name)} is missing or was changed since it was written: "
                    f"{AGAIN}."
                )
        for one in facts["networks"]:
            if _sha256_here(folder, **one) != one["sha256"]:
                raise DataError(
                    f"The network {one['name']} is not the one that {shown(folder)} was made "
                    "with: install the versions of requirements.lock."
                )
        arrays = load_file(folder / WEIGHTS)
        modalities = {
            modality: [Part(own, _under(f"{modality}.{k}.", arrays)) for k, own in enumerate(known)]
            for modality, known in facts["parts"].items()
        }
        fusion = _fusion(facts["fusion"], arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{shown(folder / RECORD)} is damaged: {AGAIN}.") from None
    return Bundle(facts, modalities, fusion)


def _sha256_here(folder, modality, name, *, packaged=True, **_):
    """SHA-256 of a network's weights on this machine; nothing is downloaded."""
    try:
        return _sha256(modality, name, fetch=False)
    except (DataError, UsageError):
        if packaged:
            raise
        raise DataError(
            f"The network {name} ({modality}) is no part of {shown(folder)}, and not on this "
            "machine: put it where it was when the run was made (a hub's model into the local "
            "cache), as nothing is downloaded."
        ) from None


def _under(prefix, arrays):
    return {
        name.removeprefix(prefix): one for name, one in arrays.items() if name.startswith(prefix)
    }


def _fusion(record, arrays):
    stacks = {
        subset: tuple(arrays[f"fusion.{subset}.{name}"] for name in STACK)
        for subset in record["stacks"]
    }
    return Fusion(**record | {"prior": np.array(record["prior"], float), "stacks": stacks})
