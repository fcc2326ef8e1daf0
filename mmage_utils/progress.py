"""Progress bars of long computations: in a terminal or a notebook, not in a report."""

import os


def progress_bar(total, what, unit, items=None):
    """A bar to update, or around `items`; silent where ``TQDM_DISABLE`` is set."""
    from tqdm.auto import tqdm

    silent = bool(os.environ.get("TQDM_DISABLE"))  # tqdm's bars for notebooks ignore it
    return tqdm(items, total=total, desc=what, unit=unit, disable=silent)
