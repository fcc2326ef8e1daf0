"""Commands on runs: make one, check one, and ask its models."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from mmage_utils.cli.base import JsonFile, RecogniserModel, app, find_recogniser, finish, say
from mmage_utils.errors import UsageError


@app.command()
def verify(
    run: Annotated[Path, Argument(help="Name of a run, or its folder.")],
    data: Annotated[Path | None, Option(help="The data folder, where it is not in data/.")] = None,
    json_file: JsonFile = None,
):
    """Check a whole run: every file, where it comes from, and the scores of its predictions."""
    from mmage_utils.report.run_check import check_run, check_text
    from mmage_utils.runs import find_run_folder

    folder = find_run_folder(run)
    check = check_run(folder, data)
    say(check_text(folder.name, check))
    findings = [finding._asdict() for finding in check.findings]
    finish(
        check.findings, json_file, {"run": folder.name} | check._asdict() | {"findings": findings}
    )


@app.command("runs")
def list_all(json_file: JsonFile = None):
    """List the runs, the latest first: when, of which data, and the headline."""
    from mmage_utils.report.run_list import list_runs, list_text

    table = list_runs()
    say(list_text(table))
    finish(False, json_file, {"runs": table})


@app.command()
def compare_runs(
    first: Annotated[Path, Argument(help="Name of a run, or its folder.")],
    second: Annotated[Path, Argument(help="The run that is held against it.")],
    page: Annotated[Path | None, Option("--html", help="Write a page with all of it.")] = None,
    json_file: JsonFile = None,
):
    """Hold two runs against each other: what they rest on, every score, and the figures.

    Scores are compared clip by clip, with intervals over users, where the runs are of the same
    data; where not, the exit code is 1.
    """
    from mmage_utils.files import write_text
    from mmage_utils.report.comparison_page import comparison_text, render_comparison
    from mmage_utils.report.run_comparison import compare_runs
    from mmage_utils.runs import find_run_folder

    folders = [find_run_folder(run) for run in (first, second)]
    comparison = compare_runs(*folders)
    if page:
        write_text(page, render_comparison(comparison, folders))
    say(comparison_text(comparison))
    finish(not comparison.same_data, json_file, comparison._asdict())


@app.command()
def predict(
    clips: Annotated[list[Path], Argument(help="Videos, folders of videos, or data folders.")],
    run: Annotated[Path, Option(help="Name of a run, its folder, or a folder with its models.")],
    output: Annotated[Path | None, Option("--output", "-o", help="Write a CSV file.")] = None,
    page: Annotated[Path | None, Option("--html", help="Write a page with every clip.")] = None,
    json_file: JsonFile = None,
    transcribe: Annotated[
        bool, Option("--transcribe", help="Recognise the words of videos without a transcript.")
    ] = False,
    model: RecogniserModel = None,
):
    """Answer for new clips with the models of a run: the perceived age group, not the true age.

    The exit code is 1 if a clip cannot be read. A name that begins with - stands after --.
    """
    from tempfile import TemporaryDirectory

    from mmage_utils.display.answer_text import answers_record, answers_text
    from mmage_utils.files import whole, write_text
    from mmage_utils.fusion.answers import predict_new
    from mmage_utils.fusion.bundle import FOLDER, RECORD, read_bundle
    from mmage_utils.runs import find_run_folder

    folder = find_run_folder(run)
    models = read_bundle(folder if (folder / RECORD).is_file() else folder / FOLDER)
    recogniser = find_recogniser(transcribe, model)
    with TemporaryDirectory() as work:
        read, answers = predict_new(models, clips, work, recogniser=recogniser)
        if page:
            from mmage_utils.report.answer_page import render_answers

            write_text(page, render_answers(read, answers, models))
    say(answers_text(answers, models.facts))
    if output:
        with whole(output) as temporary:
            answers.to_csv(temporary, index=False, float_format="%.9g", lineterminator="\n")
    finish(answers["modalities"].eq("").any(), json_file, answers_record(answers, models.facts))


@app.command()
def report(
    data: Annotated[Path | None, Option(help="First Impressions folder (default: sample).")] = None,
    run: Annotated[str | None, Option(help="Name of the run, a folder of runs/.")] = None,
    params_file: Annotated[Path | None, Option("-f", help="YAML file of parameters.")] = None,
    start: Annotated[str | None, Option("--from", help="Number of the first notebook.")] = None,
    only: Annotated[str | None, Option(help="The one notebook to run.")] = None,
    slides: Annotated[bool, Option("--slides", help="Only make the slides again.")] = False,
    again: Annotated[bool, Option("--again", help="Run what is finished again, too.")] = False,
    refresh: Annotated[bool, Option("--refresh", help="Renew the committed outputs.")] = False,
    at_once: Annotated[
        int | None, Option("--at-once", help="Notebooks that may run at once (default: 1 or 2).")
    ] = None,
):
    """Run the notebooks in order and make slides of them (./run_all.sh calls this).

    A notebook that is finished, and of which nothing has changed, is reused.
    """
    from mmage_utils.report.export import renew_slides
    from mmage_utils.report.notebook_runner import run_report
    from mmage_utils.report.parameters import find_run
    from mmage_utils.runs import hold_run

    chosen = {"data": data, "run": run, "params_file": params_file}
    if slides and (start or only or again or refresh or at_once is not None):
        raise UsageError(
            "--slides runs no notebook: leave out --from, --only, --again, --refresh and --at-once."
        )
    folder = find_run(**chosen)
    with hold_run(folder):
        if not slides:
            how = {"again": again, "refresh": refresh, "at_once": at_once}
            run_report(**chosen, start=start, only=only, **how)
        renew_slides(folder, again=slides or again)
