"""Fit and predict with Lightning: curves, early stop on valid, the best epoch kept, resumable."""

import random
import shutil
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import nn
from torch.utils.data import TensorDataset

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.features.two_threads import one_thread, side_by_side
from mmage_utils.files import CACHE, code_key, digest, locked, whole
from mmage_utils.models import ranks
from mmage_utils.models.device import channels_last, find_device, has_bfloat16
from mmage_utils.predictions import softmax
from mmage_utils.progress import progress_bar

BATCH = 32  # examples, of what a trained model is asked
# What decides a training besides data and settings: its result is not reused when these change.
CODE = (
    *("models/training", "models/lightning_trainer", "models/lightning_module", "models/device"),
    *("models/networks", "models/ranks", "models/batches"),
    *("features/faces", "features/augmentation"),
)


class Settings(NamedTuple):
    """Settings of a training; an unknown name raises TypeError.

    Attributes
    ----------
    epochs, batch_size : int
    lr : float
        Learning rate; with `backbone_lr`, that of the head alone.
    seed : int
        Decides order, dropout and augmentation; see `seed_everything` for the first weights.
    backbone_lr : float, optional
        Learning rate of everything but ``model.logits``.
    optimiser : str
        ``Adam`` or ``AdamW``.
    schedule : str
        ``constant`` (as the report); ``one-cycle``: up to `lr` and down to nearly 0 over all
        epochs, for trainings of few steps; ``warm-up``: the same, up in the first 15% of steps.
    class_weights : array-like, shape (7,)
        Weights of the cross-entropy; the loss curves are weighted means with the same weights.
    offset : array-like, shape (7,)
        Added to the logits in the loss alone: tau log prior makes the loss of logit adjustment,
        with tau 1 that of balanced softmax (`class_balance.adjustment`).
    patience : int, optional
        Epochs without a better `monitor` before training stops.
    monitor : str
        ``valid_accuracy`` (as the report), ``valid_loss``, or ``valid_balanced_loss``: the mean
        over age groups of their mean log-loss, without weights and offset.
    bfloat16 : bool
        Multiply in bfloat16 where the device can (`device.has_bfloat16`); weights, loss and
        optimiser stay in float32. For faces: features in Hz need more digits.
    """

    epochs: int
    batch_size: int
    lr: float
    seed: int = 0
    backbone_lr: float | None = None
    optimiser: str = "Adam"
    schedule: str = "constant"
    class_weights: ArrayLike = (1.0,) * N_GROUPS
    offset: ArrayLike = (0.0,) * N_GROUPS
    patience: int | None = None
    monitor: str = "valid_accuracy"
    bfloat16: bool = False


class Fit(NamedTuple):
    """A trained model (its best epoch), its curves, the best epoch and the seconds it took.

    ``history`` has one row an epoch (1, 2, ...): loss, accuracy and balanced loss of train and
    valid.
    """

    model: nn.Module
    history: pd.DataFrame
    best_epoch: int
    seconds: float

    def record(self):
        """Curves and numbers for the results of a run."""
        return {
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "history": self.history.to_dict("list"),
        }

    def save(self, path):
        """Write the checkpoint: the weights and what `record` gives."""
        with whole(path) as temporary:
            torch.save({"model": self.model.cpu().state_dict(), **self.record()}, temporary)


def fit(model, train, valid, settings, *, checkpoint=None, resumable=False, cache=CACHE):
    """Train a model and return its best epoch; the same training is never done twice.

    A finished training is kept in the cache under a hash of the model's first weights, the data,
    the settings and this package's code for models and training.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits of shape (B, 7); it holds the best epoch's weights afterwards.
    train, valid : torch.utils.data.Dataset
        Batches of (input, age group 0..6), with ``prepare(input)`` and ``fingerprint()``:
        `faces.FaceDataset` or `as_dataset`.
    settings : Settings
    checkpoint : pathlib.Path, optional
        Where the best epoch is written: one file per model and run.
    resumable : bool
        Write the state of the training after an epoch, or after several that are short
        (`lightning_trainer.APART`); cut off and called again, it goes on from there and ends the
        same.
    cache : pathlib.Path

    Returns
    -------
    Fit
    """
    settings = settings._replace(bfloat16=settings.bfloat16 and has_bfloat16())
    together = (ranks.world(),) if ranks.world() > 1 else ()
    key = model_key(model, train.fingerprint(), valid.fingerprint(), *settings, *together)
    finished = cache / f"fit_{key}.pt"
    # Another run may be at the same training.
    with ranks.of_first(locked(finished.with_suffix(".lock"))):
        if ranks.as_first(not finished.is_file()):
            # Lightning takes seconds to import, and a finished training needs nothing of it.
            from mmage_utils.models import lightning_module, lightning_trainer

            module = lightning_module.Classifier(model, train.prepare, settings)
            seed_everything(settings.seed)
            partial = finished.with_suffix(".partial")
            what = "training" if checkpoint is None else f"training {checkpoint.stem}"
            with progress_bar(settings.epochs, what, "epoch") as bar:
                lightning_trainer.train(
                    module, train, valid, partial=partial if resumable else None, bar=bar
                )
            model.load_state_dict(module.best["model"])
            history = pd.DataFrame(module.history)
            if ranks.rank() == 0:
                Fit(model, history, module.best["epoch"], module.seconds).save(finished)
                shutil.rmtree(partial, ignore_errors=True)
            ranks.as_first(None)  # all wait until it is written
    if checkpoint is not None:
        with whole(checkpoint) as temporary:
            shutil.copyfile(finished, temporary)
    saved = torch.load(finished, weights_only=True)
    model.load_state_dict(saved["model"])
    return Fit(model, pd.DataFrame(saved["history"]), saved["best_epoch"], saved["seconds"])


def model_key(model, *inputs):
    """Key of what a model becomes or computes: its weights, the inputs and the code in `CODE`."""
    exact = [np.asarray(value).tolist() for value in inputs]
    weights = (tensor.cpu().numpy() for tensor in model.state_dict().values())
    return digest(repr((model, exact, torch.__version__, code_key(*CODE))), weights)


def fit_features(features, clips, build, settings, *, rows=slice(None), **keep):
    """Train a network on one row of features or one embedding per clip, on one thread.

    Parameters
    ----------
    features : array-like, shape (n clips, width)
        In the order of `clips`.
    clips : pandas.DataFrame
        Clips with labels.
    build : callable
        Makes the network for a width; called after seeding.
    settings : Settings
    rows : array-like of int, optional
        The train clips used, counted among the train clips.
    **keep
        checkpoint, resumable and cache of `fit`.

    Returns
    -------
    Fit
    """
    features, groups = np.asarray(features), clips["AgeGroup"].to_numpy()
    train = np.flatnonzero(clips["split"] == "train")[rows]
    valid = np.flatnonzero(clips["split"] == "valid")
    seed_everything(settings.seed)
    with one_thread():
        return fit(
            build(features.shape[1]),
            as_dataset(features[train], groups[train]),
            as_dataset(features[valid], groups[valid]),
            settings,
            **keep,
        )


def predict(model, dataset):
    """Probabilities of every example, in the order of the dataset, shape (n, 7)."""
    return softmax(outputs(model, dataset))


def outputs(model, dataset, *, bfloat16=False):
    """What a model makes of every example, in the order of the dataset, shape (n, width).

    An example gets the same numbers to the last bit whichever others there are. With `bfloat16` it
    is multiplied as in a training of that setting; the result is float32.
    """
    device = find_device()
    bfloat16 = bfloat16 and has_bfloat16()
    model = model.to(device, memory_format=torch.channels_last).eval()

    def answer(first):
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            x, y = dataset.__getitems__(range(len(dataset))[first : first + BATCH])
            x = [part.to(device) for part in x] if isinstance(x, tuple) else x.to(device)
            x = dataset.prepare(x)
            # The size of a batch decides in which order a processor adds.
            x = torch.cat([x, x[-1:].expand(BATCH - len(y), *x.shape[1:])])
            return first, model(channels_last(x)).float().cpu()[: len(y)]

    firsts = range(0, len(dataset), BATCH)
    answers = side_by_side(answer, firsts) if device == "cpu" else map(answer, firsts)
    return torch.cat([rows for _, rows in sorted(answers, key=itemgetter(0))]).numpy()


class _Rows(TensorDataset):
    asked_at_once = 4096  # a step takes longer than what it computes

    def __getitems__(self, indices):
        return tuple(tensor[indices] for tensor in self.tensors)

    def prepare(self, batch):
        return batch

    def fingerprint(self):
        """Hash of the features and age groups."""
        return digest(tensor.numpy() for tensor in self.tensors)


def as_dataset(features, age_groups):
    """Feature rows and age groups 1..7 as a dataset for `fit` and `predict`."""
    features = torch.as_tensor(np.array(features), dtype=torch.float32)
    return _Rows(features, torch.as_tensor(np.asarray(age_groups) - 1))


def seed_everything(seed):
    """Seed Python, numpy and torch; call it before building a model with new weights."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - what others draw without a generator of their own
    torch.manual_seed(seed)
