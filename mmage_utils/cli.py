"""The command ``mmage``. Its exit code is 0 (fine), 1 (data are wrong) or 2 (wrong usage)."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option
from typer.core import TyperGroup

from mmage_utils.errors import DataError, UsageError


class _PlainErrors(TyperGroup):
    """Prints an error that the user can fix as one sentence, without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except DataError as error:
            message, code = error, 1
        except UsageError as error:
            message, code = error, 2
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            message, code = f"{place}{error.strerror or error}.", 1
        except KeyboardInterrupt:
            message, code = "interrupted.", 130
        typer.echo(f"mmage: {message}", err=True)
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


def _finish(wrong, json_file=None, record=None):
    """Write the record where a file is given, and exit with 1 if something is wrong."""
    from mmage_utils.files import save_json

    if json_file:
        save_json(json_file, record)
    raise typer.Exit(1 if wrong else 0)


@app.command()
def sample(
    folder: Annotated[Path, Argument(help="Folder to write.")],
    clips: Annotated[int, Option(help="Clips that get media, 160 to 10000.")] = 3095,
    seed: Annotated[int, Option(help="The same seed gives the same bytes.")] = 0,
    videos: Annotated[int, Option(help="Clips of which FOLDER/videos gets a video too.")] = 0,
):
    """Write a synthetic First Impressions folder: label lists, faces, voices, transcripts."""
    from mmage_utils.sample.videos import check_number, make_videos
    from mmage_utils.sample.write import make_sample

    check_number(videos, clips)

    written = make_sample(folder, n_clips=clips, seed=seed)
    outcome = "written" if written else "there already, nothing to do"
    typer.echo(f"Synthetic sample of {clips} clips with media, seed {seed}: {folder} ({outcome}).")
    if videos:
        new = make_videos(folder, videos, seed=seed)
        typer.echo(f"Videos in {folder / 'videos'}: {new} written, {videos} asked for.")


@app.command("import")
def import_raw(
    videos: Annotated[Path, Argument(help="A folder of videos, or one video.")],
    folder: Annotated[Path, Argument(help="Folder to write, or of an earlier import.")],
    labels: Annotated[
        Path | None, Option(help="CSV file of labels, or a folder with the three label lists.")
    ] = None,
    transcripts: Annotated[
        list[Path] | None, Option(help="Pickled dict, CSV file or folder of texts; repeatable.")
    ] = None,
    transcribe: Annotated[
        bool, Option("--transcribe", help="Recognise the words of clips without a transcript.")
    ] = False,
    model: Annotated[
        Path | None, Option(help="Folder of another Whisper model (CTranslate2) to do it with.")
    ] = None,
    jobs: Annotated[int, Option(min=1, help="Processes that read.")] = 2,
):
    """Make a First Impressions folder of raw videos: faces, voices, transcripts, label lists.

    What is done is not done again. The exit code is 1 if a video gave neither face nor voice.
    """
    from mmage_utils.data.speech_recognition import load_recogniser
    from mmage_utils.data.video_import import LEFT_OUT, import_videos
    from mmage_utils.display.data_notes import import_text

    if model and not transcribe:
        raise UsageError("--model names what recognises words: add --transcribe.")
    recogniser = load_recogniser(model) if transcribe else None
    record, left_out = import_videos(
        videos, folder, labels=labels, transcripts=transcripts or (), recogniser=recogniser,
        n_jobs=jobs,
    )  # fmt: skip
    typer.echo(import_text(record, left_out))
    typer.echo(f"{folder}: what was left out, and why, is in {LEFT_OUT}.")
    _finish((left_out["what"] == "video").any())


@app.command()
def check_data(folder: Folder):
    """Check label lists and media; print every problem, with file and row."""
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
def features(
    folder: Folder,
    recipe: Annotated[str, Option(help="fast, published (the report's), or speaker.")] = "fast",
    scheduler: Annotated[str | None, Option(help="Address of a Dask scheduler to use.")] = None,
    json_file: JsonFile = None,
):
    """Compute the features of every recording that is not in the cache yet.

    The recipe is one of the acoustic features, or speaker: the packaged speaker network.
    """
    from mmage_utils.data.clips import read_clips
    from mmage_utils.display.data_notes import extraction_text
    from mmage_utils.features.voices.extraction import extract_features, summarise_extraction
    from mmage_utils.features.voices.speaker_embeddings import embed_voices

    clips = read_clips(folder)
    clips = clips[clips["audio"].notna()].reset_index(drop=True)
    if clips.empty:
        raise DataError(f"{folder}: no clip has a recording, for example train/4/NAME.wav.")
    if recipe == "speaker":
        counts = embed_voices(clips, scheduler=scheduler).record()
    else:
        extraction = extract_features(clips, recipe=recipe, scheduler=scheduler)
        counts = summarise_extraction(clips, extraction)
    typer.echo(extraction_text(counts))
    _finish(counts["unreadable"], json_file, counts)


def _check(predictions, labels, split):
    """Print what is wrong with a prediction file; return findings, table and reference."""
    from mmage_utils.scores.prediction_check import check_predictions, read_reference

    reference = read_reference(labels, split=split)
    findings, table = check_predictions(predictions, reference)
    for finding in findings:
        typer.echo(f"{predictions}: {finding}")
    return findings, table, reference


@app.command()
def evaluate(
    predictions: Predictions, labels: Labels, json_file: JsonFile = None, split: Split = "test"
):
    """Score predictions, with intervals; the exit code is 1 if the file has a problem."""
    from mmage_utils.display.scorecard_text import scorecard_text
    from mmage_utils.scores.scorecard import make_scorecard

    findings, table, reference = _check(predictions, labels, split)
    if table is None:
        raise DataError(f"{predictions} cannot be scored.")
    card = make_scorecard(table, reference)
    typer.echo(("\n" if findings else "") + scorecard_text(card))
    _finish(findings, json_file, card | {"findings": list(map(str, findings))})


@app.command()
def check_predictions(predictions: Predictions, labels: Labels, split: Split = "test"):
    """Print what is wrong with a prediction file, the evidence, and the likely fix."""
    findings, table, _ = _check(predictions, labels, split)
    if not findings:
        typer.echo(f"{predictions}: {len(table):,} clips, nothing wrong found.")
    _finish(findings)


@app.command()
def compare(
    first: Predictions,
    second: Predictions,
    labels: Labels,
    json_file: JsonFile = None,
    split: Split = "test",
):
    """Compare two prediction files on the clips that both predict."""
    from mmage_utils.display.sentences import difference_sentence
    from mmage_utils.predictions import shared_clips
    from mmage_utils.scores import comparison

    checks = [_check(path, labels, split) for path in (first, second)]
    findings, tables, _ = zip(*checks, strict=True)
    if any(table is None for table in tables):
        raise DataError("The two files cannot be compared.")
    pair = shared_clips(tables)
    if pair[0].empty:
        raise DataError("The two files share no clip.")
    differences, tests = comparison.compare(*pair)
    typer.echo(f"{tests['clips']:,} clips of {tests['users']:,} users; {first} minus {second}")
    for row in differences.itertuples():
        name = row.metric.replace("_", " ")
        typer.echo(f"  {name:<18}{row.value:+.4f}  {row.low:+.4f}, {row.high:+.4f}")
    typer.echo(
        f"  McNemar: {tests['only_first']} clips right only in the first, {tests['only_second']} "
        f"only in the second, p = {tests['p_mcnemar']:.3g}; over users p = {tests['p_users']:.3g}"
    )
    typer.echo(difference_sentence("the first", "the second", differences.iloc[0]))
    _finish(any(findings), json_file, {"differences": differences} | tests)


@app.command()
def report(
    data: Annotated[Path | None, Option(help="First Impressions folder (default: sample).")] = None,
    run: Annotated[str | None, Option(help="Name of the run, a folder of runs/.")] = None,
    params_file: Annotated[Path | None, Option("-f", help="YAML file of parameters.")] = None,
    start: Annotated[str | None, Option("--from", help="First notebook, 01 to 09.")] = None,
    only: Annotated[str | None, Option(help="The one notebook to run.")] = None,
    slides: Annotated[bool, Option("--slides", help="Only make the slides again.")] = False,
    refresh: Annotated[bool, Option("--refresh", help="Renew the committed outputs.")] = False,
):
    """Run the notebooks in order and make slides of them (./run_all.sh calls this)."""
    from mmage_utils.report.export import write_slides
    from mmage_utils.report.notebook_runner import run_report
    from mmage_utils.report.parameters import find_run

    chosen = {"data": data, "run": run, "params_file": params_file}
    if slides and (start or only or refresh):
        raise UsageError("--slides runs no notebook: leave out --from, --only and --refresh.")
    if slides:
        folder = find_run(**chosen)
    else:
        folder = run_report(**chosen, start=start, only=only, refresh=refresh)
    write_slides(folder)


if __name__ == "__main__":
    app()
