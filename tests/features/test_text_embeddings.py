"""Texts are embedded without their padding, each once, by the model that was named."""

import json
import shutil

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from mmage_utils.errors import DataError
from mmage_utils.features import table_cache, text_embeddings
from mmage_utils.features.text_embeddings import embed

TEXTS = ["I like trains.", "we played football after school " * 20, "", "So, um, my knees hurt."]


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """The embeddings of TEXTS by the packaged model."""
    return embed(TEXTS, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def folder(tmp_path):
    """A copy of the packaged model."""
    return shutil.copytree(text_embeddings.model_folder("minilm"), tmp_path / "bert")


@pytest.fixture
def computed(monkeypatch):
    """The texts that were computed, call by call."""
    asked, vectors_of = [], text_embeddings.vectors_of

    def noting(texts, *model):
        asked.append(list(texts))
        return vectors_of(texts, *model)

    monkeypatch.setattr(text_embeddings, "vectors_of", noting)
    return asked


def test_embeddings_have_one_row_a_text_whatever_stands_beside_it(vectors, tmp_path):
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    for row in (0, 2):
        alone = embed([TEXTS[row]], cache=tmp_path)
        np.testing.assert_allclose(alone[0], vectors[row], atol=1e-5)
    assert np.abs(vectors[0] - vectors[3]).max() > 0.05


def test_embedding_is_the_mean_of_the_last_states_over_the_words(vectors):
    import torch
    from transformers import AutoModel, AutoTokenizer

    place = text_embeddings.model_folder("minilm")
    tokens = AutoTokenizer.from_pretrained(place)(TEXTS[3], return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(place)(**tokens).last_hidden_state[0]
    np.testing.assert_allclose(vectors[3], states.mean(0).numpy(), atol=1e-5)


def test_each_text_is_computed_once_whatever_its_place(tmp_path, monkeypatch, computed):
    first = embed(["a", "b", "a"], cache=tmp_path)
    assert [sorted(texts) for texts in computed] == [["a", "b"]]
    np.testing.assert_array_equal(first[0], first[2])
    monkeypatch.setattr(text_embeddings, "load", lambda _: pytest.fail("loaded for nothing"))
    np.testing.assert_array_equal(embed(["b", "a"], cache=tmp_path), first[[1, 0]])
    assert len(computed) == 1


def test_only_new_texts_are_computed(tmp_path, computed):
    embed(["a", "b"], cache=tmp_path)
    assert embed(["b", "c"], cache=tmp_path).shape == (2, 384)
    assert computed[1:] == [["c"]]


def test_what_was_embedded_before_a_kill_is_kept(tmp_path, monkeypatch, computed):
    monkeypatch.setattr(table_cache, "COMMIT_SECONDS", 0)
    texts = [f"word {k}" for k in range(128)]
    vectors_of = text_embeddings.vectors_of

    def interrupted(*arguments):
        yield next(vectors_of(*arguments))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(text_embeddings, "vectors_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            embed(texts, cache=tmp_path)
    assert embed(texts, cache=tmp_path).shape == (128, 384)
    first, second = computed
    assert (first, len(second)) == (texts, 128 - 64)
    assert set(second) < set(texts)


def test_a_damaged_cache_is_a_loss_of_time_only(tmp_path):
    first = embed(["a", "b"], cache=tmp_path)
    (file,) = tmp_path.glob("texts_*.sqlite")
    file.write_bytes(b"damaged")
    np.testing.assert_array_equal(embed(["a", "b"], cache=tmp_path), first)


def test_a_folder_is_a_model_and_its_bytes_decide(folder, tmp_path, computed):
    other = shutil.copytree(folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}))
    for model, times in ((str(folder), 1), ("minilm", 1), (str(other), 2)):
        embed(["a", "bb"], model, cache=tmp_path / "cache")
        assert len(computed) == times, model


def test_a_relative_folder_counts_from_the_repository(folder, monkeypatch):
    monkeypatch.setattr(text_embeddings, "ROOT", folder.parent)
    assert text_embeddings.model_folder("bert") == folder


def test_a_hub_s_model_in_the_cache_asks_no_server(folder, tmp_path, monkeypatch):
    cached, asked = {"some/bert": folder}, []

    def download(name, *, local_files_only=False, **_):
        asked.append((name, local_files_only))
        if local_files_only and name not in cached:
            raise LocalEntryNotFoundError("not there")
        return str(cached[name] if local_files_only else tmp_path / "fetched")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert text_embeddings.model_folder("some/bert") == folder
    assert asked == [("some/bert", True)]
    shutil.copytree(folder, tmp_path / "fetched")
    assert text_embeddings.model_folder("other/bert") == tmp_path / "fetched"
    (folder / "config.json").unlink()  # the cache has a part of it
    assert text_embeddings.model_folder("some/bert") == tmp_path / "fetched"
    asked.clear()
    for name, message in (("some/bert", "has no config.json"), ("other/bert", "the local cache")):
        with pytest.raises(DataError, match=message):
            text_embeddings.model_folder(name, fetch=False)
    assert all(local for _, local in asked)


def test_a_folder_gives_the_same_embeddings_as_the_package(folder, vectors, tmp_path):
    np.testing.assert_array_equal(embed(TEXTS, str(folder), cache=tmp_path / "cache"), vectors)
    described = text_embeddings.describe_model(str(folder))
    assert described | {"sha256": ""} == {
        "name": "bert",
        "licence": "unknown",
        "sha256": "",
        "layers": 6,
        "width": 384,
    }
    packaged = text_embeddings.describe_model("minilm")
    assert described["sha256"] == packaged["sha256"]
    assert packaged["licence"] == "Apache-2.0"


@pytest.mark.parametrize("model", ["no-such-model", "nobody/nothing", "a/b/c"])
def test_unknown_text_model_is_named(tmp_path, model):
    with pytest.raises(DataError, match=rf"{model}' cannot be loaded: no such folder.*TEXT_MODEL"):
        embed(["a"], model, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("model.safetensors", None, "has no model.safetensors"),
        ("config.json", None, "has no config.json"),
        ("model.safetensors", b"weights", ""),
        ("config.json", b"{", ""),
        ("config.json", b'{"model_type": "no-such-type"}', ""),
        ("tokenizer.json", b"{", ""),
    ],
)
def test_a_damaged_folder_is_named_in_a_sentence(folder, tmp_path, file, content, reason):
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(DataError, match=rf"bert' cannot be loaded: .*{reason}.*TEXT_MODEL") as said:
        embed(["a"], str(folder), cache=tmp_path / "cache")
    assert "\n" not in str(said.value)


def test_no_text_gives_no_row(tmp_path):
    assert embed([], cache=tmp_path).shape == (0, 0)
