"""Train each model of the report on a table of clips, and write its predictions.

The one place where clips, features, models and predictions meet, so that every notebook trains
by the same path.
"""

import numpy as np

from mmage_utils import models, training
from mmage_utils.faces import FaceDataset
from mmage_utils.labels import SPLITS
from mmage_utils.predictions import tabulate, write_predictions


def train_faces(run, name, clips, faces, plan, *, weights="none", seed=0, **settings):
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
        Train clips with a column copy (`imbalance.plan_augmentation`).
    weights : str
        As `models.face_classifier`.
    seed : int
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
    model, used = models.face_classifier(weights)
    fit = training.fit(
        model,
        FaceDataset(faces, rows, plan["AgeGroup"], plan["copy"]),
        FaceDataset(faces, valid, clips["AgeGroup"].iloc[valid]),
        checkpoint=_checkpoint(run, name),
        seed=seed,
        **settings,
    )
    everyone = FaceDataset(faces, range(len(clips)), clips["AgeGroup"])
    return _finish(run, name, clips, fit, everyone), fit, used


def train_features(run, name, clips, features, build, *, seed=0, **settings):
    """Train a network on one row of features or one embedding per clip.

    Parameters
    ----------
    features : array-like, shape (n clips, width)
        In the order of `clips`.
    build : callable
        Makes the network; called after seeding.

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
        build(),
        parts["train"],
        parts["valid"],
        checkpoint=_checkpoint(run, name),
        seed=seed,
        **settings,
    )
    return _finish(run, name, clips, fit, training.as_dataset(features, clips["AgeGroup"])), fit


def _checkpoint(run, name):
    return run.folder / "checkpoints" / f"{name}.ckpt"


def _finish(run, name, clips, fit, everyone):
    table = tabulate(clips, training.predict(fit.model, everyone))
    write_predictions(run, name, table)
    return table
