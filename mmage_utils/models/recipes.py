"""Train each model of the report on a table of clips, and write its predictions.

Clips, features, models and predictions meet here, so that every notebook trains in the same way.
"""

from pathlib import Path

import numpy as np
import torch

from mmage_utils.data import provenance
from mmage_utils.data.clips import by_split
from mmage_utils.errors import DataError
from mmage_utils.features.faces import FaceDataset, load_faces
from mmage_utils.files import CACHE, file_name, shown, whole
from mmage_utils.models import frozen_heads, networks, training
from mmage_utils.models.class_balance import adjustment, group_counts
from mmage_utils.models.device import has_bfloat16
from mmage_utils.predictions import softmax, tabulate, write_predictions


def train_faces(run, name, clips, faces, plan, *, weights="none", scaling="imagenet", **settings):
    """Train the face classifier on a plan of original and augmented faces.

    Parameters
    ----------
    run : runs.Run
    name : str
        Label of the model, which names its checkpoint and its prediction file.
    clips : pandas.DataFrame
        Clips with an image.
    faces : numpy.ndarray of uint8, shape (n clips, 3, H, W)
        In the order of `clips`.
    plan : pandas.DataFrame
        Train clips with a column copy (`class_balance.plan_augmentation`).
    weights : str
        As `networks.face_classifier`.
    scaling : str
        As `faces.scale`.
    **settings
        Of `training.Settings`.

    Returns
    -------
    table : pandas.DataFrame
        Predictions of all clips, not augmented; written to the run too.
    fit : training.Fit
    used : str
        The pretrained weights that were loaded.
    """
    settings = training.Settings(**settings, bfloat16=True)
    training.seed_everything(settings.seed)
    model, used = networks.face_classifier(weights)
    row_of = dict(zip(clips["VideoName"], range(len(clips)), strict=True))
    valid = np.flatnonzero(clips["split"] == "valid")
    fit = training.fit(
        model,
        FaceDataset(faces, plan["VideoName"].map(row_of), plan["AgeGroup"], plan["copy"], scaling),
        FaceDataset(faces, valid, clips["AgeGroup"].iloc[valid], scaling=scaling),
        settings,
        checkpoint=_checkpoint(run, name),
        resumable=True,
    )
    provenance.write_record(run, _checkpoint(run, name))
    # The embeddings are kept: heads are trained on them.
    vectors = torch.as_tensor(embed_faces(fit.model, clips, faces, scaling=scaling))
    with torch.no_grad():
        table = tabulate(clips, softmax(fit.model.logits(vectors)))
    write_predictions(run, name, table)
    return table, fit, used


def correct_faces(run, name, clips, faces, *, epochs, weights="none", seed=0, tau=1.0, **settings):
    """The corrected face classifier: what the report's recipe of task b should have been.

    Input as the VGGFace2 weights expect it; light augmentation; the head at one rate and the
    backbone at another, with warm-up and cosine decay; a loss from which the prior (or a part) is
    taken out; the epoch of the best balanced log-loss on valid.

    Parameters
    ----------
    faces, weights
        As `train_faces`.
    epochs : int
        0 leaves the backbone as it was loaded and trains the head alone, on embeddings.
    tau : float
        Share of the log prior in the loss (`class_balance.adjustment`): 0 aims at accuracy, 1 at
        balanced accuracy.
    **settings
        lr, batch_size and backbone_lr of `training.Settings`.

    Returns
    -------
    table, fit, used
        As `train_faces`.
    """
    train = by_split(clips, "train")
    common = {"optimiser": "AdamW", "schedule": "warm-up", "monitor": "valid_balanced_loss"}
    common |= {"offset": adjustment(group_counts(train["AgeGroup"]), tau), "seed": seed}
    if epochs == 0:
        head = training.Settings(**frozen_heads.HEAD | common)
        return _train_head_alone(run, name, clips, faces, weights, head)
    return train_faces(
        run,
        name,
        clips,
        faces,
        train.assign(copy="light"),
        weights=weights,
        scaling="vggface2",
        epochs=epochs,
        **common,
        **settings,
    )


def _train_head_alone(run, name, clips, faces, weights, settings):
    training.seed_everything(settings.seed)
    model, used = networks.face_classifier(weights)
    x, mean, std = frozen_heads.standardise(embed_faces(model, clips, faces), clips)
    fit = training.fit_features(x, clips, networks.linear_head, settings)
    with torch.no_grad():  # the standardisation becomes a part of the head
        weight = fit.model.weight / torch.as_tensor(std)
        model.logits.weight.copy_(weight)
        model.logits.bias.copy_(fit.model.bias - weight @ torch.as_tensor(mean))
    fit = fit._replace(model=model)
    fit.save(_checkpoint(run, name))
    provenance.write_record(run, _checkpoint(run, name))
    everyone = FaceDataset(faces, range(len(clips)), clips["AgeGroup"], scaling="vggface2")
    return _finish(run, name, clips, fit, everyone), fit, used


def embed_faces(model, clips, faces, *, scaling="vggface2", cache=CACHE):
    """Frozen embeddings of all faces, computed once and kept in the cache.

    Parameters
    ----------
    model : torch.nn.Module
        A face classifier (`networks.face_classifier`), trained or as its weights were loaded.
    clips : pandas.DataFrame
    faces : numpy.ndarray of uint8, shape (n clips, 3, H, W)
        In the order of `clips`.
    scaling : str
        One of `faces.SCALINGS`, by which the model was trained.

    Returns
    -------
    numpy.ndarray of float32, shape (n clips, 512)
    """
    everyone = FaceDataset(faces, range(len(clips)), clips["AgeGroup"], scaling=scaling)
    # As in training: where the device multiplies in bfloat16, this halves the time.
    kind = "bfloat16" if has_bfloat16() else "float32"
    key = training.model_key(model, everyone.fingerprint())
    path = Path(cache) / f"embeddings_{kind}_{key}.npy"
    if not path.is_file():
        with whole(path) as temporary:
            bare = networks.backbone(model)
            np.save(temporary, training.outputs(bare, everyone, bfloat16=True))
    return np.load(path)


def frozen_faces(model, clips, faces, weights="none"):
    """Embeddings by the network trained here and, where pretrained weights are given, by those.

    Parameters
    ----------
    model : torch.nn.Module
        The trained face classifier.
    clips, faces
        As `embed_faces`.
    weights : str
        As `networks.face_classifier`.

    Returns
    -------
    dict of str to (numpy.ndarray, str)
        What the network is to `embed_faces` of it and the licence of its weights, which is empty
        for our own.
    """
    frozen = {"network trained here, frozen": (embed_faces(model, clips, faces), "")}
    if weights != "none":
        given, _ = networks.face_classifier(weights)
        licence = networks.WEIGHTS_LICENCES.get(weights, "unknown")
        frozen[f"{Path(weights).stem}, frozen"] = (embed_faces(given, clips, faces), licence)
    return frozen


def untrained_faces(clips, size, *, seed=0):
    """Predictions of valid and test by a face classifier that was never trained.

    What is read when a checkpoint of no training is loaded (the report's error 9).

    Parameters
    ----------
    clips : pandas.DataFrame
        Clips with an image.
    size : int
        Side of the faces in pixels.

    Returns
    -------
    pandas.DataFrame
        A prediction table.
    """
    loaded = load_faces(clips[clips["split"] != "train"], size)
    training.seed_everything(seed)
    model, _ = networks.face_classifier()
    faces = FaceDataset(loaded.images, range(len(loaded.clips)), loaded.clips["AgeGroup"])
    return tabulate(loaded.clips, training.predict(model, faces))


def load_weights(run, name, *, notebook):
    """The weights of a model that a notebook of this run has trained, by name.

    Raises
    ------
    DataError
        When the file is missing, or of other data or another seed; the message names the notebook
        to run.
    """
    path = _checkpoint(run, name)
    if not path.is_file():
        raise DataError(f"{shown(path)} is missing: run notebooks/{notebook}.ipynb first.")
    provenance.check_origin(run, path, notebook)
    return torch.load(path, weights_only=True)["model"]


def load_faces_model(run, name, *, notebook):
    """The face classifier that a notebook of this run has trained; errors as `load_weights`."""
    model, _ = networks.face_classifier()
    model.load_state_dict(load_weights(run, name, notebook=notebook))
    return model.eval()


def train_features(run, name, clips, features, build, **settings):
    """Train a network on one row of features or one embedding per clip.

    Parameters
    ----------
    features, build
        As `training.fit_features`.
    **settings
        Of `training.Settings`.

    Returns
    -------
    table : pandas.DataFrame
        As `train_faces`.
    fit : training.Fit
    """
    settings, path = training.Settings(**settings), _checkpoint(run, name)
    fit = training.fit_features(features, clips, build, settings, checkpoint=path)
    provenance.write_record(run, path)
    return _finish(run, name, clips, fit, training.as_dataset(features, clips["AgeGroup"])), fit


def train_seeds(train, label, trainings, *, seed=0):
    """Train a recipe several times; the first is the model itself, the others its ``seed k``.

    Parameters
    ----------
    train : callable
        Takes name and seed: `train_faces`, `correct_faces` or `train_features` with the rest given.
    label : str
        Of the model.
    trainings, seed : int
        How many, and the seed of the first.

    Returns
    -------
    list of tuple
        What each training returned.
    """
    names = [label, *(f"{label}, seed {k}" for k in range(1, trainings))]
    return [train(name=name, seed=seed + k) for k, name in enumerate(names)]


def _checkpoint(run, name):
    return run.folder / "checkpoints" / f"{file_name(name)}.ckpt"


def _finish(run, name, clips, fit, everyone):
    table = tabulate(clips, training.predict(fit.model, everyone))
    write_predictions(run, name, table)
    return table
