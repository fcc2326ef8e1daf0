"""The command mmage features ends in 0, 1 or 2, and says what was done and what could not be."""

import json
import shutil

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.display import data_notes
from mmage_utils.features.voices import acoustic, extraction, speaker_embeddings
from mmage_utils.features.voices.definition import FEATURES


@pytest.fixture
def mmage(monkeypatch, tmp_path):
    """Function that calls the command with cheap features and a cache of its own."""
    cheap = dict.fromkeys(FEATURES, 1.0) | {"voiced_fraction": 1.0}
    monkeypatch.setattr(acoustic, "acoustic_features", lambda samples, *, recipe: dict(cheap))
    defaults = extraction.extract_features.__kwdefaults__ | {"n_jobs": 1}
    defaults["cache"] = tmp_path / "cache"
    monkeypatch.setattr(extraction.extract_features, "__kwdefaults__", defaults)

    def run(*arguments):
        return CliRunner().invoke(app, ["features", *map(str, arguments)])

    return run


@pytest.fixture
def folder(lists):
    """Three recordings in a First Impressions folder, two of them not as they should be."""
    for split, age in (("train", 3), ("train", 4), ("test", 3)):
        (lists / split / str(age)).mkdir(parents=True)
    tone = 0.5 * np.sin(np.arange(2 * SAMPLE_RATE))
    soundfile.write(lists / "train" / "3" / "-train_0.000.wav", tone, SAMPLE_RATE)
    soundfile.write(lists / "train" / "4" / "-train_1.000.wav", tone / 2, 2 * SAMPLE_RATE)
    soundfile.write(lists / "test" / "3" / "-test_0.000.wav", tone / 4, SAMPLE_RATE)
    return lists


def test_features_are_computed_then_read_back(mmage, folder, tmp_path):
    result = mmage(folder, "--json", tmp_path / "counts.json")
    assert result.exit_code == 0, result.output
    assert "3 clips: 3 recordings computed in" in result.stdout
    assert "0 without voice, 0 cannot be read" in result.stdout
    assert "  1 resampled" in result.stdout
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert (counts["clips"], counts["computed"], counts["unreadable"]) == (3, 3, 0)
    assert counts["notes"] == {"resampled": 1}
    assert len(list((tmp_path / "cache").glob("voices_fast_*.sqlite"))) == 1
    assert counts["file"] in result.stdout
    again = mmage(folder)
    assert again.exit_code == 0
    assert "3 clips: 0 recordings computed, 3 clips from the cache." in again.stdout
    assert mmage(folder, "--recipe", "published").exit_code == 0
    assert len(list((tmp_path / "cache").glob("voices_published_*.sqlite"))) == 1


def test_bad_recordings_end_in_1_and_are_named(mmage, folder, tmp_path):
    (folder / "train" / "3" / "-train_0.000.wav").write_bytes(b"")
    (folder / "test" / "3" / "-test_0.000.wav").unlink()
    (folder / "test" / "3" / "-test_0.000.wav").mkdir()
    result = mmage(folder, "--json", tmp_path / "counts.json")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "0 without voice, 2 cannot be read" in result.stdout
    assert "-train_0.000.wav: it has no content (0 bytes)" in result.stdout
    assert "-test_0.000.wav: it is a folder" in result.stdout
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["unreadable"] == 2
    assert sorted(place.rsplit("/", 1)[1] for place in counts["problems"]) == [
        "-test_0.000.wav",
        "-train_0.000.wav",
    ]


def test_of_many_bad_recordings_the_first_are_named():
    counts = dict.fromkeys(("clips", "computed", "cached", "silent", "unreadable"), 12)
    counts |= {"seconds": 4.0, "file": "a file", "notes": {"short": 2}}
    problems = {f"{k}.wav": "it has no content." for k in range(12)}
    lines = data_notes.extraction_text(counts | {"problems": problems}).splitlines()
    assert lines[0] == (
        "12 clips: 12 recordings computed in 4.0 s (3.0 a second), 12 clips from the cache."
    )
    assert lines[2:4] == ["  2 short", "0.wav: it has no content."]
    assert lines[-3:] == ["9.wav: it has no content.", "and 2 more", "Features are in a file."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "praat"], "Unknown recipe 'praat': use fast or published"),
        (["--scheduler", "somewhere"], "'somewhere' is no address of a scheduler"),
    ],
)
def test_wrong_usage_ends_in_2_and_one_line(mmage, folder, arguments, message):
    result = mmage(folder, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.splitlines()[-1].startswith("mmage: ")


def test_a_folder_without_recordings_ends_in_1(mmage, folder):
    for split in ("train", "test"):
        shutil.rmtree(folder / split)
    result = mmage(folder)
    assert result.exit_code == 1
    assert "no clip has a recording" in result.stderr
    assert mmage(folder / "nowhere").exit_code == 1


def test_speaker_recipe_embeds_the_voices(mmage, folder, tmp_path, monkeypatch):
    settings = speaker_embeddings.embed_voices.__kwdefaults__ | {"cache": tmp_path / "cache"}
    monkeypatch.setattr(speaker_embeddings.embed_voices, "__kwdefaults__", settings)
    (folder / "test" / "3" / "-test_0.000.wav").write_bytes(b"no sound")
    result = mmage(folder, "--recipe", "speaker", "--json", tmp_path / "counts.json")
    assert result.exit_code == 1, result.output
    assert "3 clips: 3 recordings computed in" in result.stdout
    assert "\n1 cannot be read" in result.stdout
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert (counts["clips"], counts["computed"], counts["unreadable"]) == (3, 3, 1)
    assert "3 clips: 0 recordings computed, 3 clips" in mmage(folder, "--recipe", "speaker").stdout
