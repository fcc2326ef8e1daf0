"""What Lightning's trainer is given: quiet, checkpoints written straight, epochs that are told."""

import logging
import warnings

import torch
from lightning.pytorch.callbacks import LambdaCallback
from lightning.pytorch.plugins.io import TorchCheckpointIO

from mmage_utils.files import whole


def tell_epochs(bar):
    """A callback that shows epochs, and the accuracy on valid, on a `progress.progress_bar`."""

    def begin(_, module):
        bar.n = bar.initial = len(module.history)  # more than 0 where it was resumed

    def count(_, module):
        bar.set_postfix_str(f"valid {module.history[-1]['valid_accuracy']:.1%}")
        bar.update()

    return LambdaCallback(on_train_start=begin, on_train_epoch_end=count)


class StraightCheckpoints(TorchCheckpointIO):
    """Write the state of a training straight to its file, whole or not at all.

    Lightning would put it together in memory first, which takes about twice as long.
    """

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        with whole(path) as temporary:
            torch.save(checkpoint, temporary)


def be_quiet():
    """Keep Lightning's tips out of the outputs of notebooks."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
