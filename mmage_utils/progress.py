"""What a long computation is doing: bars for a person, lines for a runner or a log, or nothing."""

import os
import sys
import time
from contextlib import suppress
from functools import partial

PLACE = "MMAGE_PROGRESS"  # names the file in which a kernel tells its runner what it is doing
# Set by Jupyter's servers and by VS Code for the kernels whose outputs they show as widgets.
WIDGETS = ("JPY_SESSION_NAME", "VSCODE_PID")
LOG_SECONDS, LINE_SECONDS = 60, 1
_CELL = [""]  # that runs


def progress_bar(total, what, unit, items=None):
    """A bar to update, or around `items`, which also closes it; a context that does.

    Where the variable `PLACE` names a file, what is done is written into it, at most once a second.
    Otherwise ``TQDM_DISABLE`` silences it, a terminal or JupyterLab shows a bar, and anything else
    (a log, or papermill and nbconvert, which keep what is printed) gets a line a minute on stderr.

    Parameters
    ----------
    total : int
    what : str
        What is done: ``Faces``, or ``training image_corrected``.
    unit : str
        Of what; ``epoch`` is counted as the one that is going on.
    items : iterable, optional
    """
    place = os.environ.get(PLACE)
    if place:
        lines = _Lines(partial(tell, place=place), LINE_SECONDS, total, what, unit, items)
        lines.show()
        return lines
    silent = bool(os.environ.get("TQDM_DISABLE"))  # tqdm's bars for notebooks ignore it
    if not silent and not _shows_bars():
        return _Lines(_print, LOG_SECONDS, total, what, unit, items)
    from tqdm.auto import tqdm

    # Trainings are many; their bars go when they are done.
    kept = unit != "epoch"
    return tqdm(items, total=total, desc=what, unit=unit, disable=silent, leave=kept)


def tell_cell(number, cells=0):
    """Tell the runner which cell a kernel runs, until a bar has more to say."""
    _CELL[0] = f"cell {number} of {cells}" if cells else f"cell {number}"
    tell(_CELL[0])


def tell(text, place=None):
    """Write to the file of the runner, if there is one, what this process is doing."""
    place = place or os.environ.get(PLACE)
    with suppress(OSError):  # on a full disk, what is computed matters more
        if place:
            with open(place, "w", encoding="utf-8") as stream:
                stream.write(text)


def describe(n, total, what, unit, *, rate=None, more=""):
    """What is done in words: ``training x, epoch 3 of 12, valid 64.1%, about 40 s left``.

    Parameters
    ----------
    n, total : int
        How many are done, and of how many.
    what, unit : str
        As `progress_bar`.
    rate : float, optional
        How many are done in a second.
    more : str
        Said before the time.
    """
    count = f"{min(n + 1, total)} of {total}" if unit == "epoch" else f"{n:,} of {total:,}"
    count = f"{unit} {count}" if unit == "epoch" else f"{count} {unit}s"
    left = f"about {_duration((total - n) / rate)} left" if rate and n < total else ""
    return ", ".join(filter(None, (what, count, more, left)))


def _duration(seconds):
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < 99.5 else f"{minutes / 60:.1f} h"


def _shows_bars():
    """Whether a bar is redrawn in its place where this process writes, and not kept."""
    in_kernel = "ipykernel" in sys.modules and "IPython" in sys.modules
    if in_kernel and sys.modules["IPython"].get_ipython() is not None:
        return any(name in os.environ for name in WIDGETS)
    return sys.stderr is not None and sys.stderr.isatty()


def _print(line):
    print(line, file=sys.stderr, flush=True)


class _Lines:
    """What this module uses of a bar of tqdm, its state given as a line every so many seconds."""

    def __init__(self, write, seconds, total, what, unit, items):
        self.write, self.seconds, self.items = write, seconds, items
        self.total, self.what, self.unit, self.more = total, what, unit, ""
        self.n = self.initial = 0
        self.start = self.last = time.monotonic()

    def update(self, n=1):
        """Count `n` more, and tell, if some time has passed since the last line."""
        self.n += n
        if time.monotonic() - self.last >= self.seconds:
            self.show()

    def show(self):
        """Tell now."""
        self.last = time.monotonic()
        # A training that was resumed did not begin at 0.
        rate = (self.n - self.initial) / max(self.last - self.start, 1e-9)
        what = (self.n, self.total, self.what, self.unit)
        self.write(describe(*what, rate=rate, more=self.more))

    def set_postfix_str(self, text):
        """Have `text` said before the time that is left."""
        self.more = text

    def __iter__(self):
        with self:
            for item in self.items:
                yield item
                self.update()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        tell(_CELL[0])
