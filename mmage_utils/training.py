"""Fit and predict with Lightning: curves, early stop on valid, the best epoch kept."""

import hashlib
import logging
import shutil
import tempfile
import time
import warnings
from typing import NamedTuple

import lightning as L
import numpy as np
import pandas as pd
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from mmage_utils.labels import N_GROUPS
from mmage_utils.predictions import softmax
from mmage_utils.runs import CACHE, code_key, whole


class Fit(NamedTuple):
    """A trained model (its best epoch), its curves, the best epoch and the seconds it took."""

    model: nn.Module
    history: pd.DataFrame
    best_epoch: int
    seconds: float

    def record(self):
        """What the results keep of it."""
        return {
            "epochs": len(self.history),
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "history": self.history.to_dict("list"),
        }


class _Classifier(L.LightningModule):
    """Cross-entropy training of any network that gives logits over the seven age groups."""

    def __init__(self, model, optimiser, lr, weights, schedule):
        super().__init__()
        # Convolutions are a third faster with channels last; other layers do not notice.
        self.model = model.to(memory_format=torch.channels_last)
        self.optimiser, self.lr, self.schedule = optimiser, lr, schedule
        weights = np.ones(N_GROUPS) if weights is None else weights
        self.register_buffer("weights", torch.as_tensor(weights, dtype=torch.float32))
        self.history, self.totals = [], {}

    def configure_optimizers(self):
        # One fused step instead of one operation a tensor: a fifth of a training step on a CPU.
        optimiser = getattr(torch.optim, self.optimiser)(self.parameters(), lr=self.lr, fused=True)
        if self.schedule == "constant":
            return optimiser
        steps = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.lr, total_steps=steps)
        return [optimiser], [{"scheduler": schedule, "interval": "step"}]

    def training_step(self, batch, _):
        return self._step("train", batch)

    def validation_step(self, batch, _):
        self._step("valid", batch)

    def _step(self, stage, batch):
        x, target = batch
        logits = self.model(_channels_last(x))
        loss = nn.functional.cross_entropy(logits, target, self.weights, reduction="sum")
        weight = self.weights[target].sum()
        right = (logits.argmax(1) == target).sum()
        total = self.totals.setdefault(stage, np.zeros(4))
        total += [float(loss.detach()), float(weight), float(right), len(target)]
        # A batch may hold only groups of weight 0, and then has no say.
        return loss / weight.clamp(min=1e-12)

    def on_validation_epoch_end(self):
        self.history.append(self._mean("valid"))
        self.log_dict(self.history[-1])

    def on_train_epoch_end(self):
        self.history[-1] |= self._mean("train")

    def _mean(self, stage):
        loss, weight, right, n = self.totals.pop(stage)
        return {f"{stage}_loss": loss / max(weight, 1e-12), f"{stage}_accuracy": right / n}


def fit(
    model,
    train,
    valid,
    *,
    checkpoint,
    epochs,
    batch_size,
    lr,
    seed,
    optimiser="Adam",
    schedule="constant",
    class_weights=None,
    patience=None,
    monitor="valid_accuracy",
    cache=CACHE,
):
    """Train a model and return its best epoch; the same training is never done twice.

    A finished training is kept in the cache under a hash of the model's first weights, the data,
    the settings and this package's code for models and training.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits of shape (B, 7); it holds the best epoch's weights afterwards.
    train, valid : torch.utils.data.Dataset
        Examples (input, age group 0..6) with ``fingerprint()``, see `as_dataset`.
    checkpoint : pathlib.Path
        Where the best epoch is written: one file per model and run.
    epochs, batch_size : int
    lr : float
    seed : int
        Decides order, dropout and augmentation; see `seed_everything` for the first weights.
    optimiser : str
        ``Adam`` or ``AdamW``.
    schedule : str
        ``constant`` (as the report), or ``one-cycle``: up to `lr` and down to nearly 0 over all
        epochs, for trainings of few steps.
    class_weights : array-like, shape (7,), optional
        Weights of the cross-entropy; the loss curves are weighted means with the same weights.
    patience : int, optional
        Epochs without a better `monitor` before training stops.
    monitor : str
        ``valid_accuracy`` (as the report) or ``valid_loss``.

    Returns
    -------
    Fit
        history has one row an epoch (1, 2, ...): train and valid loss and accuracy.
    """
    settings = (epochs, batch_size, lr, seed, optimiser, schedule, patience, monitor)
    weights = None if class_weights is None else np.asarray(class_weights, np.float32)
    kept = cache / f"fit_{_key(model, train, valid, weights, settings)}.pt"
    if not kept.is_file():
        _train(model, train, valid, kept, weights, *settings)
    with whole(checkpoint) as temporary:
        shutil.copyfile(kept, temporary)
    saved = torch.load(kept, weights_only=True)
    model.load_state_dict(saved["model"])
    return Fit(model, pd.DataFrame(saved["history"]), saved["best_epoch"], saved["seconds"])


def _key(model, train, valid, weights, settings):
    digest = hashlib.blake2b(digest_size=12)
    digest.update(repr((model, settings, torch.__version__, weights)).encode())
    digest.update(f"{train.fingerprint()} {valid.fingerprint()}".encode())
    digest.update(code_key("training", "models", "faces").encode())
    for tensor in model.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _train(
    model,
    train,
    valid,
    kept,
    weights,
    epochs,
    batch_size,
    lr,
    seed,
    optimiser,
    schedule,
    patience,
    monitor,
):
    _be_quiet()
    seed_everything(seed)
    torch.utils.deterministic.fill_uninitialized_memory = False  # costly, and all of it is written
    mode = "min" if monitor.endswith("loss") else "max"
    with tempfile.TemporaryDirectory() as folder:
        keep = ModelCheckpoint(folder, monitor=monitor, mode=mode, save_weights_only=True)
        stop = EarlyStopping(monitor, mode=mode, patience=epochs if patience is None else patience)
        # A last batch of one clip would leave batch norm without a variance.
        ragged = len(train) % batch_size == 1
        order = torch.Generator().manual_seed(seed)
        trainer = L.Trainer(
            max_epochs=epochs,
            callbacks=[keep, stop],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            deterministic="warn",
        )
        module = _Classifier(model, optimiser, lr, weights, schedule)
        start = time.perf_counter()
        trainer.fit(
            module,
            DataLoader(train, batch_size, shuffle=True, generator=order, drop_last=ragged),
            DataLoader(valid, batch_size),
        )
        seconds = time.perf_counter() - start
        best = torch.load(keep.best_model_path, weights_only=True)
    module.load_state_dict(best["state_dict"])
    history = pd.DataFrame(module.history)
    history.insert(0, "epoch", np.arange(1, len(history) + 1))
    with whole(kept) as temporary:
        torch.save(
            {
                "model": model.cpu().state_dict(),
                "history": history.to_dict("list"),
                "best_epoch": best["epoch"] + 1,
                "seconds": seconds,
            },
            temporary,
        )


def predict(model, dataset, *, batch_size=256):
    """Probabilities of every example, in the order of the dataset, shape (n, 7)."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device).eval()
    with torch.inference_mode():
        loader = DataLoader(dataset, batch_size)
        logits = [model(_channels_last(x.to(device))).cpu() for x, _ in loader]
    return softmax(torch.cat(logits).numpy())


class _Rows(TensorDataset):
    def fingerprint(self):
        """Hash of the features and age groups."""
        data = b"".join(tensor.numpy().tobytes() for tensor in self.tensors)
        return hashlib.blake2b(data, digest_size=12).hexdigest()


def as_dataset(features, age_groups):
    """Feature rows and age groups 1..7 as a dataset for `fit` and `predict`."""
    features = torch.as_tensor(np.array(features), dtype=torch.float32)
    return _Rows(features, torch.as_tensor(np.asarray(age_groups) - 1))


def _channels_last(x):
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def seed_everything(seed):
    """Seed Python, numpy and torch; call it before building a model with new weights."""
    L.seed_everything(seed, workers=True, verbose=False)


def _be_quiet():
    """Keep Lightning's tips, which a reader of the report has no use for, out of its outputs."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
