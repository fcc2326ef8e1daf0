"""For any file, the commands give a result or a sentence, never a traceback."""

import shutil

import numpy as np
import pytest
from helpers.mutation import mutate
from typer.testing import CliRunner

from mmage_utils.cli import app

CASES = 100  # for each of predictions, label lists, media


def call(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), arguments
    assert result.exit_code in (0, 1)
    assert result.output.strip()
    assert "Traceback" not in result.output


@pytest.fixture(scope="module")
def small(sample, tmp_path_factory):
    """Lists of 60 clips a split, the test media of one age group, and predictions."""
    folder = tmp_path_factory.mktemp("fuzz") / "data"
    (folder / "test").mkdir(parents=True)
    for path in sample.glob("*_labels.csv"):
        lines = path.read_text().splitlines()
        (folder / path.name).write_text("\n".join(lines[:61]) + "\n")
    shutil.copytree(sample / "test" / "1", folder / "test" / "1")
    rows = (folder / "test_set_age_labels.csv").read_text().splitlines()[1:]
    rng = np.random.default_rng(0)
    lines = ["VideoName,ground_truth,prediction,p1,p2,p3,p4,p5,p6,p7"]
    for row in rows:
        name, _, group, *_ = row.split(",")
        p = rng.dirichlet(np.ones(7)).round(4)
        lines.append(",".join([name, group, str(p.argmax() + 1), *map(str, p)]))
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(
    "command", [pytest.param("evaluate", marks=pytest.mark.slow), "check-predictions"]
)
def test_mutated_predictions(small, tmp_path, command):
    rng = np.random.default_rng(len(command))
    whole = (small / "predictions.csv").read_bytes()
    path = tmp_path / "predictions.csv"
    for _ in range(CASES // 2):
        path.write_bytes(mutate(whole, rng))
        call(command, path, small / "test_set_age_labels.csv")


@pytest.mark.slow
def test_mutated_label_lists(small, tmp_path):
    rng = np.random.default_rng(1)
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    path = folder / "test_set_age_labels.csv"
    whole = path.read_bytes()
    for case in range(CASES):
        path.write_bytes(mutate(whole, rng))
        call("check-data", folder)
        if case % 4 == 0:
            call("evaluate", small / "predictions.csv", path)


@pytest.mark.slow
def test_mutated_media(small, tmp_path):
    rng = np.random.default_rng(2)
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    paths = sorted(path for path in (folder / "test/1").iterdir())
    for case in range(CASES):
        path = paths[case % len(paths)]
        whole = path.read_bytes()
        path.write_bytes(mutate(whole, rng))
        call("check-data", folder)
        path.write_bytes(whole)


@pytest.mark.parametrize("command", ["evaluate", "check-predictions"])
def test_paths_that_are_not_files(small, tmp_path, command):
    labels = small / "test_set_age_labels.csv"
    call(command, tmp_path, labels)
    call(command, tmp_path / "missing.csv", labels)
    call(command, small / "predictions.csv", tmp_path / "missing.csv")
    call(command, small / "predictions.csv", tmp_path)
