"""Faces are decoded once and handed over in batches, scaled as the network expects."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mmage_utils import faces
from mmage_utils.errors import DataError


@pytest.fixture
def images(tmp_path):
    """Clips with three plain images: red, green, blue."""
    paths = []
    for k in range(3):
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[..., k] = 255
        paths.append(str(tmp_path / f"-clip.00{k}.png"))
        Image.fromarray(pixels).save(paths[-1])
    return pd.DataFrame({"image": paths})


@pytest.fixture
def random_faces(rng):
    return rng.integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)


def _dataset(random_faces, copies="none", rows=(0, 1, 1, 3), groups=(1, 4, 4, 7)):
    return faces.FaceDataset(random_faces, list(rows), list(groups), copies)


def test_faces_are_channels_first_in_the_order_of_the_clips(images, tmp_path):
    found = faces.load_faces(images, 20, cache=tmp_path / "cache")
    assert found.shape == (3, 3, 20, 20)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[:, :, 5, 5], 255 * np.eye(3))


def test_faces_are_decoded_once_per_size_and_content(images, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = np.array(faces.load_faces(images, 8, cache=cache))
    with monkeypatch.context() as patch:
        patch.setattr(faces, "_decode", lambda *_: pytest.fail("decoded again"))
        np.testing.assert_array_equal(faces.load_faces(images, 8, cache=cache), first)
    assert faces.load_faces(images, 9, cache=cache).shape == (3, 3, 9, 9)
    turned = faces.load_faces(images[::-1], 8, cache=cache)
    np.testing.assert_array_equal(turned, first[::-1])
    assert len(list(cache.iterdir())) == 3


def test_grey_and_palette_images_are_read_as_rgb(images, tmp_path):
    for path, mode in zip(images["image"], ("L", "P", "RGBA"), strict=True):
        with Image.open(path) as image:
            converted = image.convert(mode)
        converted.save(path)
    found = faces.load_faces(images, 8, cache=tmp_path / "cache")
    assert found.shape == (3, 3, 8, 8)
    assert len(set(found[0, :, 0, 0])) == 1


@pytest.mark.parametrize("kind", ["text", "empty", "truncated"])
def test_unreadable_image_is_named(images, tmp_path, kind):
    path = tmp_path / "-clip.001.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes({"text": b"no image", "empty": b"", "truncated": whole[:3000]}[kind])
    with pytest.raises(DataError, match=r"-clip\.001\.png cannot be read as an image"):
        faces.load_faces(images, 8, cache=tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


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
