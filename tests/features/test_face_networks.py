"""Packaged face networks: the weights are dlib's, names are checked, faces are told apart."""

import numpy as np
import pytest
import torch

from mmage_utils.data.clips import with_media
from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import face_embeddings, face_networks, weight_files
from mmage_utils.features.face_embeddings import align_faces, embed_packaged, told_ages
from mmage_utils.features.face_networks import NETWORKS, check_network, load_network
from mmage_utils.features.faces import load_faces
from mmage_utils.files import file_sha256


@pytest.fixture(scope="module")
def faces(clips, tmp_path_factory):
    """Twelve drawn faces at 224 pixels."""
    twelve = with_media(clips, "image").groupby("split").head(4)
    return load_faces(twelve, 224, cache=tmp_path_factory.mktemp("cache")).images


def _chips(faces, name):
    network = NETWORKS[name]
    return np.stack([chip for chip, _ in align_faces(faces, network.size, network.margin)])


def test_identity_network_gives_the_numbers_of_dlib_itself(faces):
    import dlib

    path = check_network("dlib")[1]
    chips = _chips(faces[:3], "dlib")
    with torch.inference_mode():
        ours = load_network("dlib")(torch.from_numpy(chips).float()).numpy()
    theirs = dlib.face_recognition_model_v1(str(path))
    for vector, chip in zip(ours, chips, strict=True):
        expected = theirs.compute_face_descriptor(np.ascontiguousarray(chip.transpose(1, 2, 0)))
        np.testing.assert_allclose(vector, np.array(expected), atol=1e-5)


def test_age_network_gives_the_numbers_of_onnx_runtime(faces):
    runtime = pytest.importorskip("onnxruntime", reason="a second opinion, not needed to run")
    model, chips = load_network("dlib-age"), torch.from_numpy(_chips(faces[:3], "dlib-age")).float()
    with torch.inference_mode():
        ours = model.head(model(chips)).softmax(1).numpy()
    scaled = (chips - torch.tensor(face_networks.MEANS).view(3, 1, 1)) / 256
    session = runtime.InferenceSession(check_network("dlib-age")[1])
    np.testing.assert_allclose(ours, session.run(None, {"images": scaled.numpy()})[0], atol=1e-4)


def test_weights_too_small_to_matter_are_zero():
    """A processor takes many times as long for a subnormal number, and the sums are the same."""
    _, path = check_network("dlib-age")
    kept = np.concatenate([part.ravel() for part in weight_files.onnx_tensors(path)])
    used = np.concatenate([part.ravel() for part in saved(load_network("dlib-age"))])
    tiny = np.finfo(np.float32).tiny
    small = (kept != 0) & (np.abs(kept) < tiny)
    assert small.sum() > 1000
    assert np.count_nonzero(used) == np.count_nonzero(kept) - small.sum()
    assert np.abs(used[used != 0]).min() >= tiny


def saved(model):
    return [part.detach().numpy() for part in model.parameters()]


@pytest.mark.parametrize("name", NETWORKS)
def test_each_face_is_embedded_once(faces, name, tmp_path):
    made = embed_packaged(faces[:4], name, cache=tmp_path)
    assert made.vectors.shape == (4, NETWORKS[name].numbers)
    assert made.computed == 4
    assert made.found.all()
    again = embed_packaged(faces[[5, 3, 0, 0]], name, cache=tmp_path)
    assert again.computed == 1
    np.testing.assert_array_equal(again.vectors[1:], made.vectors[[3, 0, 0]])


def test_other_weights_are_embedded_anew(faces, tmp_path):
    own = tmp_path / "own.onnx"
    content = bytearray(check_network("dlib-age")[1].read_bytes())
    content[1_000_000] ^= 1  # the last bit of a weight
    own.write_bytes(content)
    embed_packaged(faces[:1], "dlib-age", cache=tmp_path)
    assert embed_packaged(faces[:1], str(own), cache=tmp_path).computed == 1
    assert face_networks.describe_network(str(own))["licence"] == "unknown"


def test_the_same_face_is_nearer_than_another(faces, tmp_path):
    darker = (faces * 0.8).astype(np.uint8)
    moved = np.roll(faces, 6, axis=3)
    vectors = embed_packaged(np.concatenate([faces, darker, moved]), "dlib", cache=tmp_path).vectors
    first, *others = np.split(vectors, 3)
    for other in others:
        distance = np.linalg.norm(first[:, None] - other[None], axis=2)
        assert (distance.argmin(1) == np.arange(len(faces))).mean() > 0.9


def test_an_image_without_a_face_counts_as_one_whole_face(tmp_path, rng):
    noise = rng.integers(0, 256, (2, 3, 64, 48), dtype=np.uint8)
    made = embed_packaged(noise, "dlib-age", cache=tmp_path)
    assert not made.found.any()
    assert np.isfinite(made.vectors).all()


def test_told_ages_are_probabilities_and_follow_the_81_classes(faces, tmp_path):
    vectors = embed_packaged(faces[:2], "dlib-age", cache=tmp_path).vectors
    years, told = np.split(told_ages(vectors), [1], axis=1)
    assert told.shape == (2, 7)
    assert told.sum(1) == pytest.approx(1, abs=1e-5)
    with torch.inference_mode():
        p = load_network("dlib-age").head(torch.from_numpy(vectors)).softmax(1).numpy()
    bounds = ((0, 14), (14, 19), (19, 25), (25, 33), (33, 46), (46, 61), (61, 81))
    expected = np.stack([p[:, start:end].sum(1) for start, end in bounds], axis=1)
    np.testing.assert_allclose(told, expected, atol=1e-6)
    np.testing.assert_allclose(years[:, 0], p @ np.arange(81), atol=1e-4)


def test_wrong_names_list_the_right_ones():
    with pytest.raises(UsageError, match="choose one of none, dlib, dlib-age, or a file"):
        check_network("resnet")
    with pytest.raises(DataError, match=r"absent\.dat does not exist: check FACE_NETWORK"):
        check_network("absent.dat")


@pytest.mark.parametrize(("name", "suffix"), [("dlib", ".dat"), ("dlib-age", ".onnx")])
def test_damaged_weights_are_refused(name, suffix, tmp_path):
    whole = check_network(name)[1].read_bytes()
    for k, content in enumerate((whole[:100_000], b"", b"no network" * 99, whole[:-40_000])):
        path = tmp_path / f"{k}{suffix}"
        path.write_bytes(content)
        with pytest.raises(DataError, match="does not hold the face network"):
            load_network(str(path))


def test_descriptions_name_licence_and_weights():
    for name, network in NETWORKS.items():
        found = face_networks.describe_network(name)
        assert found["name"] == name
        assert found["licence"] == "CC0-1.0"
        assert found["numbers"] == network.numbers
        assert found["sha256"] == file_sha256(check_network(name)[1])


def test_a_missing_package_says_how_to_get_it():
    with pytest.raises(DataError, match=r"absent-package with the weights a\.dat is not installed"):
        weight_files.packaged_file("absent-package", "b/a.dat")
    with pytest.raises(DataError, match="is not installed"):
        weight_files.packaged_file(NETWORKS["dlib"].package, "b/a.dat")


def test_an_empty_list_of_faces_has_no_vectors(tmp_path):
    made = face_embeddings.embed_packaged(np.zeros((0, 3, 9, 9), np.uint8), cache=tmp_path)
    assert len(made.vectors) == len(made.found) == 0
