"""Marks of files: what was written is found, and a shortcut shows."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from mmage_utils.features.format_marks import (
    IMAGE_MARKS,
    RECORDING_MARKS,
    image_marks,
    recording_marks,
)
from mmage_utils.models.regularised_heads import fit_head
from mmage_utils.scores import evaluation


def test_marks_of_recordings_are_what_was_written(tmp_path, rng):
    noise = rng.normal(0, 0.1, 32_000)
    low = np.convolve(noise, np.hanning(64) / np.hanning(64).sum(), "same")
    loud = np.clip(20 * noise, -1, 1)
    stereo = np.stack([noise, noise], axis=1)
    kinds = {"a.wav": (noise + 0.02, 8000, "PCM_16"), "b.wav": (low, 16000, "PCM_24")}
    kinds |= {"c.flac": (loud, 16000, "PCM_16"), "d.wav": (stereo, 44100, "FLOAT")}
    for name, (wave, rate, subtype) in kinds.items():
        soundfile.write(tmp_path / name, wave, rate, subtype=subtype)
    (tmp_path / "e.wav").write_bytes(b"no sound")
    paths = [tmp_path / name for name in [*kinds, "e.wav"]]
    marks = recording_marks(pd.DataFrame({"audio": [*paths, None]}))
    assert list(marks) == list(RECORDING_MARKS)
    assert marks["rate"][:4].tolist() == [8000, 16000, 16000, 44100]
    assert marks["bits"][:4].tolist() == [16, 24, 16, 32]
    assert marks["channels"][:4].tolist() == [1, 1, 1, 2]
    assert marks["seconds"][0] == pytest.approx(4)
    assert marks["offset"][0] == pytest.approx(0.02, abs=2e-3)
    assert marks["level"][0] == pytest.approx(-20, abs=0.5)
    assert marks["bandwidth"][1] < 1500 < 7000 < marks["bandwidth"][2]
    assert marks["clipped"][2] > 0.3 > 0.001 > marks["clipped"][0]
    assert marks.loc[4:].isna().all(axis=None)


def test_marks_of_images_are_what_was_written(tmp_path, rng):
    image = Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8))
    image.save(tmp_path / "a.jpg", quality=95)
    image.save(tmp_path / "b.jpg", quality=30)
    image.convert("L").save(tmp_path / "c.png")
    paths = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.png", "absent.jpg")]
    marks = image_marks(pd.DataFrame({"image": paths}))
    assert list(marks) == list(IMAGE_MARKS)
    assert marks.loc[:2, ["width", "height"]].to_numpy().tolist() == [[30, 40]] * 3
    assert marks["channels"][:3].tolist() == [3, 3, 1]
    assert 0 < marks["jpeg_step"][0] < marks["jpeg_step"][1]
    assert marks["jpeg_step"][2] == 0
    assert marks["bytes_per_pixel"][1] < marks["bytes_per_pixel"][0]
    assert marks.loc[3].isna().all()


def test_a_shortcut_shows_and_equal_files_tell_nothing(rng):
    clips = pd.DataFrame(
        {
            "VideoName": [f"v{k}" for k in range(300)],
            "UserID": [f"u{k}" for k in range(300)],
            "AgeGroup": rng.choice([3, 4, 5], 300, p=[0.3, 0.5, 0.2]),
            "split": np.repeat(["train", "valid", "test"], 100),
        }
    )
    rates = clips[["AgeGroup"]].to_numpy() * 1000.0
    heads = {"rate": fit_head(rates, clips), "equal": fit_head(np.ones((300, 2)), clips)}
    tables = {name: head.table for name, head in heads.items()}
    scores = evaluation.score_models(tables, majority=evaluation.train_majority(clips))
    assert evaluation.pick(scores, model="rate", split="valid").value > 0.95
    equal = evaluation.pick(scores, model="equal", split="valid")
    assert equal.value == equal.constant
