"""Recipes: the corrected face model, fine-tuned or head alone, embeddings, boosting."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from mmage_utils import runs
from mmage_utils.errors import DataError
from mmage_utils.features.faces import FaceDataset, Faces
from mmage_utils.models import networks, recipes, training
from mmage_utils.predictions import read_predictions

TUNED = {"epochs": 1, "lr": 0.001, "backbone_lr": 0.0005, "batch_size": 8}


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(0).integers(0, 256, (30, 3, 80, 80), dtype=np.uint8)


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "VideoName": [f"v{k}.mp4" for k in range(30)],
            "UserID": [f"u{k // 2}" for k in range(30)],
            "AgeGroup": rng.integers(3, 6, 30),
            "split": ["train"] * 16 + ["valid"] * 8 + ["test"] * 6,
        }
    )


@pytest.fixture
def run(tmp_path):
    return runs.Run("a run", tmp_path / "a run", "data", tmp_path, True)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """Trainings and embeddings of these tests stay out of the cache of the project."""
    for module, name in ((training, "fit"), (recipes, "embed_faces")):
        monkeypatch.setattr(module, name, partial(getattr(module, name), cache=tmp_path / "cache"))


@pytest.mark.slow
def test_corrected_model_is_written_and_read_again(run, clips, faces):
    table, fit, used = recipes.correct_faces(run, "image, corrected", clips, faces, **TUNED)
    assert used == "none"
    assert len(fit.history) == 1
    again = read_predictions(run, "image, corrected", "02_image_classifier")
    pd.testing.assert_series_equal(again["prediction"], table["prediction"])
    loaded = recipes.load_faces_model(run, "image, corrected", notebook="02_image_classifier")
    vectors = recipes.embed_faces(loaded, clips, faces)
    assert vectors.shape == (30, 512)
    np.testing.assert_array_equal(vectors, recipes.embed_faces(fit.model, clips, faces))
    with torch.inference_mode():
        logits = loaded.logits(torch.as_tensor(vectors)).numpy()
    np.testing.assert_array_equal(logits.argmax(1) + 1, table["prediction"])


@pytest.mark.slow
def test_without_epochs_only_the_head_is_trained(run, clips, faces):
    settings = TUNED | {"epochs": 0}
    table, fit, _ = recipes.correct_faces(run, "image, corrected", clips, faces, seed=3, **settings)
    training.seed_everything(3)
    loaded, _ = networks.face_classifier()
    for (name, before), after in zip(
        loaded.named_parameters(), fit.model.parameters(), strict=True
    ):
        assert torch.equal(before, after) is not name.startswith("logits")
    everyone = FaceDataset(faces, range(30), clips["AgeGroup"], scaling="vggface2")
    p = training.predict(fit.model, everyone)
    np.testing.assert_array_equal(p.argmax(1) + 1, table["prediction"])
    train = table[table["split"] == "train"]
    assert (train["prediction"] == train["ground_truth"]).mean() > 0.8


def test_embeddings_are_computed_once(clips, faces, monkeypatch):
    model, _ = networks.face_classifier()
    first = recipes.embed_faces(model, clips, faces)
    monkeypatch.setattr(training, "outputs", lambda *_, **__: pytest.fail("embedded again"))
    np.testing.assert_array_equal(recipes.embed_faces(model, clips, faces), first)
    with pytest.raises(pytest.fail.Exception):
        recipes.embed_faces(model, clips, faces[:, :, ::-1])


def test_an_unknown_setting_is_an_error(run, clips, faces):
    with pytest.raises(TypeError, match="unexpected keyword argument 'learning_rate'"):
        recipes.train_faces(run, "image", clips, faces, clips, **TUNED, learning_rate=0.1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'batch'"):
        recipes.train_features(run, "audio", clips, faces, None, epochs=1, lr=0.1, batch=8)


def test_missing_model_names_the_notebook(run):
    with pytest.raises(DataError, match=r"image_corrected\.ckpt is missing.*02_image"):
        recipes.load_faces_model(run, "image, corrected", notebook="02_image_classifier")


def test_a_network_that_was_never_trained_predicts_valid_and_test_alone(clips, faces, monkeypatch):
    def load(part, size):
        return Faces(part.reset_index(drop=True), faces[part.index], pd.Series(), pd.Series())

    monkeypatch.setattr(recipes, "load_faces", load)
    first, again, other = (recipes.untrained_faces(clips, 80, seed=seed) for seed in (0, 0, 1))
    assert first["split"].tolist() == ["valid"] * 8 + ["test"] * 6
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(first["p4"], other["p4"])


def test_embeddings_in_bfloat16_are_those_in_float32_but_for_their_digits(clips, faces, tmp_path):
    training.seed_everything(2)
    model, _ = networks.face_classifier()
    everyone = recipes.FaceDataset(faces, range(len(clips)), clips["AgeGroup"], scaling="vggface2")
    exact = training.outputs(networks.backbone(model), everyone)
    quick = recipes.embed_faces(model, clips, faces, cache=tmp_path)
    assert quick.dtype == exact.dtype == np.float32
    assert np.abs(quick - exact).mean() < 0.02 * np.abs(exact).mean()
