"""The command mmage: its exit code is 0, 1 or 2, and an error is one line."""

import json
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers.films import film
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.sample import write
from mmage_utils.scores.evaluation import pick


def _mmage(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _spoil(lists, old, new):
    path = lists / "valid_set_age_labels.csv"
    path.write_text(path.read_text().replace(old, new))


def test_sample_that_is_there_is_left_alone(sample):
    result = _mmage("sample", sample, "--clips", 160)
    assert result.exit_code == 0
    assert "160 clips with media, seed 0" in result.stdout
    assert "there already" in result.stdout


def test_data_are_counted(sample):
    result = _mmage("check-data", sample)
    assert result.exit_code == 0
    assert "synthetic sample, seed 0, 3,060 users" in result.stdout
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[2:]}
    assert rows["train"] == ["6006", "96", "96", "96", "96", "5910"]
    assert rows["all"] == ["10000", "160", "160", "160", "160", "9840"]


def test_lists_without_media_are_no_error(lists):
    result = _mmage("check-data", lists)
    assert result.exit_code == 0
    assert "First Impressions, 9 users" in result.stdout


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lists: [path.unlink() for path in lists.iterdir()], "train_set_age_labels.csv"),
        (lambda lists: (lists / "test_set_age_labels.csv").unlink(), "test_set_age_labels.csv"),
        (lambda lists: _spoil(lists, "AgeGroup", "Age"), "needs one column AgeGroup"),
        (lambda lists: _spoil(lists, ",4,2,2", ",9,2,2"), "valid_set_age_labels.csv, row 3"),
    ],
    ids=["empty folder", "no list", "no column", "age group 9"],
)
def test_wrong_data_give_exit_code_1_and_one_line(lists, spoil, message):
    spoil(lists)
    result = _mmage("report", "--data", lists)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert message in result.stderr
    assert result.stderr.startswith("mmage: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_broken_mark_is_one_line(lists):
    (lists / "synthetic.json").write_text("{")
    result = _mmage("check-data", lists)
    assert result.exit_code == 1
    assert "synthetic.json" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("command", "code"), [("check-data", 1), ("report", 2)])
def test_no_folder_is_one_line(tmp_path, command, code):
    place = ["--data"] if command == "report" else []
    result = _mmage(command, *place, tmp_path / "nowhere")
    assert result.exit_code == code
    assert result.stderr.count("\n") == 1
    assert "nowhere" in result.stderr


def test_predictions_are_scored_and_written(sample, tmp_path):
    rows = (sample / "test_set_age_labels.csv").read_text().splitlines()[1:]
    fields = [row.split(",") for row in rows]
    lines = [
        f"{name},{age},{min(int(age) + k % 2, 7)}" for k, (name, _, age, *_) in enumerate(fields)
    ]
    path = tmp_path / "predictions.csv"
    path.write_text("\n".join(["VideoName,ground_truth,prediction", *lines]) + "\n")
    labels = sample / "test_set_age_labels.csv"
    result = _mmage("evaluate", path, labels, "--json", tmp_path / "scores.json")
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "scores.json").read_text())
    row = pick(pd.DataFrame(card["scores"]), model="each clip")
    assert (row.clips, row.users) == (1975, 612)
    assert round(row.constant, 4) == 0.4922
    assert f"{row.value:.4f}" in result.stdout
    assert {name: row["users"] for name, row in card["thin_groups"].items()} == {
        "7-13": 2,
        "61+": 4,
    }
    assert "rest on 7-13 (2 users) and 61+ (4 users): each weighs 1/7." in result.stdout
    assert _mmage("check-predictions", path, labels).exit_code == 0
    compared = _mmage("compare", path, path, labels, "--json", tmp_path / "gap.json")
    assert compared.exit_code == 0
    assert "No difference between the first and the second is shown: +0.0" in compared.stdout
    gap = json.loads((tmp_path / "gap.json").read_text())
    assert [row["metric"] for row in gap["differences"]] == [
        "accuracy",
        "balanced_accuracy",
        "kappa",
    ]
    assert gap["clips"] == 1975


def test_folder_with_other_files_gives_exit_code_1(lists):
    result = _mmage("sample", lists)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "contains other files" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--clips", 5], "160 to 10000"), (["--clips", 10_001], "160 to 10000"),
     (["--seed", -1], "0 or more"), (["--videos", 4000], "has 0 to 3095 videos")],
)  # fmt: skip
def test_wrong_usage_gives_exit_code_2_and_one_line(tmp_path, arguments, message):
    result = _mmage("sample", tmp_path / "new", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_folder_that_cannot_be_written_gives_no_traceback(tmp_path):
    (tmp_path / "file").write_text("")
    result = _mmage("sample", tmp_path / "file" / "new", "--clips", 160)
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.count("\n") == 1


def test_empty_folder_that_one_stands_in_becomes_the_sample(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(write, "write_clip", lambda *_: "")
    result = _mmage("sample", ".", "--clips", 160)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "here" / "synthetic.json").is_file()


def test_videos_are_imported_counted_and_named(tmp_path):
    videos = tmp_path / "in"
    videos.mkdir()
    film(videos / "-a.000.mp4", [np.zeros((90, 90, 3), np.uint8)] * 3)
    (videos / "-a.000.txt").write_text("hello there")
    result = _mmage("import", videos, tmp_path / "out", "--jobs", 1)
    assert result.exit_code == 0, result.output
    assert "1 videos: 0 faces, 1 voices and 1 transcripts are written" in result.stdout
    assert "1 without image: no face was found in 3 frames (-a.000.mp4)" in result.stdout
    (videos / "b.mp4").write_text("no video")
    result = _mmage("import", videos, tmp_path / "out", "--jobs", 1)
    assert result.exit_code == 1
    assert "left out: b.mp4: it is not a video" in result.stdout
    assert result.stdout.count("b.mp4") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere", "out"], 2, "check the path"),
        (["in", "out"], 2, "no video in"),
        (["in", "out", "--model", "in"], 2, "add --transcribe"),
    ],
)
def test_wrong_import_is_one_line(tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    result = _mmage("import", *arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_unknown_option_gives_exit_code_2_without_a_traceback():
    command = [sys.executable, "-m", "mmage_utils.cli", "check-data", "--nothing"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "--nothing" in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("arguments", "stopped", "goes_on"),
    [
        (("import", "videos", "out"), "data.video_import.import_videos", True),
        (("features", "data", "-o", "out"), "features.shards.write_features", True),
        (("train", "out", "data", "-o", "model"), "models.part_heads.train_on_parts", True),
        (("sample", "out"), "sample.write.make_sample", False),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_was_interrupted_says_whether_it_goes_on(
    monkeypatch, arguments, stopped, goes_on, number, code
):
    def stop(*_, **__):
        signal.raise_signal(number)

    monkeypatch.setattr(f"mmage_utils.{stopped}", stop)
    result = _mmage(*arguments)
    more = "; the same command goes on where it stopped" if goes_on else ""
    assert (result.exit_code, result.stderr) == (code, f"mmage: interrupted{more}.\n")
