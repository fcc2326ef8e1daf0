"""A run of the small sample that stops after its choices, and the bundle of its models."""

import numpy as np
import torch

from mmage_utils.data.clips import with_media
from mmage_utils.display.model_card import card_text
from mmage_utils.features.faces import load_faces
from mmage_utils.features.text_embeddings import embed
from mmage_utils.features.voices import extraction, inputs
from mmage_utils.files import file_name
from mmage_utils.fusion import bundle, bundle_routes, late_fusion
from mmage_utils.models import class_balance, networks, recipes, training
from mmage_utils.predictions import adjust, softmax, tabulate, write_predictions
from mmage_utils.runs import Run
from mmage_utils.scores import evaluation, routes
from mmage_utils.scores.choice import CONSTANT, constant_table, take_route

PARAMETERS = {"FACE_WEIGHTS": "none", "CORRECTED_SIZE": 80, "CORRECTED_TAU": 1.0}
PARAMETERS |= {"SPEAKER_NETWORK": "resemblyzer", "TEXT_MODEL": "minilm"}
HEADS = {"image": "dlib-age", "audio": "seven features", "text": "n-grams of words"}
NETWORKS = {name: f"{name}, corrected network" for name in ("audio", "text")}
NETWORKS["image"] = bundle_routes.TUNED


def few(clips, count=24):
    """The first clips with media of each split."""
    return with_media(clips).groupby("split", sort=False).head(count).reset_index(drop=True)


def chosen_results(ways, heads=HEADS):
    """What the notebooks keep of their choices: ways is modality to head, network, both or none."""
    results = {}
    for modality, way in ways.items():
        head = f"head on {heads[modality]}"
        names = {"head": head, "network": NETWORKS[modality], "none": CONSTANT}
        names["both"] = f"average of {NETWORKS[modality]} and {head}"
        results[modality] = {
            "routes": [{"route": names[way], "chosen": True}],
            "representations": [{"representation": heads[modality], "log_loss": 1.0}],
        }
    return results


def predict_as_notebooks(run, clips, results, heads=HEADS):
    """The tables that the notebooks write: networks with random weights, heads fitted by routes."""
    torch.manual_seed(0)
    tables = {}
    train = clips["split"].eq("train").to_numpy()
    texts = bundle_routes.with_text(clips)["text"].to_numpy(object)
    for modality, known in results.items():
        route = known["routes"][0]["route"]
        if route == CONSTANT:
            tables[modality] = constant_table(clips)
            continue
        names = {"image": networks.face_classifier, "audio": networks.acoustic_mlp}
        if modality == "image":
            model, _ = names["image"]()
            faces = load_faces(clips, PARAMETERS["CORRECTED_SIZE"]).images
            vectors = recipes.embed_faces(model, clips, faces)
            with torch.no_grad():
                told = tabulate(clips, softmax(model.logits(torch.as_tensor(vectors))))
            counts = class_balance.group_counts(clips["AgeGroup"][train])
            offset = class_balance.adjustment(counts, PARAMETERS["CORRECTED_TAU"])
            told = adjust(told, -offset)
            frozen = {bundle_routes.OWN: (vectors, "")}
            images = load_faces(clips, 224).images
            makers = routes.face_representations(images, "dlib + dlib-age", frozen)
        elif modality == "audio":
            x = inputs.corrected_inputs(extraction.extract_features(clips).table, train)
            model, makers = names["audio"](8), routes.voice_representations(clips, x, "resemblyzer")
            told = tabulate(clips, training.predict(model, training.as_dataset(x, [1] * len(x))))
        else:
            x = embed(texts, "minilm")
            model, makers = networks.text_head(384), None
            makers = routes.word_representations(texts, train, x, "minilm")
            told = tabulate(clips, training.predict(model, training.as_dataset(x, [1] * len(x))))
        path = run.folder / "checkpoints" / f"{file_name(NETWORKS[modality])}.ckpt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"model": model.cpu().state_dict()}, path)
        features = makers[heads[modality]](np.ones(len(clips), dtype=bool)).features
        head = f"head on {heads[modality]}"
        ways = {NETWORKS[modality]: told, head: routes.best_kind(features, clips)[1].table}
        tables[modality] = take_route(route, ways)
    return tables


def make_small(folder, clips, ways, heads=HEADS):
    """A run in a folder, its tables by modality, its bundle, and the bundle's folder."""
    data = "synthetic sample, seed 0"
    run = Run("small", folder, data, folder, True)
    results = chosen_results(ways, heads)
    tables = predict_as_notebooks(run, clips, results, heads)
    for modality, table in tables.items():
        write_predictions(run, f"{modality}, corrected", table)
    fitted = late_fusion.fit_fusion(tables, evaluation.train_prior(clips), penalties=[0.1])
    made = bundle.make_bundle(run, clips, clips, tables, fitted, results, PARAMETERS)
    return tables, made, bundle.write_bundle(run, made, card_text(made.facts))
