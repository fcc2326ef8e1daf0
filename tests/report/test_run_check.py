"""A whole run is checked: what is wrong with it is found and named, and nothing else."""

import json
import shutil

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from mmage_utils import files, predictions, runs
from mmage_utils.cli import app
from mmage_utils.data import provenance
from mmage_utils.report import stamps
from mmage_utils.scores.evaluation import score_models, train_majority

FACE, VOICE = "image, corrected", "audio, corrected"
SAVES = (
    'runs.save_figure(run, axes, "g_models")\nruns.save_results(run, "g_fusion", x, headline="")'
)


@pytest.fixture
def mini(lists, tmp_path, monkeypatch, rng):
    """A small run with every kind of file; its audio model lacks a clip."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(files, "CACHE", tmp_path / "cache")
    shutil.copytree(lists, tmp_path / "data" / "lists")
    run, clips = runs.open_run("mini", "data/lists", seed=0)
    face = predictions.tabulate(clips, rng.dirichlet(np.ones(7), len(clips)))
    voice = predictions.tabulate(clips[1:], rng.dirichlet(np.ones(7), len(clips) - 1))
    for name, table in ((FACE, face), (VOICE, voice)):
        predictions.write_predictions(run, name, table)
    tables = {FACE: predictions.shared_rows(face, voice), VOICE: voice}
    scores = score_models(tables, majority=train_majority(voice))
    nearest = scores[:1].assign(model="nearest neighbours")  # which has no predictions
    results = {"scores": [*scores.to_dict("records"), *nearest.to_dict("records")]}
    runs.save_results(run, "g_fusion", results, headline="")
    ways = {f"{FACE}: each clip": face}
    ways[f"{FACE}: clips added up"] = predictions.spread_to_clips(face)
    scores = score_models(ways, majority=train_majority(face), units=("clip", "user"))
    networks = [{"name": "minilm", "sha256": "12ab"}]
    results = {"scores": scores, "networks": networks}
    runs.save_results(run, "d_aggregation", results, headline="")
    runs.save_figure(run, plt.subplots()[1], "g_models")
    checkpoint = run.folder / "checkpoints" / "image_corrected.ckpt"
    files.write_text(checkpoint, "weights")
    provenance.write_record(run, checkpoint)
    files.save_json(run.folder / "results" / "times.json", {"seconds": 3})
    (run.folder / "notebooks").mkdir()
    notebook = new_notebook(cells=[new_code_cell(SAVES)])
    nbformat.write(notebook, run.folder / "notebooks" / "07_multimodal_fusion.ipynb")
    return run


def verify(run="mini", *options):
    """Exit code and findings, and what was printed."""
    target = files.ROOT / "check.json"
    arguments = ["verify", str(run), "--json", str(target), *map(str, options)]
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    record = json.loads(target.read_text())
    assert result.exit_code == bool(record["findings"])
    return record, result.stdout


def found(run="mini", *options):
    return [(one["file"], one["what"]) for one in verify(run, *options)[0]["findings"]]


def test_a_good_run_passes_by_name_and_by_folder(mini, monkeypatch):
    monkeypatch.chdir(mini.folder)
    for name in ("mini", mini.folder, "."):
        record, text = verify(name)
        assert record["findings"] == []
        assert "mini: nothing wrong found." in text
    assert record["counts"] == {
        "results": 3,
        "figures": 1,
        "predictions": 2,
        "checkpoints": 1,
        "records": 6,
        "notebooks": 1,
        "scores": 6 * 3 * 2 + 6 * 3 * 4,
    }
    assert record["origin"]["fingerprint"] == mini.provenance["fingerprint"]
    assert [note for note in record["notes"] if "nearest neighbours (results/g_fusion" in note]
    assert not [note for note in record["notes"] if "--data" in note]


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_one_changed_digit_of_predictions_is_found(mini):
    path = predictions.prediction_path(mini, FACE)
    text = path.read_text().rstrip()
    path.write_text(text[:-1] + ("1" if text[-1] != "1" else "2") + "\n")
    assert [(file, "changed after" in what) for file, what in found()] == [
        ("predictions/image_corrected.csv", True)
    ]


def test_a_changed_answer_contradicts_the_scores_though_its_record_was_renewed(mini):
    table = predictions.read_predictions(mini, FACE, "02_image_classifier")
    values = np.log(table[predictions.P_COLUMNS].to_numpy())
    values[-1, 0] += 9 if table["prediction"].iloc[-1] != 1 else -9
    predictions.write_predictions(mini, FACE, predictions.with_logits(table, values))
    by_file = dict(found())
    assert set(by_file) == {"results/g_fusion.json", "results/d_aggregation.json"}
    assert "of image, corrected, test, per clip" in by_file["results/g_fusion.json"]


@pytest.mark.parametrize(
    "name", ["figures/g_models.png", "predictions/audio_corrected.csv", "results/g_fusion.json"]
)
def test_a_removed_file_is_named(mini, name):
    (mini.folder / name).unlink()
    assert (name, "it was written, and is missing: run its notebook again.") in found()


def test_a_figure_removed_with_its_record_is_missed_by_its_notebook(mini):
    path = mini.folder / "figures" / "g_models.png"
    path.unlink()
    provenance.record_path(mini.folder, path).unlink()
    [(file, what)] = found()
    assert file == "notebooks/07_multimodal_fusion.ipynb"
    assert "figures/g_models.png" in what


@pytest.fixture
def stamped(mini):
    """The run with stamps of a notebook and of the slides; of what both wrote, the later counts."""
    names = ("notebooks/07_multimodal_fusion.ipynb", "slides/report.html", "report.html")
    for name in (*names[1:], "old.txt"):
        files.write_text(mini.folder / name, name)
    written = [names[0], "results/g_fusion.json", "report.html", "old.txt"]
    place = mini.folder / "stamps"
    stamps.write_stamp(place / "07_multimodal_fusion.json", {}, mini.folder, written=written)
    files.write_text(mini.folder / "report.html", "written over")
    stamps.write_stamp(place / "slides.json", {}, mini.folder, written=names[1:])
    # A notebook that was run without the report renews its results and their record.
    runs.save_results(mini, "g_fusion", {}, headline="")
    return names


def test_notebooks_and_slides_as_they_were_written_pass(mini, stamped):
    assert found() == []


@pytest.mark.parametrize("number", range(3))
def test_a_deleted_or_edited_notebook_or_slide_is_named(mini, stamped, number):
    name = stamped[number]
    path = mini.folder / name
    path.write_text(path.read_text() + " ")
    assert found() == [(name, "it was changed after it was written: run ./run_all.sh again.")]
    path.unlink()
    assert found() == [(name, "it was written, and is missing: run ./run_all.sh again.")]


def test_a_damaged_stamp_is_named(mini, stamped):
    (mini.folder / "stamps" / "slides.json").write_text("{")
    assert ("stamps/slides.json", "it is damaged: run ./run_all.sh again.") in found()


def test_results_of_another_seed_are_named_though_they_are_whole(mini):
    other, _ = runs.open_run("mini", "data/lists", seed=5)
    runs.save_results(other, "h_ablation", {}, headline="")
    assert found() == [("results/h_ablation.json", "seed 5, where 6 of 7 files have 0.")]


def test_results_copied_from_another_run_tell_their_own_seed(mini):
    other, _ = runs.open_run("other", "data/lists", seed=5)
    runs.save_results(other, "g_fusion", {}, headline="")
    target = mini.folder / "results" / "g_fusion.json"
    shutil.copy(other.folder / "results" / "g_fusion.json", target)
    assert [what.split(",")[0] for file, what in found() if "g_fusion" in file] == [
        "it was changed after it was written: run its notebook again.",
        "seed 5",
    ]


@pytest.mark.parametrize(
    ("key", "changed", "what"),
    [
        ("versions", {"torch": "1.0"}, "version of torch 1.0"),
        ("parameters", {"EPOCHS": 9}, "parameter EPOCHS 9"),
        ("weights", {"minilm": "34cd"}, "SHA-256 of minilm 34cd"),
    ],
)
def test_other_versions_parameters_and_weights_are_named(mini, key, changed, what):
    origin = mini.provenance | {"parameters": {"EPOCHS": 4}}
    for task in ("x", "y"):
        results = {"networks": [{"name": "minilm", "sha256": "12ab"}]}
        runs.save_results(mini._replace(provenance=origin), task, results, headline="")
    path = mini.folder / "results" / "y.json"
    record = json.loads(path.read_text())
    record["provenance"][key] |= changed
    files.save_json(path, record)
    odd = [text for file, text in found() if file == "results/y.json" and "where" in text]
    assert [text.split(", where")[0] for text in odd] == [what]


def test_another_commit_is_a_note_and_no_finding(mini):
    other = mini._replace(provenance=mini.provenance | {"commit": "abc", "changed": True})
    runs.save_results(other, "h_ablation", {}, headline="")
    record, text = verify()
    assert record["findings"] == []
    assert "note: results/h_ablation.json: commit abc" in text


@pytest.mark.parametrize(
    ("column", "by"), [("value", 0.001), ("low", -0.001), ("high", 0.001), ("clips", 1)]
)
def test_a_changed_score_is_found_though_its_record_was_renewed(mini, column, by):
    path = mini.folder / "results" / "g_fusion.json"
    record = json.loads(path.read_text())
    row = record["scores"][3]
    row[column] += by
    files.save_json(path, record)
    provenance.write_record(mini, path)
    [(file, what)] = found()
    assert file == "results/g_fusion.json"
    assert f"{row['metric']} ({column}) of {row['model']}, {row['split']}, per clip" in what


def test_a_damaged_prediction_file_is_found(mini):
    path = predictions.prediction_path(mini, FACE)
    change(path, "-train_1.000.mp4,-train_1,train,4", "-train_1.000.mp4,-train_1,train,5")
    provenance.write_record(mini, path)
    assert [what for file, what in found() if file.startswith("predictions/")] == [
        "train: ground truth contradicts the label list: it differs from the label list in 1 of 3 "
        "rows. Take the ground truth from the list; it is the list's that is scored."
    ]
    change(path, "VideoName,UserID", "VideoName,User")
    assert any("its columns are not VideoName,UserID" in what for _, what in found())


def test_a_file_without_a_record_and_a_notebook_that_stopped_are_named(mini):
    shutil.copy(mini.folder / "figures" / "g_models.png", mini.folder / "figures" / "x.png")
    (mini.folder / "notebooks" / "partial_08_ablation.ipynb").write_text("{}")
    assert sorted(found()) == [
        ("notebooks/partial_08_ablation.ipynb", "it did not run to its end."),
        ("provenance", "no record of figures/x.png: remove them, or run their notebooks again."),
    ]


def test_data_that_changed_are_found_where_they_are_given(mini):
    lists = files.ROOT / "data" / "lists"
    (lists / "train" / "3").mkdir(parents=True)
    (lists / "train" / "3" / "-train_0.000.jpg").write_bytes(b"a face")
    record, text = verify()
    assert record["findings"] == []
    assert "--data" in text
    [(file, what)] = found("mini", "--data", lists)
    assert file == str(lists)
    assert f"the run was made from {mini.provenance['fingerprint'][:8]}" in what


def test_a_run_of_an_earlier_version_has_one_finding(mini):
    shutil.rmtree(mini.folder / provenance.FOLDER)
    for path in (mini.folder / "results").glob("[dg]*.json"):
        record = json.loads(path.read_text())
        del record["provenance"]
        files.save_json(path, record)
    assert [file for file, _ in found()] == ["provenance"]


@pytest.mark.parametrize("text", ["{", "[]", '{"sha256": 1}'])
def test_damaged_records_and_results_are_findings(mini, text):
    record = mini.folder / "provenance" / "figures" / "g_models.png.json"
    record.write_text(text)
    (mini.folder / "results" / "d_aggregation.json").write_text("{")
    named = [file for file, what in found() if "is damaged" in what]
    assert named == ["provenance/figures/g_models.png.json", "results/d_aggregation.json"]


def test_no_run_is_wrong_usage_and_an_empty_folder_no_run(mini, tmp_path):
    result = CliRunner().invoke(app, ["verify", "nowhere"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(app, ["verify", str(tmp_path / "empty")])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "holds no file of a run" in result.stderr


@pytest.mark.parametrize("seed", range(25))
def test_whatever_is_done_to_predictions_is_found_without_a_traceback(mini, seed):
    rng = np.random.default_rng(seed)
    path = predictions.prediction_path(mini, FACE)
    content = bytearray(path.read_bytes())
    for place in rng.integers(0, len(content), rng.integers(1, 20)):
        content[place] = rng.choice(list(b'0179,.-\n"e \xff'))
    if rng.random() < 0.3:
        content = content[: rng.integers(0, len(content))]
    path.write_bytes(content)
    assert ("predictions/image_corrected.csv", "it was changed") in {
        (file, what[:14]) for file, what in found()
    }
    provenance.write_record(mini, path)
    verify()


@pytest.mark.parametrize("spoilt", [None, "x", -1, [1], {"a": 1}])
@pytest.mark.parametrize("column", ["model", "unit", "value", "clips"])
def test_whatever_stands_in_a_row_of_scores_is_found_without_a_traceback(mini, column, spoilt):
    path = mini.folder / "results" / "g_fusion.json"
    record = json.loads(path.read_text())
    record["scores"][0][column] = spoilt
    files.save_json(path, record)
    provenance.write_record(mini, path)
    record, _ = verify()
    # A model without predictions is noted; all else is wrong.
    told = record["notes"] if column == "model" else [one["file"] for one in record["findings"]]
    assert any("results/g_fusion.json" in text for text in told)
