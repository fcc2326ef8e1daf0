"""What all commands share: the application, its errors and signals, and common arguments."""

import atexit
import errno
import logging
import shlex
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option
from typer.core import TyperGroup

from mmage_utils.errors import DataError, UsageError, visible
from mmage_utils.processes import keep_memory

RESUMABLE = ("import", "features", "train")  # commands that find again what they have done


def say(text, *, err=False):
    """Print a text, in which names and cells of the data may stand."""
    typer.echo(visible(text), err=err)


class _Terminated(KeyboardInterrupt):
    """The signal SIGTERM, by which a batch system or a shutdown asks for what Ctrl-C does."""


@contextmanager
def _signals_raise():
    """Let SIGINT and SIGTERM raise once: a second one ends the process without a word."""

    def stop(number, _):
        for other in (signal.SIGINT, signal.SIGTERM):
            signal.signal(other, signal.SIG_DFL)
        # Kernels and browsers that end with us leave answers behind that nobody waits for.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
        raise _Terminated if number == signal.SIGTERM else KeyboardInterrupt

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
        # All is done; what Python takes to end is not worth a death by signal.
        atexit.register(_ignore_signals)
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _ignore_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class _PlainErrors(TyperGroup):
    """Prints an error that the user can fix as one sentence, without a traceback."""

    def invoke(self, ctx):
        keep_memory()
        try:
            with _signals_raise():
                return super().invoke(ctx)
        except DataError as error:
            message, code = error, 1
        except UsageError as error:
            message, code = error, 2
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            message, code = f"{place}{error.strerror or error}.", 1
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                message = f"{place}the disk is full: free some space, and try again."
        except KeyboardInterrupt as stop:
            message, code = "interrupted.", 143 if isinstance(stop, _Terminated) else 130
            if ctx.invoked_subcommand == "report":
                command = shlex.join(["./run_all.sh", *sys.argv[2:]])
                message = f"interrupted; {command} goes on where it stopped."
            elif ctx.invoked_subcommand in RESUMABLE:
                message = "interrupted; the same command goes on where it stopped."
        say(f"mmage: {message}", err=True)
        raise typer.Exit(code)


app = typer.Typer(
    cls=_PlainErrors,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Age groups from the face, the voice and the words of a 15-second clip.",
)

Folder = Annotated[Path, Argument(help="A First Impressions folder.")]
Predictions = Annotated[Path, Argument(help="CSV file of predictions.")]
Labels = Annotated[Path, Argument(help="A label list, or a First Impressions folder.")]
Split = Annotated[str, Option(help="Which split of a folder is scored.")]
JsonFile = Annotated[Path | None, Option("--json", help="Write the numbers to this JSON file.")]
RecogniserModel = Annotated[
    Path | None, Option("--model", help="Folder of another Whisper model (CTranslate2) to do it.")
]


def find_recogniser(transcribe, model):
    """What recognises words, where the options ``--transcribe`` and ``--model`` ask for it."""
    from mmage_utils.data.speech_recognition import load_recogniser

    if model and not transcribe:
        raise UsageError("--model names what recognises words: add --transcribe.")
    return load_recogniser(model) if transcribe else None


def finish(wrong, json_file=None, record=None):
    """Write the record where a file is given, and exit with 1 if something is wrong."""
    from mmage_utils.files import save_json

    if json_file:
        save_json(json_file, record)
    raise typer.Exit(1 if wrong else 0)
