"""Provenance changes with data, parameters and seed and with nothing else, and refuses mixtures."""

import getpass
import json
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from mmage_utils import files, predictions, runs
from mmage_utils.data import provenance
from mmage_utils.errors import DataError
from mmage_utils.models import recipes


@pytest.fixture
def data(lists, tmp_path, monkeypatch):
    """A repository of its own, with three label lists and one face in ``data/lists``."""
    monkeypatch.setattr(files, "ROOT", tmp_path / "here")
    monkeypatch.setattr(files, "CACHE", tmp_path / "here" / "cache")
    folder = tmp_path / "here" / "data" / "lists"
    shutil.copytree(lists, folder)
    (folder / "train" / "3").mkdir(parents=True)
    (folder / "train" / "3" / "-train_0.000.jpg").write_bytes(b"face")
    return folder


@pytest.fixture
def shell():
    """A kernel without a notebook."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def origin(folder, *, name="one", seed=0):
    return runs.open_run(name, folder, seed=seed)[0].provenance


def test_a_record_says_what_made_a_file_and_names_nobody(data):
    record = origin(data, seed=3)
    assert (record["data"], record["seed"]) == ("First Impressions", 3)
    assert record["versions"]["python"] == platform.python_version()
    assert all(record["versions"].values())
    assert record["machine"]["cores"] > 0
    text = json.dumps(record)
    for private in (str(data), str(files.ROOT), platform.node()):
        assert private not in text
    assert f'"{getpass.getuser()}' not in text


def test_nothing_but_data_seed_and_parameters_changes_it(data, tmp_path):
    first = origin(data)
    elsewhere = tmp_path / "elsewhere" / "clips"
    shutil.copytree(data, elsewhere, copy_function=shutil.copy)  # with other times
    (elsewhere / "notes.txt").write_text("of no interest")
    assert origin(elsewhere, name="another") == first
    assert origin(data) == first


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("train_set_age_labels.csv", b",3,1,1", b",4,1,1"),
        ("test_set_age_labels.csv", b",1,1\n", b",1,2\n"),
        ("train/3/-train_0.000.jpg", b"face", b"Face"),
    ],
    ids=["age group", "ethnicity", "face"],
)
def test_a_changed_file_of_the_data_changes_it(data, file, old, new):
    first, path = origin(data), data / file
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    changed = origin(data)
    assert changed["fingerprint"] != first["fingerprint"]
    assert changed | {"fingerprint": first["fingerprint"]} == first


def test_a_changed_seed_changes_it_and_nothing_else_of_it(data):
    first, second = origin(data), origin(data, seed=1)
    assert second == first | {"seed": 1} != first


def test_parameters_are_those_of_the_cells_that_set_nothing_else(shell, tmp_path):
    assert provenance.notebook_parameters() == {}
    cells = (
        f'RUN = "sample"\nDATA_DIR = "{tmp_path}"\nEPOCHS = 4\nLR = 0.1\nWEIGHTS = "none"',
        f'# Parameters\nEPOCHS = 7\nWEIGHTS = "{tmp_path}/own.pt"\n',
        'import math\nMODEL = "image, corrected"\nx = 3',
        'LABEL = "set beside " + "what is no literal"',
        "lower = 1",
        "EPOCHS + 1",
    )
    for cell in cells:
        assert shell.run_cell(cell, store_history=True).success
    expected = {"EPOCHS": 7, "LR": 0.1, "WEIGHTS": "own.pt"}
    assert provenance.notebook_parameters() == expected
    shell.run_cell("LR = 0.2", store_history=True)
    assert provenance.notebook_parameters() == expected | {"LR": 0.2}


def test_parameters_are_known_to_a_kernel_without_history(shell):
    for cell in ("EPOCHS = 7\nLR = 0.1\nRUN = 'one'", "import math as M\nlower = 1"):
        assert shell.run_cell(cell, store_history=False).success
    assert provenance.notebook_parameters() == {"EPOCHS": 7, "LR": 0.1}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("minilm", "minilm"),
        ("dlib + dlib-age", "dlib + dlib-age"),
        ("data/own.pt", "data/own.pt"),
        ("~/own.pt", "own.pt"),
        ("../../me/own.pt", "own.pt"),
        ("C:\\data\\own.pt", "own.pt"),
    ],
)
def test_a_parameter_keeps_no_place_outside_the_repository(shell, value, kept):
    shell.run_cell(f"MODEL = {value!r}", store_history=True)
    assert provenance.notebook_parameters() == {"MODEL": kept}


def test_without_a_kernel_nothing_is_known_of_parameters():
    assert provenance.notebook_parameters() is None


def test_commit_is_that_of_the_repository_itself(tmp_path, monkeypatch):
    root = tmp_path / "root"
    root.mkdir()
    assert provenance.read_commit(root) == (None, None)

    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)

    git("init")
    assert provenance.read_commit(root) == (None, None)  # nothing is committed
    (root / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "Begin")
    commit, changed = provenance.read_commit(root)
    assert (len(commit), changed) == (40, False)
    (root / "a").write_text("2")
    assert provenance.read_commit(root) == (commit, True)
    (root / "inside").mkdir()
    assert provenance.read_commit(root / "inside") == (None, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.read_commit(root) == (None, None)


@pytest.fixture
def table(tabled):
    return tabled([3, 4, 5], [3, 4, 4])


def test_results_carry_their_provenance_with_the_networks_they_used(data):
    run, _ = runs.open_run("one", data)
    networks = [{"name": "minilm", "sha256": "12ab", "licence": "Apache-2.0"}]
    runs.save_results(run, "f_words", {"networks": networks}, headline="")
    results = runs.load_results(run, "f_words", "06_text_features")
    assert results["provenance"] == run.provenance | {"weights": {"minilm": "12ab"}}


def test_results_name_the_networks_that_earlier_notebooks_used(data, table):
    first, _ = runs.open_run("one", data)
    predictions.write_predictions(first, "image, published baseline", table)
    networks = [{"name": "dlib", "sha256": "12ab"}]
    assert runs.use_networks(first, networks) is networks
    predictions.write_predictions(first, "image, corrected", table)
    words, _ = runs.open_run("one", data)
    runs.save_results(words, "f_words", {"networks": [{"name": "m", "sha256": "3"}]}, headline="")

    def weights(notebook, *models, task=None):
        run, _ = runs.open_run("one", data)
        for model in models:
            predictions.read_predictions(run, model, notebook)
        if task:
            runs.load_results(run, task, notebook)
        predictions.write_predictions(run, "fused", table)
        runs.save_results(run, "x", {}, headline="")
        return runs.load_results(run, "x", "07")["provenance"]["weights"]

    assert weights("02", "image, published baseline") == {}
    assert weights("02", "image, corrected") == {"dlib": "12ab"}
    assert weights("06", "image, corrected", task="f_words") == {"dlib": "12ab", "m": "3"}
    assert weights("07", "fused") == {"dlib": "12ab", "m": "3"}


def test_records_hold_the_sha256_of_what_was_written_last(data, table):
    run, _ = runs.open_run("one", data)
    path = predictions.prediction_path(run, "image, corrected")
    for written in (table, table[:2]):
        predictions.write_predictions(run, "image, corrected", written)
        record = provenance.read_record(run.folder, path)
        assert record == {"sha256": files.file_sha256(path), "provenance": run.provenance}


def test_predictions_and_results_of_another_seed_are_refused_in_one_sentence(data, table):
    run, _ = runs.open_run("one", data, seed=1)
    predictions.write_predictions(run, "image, corrected", table)
    runs.save_results(run, "b_baseline", {}, headline="")
    now, _ = runs.open_run("one", data, seed=0)
    for read, what, notebook in (
        (predictions.read_predictions, "image, corrected", "02_image_classifier"),
        (runs.load_results, "b_baseline", "02_image_classifier"),
    ):
        read(run, what, notebook)
        with pytest.raises(DataError) as error:
            read(now, what, notebook)
        message = str(error.value)
        assert "was made with SEED 1, but" in message
        assert "SEED 0: run notebooks/02_image_classifier.ipynb again" in message
        assert "\n" not in message


def test_predictions_of_other_data_are_refused_and_both_are_named(data, table):
    run, _ = runs.open_run("one", data)
    predictions.write_predictions(run, "image, corrected", table)
    (data / "train" / "3" / "-train_0.000.jpg").write_bytes(b"another face")
    now, _ = runs.open_run("one", data)
    with pytest.raises(DataError, match=r"image_corrected\.csv was made with the data") as error:
        predictions.read_predictions(now, "image, corrected", "02_image_classifier")
    for content in (run.provenance["fingerprint"], now.provenance["fingerprint"]):
        assert content[:8] in str(error.value)
    assert "SEED" not in str(error.value)


def test_files_of_another_run_that_were_copied_over_are_refused(data, table):
    one, _ = runs.open_run("one", data)
    other, _ = runs.open_run("other", data, seed=1)
    for run, rows in ((one, table), (other, table[:2])):
        predictions.write_predictions(run, "image, corrected", rows)
        runs.save_results(run, "b_baseline", {"n": len(rows)}, headline="")
    path = predictions.prediction_path(one, "image, corrected")
    shutil.copy(predictions.prediction_path(other, "image, corrected"), path)
    with pytest.raises(DataError) as error:
        predictions.read_predictions(one, "image, corrected", "02_image_classifier")
    message = str(error.value)
    assert message.startswith("runs/one/predictions/image_corrected.csv was changed or replaced")
    assert message.endswith("(or ./run_all.sh --only 02).")
    # Results tell their seed themselves; of the same seed, only their content tells.
    results = one.folder / "results" / "b_baseline.json"
    shutil.copy(other.folder / "results" / "b_baseline.json", results)
    with pytest.raises(DataError, match="SEED 1, but this run"):
        runs.load_results(one, "b_baseline", "02_image_classifier")
    same, _ = runs.open_run("same", data)
    runs.save_results(same, "b_baseline", {"n": 1}, headline="")
    shutil.copy(same.folder / "results" / "b_baseline.json", results)
    with pytest.raises(DataError, match=r"b_baseline\.json was changed or replaced"):
        runs.load_results(one, "b_baseline", "02_image_classifier")


def test_weights_of_another_run_that_were_copied_over_are_refused(data):
    run, _ = runs.open_run("one", data)
    path = run.folder / "checkpoints" / "image.ckpt"
    path.parent.mkdir(parents=True)
    torch.save({"model": {}}, path)
    provenance.write_record(run, path)
    assert recipes.load_weights(run, "image", notebook="02_image_classifier") == {}
    torch.save({"model": {"x": torch.ones(1)}}, path)
    with pytest.raises(DataError, match=r"image\.ckpt was changed or replaced"):
        recipes.load_weights(run, "image", notebook="02_image_classifier")


def test_a_file_that_a_later_notebook_wrote_over_is_read(data, table):
    for rows in (table, table[:2]):
        run, _ = runs.open_run("one", data)
        predictions.write_predictions(run, "image, corrected", rows)
        now, _ = runs.open_run("one", data)
        read = predictions.read_predictions(now, "image, corrected", "02_image_classifier")
        assert len(read) == len(rows)


def test_what_earlier_versions_wrote_is_read(data, table):
    run, _ = runs.open_run("one", data)
    old = run._replace(provenance=None)
    predictions.write_predictions(old, "image, corrected", table)
    runs.save_results(old, "b_baseline", {}, headline="")
    assert not (run.folder / provenance.FOLDER).exists()
    assert len(predictions.read_predictions(run, "image, corrected", "02")) == 3
    assert "provenance" not in runs.load_results(run, "b_baseline", "02")


def test_a_damaged_record_is_named(data, table):
    run, _ = runs.open_run("one", data)
    predictions.write_predictions(run, "image, corrected", table)
    path = predictions.prediction_path(run, "image, corrected")
    provenance.record_path(run.folder, path).write_text("{")
    with pytest.raises(DataError, match=r"image_corrected\.csv\.json is damaged"):
        predictions.read_predictions(run, "image, corrected", "02_image_classifier")


def test_notebooks_that_write_at_the_same_time_record_all_their_files(data, table):
    run, _ = runs.open_run("one", data)
    names = [f"model {k}" for k in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: predictions.write_predictions(run, name, table), names))
    for name in names:
        path = predictions.prediction_path(run, name)
        assert provenance.read_record(run.folder, path)["sha256"] == files.file_sha256(path)
