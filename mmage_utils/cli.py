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
    from mmage_utils.sample.write import make_sample

    written = make_sample(folder, n_clips=clips, seed=seed)
    what = "written" if written else "there already, nothing to do"
    typer.echo(f"Synthetic sample of {clips} clips with media, seed {seed}: {folder} ({what}).")


@app.command()
@_plain_errors
def check_data(folder: Annotated[Path, typer.Argument(help="A First Impressions folder.")]):
    """Check label lists and media; say everything that is wrong, with file and row."""
    from mmage_utils.data.clips import count_media, describe_data, read_clips
    from mmage_utils.data.folder_check import check_data

    problems = check_data(folder)
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(problem.error for problem in problems)
    if errors:
        typer.echo(f"{folder}: {errors} errors, {len(problems) - errors} warnings.")
        raise typer.Exit(1)
    clips = read_clips(folder)
    typer.echo(f"{folder}: {describe_data(folder)}, {clips['UserID'].nunique():,} users.")
    typer.echo(count_media(clips).to_string())


@app.command()
@_plain_errors
def features(
    folder: Annotated[Path, typer.Argument(help="A First Impressions folder.")],
    recipe: Annotated[str, typer.Option(help="fast, or published (the report's).")] = "fast",
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler that computes instead.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the counts here.")] = None,
):
    """Compute the acoustic features of every recording that the cache does not hold yet."""
    from mmage_utils.data.clips import read_clips
    from mmage_utils.display.data_notes import extraction_text
    from mmage_utils.features.voices.extraction import extract_features, summarise_extraction
    from mmage_utils.files import save_json

    clips = read_clips(folder)
    clips = clips[clips["audio"].notna()].reset_index(drop=True)
    if clips.empty:
        raise DataError(f"{folder}: no clip has a recording, for example train/4/NAME.wav.")
    extraction = extract_features(clips, recipe=recipe, scheduler=scheduler)
    counts = summarise_extraction(clips, extraction)
    typer.echo(extraction_text(counts))
    if json_file:
        save_json(json_file, counts)
    raise typer.Exit(1 if counts["unreadable"] else 0)


Predictions = Annotated[Path, typer.Argument(help="CSV file of predictions.")]
Labels = Annotated[Path, typer.Argument(help="A label list, or a First Impressions folder.")]
Split = Annotated[str, typer.Option(help="Which split of a folder is scored.")]


def _examine(predictions, labels, split):
    """Print what is wrong with a prediction file; return findings, table and reference."""
    from mmage_utils.scores.prediction_check import check_predictions, read_reference

    reference = read_reference(labels, split=split)
    findings, table = check_predictions(predictions, reference)
    for finding in findings:
        typer.echo(f"{predictions}: {finding}")
    return findings, table, reference


@app.command()
@_plain_errors
def evaluate(
    predictions: Predictions,
    labels: Labels,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here.")] = None,
    split: Split = "test",
):
    """Score predictions, with intervals; ends in 1 when something is wrong with the file."""
    from mmage_utils.display.tables import scorecard_text
    from mmage_utils.files import save_json
    from mmage_utils.scores.scorecard import make_scorecard

    findings, table, reference = _examine(predictions, labels, split)
    if table is None:
        raise DataError(f"{predictions} cannot be scored.")
    card = make_scorecard(table, reference)
    typer.echo(("\n" if findings else "") + scorecard_text(card))
    if json_file:
        save_json(json_file, card | {"findings": [str(finding) for finding in findings]})
    raise typer.Exit(1 if findings else 0)


@app.command()
@_plain_errors
def check_predictions(predictions: Predictions, labels: Labels, split: Split = "test"):
    """Say what is wrong with a prediction file, how it is known, and the likely mend."""
    findings, table, _ = _examine(predictions, labels, split)
    if not findings:
        typer.echo(f"{predictions}: {len(table):,} clips, nothing wrong found.")
    raise typer.Exit(1 if findings else 0)


@app.command()
@_plain_errors
def compare(
    first: Predictions,
    second: Predictions,
    labels: Labels,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
    split: Split = "test",
):
    """Compare two prediction files on the clips that both predict."""
    from mmage_utils.display.sentences import difference_sentence
    from mmage_utils.files import save_json
    from mmage_utils.predictions import shared_clips
    from mmage_utils.scores import comparison

    tables = [_examine(path, labels, split) for path in (first, second)]
    if any(table is None for _, table, _ in tables):
        raise DataError("The two files cannot be compared.")
    pair = shared_clips([table for _, table, _ in tables])
    if pair[0].empty:
        raise DataError("The two files share no clip.")
    table, tests = comparison.compare(*pair)
    typer.echo(f"{tests['clips']:,} clips of {tests['users']:,} users; {first} minus {second}")
    for row in table.itertuples():
        name = row.metric.replace("_", " ")
        typer.echo(f"  {name:<18}{row.value:+.4f}  {row.low:+.4f}, {row.high:+.4f}")
    typer.echo(
        f"  McNemar: {tests['only_first']} clips right only in the first, {tests['only_second']} "
        f"only in the second, p = {tests['p_mcnemar']:.3g}; over users p = {tests['p_users']:.3g}"
    )
    typer.echo(difference_sentence("the first", "the second", table.iloc[0]))
    if json_file:
        save_json(json_file, {"differences": table} | tests)
    raise typer.Exit(1 if any(findings for findings, _, _ in tables) else 0)


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
    slides: Annotated[
        bool, typer.Option("--slides", help="Make only the slides again; run no notebook.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Renew the committed notebooks and figures.")
    ] = False,
):
    """Run the notebooks in order and make slides of them (./run_all.sh calls this)."""
    from mmage_utils.report.export import write_slides
    from mmage_utils.report.notebook_runner import run_report
    from mmage_utils.report.parameters import find_run

    chosen = {"data": data, "run": run, "params_file": params_file}
    if slides:
        if start or only or refresh:
            raise UsageError("--slides runs no notebook: leave out --from, --only and --refresh.")
        folder = find_run(**chosen)
    else:
        folder = run_report(**chosen, start=start, only=only, refresh=refresh)
    write_slides(folder)


if __name__ == "__main__":
    app()
