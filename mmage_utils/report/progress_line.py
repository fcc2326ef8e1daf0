"""The line of the notebook that runs: what its kernel tells, in place or a line a minute."""

import shutil
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

REFRESH, LOG_SECONDS = 0.5, 60


@contextmanager
def show_progress(head, place, *, log=lambda line: None, stream=None, seconds=None):
    """Context in which what a kernel writes to a file stands after the head of a printed line.

    On a terminal the line is redrawn in its place, cut to the width; at the end the head alone is
    left, for the outcome to be printed after it. Elsewhere, as in a pipe, a line of its own is
    printed every minute in which something was told, and the outcome begins a line too.

    Parameters
    ----------
    head : str
        Printed before, as ``[2/11] 02_image_classifier …`` and a space.
    place : Path
        The file (`progress.PLACE`), which need not exist and is removed.
    log : callable
        Gets a line every minute.
    stream : file, optional
        Standard output unless given.
    seconds : float, optional
        Between two lines of a log: a minute unless given.
    """
    stream, seconds = stream or sys.stdout, seconds or LOG_SECONDS
    end, told = threading.Event(), [0]

    def watch():
        terminal, last = stream.isatty(), time.monotonic()
        while not end.wait(min(REFRESH, seconds)):
            text = _read(place)
            if terminal and text:
                _redraw(stream, head + text)
            if text and time.monotonic() - last >= seconds:
                last = time.monotonic()
                log(text)
                if not terminal:
                    print(("\n" if not told[0] else "") + f"  {text}", flush=True, file=stream)
                    told[0] += 1
        if terminal:
            _redraw(stream, head)
            print(f"\r{head}", end="", flush=True, file=stream)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        end.set()
        watching.join()
        with suppress(OSError):
            place.unlink(missing_ok=True)


def _read(place):
    try:
        return Path(place).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # not there yet, or just being written
        return ""


def _redraw(stream, line):
    # The last column is left free: a terminal would begin a new line after it.
    width = max(shutil.get_terminal_size().columns - 1, 20)
    cut = line if len(line) <= width else f"{line[: width - 1]}…"
    print(f"\r{cut:<{width}}", end="", flush=True, file=stream)
