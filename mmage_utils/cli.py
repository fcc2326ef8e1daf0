"""The command ``mmage``. Its exit code is 0 (fine), 1 (data are wrong) or 2 (wrong usage)."""

import errno
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


def _say(text, *, err=False):
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
        raise _Terminated if number == signal.SIGTERM else KeyboardInterrupt

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


class _PlainErrors(TyperGroup):
    """Prints an error that the user can fix as one sentence, without a traceback."""

    def invoke(self, ctx):
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
        _say(f"mmage: {message}", err=True)
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
    lists: Annotated[
        int | None, Option(help="Write label lists and predictions of so many clips, no media.")
    ] = None,
    videos: Annotated[int, Option(help="Clips of which FOLDER/videos gets a video too.")] = 0,
):
    """Write a synthetic First Impressions folder: label lists, faces, voices, transcripts."""
    from mmage_utils.sample.large_lists import write_lists
    from mmage_utils.sample.videos import check_number, make_videos
    from mmage_utils.sample.write import make_sample

    if lists is not None:
        write_lists(folder, lists, seed=seed)
        _say(f"Synthetic label lists and predictions of {lists:,} clips, no media: {folder}")
        return
    check_number(videos, clips)
    written = make_sample(folder, n_clips=clips, seed=seed)
    outcome = "written" if written else "there already, nothing to do"
    _say(f"Synthetic sample of {clips} clips with media, seed {seed}: {folder} ({outcome}).")
    if videos:
        new = make_videos(folder, videos, seed=seed)
        _say(f"Videos in {folder / 'videos'}: {new} written, {videos} asked for.")


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
    _say(import_text(record, left_out))
    _say(f"{folder}: what was left out, and why, is in {LEFT_OUT}.")
    _finish((left_out["what"] == "video").any())


@app.command()
def check_data(folder: Folder):
    """Check label lists and media; print every problem, with file and row."""
    from mmage_utils.data.clips import count_media, describe_data, read_clips
    from mmage_utils.data.folder_check import check_data

    problems = check_data(folder)
    for problem in problems:
        _say(str(problem))
    errors = sum(problem.error for problem in problems)
    if errors:
        _say(f"{folder}: {errors} errors, {len(problems) - errors} warnings.")
        raise typer.Exit(1)
    clips = read_clips(folder)
    _say(f"{folder}: {describe_data(folder)}, {clips['UserID'].nunique():,} users.")
    _say(count_media(clips).to_string())


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
    _say(extraction_text(counts))
    _finish(counts["unreadable"], json_file, counts)


def _check(predictions, labels, split):
    """Print what is wrong with a prediction file; return findings, table and reference."""
    from mmage_utils.scores.prediction_check import check_predictions, read_reference

    reference = read_reference(labels, split=split)
    findings, table = check_predictions(predictions, reference)
    for finding in findings:
        _say(f"{predictions}: {finding}")
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
    _say(("\n" if findings else "") + scorecard_text(card))
    _finish(findings, json_file, card | {"findings": list(map(str, findings))})


@app.command()
def check_predictions(predictions: Predictions, labels: Labels, split: Split = "test"):
    """Print what is wrong with a prediction file, the evidence, and the likely fix."""
    findings, table, _ = _check(predictions, labels, split)
    if not findings:
        _say(f"{predictions}: {len(table):,} clips, nothing wrong found.")
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
    _say(f"{tests['clips']:,} clips of {tests['users']:,} users; {first} minus {second}")
    for row in differences.itertuples():
        name = row.metric.replace("_", " ")
        _say(f"  {name:<18}{row.value:+.4f}  {row.low:+.4f}, {row.high:+.4f}")
    _say(
        f"  McNemar: {tests['only_first']} clips right only in the first, {tests['only_second']} "
        f"only in the second, p = {tests['p_mcnemar']:.3g}; over users p = {tests['p_users']:.3g}"
    )
    _say(difference_sentence("the first", "the second", differences.iloc[0]))
    _finish(any(findings), json_file, {"differences": differences} | tests)


@app.command()
def verify(
    run: Annotated[Path, Argument(help="Name of a run, or its folder.")],
    data: Annotated[Path | None, Option(help="The data folder, where it is not in data/.")] = None,
    json_file: JsonFile = None,
):
    """Check a whole run: every file, where it comes from, and the scores of its predictions."""
    from mmage_utils.report.run_check import check_run, check_text, find_run_folder

    folder = find_run_folder(run)
    check = check_run(folder, data)
    typer.echo(check_text(folder.name, check))
    findings = [finding._asdict() for finding in check.findings]
    _finish(
        check.findings, json_file, {"run": folder.name} | check._asdict() | {"findings": findings}
    )


@app.command()
def report(
    data: Annotated[Path | None, Option(help="First Impressions folder (default: sample).")] = None,
    run: Annotated[str | None, Option(help="Name of the run, a folder of runs/.")] = None,
    params_file: Annotated[Path | None, Option("-f", help="YAML file of parameters.")] = None,
    start: Annotated[str | None, Option("--from", help="First notebook, 01 to 09.")] = None,
    only: Annotated[str | None, Option(help="The one notebook to run.")] = None,
    slides: Annotated[bool, Option("--slides", help="Only make the slides again.")] = False,
    again: Annotated[bool, Option("--again", help="Run what is finished again, too.")] = False,
    refresh: Annotated[bool, Option("--refresh", help="Renew the committed outputs.")] = False,
):
    """Run the notebooks in order and make slides of them (./run_all.sh calls this).

    A notebook that is finished, and of which nothing has changed, is reused.
    """
    from mmage_utils.report.export import renew_slides, write_slides
    from mmage_utils.report.notebook_runner import run_report
    from mmage_utils.report.parameters import find_run
    from mmage_utils.runs import hold_run

    chosen = {"data": data, "run": run, "params_file": params_file}
    if slides and (start or only or again or refresh):
        raise UsageError(
            "--slides runs no notebook: leave out --from, --only, --again and --refresh."
        )
    folder = find_run(**chosen)
    with hold_run(folder):
        if not slides:
            run_report(**chosen, start=start, only=only, again=again, refresh=refresh)
        (write_slides if slides or again else renew_slides)(folder)


if __name__ == "__main__":
    app()
