"""Progress bars of long computations: in a terminal or a notebook, not in a report."""

import os


def progress_bar(total, what, unit, items=None):
    """A bar to update as things are done, or around `items`; none where ``TQDM_DISABLE`` is set.

    tqdm's own bars for notebooks would not heed that variable.
    """
    from tqdm.auto import tqdm

    silent = bool(os.environ.get("TQDM_DISABLE"))
    return tqdm(items, total=total, desc=what, unit=unit, disable=silent)
