"""The command ``mmage``. It ends in 0 (fine), 1 (data are wrong) or 2 (wrong usage)."""

from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

from mmage_utils.errors import DataError, UsageError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Age groups from the face, the voice and the words of a 15-second clip.",
)


def _plain_errors(command):
    """Print an error that the user can mend as one sentence, without a traceback."""

    @wraps(command)
    def run(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except (DataError, UsageError) as error:
            typer.echo(f"mmage: {error}", err=True)
            raise typer.Exit(1 if isinstance(error, DataError) else 2) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            typer.echo(f"mmage: {place}{error.strerror or error}.", err=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            typer.echo("mmage: interrupted.", err=True)
            raise typer.Exit(130) from None

    return run


@app.command()
@_plain_errors
def sample(
    folder: Annotated[Path, typer.Argument(help="Folder to write.")],
    clips: Annotated[int, typer.Option(help="Clips that get media, 160 to 10000.")] = 1200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
):
    """Write a synthetic First Impressions folder: label lists, faces, voices, transcripts."""
    from mmage_utils.sample.make import make_sample

    written = make_sample(folder, n_clips=clips, seed=seed)
    what = "written" if written else "there already, nothing to do"
    typer.echo(f"Synthetic sample of {clips} clips with media, seed {seed}: {folder} ({what}).")


@app.command()
@_plain_errors
def check_data(
    folder: Annotated[Path, typer.Argument(help="A First Impressions folder.")],
):
    """Read the label lists and count the media; say what is wrong and where."""
    from mmage_utils.clips import count_media, describe_data, read_clips

    clips = read_clips(folder)
    typer.echo(f"{folder}: {describe_data(folder)}, {clips['UserID'].nunique():,} users.")
    typer.echo(count_media(clips).to_string())


@app.command()
@_plain_errors
def report(
    data: Annotated[
        Path | None, typer.Option(help="First Impressions folder; the sample if not given.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Name of the run, a folder of runs/.")] = None,
    params_file: Annotated[
        Path | None, typer.Option("-f", help="YAML file of notebook parameters.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="First notebook, 01 to 09.")] = None,
    only: Annotated[str | None, typer.Option(help="The one notebook to run.")] = None,
    slides: Annotated[bool, typer.Option("--slides", help="Export slides as well.")] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Renew the committed notebooks and figures.")
    ] = False,
):
    """Run the notebooks in order (./run_all.sh calls this)."""
    from mmage_utils.report import run_report

    run_report(
        data=data,
        run=run,
        params_file=params_file,
        start=start,
        only=only,
        slides=slides,
        refresh=refresh,
    )


if __name__ == "__main__":
    app()
