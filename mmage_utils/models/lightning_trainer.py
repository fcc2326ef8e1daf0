"""Lightning's trainer: quiet, checkpoints written straight, epochs told, resumed if cut off."""

import logging
import math
import time
import warnings

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch.utils.data.distributed import DistributedSampler

from mmage_utils.files import whole
from mmage_utils.models import ranks
from mmage_utils.models.batches import train_and_valid

APART = 20  # so that a twentieth of the time is written at most


def train(module, train, valid, *, partial, bar):
    """Train a module by its settings; its best epoch and its history are kept in it.

    Parameters
    ----------
    module : lightning_module.Classifier
    train, valid : torch.utils.data.Dataset
        As `training.fit`.
    partial : pathlib.Path or None
        A folder for states of the training; what is there already is gone on with.
    bar : tqdm.tqdm
        `progress.progress_bar` of the epochs.
    """
    be_quiet()
    settings = module.settings
    torch.utils.deterministic.fill_uninitialized_memory = False  # costly, and all of it is written
    mode = "min" if settings.monitor.endswith("loss") else "max"
    patience = settings.epochs if settings.patience is None else settings.patience
    callbacks = [EarlyStopping(settings.monitor, mode=mode, patience=patience), tell_epochs(bar)]
    last = None
    if partial is not None:
        keep = {"save_on_train_epoch_end": True, "enable_version_counter": False}
        callbacks.append(ModelCheckpoint(partial, "last", **keep))
        last = partial / "last.ckpt"
    trainer = L.Trainer(
        max_epochs=settings.epochs,
        **ranks.trainer_settings(),
        callbacks=callbacks,
        precision="bf16-mixed" if settings.bfloat16 else "32-true",
        logger=False,
        enable_checkpointing=partial is not None,
        plugins=[StraightCheckpoints()],
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        deterministic="warn",
    )
    module.order = DistributedSampler(train, num_replicas=1, rank=0, seed=settings.seed)
    trainer.fit(
        module,
        *train_and_valid(train, valid, settings.batch_size, module.order),
        ckpt_path=last if last is not None and last.is_file() else None,
        weights_only=True,
    )


def tell_epochs(bar):
    """A callback that shows epochs, and the accuracy on valid, on a `progress.progress_bar`."""

    def begin(_, module):
        bar.n = bar.initial = len(module.history)  # more than 0 where it was resumed

    def count(_, module):
        bar.set_postfix_str(f"valid {module.history[-1]['valid_accuracy']:.1%}")
        bar.update()

    return LambdaCallback(on_train_start=begin, on_train_epoch_end=count)


class StraightCheckpoints(TorchCheckpointIO):
    """Write the state of a training straight to its file, whole or not at all, now and then.

    Lightning would put it together in memory first, which takes about twice as long. After the
    first, a state is written when `APART` times as long has passed as the one before took, so a
    training that is cut off loses that long and the epoch that was going on.
    """

    def __init__(self):
        self.next = -math.inf

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        start = time.monotonic()
        if start >= self.next:
            with whole(path) as temporary:
                torch.save(checkpoint, temporary)
            now = time.monotonic()
            self.next = now + APART * (now - start)


def be_quiet():
    """Keep Lightning's tips out of the outputs of notebooks."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
