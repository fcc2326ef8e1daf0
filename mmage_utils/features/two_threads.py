"""Small networks on a processor: two batches at a time, each on one thread, or one thread alone.

Two threads that share one small product wait for each other, and where another program takes a core
they wait five times as long; two batches side by side do not.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


def side_by_side(function, jobs):
    """Call a function for each job on two threads, with one thread of torch for each.

    Yields
    ------
    object
        The results, as they are done.
    """
    before = torch.get_num_threads()
    try:
        one = {"initializer": torch.set_num_threads, "initargs": (1,)}
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(2, **one) as pool:
            for done in as_completed([pool.submit(function, job) for job in jobs]):
                yield done.result()
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_thread():
    """Context in which torch computes on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
