"""Faces are decoded once and handed over in batches, scaled as the network expects."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mmage_utils.data.clips import with_media
from mmage_utils.display import data_notes
from mmage_utils.errors import DataError
from mmage_utils.features import faces
from mmage_utils.models import recipes, training


@pytest.fixture
def images(tmp_path):
    """Clips with three plain images: red, green, blue."""
    paths = []
    for k in range(3):
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[..., k] = 255
        paths.append(str(tmp_path / f"-clip.00{k}.png"))
        Image.fromarray(pixels).save(paths[-1])
    return pd.DataFrame({"image": paths, "split": ["train", "train", "test"]})


@pytest.fixture
def random_faces(rng):
    return rng.integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)


def _dataset(random_faces, copies="none", rows=(0, 1, 1, 3), groups=(1, 4, 4, 7)):
    return faces.FaceDataset(random_faces, list(rows), list(groups), copies)


def test_faces_are_channels_first_in_the_order_of_the_clips(images, tmp_path):
    found = faces.load_faces(images, 20, cache=tmp_path / "cache").images
    assert found.shape == (3, 3, 20, 20)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[:, :, 5, 5], 255 * np.eye(3))


def test_faces_are_decoded_once_per_size_and_content(images, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = np.array(faces.load_faces(images, 8, cache=cache).images)
    with monkeypatch.context() as patch:
        patch.setattr(faces, "read_face", lambda *_: pytest.fail("decoded again"))
        np.testing.assert_array_equal(faces.load_faces(images, 8, cache=cache).images, first)
    assert faces.load_faces(images, 9, cache=cache).images.shape == (3, 3, 9, 9)
    turned = faces.load_faces(images[::-1], 8, cache=cache).images
    np.testing.assert_array_equal(turned, first[::-1])
    assert len(list(cache.glob("*.npy"))) == len(list(cache.glob("*.json"))) == 3


def test_what_cannot_be_read_is_left_out_and_named(images, tmp_path):
    Path(images["image"][0]).write_text("no image")
    for _ in range(2):  # decoded, then from the cache
        found = faces.load_faces(images, 8, cache=tmp_path / "cache")
        assert found.clips["image"].tolist() == images["image"].tolist()[1:]
        assert found.clips.index.tolist() == [0, 1]
        assert found.images.shape == (2, 3, 8, 8)
        assert (found.images[0, 1] == 255).all()
        assert found.problems.index.tolist() == [images["image"][0]]
        assert found.problems.iloc[0].startswith("it is not an image, it begins with b'no image'")
    said = data_notes.faces_sentence(found, data="a sample")
    assert said.startswith("2 faces (a sample) are used at 8 pixels. Left out, as they cannot be")
    assert "read: 1 (`-clip.000.png`: `it is not an image" in said
    assert ".." not in said


def test_conversions_are_counted(images, tmp_path):
    for path, mode in zip(images["image"], ("L", "L", "RGBA"), strict=True):
        with Image.open(path) as image:
            converted = image.convert(mode)
        converted.save(path)
    found = faces.load_faces(images, 8, cache=tmp_path / "cache")
    assert len(found.clips) == 3
    assert found.problems.empty
    said = data_notes.faces_sentence(found, data="a sample")
    assert said.endswith("Converted: 3 (2 grey, 1 transparent).")
    plain = faces.load_faces(images.iloc[:0], 8, cache=tmp_path / "cache")
    assert plain.images.shape == (0, 3, 8, 8)


def test_a_split_without_faces_is_an_error(images, tmp_path):
    Path(images["image"][2]).write_text("no image")
    with pytest.raises(DataError, match=r"No test face can be read.*-clip\.002\.png: it is no"):
        faces.load_faces(images, 8, cache=tmp_path / "cache")


def test_training_goes_on_without_the_faces_that_cannot_be_read(clips, run, tmp_path, monkeypatch):
    some = with_media(clips, "image").copy()
    folder = tmp_path / "copies"
    folder.mkdir()
    broken = some.groupby("split").head(1)["VideoName"]
    for row, path in some["image"].items():
        target = folder / Path(path).name
        whole = Path(path).read_bytes()
        target.write_bytes(whole[:200] if some.loc[row, "VideoName"] in set(broken) else whole)
        some.loc[row, "image"] = str(target)
    found = faces.load_faces(some, 80, cache=tmp_path / "cache")
    assert len(found.problems) == len(broken) == 3
    plan = found.clips[found.clips["split"] == "train"].assign(copy="none").head(8)
    settings = {"epochs": 1, "batch_size": 8, "lr": 0.001}
    monkeypatch.setattr(training, "fit", partial(training.fit, cache=tmp_path / "cache"))
    table, _, _ = recipes.train_faces(run, "image", found.clips, found.images, plan, **settings)
    assert set(table["VideoName"]) == set(some["VideoName"]) - set(broken)


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [("imagenet", [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]),
     ("vggface2", [127.5 / 128, -127.5 / 128, (51 - 127.5) / 128])],
)  # fmt: skip
def test_scaling_by_hand(scaling, expected):
    image = torch.tensor([255, 0, 51], dtype=torch.uint8).view(3, 1, 1).expand(2, 3, 4, 5)
    found = faces.scale(image, scaling)
    assert found.shape == (2, 3, 4, 5)
    assert found.dtype == torch.float32
    assert found[1, :, 3, 2].tolist() == pytest.approx(expected, rel=1e-5)


def test_batches_hold_the_faces_and_the_groups_from_zero(random_faces):
    dataset = _dataset(random_faces)
    assert len(dataset) == 4
    batch, groups = dataset.__getitems__([3, 0, 2])
    expected = torch.from_numpy(random_faces[[3, 0, 1]])
    assert torch.equal(batch[0], expected)
    assert groups.tolist() == [6, 0, 3]
    assert torch.equal(dataset.prepare(batch), faces.scale(expected, "imagenet"))


def test_fingerprint_tells_what_a_training_sees(random_faces):
    first = _dataset(random_faces).fingerprint()
    assert _dataset(random_faces.copy()).fingerprint() == first
    other = random_faces.copy()
    other[1, 0, 0, 0] ^= 1
    changed = [
        _dataset(other),
        _dataset(random_faces, "flip"),
        _dataset(random_faces, ["none", "none", "flip", "none"]),
        _dataset(random_faces, rows=(0, 1, 3, 1)),
        _dataset(random_faces, rows=(0, 1, 1, 2)),
        _dataset(random_faces, groups=(1, 4, 5, 7)),
        faces.FaceDataset(random_faces, [0, 1, 1, 3], [1, 4, 4, 7], scaling="vggface2"),
    ]
    assert len({first, *(dataset.fingerprint() for dataset in changed)}) == 8
