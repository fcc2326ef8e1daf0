"""Several processes that train one model, as torchrun starts them: who is who, and their sums.

Without torchrun there is one process, and nothing here costs or changes anything.
"""

import os
from contextlib import contextmanager, nullcontext

import torch
from torch import distributed

from mmage_utils.errors import DataError

LOST = ("connection", "socket", "peer", "reset", "timed out")  # words of gloo's and NCCL's errors


@contextmanager
def process_group():
    """Context in which the processes that torchrun started know each other.

    Raises
    ------
    DataError
        When another of the processes ended.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    if rank() > 0:
        os.environ["TQDM_DISABLE"] = "1"  # the first shows how far it is
    try:
        yield
    except (RuntimeError, distributed.DistError) as error:
        if not any(word in str(error).lower() for word in LOST):
            raise
        raise DataError(
            f"Another process of this training ended, so process {rank()} of {world()} ends too. "
            "Start again: it goes on after one of the last epochs."
        ) from None
    finally:
        distributed.destroy_process_group()


def rank():
    """Number of this process, 0 for the first and for one alone."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world():
    """Number of processes that train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def of_first(context):
    """A context for the first process alone, such as a lock; the others go on."""
    return context if rank() == 0 else nullcontext()


def as_first(value):
    """What the first process says of a question that each may answer differently."""
    values = [value]
    if world() > 1:
        distributed.broadcast_object_list(values, src=0)
    return values[0]


def add_up(tensor):
    """Sum of a tensor over the processes, in the place of the tensor."""
    if world() > 1:
        distributed.all_reduce(tensor)
    return tensor


def same_buffers(module):
    """Give the buffers of the first process, such as means of batch norm, to the others."""
    for buffer in module.buffers() if world() > 1 else ():
        distributed.broadcast(buffer, 0)


def trainer_settings():
    """What Lightning's Trainer must know of the processes.

    Several devices of one process would train on the same batches, as the order is dealt here.
    """
    if world() == 1:
        return {"devices": 1}
    from lightning.pytorch.strategies import DDPStrategy

    here = int(os.environ["LOCAL_WORLD_SIZE"])
    return {
        "devices": here,
        "num_nodes": world() // here,
        # Buffers are made the same before valid, where processes have batches of unequal number.
        "strategy": DDPStrategy(broadcast_buffers=False),
        "use_distributed_sampler": False,
        "sync_batchnorm": torch.cuda.is_available(),
    }
