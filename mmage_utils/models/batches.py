"""Batches of a dataset, for one process or as the shares of several."""

from itertools import pairwise

import torch
from torch.utils.data import DataLoader

from mmage_utils.errors import UsageError
from mmage_utils.models import ranks


def batches(dataset, size=1, **how):
    """Batches as the dataset makes them, in its order or as DataLoader is told."""
    return DataLoader(
        dataset,
        size,
        collate_fn=lambda batch: batch,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # else each pass would draw from the global generator
        **how,
    )


def train_and_valid(train, valid, size, order):
    """Batches of train in an order, and of valid: all, or what this process has of them.

    Parameters
    ----------
    train, valid : torch.utils.data.Dataset
        Of valid as many are asked at once as it says in ``asked_at_once``, or `size`.
    size : int
        Examples of a batch, of all processes together.
    order : torch.utils.data.Sampler
        Of train, the same in every process.
    """
    if ranks.world() == 1:
        # A last batch of one clip would leave batch norm without a variance.
        shuffled = batches(train, size, sampler=order, drop_last=len(train) % size == 1)
        return shuffled, batches(valid, getattr(valid, "asked_at_once", size))
    own = range(ranks.rank(), len(valid), ranks.world())
    shares = batches(train, batch_sampler=Shares(order, size))
    return shares, batches(valid, size // ranks.world(), sampler=own)


class Shares:
    """The share of this process in each batch of an order: every example once over all processes.

    Nothing is repeated to make shares equal. A rest of fewer than two examples a process would
    leave batch norm without a variance, and joins the batch before it.

    Parameters
    ----------
    sampler : torch.utils.data.Sampler
        The order of all examples, the same in every process.
    size : int
        Examples of a batch, of all processes together.

    Raises
    ------
    UsageError
        When there are fewer than two examples a process in a batch.
    """

    def __init__(self, sampler, size):
        n, least = len(sampler), 2 * ranks.world()
        if min(n, size) < least:
            raise UsageError(
                f"{ranks.world()} processes need batches of {least} examples or more, not "
                f"{min(n, size)}: start fewer."
            )
        self.sampler = sampler
        self.bounds = [*range(0, n, size), n]
        if n - self.bounds[-2] < least:
            del self.bounds[-2]

    def __len__(self):
        return len(self.bounds) - 1

    def __iter__(self):
        rows = list(self.sampler)
        for start, end in pairwise(self.bounds):
            yield rows[start:end][ranks.rank() :: ranks.world()]
