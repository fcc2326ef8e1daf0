"""The chosen routes of a run as parts of a bundle: networks read, heads fitted as they were.

A regularised head has no seed: fitted again on the same clips and features, which are in the cache,
it is the same. What the parts predict is held against the run's own tables.
"""

import numpy as np

from mmage_utils.data.clips import with_media
from mmage_utils.data.transcripts import read_transcripts
from mmage_utils.errors import DataError
from mmage_utils.features import text_ngrams
from mmage_utils.features.faces import load_faces
from mmage_utils.features.text_embeddings import describe_model
from mmage_utils.features.voices import extraction, inputs
from mmage_utils.fusion.bundle_parts import (
    FACE,
    NGRAMS,
    SCALE,
    Part,
    counter_arrays,
    predict_part,
    represent,
    state_arrays,
)
from mmage_utils.models import networks
from mmage_utils.models.class_balance import adjustment, group_counts
from mmage_utils.models.regularised_heads import head_arrays
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores import routes
from mmage_utils.scores.choice import CONSTANT, constant_table

# Parameters of the notebooks that decide what a route computes.
PARAMETERS = (
    *("FACE_WEIGHTS", "CORRECTED_SIZE", "CORRECTED_TAU"),
    *("SPEAKER_NETWORK", "TEXT_MODEL"),
)
TUNED = "image, corrected fine-tuned"
OWN = "network trained here, frozen"
TOLD = "ages told by "
PLACES = {"image": "02_image_classifier", "audio": "07_multimodal_fusion"}
PLACES["text"] = PLACES["audio"]
CLOSE = 1e-6  # of a probability: the nine digits of tables


def collect_parts(run, listed, clips, results, parameters):
    """The parts of each modality's chosen route.

    Parameters
    ----------
    run : runs.Run
    listed : pandas.DataFrame
        `clips.read_clips`.
    clips : pandas.DataFrame
        Those of the fusion, with all media.
    results : dict of str to dict
        Modality to routes (`choice.Choice.candidates`) and representations
        (`routes.Chosen.rows`), as tables or lists of rows.
    parameters : dict
        At least `PARAMETERS`.

    Returns
    -------
    dict of str to dict
        Modality to route (its name) and parts (a list of `Part`).

    Raises
    ------
    DataError
        When a checkpoint is missing or of other data; the message names the notebook to run.
    """
    chosen = {}
    for modality, known in results.items():
        route = next(row["route"] for row in _rows(known["routes"]) if row["chosen"])
        best = routes.two_best(known["representations"])[0]
        network = TUNED if modality == "image" else f"{modality}, corrected network"
        head = f"head on {best}"
        own = clips if modality != "image" else with_media(listed, "image")
        if route == CONSTANT:
            shares = constant_table(own)[P_COLUMNS].to_numpy()[0]
            parts = [Part({"kind": "shares"}, {"p": shares})]
        else:
            names = [network, head]
            known_routes = {f"average of {network} and {head}": names, network: names[:1]}
            asked = (known_routes | {head: names[1:]})[route]
            parts = [
                _network(run, modality, clips, parameters)
                if name == network
                else _head(run, modality, listed, best, parameters)
                for name in asked
            ]
        chosen[modality] = {"route": route, "parts": parts}
    return chosen


def check_parts(chosen, clips, tables):
    """Hold what the parts predict against the run's tables, on all clips of the fusion.

    Parameters
    ----------
    chosen : dict
        `collect_parts`.
    clips : pandas.DataFrame
        With all media.
    tables : dict of str to pandas.DataFrame
        Modality to the run's predictions.

    Returns
    -------
    dict of str to float
        The largest difference of a probability, by modality.

    Raises
    ------
    DataError
        When one is larger than `CLOSE`.
    """
    clips, gaps = with_text(clips), {}
    for modality, known in chosen.items():
        made = average([predict_part(part, modality, clips) for part in known["parts"]])
        own = tables[modality].set_index("VideoName").loc[made["VideoName"], P_COLUMNS]
        gaps[modality] = float(np.abs(made[P_COLUMNS].to_numpy() - own.to_numpy()).max())
        if not gaps[modality] <= CLOSE:
            raise DataError(
                f"The models of {modality} are not those of the run's predictions, which differ by "
                f"{gaps[modality]:.2g}: run notebooks/{PLACES[modality]}.ipynb again."
            )
    return gaps


def average(tables):
    """One prediction table of those of a modality's parts, as `choice.take_route` averages two."""
    first, *rest = tables
    if not rest:
        return first
    p = (first[P_COLUMNS].to_numpy() + rest[0][P_COLUMNS].to_numpy()) / 2
    table = first.copy()
    table[P_COLUMNS], table["prediction"] = p, p.argmax(1) + 1
    return table


def with_text(clips):
    """Clips with the text of their transcripts."""
    return clips.assign(text=read_transcripts(clips)["text"].to_numpy(object))


def _rows(table):
    return table.to_dict("records") if hasattr(table, "to_dict") else table


def _network(run, modality, clips, parameters):
    from mmage_utils.models import recipes  # loads Lightning, which answers do without

    if modality == "image":
        state = recipes.load_weights(run, TUNED, notebook=PLACES["image"])
        counts = _train_counts(with_faces(clips, parameters))
        arrays = {"offset": adjustment(counts, parameters["CORRECTED_TAU"])}
        facts = {"kind": "network", "features": OWN, "size": parameters["CORRECTED_SIZE"]}
        return Part(facts, arrays | state_arrays(state, FACE))
    state = recipes.load_weights(run, f"{modality}, corrected network", notebook=PLACES[modality])
    arrays = state_arrays(state, "net.")
    if modality == "audio":
        arrays |= _scale(clips)
        return Part({"kind": "mlp", "features": routes.SEVEN, "networks": "none"}, arrays)
    model = parameters["TEXT_MODEL"]
    facts = {"kind": "mlp", "features": describe_model(model)["name"], "text_model": model}
    return Part(facts, arrays)


def _head(run, modality, listed, name, parameters):
    """The head as the notebook of its modality fitted it, on all clips that have the medium."""
    medium = "transcript" if modality == "text" else modality
    clips, arrays = with_media(listed, medium), {}
    facts = {"kind": "head", "features": name}
    if modality == "image":
        clips = with_faces(clips, parameters)
        facts |= {"networks": name.removeprefix(TOLD), "size": parameters["CORRECTED_SIZE"]}
        if name == OWN:
            from mmage_utils.models import recipes

            state = recipes.load_weights(run, TUNED, notebook=PLACES["image"])
            arrays = state_arrays(state, FACE)
        elif name.endswith(", frozen"):
            given, _ = networks.face_classifier(parameters["FACE_WEIGHTS"])
            arrays = state_arrays(given.state_dict(), FACE)
    elif modality == "audio":
        facts["networks"] = "none" if name == routes.SEVEN else parameters["SPEAKER_NETWORK"]
        if routes.SEVEN in name:
            arrays = _scale(clips)
    else:
        clips, facts["text_model"] = with_text(clips), parameters["TEXT_MODEL"]
        if name.startswith(NGRAMS):
            texts = clips.loc[clips["split"] == "train", "text"].to_numpy(object)
            kind = name.removeprefix(NGRAMS)
            arrays = counter_arrays(text_ngrams.learn_counters(texts, kind))
    features = represent(Part(facts, arrays), modality, clips)
    kind, head = routes.best_kind(features, clips)
    facts |= {"head": kind, "strength": head.strength}
    return Part(facts, arrays | head_arrays(head.fitted))


def with_faces(clips, parameters):
    """Clips whose face can be read."""
    return load_faces(clips, parameters["CORRECTED_SIZE"]).clips


def _scale(clips):
    features = extraction.extract_features(clips).table
    mean, std = inputs.input_scale(features, clips["split"].eq("train"))
    return {f"{SCALE}mean": mean, f"{SCALE}std": std}


def _train_counts(clips):
    return group_counts(clips.loc[clips["split"] == "train", "AgeGroup"])
