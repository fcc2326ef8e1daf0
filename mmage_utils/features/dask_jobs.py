"""Work on an existing Dask cluster: results as they arrive, and plain words when it fails."""

import logging
import re
from contextlib import contextmanager

from mmage_utils.errors import DataError, UsageError

ADDRESS = r"((tcp|tls|ws|wss)://)?[^/\s]+:\d{1,5}"
EXAMPLE = "tcp://127.0.0.1:8786"
PATIENCE = 5  # s, for the scheduler and for a first worker


def compute(function, jobs, *, address, **settings):
    """Call a function for each job on the workers of a cluster.

    Dask gives the job of a worker that is lost to another; a job that has lost several workers is
    given up, and its result is None. When no worker is left, new ones are waited for.

    Parameters
    ----------
    function : callable
        ``function(job, **settings)``, importable on the workers.
    jobs : list
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    **settings
        Further arguments of `function`.

    Yields
    ------
    job, result
        In the order in which they are done.

    Raises
    ------
    UsageError
        When the scheduler does not answer within `PATIENCE`, or has no worker.
    DataError
        When the connection is lost, or the workers lack this package; and what `function` raises.
    """
    from concurrent.futures import CancelledError

    from distributed import Client, KilledWorker, as_completed
    from distributed.comm import CommClosedError

    with _quiet(), _connect(Client, address) as client:
        futures = client.map(function, jobs, pure=False, **settings)
        waiting = dict(zip(futures, jobs, strict=True))
        del futures  # a result is forgotten on the cluster once it is here
        for future in as_completed(list(waiting), loop=client.loop):
            job = waiting.pop(future)
            try:
                yield job, future.result()
            except KilledWorker:
                yield job, None
            except (CancelledError, CommClosedError):
                raise DataError(
                    f"The connection to the Dask scheduler at {address} was lost. Start again: "
                    "what was computed is kept."
                ) from None
            except (ImportError, AttributeError) as error:
                reason = f"The Dask workers at {address} cannot run this package: {error}."
                raise DataError(f"{reason} Install it there.") from None


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
