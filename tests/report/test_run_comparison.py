"""Two runs beside each other: what differs, paired scores, figures, and what is refused."""

import json
import shutil

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import papermill
import pytest
from typer.testing import CliRunner

from mmage_utils import files, predictions, runs
from mmage_utils.cli import app
from mmage_utils.display.run_tables import compared_table
from mmage_utils.report.run_comparison import compare_runs
from mmage_utils.scores.comparison import metric_differences, probability_differences
from mmage_utils.scores.evaluation import score_models, train_majority

FACE, VOICE = "image, corrected", "audio, corrected"
NOTEBOOK = files.ROOT / "notebooks" / "compare.ipynb"


@pytest.fixture
def made(lists, tmp_path, monkeypatch, rng):
    """Function that makes a run of a face model, better by `skill`, and a figure."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(files, "CACHE", tmp_path / "cache")
    for name in ("lists", "others"):
        shutil.copytree(lists, tmp_path / "data" / name)
    path = tmp_path / "data" / "others" / "test_set_age_labels.csv"
    path.write_text(path.read_text().replace(",3,1,1", ",5,1,1"))

    def make(name, *, data="lists", skill=0.0, models=(FACE,), drawn=1, **parameters):
        run, clips = runs.open_run(name, f"data/{data}", seed=0)
        run = run._replace(provenance=run.provenance | {"parameters": parameters})
        truth = np.eye(7)[clips["AgeGroup"] - 1]
        tables = {
            model: predictions.tabulate(
                clips, rng.dirichlet(np.ones(7), len(clips)) * (1 - skill) + truth * skill
            )
            for model in models
        }
        for model, table in tables.items():
            predictions.write_predictions(run, model, table)
        first = next(iter(tables.values()))
        scores = score_models(tables, majority=train_majority(first))
        results = {"scores": scores}
        runs.save_results(run, "g_fusion", results, headline=f"the headline of {name}")
        axes = plt.subplots()[1]
        axes.plot([0, drawn])
        runs.save_figure(run, axes, "g_models")
        return run

    return make


def compare(*arguments):
    record, page = files.ROOT / "compared.json", files.ROOT / "compared.html"
    options = ["--json", str(record), "--html", str(page)]
    result = CliRunner().invoke(app, ["compare-runs", *map(str, arguments), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result, json.loads(record.read_text()), page.read_text()


def test_differences_are_those_of_paired_predictions(made):
    one = made("one", EPOCHS=4, LR=0.1)
    other = made("other", skill=0.9, EPOCHS=12, LR=0.1)
    result, record, page = compare("one", "other")
    assert result.exit_code == 0
    differing = {
        (row["kind"], row["name"]): (row["first"], row["second"]) for row in record["differs"]
    }
    assert differing == {("parameters", "EPOCHS"): ("4", "12")}
    assert record["same_data"] is True
    rows = [row for row in record["scores"] if row["unit"] == "user" and row["split"] == "valid"]
    assert len(rows) == 8
    tables = [
        predictions.read_predictions(run, FACE, "02_image_classifier") for run in (other, one)
    ]
    tables = [table[table["split"] == "valid"] for table in tables]
    losses = probability_differences(*tables, unit="user", split="valid").set_index("metric")
    expected = metric_differences(*tables, [row["metric"] for row in rows[:6]], unit="user")
    expected |= losses[["value", "low", "high"]].to_dict("index")
    assert losses.loc["log_loss", "value"] < 0  # the skilled one loses less
    for row in rows:
        assert {key: row[key] for key in ("value", "low", "high")} == pytest.approx(
            expected[row["metric"]]
        )
        assert row["second"] - row["first"] == pytest.approx(row["value"])
    assert "log_loss" not in page
    assert "calibration error, lower is better" in page
    assert "image, corrected" in result.stdout
    assert "EPOCHS 4 | 12" in result.stdout
    assert "<td>EPOCHS</td>" in page.replace(' class="words"', "")


def test_other_data_are_not_subtracted_and_it_is_said_why(made):
    made("one")
    made("other", data="others", skill=0.9)
    result, record, page = compare("one", "other")
    assert result.exit_code == 1
    assert record["same_data"] is False
    assert [note for note in record["notes"] if "No difference of scores is given" in note]
    assert "value" not in record["scores"][0]
    assert {"value of first", "low of first", "value of second"} <= set(record["scores"][0])
    assert "minus" not in page
    assert "No difference of scores is given" in page


def test_what_only_one_run_has_is_named_and_a_damaged_file_too(made):
    made("one", models=(FACE, VOICE))
    other = made("other", models=(FACE, VOICE))
    predictions.prediction_path(other, VOICE).write_text("VideoName\nx\n")
    comparison = compare_runs(*(files.ROOT / "runs" / name for name in ("one", "other")))
    assert set(comparison.scores["model"]) == {FACE}
    assert comparison.notes == [
        "other: predictions/audio_corrected.csv cannot be read (mmage verify says why).",
        "Only one has predictions of 1 models: audio, corrected.",
    ]


def test_files_of_no_record_are_counted_and_left_out(made):
    one = made("one")
    made("other")
    path = predictions.prediction_path(one, FACE)
    shutil.copy(path, path.with_name("image_old.csv"))
    _, record, _ = compare("one", "other")
    assert record["notes"] == ["one: 1 prediction files without a record are left out."]


def test_predictions_of_other_users_are_refused(made):
    one = made("one")
    made("other")
    path = predictions.prediction_path(one, FACE)
    path.write_text(path.read_text().replace("-test_1,", "-test_0,"))
    comparison = compare_runs(*(files.ROOT / "runs" / name for name in ("one", "other")))
    assert comparison.scores.empty
    assert "image, corrected is not compared: users, splits or age groups" in comparison.notes[0]


def test_figures_stand_beside_each_other_and_equal_ones_once(made):
    made("one")
    made("other")
    *_, page = compare("one", "other")
    assert page.count("<img ") == 1
    assert "the same in both" in page
    made("third", drawn=2)
    *_, page = compare("one", "third")
    assert page.count("<img ") == 2


def test_names_of_runs_are_text(made):
    made("one", NOTE="<b>x</b>")
    made("a<b>")
    *_, page = compare("one", files.ROOT / "runs" / "a<b>")
    assert "<b>" not in page


def executed(folder, **parameters):
    """The notebook's outputs with two runs, as text."""
    path = folder / "compared.ipynb"
    papermill.execute_notebook(NOTEBOOK, path, parameters, progress_bar=False, log_output=False)
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return [str(output.get("text") or output["data"]) for output in outputs]


def test_the_notebook_shows_what_the_command_finds(made, tmp_path):
    one, other = made("one", EPOCHS=4), made("other", skill=0.9, EPOCHS=12)
    said, table, page = executed(tmp_path, RUN=str(one.folder), OTHER=str(other.folder))
    assert "parameters: EPOCHS 4 | 12" in said
    assert "other minus one" in table
    assert "points (" in table
    assert 'sandbox=""' in page
    assert "the same in both" in page


def test_the_notebook_says_what_it_wants(made, tmp_path):
    one = made("one")
    [said] = executed(tmp_path, RUN=str(one.folder))
    assert "Set `OTHER` to a second run" in said
    [said] = executed(tmp_path, RUN=str(one.folder), OTHER=str(one.folder))
    assert "one and one are the same run: name two." in said
    assert "Traceback" not in said


def test_runs_of_other_data_stand_beside_each_other_in_the_notebook(made):
    made("one")
    made("other", data="others")
    compare("one", "other")
    table = compared_table(files.ROOT / "compared.json")
    assert list(table.columns) == ["one", "other"]
    assert table.loc[FACE, "one"].endswith("%)")


def test_a_run_is_not_compared_with_itself_nor_with_none(made):
    made("one")
    same = CliRunner().invoke(app, ["compare-runs", "one", "one"])
    assert (same.exit_code, same.stderr) == (1, "mmage: one and one are the same run: name two.\n")
    assert CliRunner().invoke(app, ["compare-runs", "one", "none"]).exit_code == 2


def test_runs_are_listed_the_latest_first(made):
    made("one")
    made("other", data="others")
    (files.ROOT / "runs" / "empty").mkdir()
    (files.ROOT / "runs" / "a file").write_text("")
    damaged = files.ROOT / "runs" / "one" / "results" / "b_baseline.json"
    damaged.write_text("{")
    result = CliRunner().invoke(app, ["runs"])
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert sorted(line.split(":")[0] for line in lines[::2]) == ["one", "other"]
    one = next(k for k, line in enumerate(lines) if line.startswith("one:"))
    assert ", 1/11 tasks, First Impressions (content " in lines[one]
    assert lines[one].endswith("1 records or results cannot be read")
    assert lines[one + 1] == "  the headline of one"


def test_without_runs_it_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROOT", tmp_path)
    assert "./run_all.sh makes the first" in CliRunner().invoke(app, ["runs"]).stdout
