"""Train each model of the report on a table of clips, and write its predictions.

The one place where clips, features, models and predictions meet, so that every notebook trains
by the same path.
"""

import numpy as np

from mmage_utils.data.clips import by_split
from mmage_utils.data.labels import N_GROUPS, SPLITS
from mmage_utils.errors import DataError
from mmage_utils.features.faces import FaceDataset
from mmage_utils.files import CACHE, code_key, digest, shown, whole
from mmage_utils.models import frozen_heads, networks, training
from mmage_utils.models.class_balance import adjustment, group_counts
from mmage_utils.predictions import tabulate, write_predictions


def train_faces(
    run, name, clips, faces, plan, *, weights="none", seed=0, scaling="imagenet", **settings
):
    """Train the face classifier on a plan of original and augmented faces.

    Parameters
    ----------
    run : runs.Run
    name : str
        Name of the model: of its checkpoint and its prediction file.
    clips : pandas.DataFrame
        Clips with an image.
    faces : numpy.ndarray of uint8, shape (n clips, 3, H, W)
        In the order of `clips`.
    plan : pandas.DataFrame
        Train clips with a column copy (`class_balance.plan_augmentation`).
    weights : str
        As `networks.face_classifier`.
    seed : int
    scaling : str
        As `faces.scale`.
    **settings
        As `training.fit`.

    Returns
    -------
    table : pandas.DataFrame
        Predictions of all clips, not augmented; written to the run too.
    fit : training.Fit
    used : str
        The pretrained weights that were loaded.
    """
    row_of = dict(zip(clips["VideoName"], range(len(clips)), strict=True))
    rows = plan["VideoName"].map(row_of)
    valid = np.flatnonzero(clips["split"] == "valid")
    training.seed_everything(seed)
    model, used = networks.face_classifier(weights)
    fit = training.fit(
        model,
        FaceDataset(faces, rows, plan["AgeGroup"], plan["copy"], scaling),
        FaceDataset(faces, valid, clips["AgeGroup"].iloc[valid], scaling=scaling),
        checkpoint=_checkpoint(run, name),
        seed=seed,
        resumable=True,
        bfloat16=True,
        **settings,
    )
    everyone = FaceDataset(faces, range(len(clips)), clips["AgeGroup"], scaling=scaling)
    return _finish(run, name, clips, fit, everyone), fit, used


def correct_faces(run, clips, faces, *, epochs, lr, weights="none", seed=0, tau=1.0, **settings):
    """The corrected face classifier: what the report's recipe of task b should have been.

    Input as the VGGFace2 weights expect it; light augmentation; the head at one rate and the
    backbone at another, with warm-up and cosine decay; a loss from which the prior (or a part) is
    taken out; the epoch of the best balanced log-loss on valid.

    Parameters
    ----------
    epochs : int
        0 leaves the backbone as it was loaded and trains the head alone, on embeddings.
    lr : float
        Rate of the head.
    tau : float
        Share of the log prior in the loss (`class_balance.adjustment`): 0 aims at accuracy, 1 at
        balanced accuracy.
    **settings
        batch_size and backbone_lr of `training.fit`.

    Returns
    -------
    table, fit, used
        As `train_faces`; the model is named image_corrected.
    """
    train = by_split(clips, "train")
    common = {"optimiser": "AdamW", "schedule": "warm-up", "monitor": "valid_balanced_loss"}
    common["offset"] = adjustment(group_counts(train["AgeGroup"]), tau)
    if epochs == 0:
        return _train_head_alone(run, clips, faces, weights, seed, common)
    return train_faces(
        run,
        "image_corrected",
        clips,
        faces,
        train.assign(copy="light"),
        weights=weights,
        seed=seed,
        scaling="vggface2",
        epochs=epochs,
        lr=lr,
        **common,
        **settings,
    )


def _train_head_alone(run, clips, faces, weights, seed, common):
    import torch

    training.seed_everything(seed)
    model, used = networks.face_classifier(weights)
    vectors = embed_faces(model, clips, faces)
    x, mean, std = frozen_heads.standardise(vectors, clips)
    build, name = networks.linear_head, "image_corrected"
    fit = train_features(run, name, clips, x, build, seed=seed, **frozen_heads.HEAD, **common)[1]
    with torch.no_grad():  # the standardisation becomes a part of the head
        weight = fit.model.cpu().weight / torch.as_tensor(std)
        model.logits.weight.copy_(weight)
        model.logits.bias.copy_(fit.model.bias - weight @ torch.as_tensor(mean))
    saved = {"model": model.state_dict(), "history": fit.history.to_dict("list")}
    with whole(_checkpoint(run, name)) as temporary:
        torch.save(saved | {"best_epoch": fit.best_epoch, "seconds": fit.seconds}, temporary)
    fit = fit._replace(model=model)
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

    Returns
    -------
    numpy.ndarray of float32, shape (n clips, 512)
    """
    everyone = FaceDataset(faces, range(len(clips)), clips["AgeGroup"], scaling=scaling)
    code = code_key("models/networks", "models/device", "features/faces")
    weights = (tensor.cpu().numpy() for tensor in model.state_dict().values())
    path = cache / f"embeddings_{digest(everyone.fingerprint(), code, weights)}.npy"
    if not path.is_file():
        with whole(path) as temporary:
            np.save(temporary, training.outputs(networks.backbone(model), everyone))
    return np.load(path)


def load_weights(run, name, *, notebook):
    """The weights of a model that a notebook of this run has trained, by name.

    Raises
    ------
    DataError
        When they are not there; the message names the notebook to run first.
    """
    import torch

    path = _checkpoint(run, name)
    if not path.is_file():
        raise DataError(f"{shown(path)} is missing: run notebooks/{notebook}.ipynb first.")
    return torch.load(path, weights_only=True)["model"]


def load_faces_model(run, name, *, notebook):
    """The face classifier that a notebook of this run has trained; errors as `load_weights`."""
    model, _ = networks.face_classifier()
    model.load_state_dict(load_weights(run, name, notebook=notebook))
    return model.eval()


def train_features(run, name, clips, features, build, *, seed=0, **settings):
    """Train a network on one row of features or one embedding per clip.

    Parameters
    ----------
    features : array-like, shape (n clips, width)
        In the order of `clips`.
    build : callable
        Makes the network for a width; called after seeding.

    Returns
    -------
    table : pandas.DataFrame
        As `train_faces`.
    fit : training.Fit
    """
    parts = {}
    for split in SPLITS:
        here = (clips["split"] == split).to_numpy()
        parts[split] = training.as_dataset(np.asarray(features)[here], clips["AgeGroup"][here])
    training.seed_everything(seed)
    fit = training.fit(
        build(np.shape(features)[1]),
        parts["train"],
        parts["valid"],
        checkpoint=_checkpoint(run, name),
        seed=seed,
        **settings,
    )
    return _finish(run, name, clips, fit, training.as_dataset(features, clips["AgeGroup"])), fit


def boosted_features(clips, features, *, seed=0):
    """Gradient boosting on the same features, as a check of what they hold.

    Scikit-learn's histogram boosting, its number of trees chosen by cross-validated accuracy on
    whole users of train; valid and test decide nothing.

    Parameters
    ----------
    clips : pandas.DataFrame
        Clips with labels.
    features : array-like, shape (n clips, width)

    Returns
    -------
    pandas.DataFrame
        Predictions of all clips; a group without train clips has probability 0.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import GridSearchCV, GroupKFold

    here = (clips["split"] == "train").to_numpy()
    x, y = np.asarray(features), clips["AgeGroup"].to_numpy()
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_leaf_nodes=8, l2_regularization=1.0, random_state=seed
    )
    search = GridSearchCV(model, {"max_iter": [20, 60]}, cv=GroupKFold(3), error_score="raise")
    search.fit(x[here], y[here], groups=clips["UserID"][here])
    p = np.zeros((len(clips), N_GROUPS))
    p[:, search.classes_ - 1] = search.predict_proba(x)
    return tabulate(clips, p)


def _checkpoint(run, name):
    return run.folder / "checkpoints" / f"{name}.ckpt"


def _finish(run, name, clips, fit, everyone):
    table = tabulate(clips, training.predict(fit.model, everyone))
    write_predictions(run, name, table)
    return table
