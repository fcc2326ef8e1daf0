"""The command mmage features ends in 0, 1 or 2, and says what was done and what could not be."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display import data_notes
from mmage_utils.features.voices import acoustic
from mmage_utils.features.voices.definition import FEATURES


@pytest.fixture
def mmage(monkeypatch, tmp_path):
    """Function that calls the command with cheap features and a folder to write to."""
    cheap = dict.fromkeys(FEATURES, 1.0) | {"voiced_fraction": 1.0}
    monkeypatch.setattr(acoustic, "acoustic_features", lambda samples, *, recipe: dict(cheap))

    def run(*arguments, out="out"):
        arguments = ["features", *arguments, "--out", tmp_path / out]
        return CliRunner().invoke(app, list(map(str, arguments)))

    return run


@pytest.fixture
def folder(lists):
    """Three recordings in a First Impressions folder, one of them not as it should be."""
    for split, age in (("train", 3), ("train", 4), ("test", 3)):
        (lists / split / str(age)).mkdir(parents=True)
    tone = 0.5 * np.sin(np.arange(2 * SAMPLE_RATE))
    soundfile.write(lists / "train" / "3" / "-train_0.000.wav", tone, SAMPLE_RATE)
    soundfile.write(lists / "train" / "4" / "-train_1.000.wav", tone / 2, 2 * SAMPLE_RATE)
    soundfile.write(lists / "test" / "3" / "-test_0.000.wav", tone / 4, SAMPLE_RATE)
    return lists


def test_features_are_computed_then_there_already(mmage, folder, tmp_path):
    result = mmage(folder, "--json", tmp_path / "counts.json")
    assert result.exit_code == 0, result.output
    assert "3 clips (First Impressions) in 1 parts: 3 computed in" in result.stdout
    assert "6 more are listed without a file; 0 cannot be read." in result.stdout
    assert "\n  1 resampled\n" in result.stdout
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert (counts["clips"], counts["computed"], counts["unreadable"]) == (3, 3, 0)
    assert counts["notes"] == {"resampled": 1}
    assert counts["complete"] is True
    table = pd.read_parquet(tmp_path / "out")
    assert table["VideoName"].tolist() == [f"-{name}.000.mp4" for name in
                                           ("train_0", "train_1", "test_0")]  # fmt: skip
    again = mmage(folder)
    assert again.exit_code == 0
    assert "0 computed in" in again.stdout
    assert "3 there already" in again.stdout
    assert mmage(folder, "--recipe", "published", out="other").exit_code == 0


def test_bad_recordings_end_in_1_and_are_named(mmage, folder, tmp_path):
    (folder / "train" / "3" / "-train_0.000.wav").write_bytes(b"")
    (folder / "test" / "3" / "-test_0.000.wav").unlink()
    (folder / "test" / "3" / "-test_0.000.wav").mkdir()
    for _ in range(2):  # those of parts that were there already are named too
        result = mmage(folder, "--json", tmp_path / "counts.json")
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert "2 cannot be read" in result.stdout
        assert "\ntrain/3/-train_0.000.wav: it has no content (0 bytes)" in result.stdout
        assert "\ntest/3/-test_0.000.wav: it is a folder" in result.stdout
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["unreadable"] == 2
    assert sorted(counts["problems"]) == ["test/3/-test_0.000.wav", "train/3/-train_0.000.wav"]


def test_of_many_bad_recordings_the_first_are_named():
    counts = dict.fromkeys(("clips", "computed", "kept", "parts", "unreadable"), 12)
    counts |= {"seconds": 4.0, "data": "synthetic sample, seed 0", "notes": {"short": 2}}
    problems = {f"{k}.wav": "it has no content." for k in range(10)}
    text = data_notes.features_text(counts | {"without_file": 3, "problems": problems})
    lines = text.splitlines()
    assert lines[0] == (
        "12 clips (synthetic sample, seed 0) in 12 parts: 12 computed in 4.0 s (3.0 a second), "
        "12 there already."
    )
    assert lines[2:4] == ["  2 short", "0.wav: it has no content."]
    assert lines[-2:] == ["9.wav: it has no content.", "and 2 more"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--modality", "smell"], "Unknown modality 'smell': use voice, face, words."),
        (["--recipe", "praat"], "Unknown recipe 'praat' of the modality voice: use 'fast', 'pub"),
        (["--modality", "face", "--recipe", "fast"], "Unknown recipe 'fast' of the modality face"),
        (["--scheduler", "somewhere"], "'somewhere' is no address of a scheduler"),
        (["--shard-size", "0"], "Invalid value for '--shard-size'"),
    ],
)
def test_wrong_usage_ends_in_2_and_a_sentence(mmage, folder, arguments, message):
    result = mmage(folder, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_folder_without_recordings_ends_in_1(mmage, folder):
    for split in ("train", "test"):
        shutil.rmtree(folder / split)
    result = mmage(folder)
    assert result.exit_code == 1
    assert "no clip has a file of voice, for example train/4/NAME.wav" in result.stderr
    assert mmage(folder / "nowhere").exit_code == 1
