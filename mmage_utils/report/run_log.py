"""``runs/<RUN>/log.txt``: what a run did and when, on what, and what warned."""

import shlex
import sys
import time
from contextlib import suppress

import nbformat

from mmage_utils.data.provenance import make_provenance

NAME = "log.txt"
MOST_WARNINGS = 20  # lines of one notebook


def note(folder, text):
    """Add lines to the log of a run, each with the time; where that cannot be, it is left out.

    Parameters
    ----------
    folder : Path
        ``runs/<RUN>``.
    text : str
    """
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    lines = "".join(f"{now} {line}\n" for line in text.splitlines())
    # On a full disk the run itself says so.
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / NAME, "a", encoding="utf-8", errors="replace") as log:
            log.write(lines)


def note_start(folder):
    """Note the command, the commit, the versions and the machine."""
    origin = make_provenance("", "")
    commit = origin["commit"] or "unknown"
    versions = ", ".join(f"{name} {version}" for name, version in origin["versions"].items())
    machine = ", ".join(f"{name} {value}" for name, value in origin["machine"].items())
    note(
        folder,
        f"start: {shlex.join(sys.argv[1:])}\n"
        f"commit {commit}{', files changed' if origin['changed'] else ''}\n"
        f"versions: {versions}\n"
        f"machine: {machine}",
    )


def warnings_of(notebook, printed=""):
    """What a notebook's cells and its kernel wrote to stderr, as lines.

    Parameters
    ----------
    notebook : Path
        Executed.
    printed : str
        By the kernel, outside of cells.

    Returns
    -------
    list of str
        At most `MOST_WARNINGS`; the last one counts the others.
    """
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [output.text for output in outputs if output.get("name") == "stderr"]
    lines = [line for text in (*texts, printed) for line in text.splitlines() if line.strip()]
    more = len(lines) - MOST_WARNINGS
    return [*lines[:MOST_WARNINGS], f"and {more} lines more"] if more > 0 else lines
