"""What the notebooks that run are doing: one line in place, or a line of each a minute."""

import shutil
import sys
import time
from pathlib import Path

REFRESH, LOG_SECONDS = 0.5, 60


class ProgressLine:
    """The lines of a run: how notebooks ended, and below them what others are doing.

    On a terminal the last line is redrawn in its place, cut to the width. Elsewhere, as in a pipe,
    a line of each notebook is printed every minute in which it told something.

    Parameters
    ----------
    log : callable
        Gets those lines, too, on a terminal as elsewhere.
    stream : file, optional
        Standard output unless given.
    seconds : float, optional
        Between two lines of a log: a minute unless given.
    """

    def __init__(self, *, log=lambda line: None, stream=None, seconds=None):
        self.stream, self.seconds, self.log = stream or sys.stdout, seconds or LOG_SECONDS, log
        self.drawn, self.last = False, time.monotonic()

    def show(self, running):
        """Show what is going on now.

        Parameters
        ----------
        running : dict of str to Path
            The file (`progress.PLACE`), which need not exist, in which a kernel tells what it
            does, by what stands before it, as ``[2/11] 02_image_classifier``.
        """
        told = {head: _read(place) for head, place in running.items()}
        if self.stream.isatty() and told:
            self._redraw(told)
        if time.monotonic() - self.last < self.seconds:
            return
        self.last = time.monotonic()
        for head, text in told.items():
            if text:
                line = f"{head.split(' ')[-1]}: {text}"
                self.log(line)
                if not self.stream.isatty():
                    print(f"  {line}", file=self.stream, flush=True)

    def print(self, line):
        """Print a line that stays."""
        if self.drawn:
            print(f"\r{' ' * _width()}\r", end="", file=self.stream)
            self.drawn = False
        print(line, file=self.stream, flush=True)

    def _redraw(self, told):
        width = _width()
        heads = [head if len(told) == 1 else head.split(" ")[-1][:2] for head in told]
        texts = [f"{h} … {text}".rstrip() for h, text in zip(heads, told.values(), strict=True)]
        line = " | ".join(_cut(texts, width - 3 * (len(texts) - 1)))
        print(f"\r{line:<{width}}", end="", flush=True, file=self.stream)
        self.drawn = True


def _cut(texts, width):
    """Texts that have so many columns together: short ones whole, the others in equal shares."""
    cut, left = dict(enumerate(texts)), width
    for done, number in enumerate(sorted(cut, key=lambda number: len(texts[number]))):
        share = left // (len(texts) - done)
        if len(texts[number]) > share:
            cut[number] = f"{texts[number][: share - 1]}…"
        left -= len(cut[number])
    return cut.values()


def _width():
    # The last column is left free: a terminal would begin a new line after it.
    return max(shutil.get_terminal_size().columns - 1, 20)


def _read(place):
    try:
        return Path(place).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # not there yet, or just being written
        return ""
