"""Work on a Dask cluster: results as they arrive, and plain words when it fails."""

import logging
import re
import time
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice

from mmage_utils.errors import DataError, UsageError
from mmage_utils.processes import KEEP_MEMORY

ADDRESS = r"((tcp|tls|ws|wss)://)?[^/\s]+:\d{1,5}"
EXAMPLE = "tcp://127.0.0.1:8786"
PATIENCE = 5  # s, for the scheduler and for a first worker
RESTART = 30  # s, for a process of this machine to be started again
AHEAD = 2  # jobs that wait or run for each thread of the workers


@contextmanager
def open_cluster(address=None, *, n_workers=1):
    """Context with a client of the scheduler at an address, or of processes of this machine.

    A process of this machine that ends, for want of memory for instance, is started again: by Dask,
    or after `RESTART` here where Dask has given it up.

    Parameters
    ----------
    address : str, optional
        Of a scheduler, such as ``tcp://10.0.0.1:8786``. Without it, a cluster is started here.
    n_workers : int
        Processes of that cluster, each with one thread.

    Raises
    ------
    UsageError
        When the scheduler does not answer within `PATIENCE`, or has no worker.
    """
    import dask
    from distributed import Client, LocalCluster

    if address:
        with _quiet(), _connect(Client, address) as client:
            yield client
        return
    here = {"n_workers": n_workers, "threads_per_worker": 1, "processes": True}
    # The limit that Dask would set is a part of the memory, which the libraries alone may need.
    # Any free port for what it shows of itself, as another command may have the usual one.
    here |= {"memory_limit": None, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1"}
    # Dask's own limit of 65,536 bytes gives the memory of every array back.
    environ = {f"distributed.nanny.pre-spawn-environ.{name}": n for name, n in KEEP_MEMORY.items()}
    with (
        _quiet(),
        dask.config.set(environ),
        LocalCluster(**here, silence_logs=logging.CRITICAL) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        watch = _watch(cluster)
        cluster.loop.add_callback(watch.start)
        try:
            yield client
        finally:  # Dask fails to close a cluster while a process of it is being started again
            with suppress(TimeoutError):
                client.wait_for_workers(n_workers, timeout=RESTART)
            cluster.loop.add_callback(watch.stop)


def compute(function, jobs, *, client, **settings):
    """Call a function for each job on the workers of a cluster.

    Jobs are taken and sent as workers become free, `AHEAD` for each of their threads, so that any
    number of them weighs nothing here or on the scheduler. Dask gives the jobs of a worker that is
    lost to another, and gives up a job after several, though it may only have waited behind the one
    that is to blame. So such jobs are tried again at the end, one at a time; where that costs
    several workers again, the result is None. When no worker is left, new ones are waited for.

    Parameters
    ----------
    function : callable
        ``function(job, **settings)``, importable on the workers.
    jobs : iterable
    client : distributed.Client
        `open_cluster`.
    **settings
        Further arguments of `function`.

    Yields
    ------
    job, result
        In the order in which they are done.

    Raises
    ------
    DataError
        When the connection is lost, or the workers lack this package; and what `function` raises.
    """
    from concurrent.futures import CancelledError

    from distributed import KilledWorker, as_completed
    from distributed.comm import CommClosedError

    address, jobs, waiting = client.scheduler.address, iter(jobs), {}
    suspects, alone = [], None
    call = partial(function, **settings)  # Dask has keyword arguments of its own
    done = as_completed(loop=client.loop)
    lost = (
        f"The connection to the Dask scheduler at {address} was lost. Start again: what was "
        "computed is kept."
    )

    def send(job):
        future = client.submit(call, job, pure=False)
        waiting[future] = job
        done.add(future)

    try:
        while True:
            most = AHEAD * max(1, sum(client.nthreads().values()))
            for job in islice(jobs, max(0, most - len(waiting))):  # fewer when workers are lost
                send(job)
            if not waiting and not suspects:
                return
            if not waiting:
                alone = suspects.pop()
                send(alone)
            future = next(done)
            job = waiting.pop(future)  # a result is forgotten on the cluster once it is here
            try:
                yield job, future.result()
            except KilledWorker:
                if job is alone:
                    yield job, None
                else:
                    suspects.append(job)
    except (CancelledError, CommClosedError):
        raise DataError(lost) from None
    except (ImportError, AttributeError) as error:
        reason = f"The Dask workers at {address} cannot run this package: {error}."
        raise DataError(f"{reason} Install it there.") from None


def _watch(cluster):
    """Every second, see which processes are missing for `RESTART`, and start others for them.

    Dask starts no process again that ends while it is being started, or takes too long for that;
    jobs would wait for ever.
    """
    from tornado.ioloop import PeriodicCallback

    missing = {}

    def look():
        here = {worker.name for worker in cluster.scheduler.workers.values()}
        for name in here:
            missing.pop(name, None)
        lost = [name for name in cluster.worker_spec if name not in here]
        lost = [name for name in lost if time.monotonic() - since(name) > RESTART]
        for name in lost:
            del missing[name]
            if name in cluster.workers:
                cluster.loop.add_callback(cluster.workers.pop(name).close)
        if lost:
            cluster.scale(len(cluster.worker_spec))

    def since(name):
        return missing.setdefault(name, time.monotonic())

    return PeriodicCallback(look, 1000)


@contextmanager
def _connect(client_class, address):
    if not re.fullmatch(ADDRESS, address):
        raise UsageError(f"{address!r} is no address of a scheduler, such as {EXAMPLE}.")
    try:
        client = client_class(address, timeout=PATIENCE, set_as_default=False)
    except OSError:
        raise UsageError(
            f"No Dask scheduler answers at {address}: start one with `dask scheduler`, and give "
            f"the address that it prints, such as {EXAMPLE}."
        ) from None
    try:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            client.wait_for_workers(1, timeout=PATIENCE)
        yield client
    except TimeoutError:
        raise UsageError(
            f"The Dask scheduler at {address} has no worker: start some with `dask worker`."
        ) from None
    finally:
        client.close()


@contextmanager
def _quiet():
    """Keep what Dask logs about lost workers and connections off the screen."""
    # Each has a level of its own, which that of the first among them does not bind.
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    loggers = [logging.getLogger(name) for name in (*names, "tornado")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
