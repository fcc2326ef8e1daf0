"""Faces of every kind become 8-bit RGB squares, or are refused in a sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from mmage_utils.data.face_images import read_face
from mmage_utils.errors import DataError


@pytest.fixture
def save(tmp_path):
    """Function that saves an image under the name of a face."""

    def write(image, kind="PNG", **settings):
        path = tmp_path / "-clip.000.jpg"
        image.save(path, kind, **settings)
        return path

    return write


@pytest.fixture
def halves():
    """Left half red, right half blue, 64 x 64."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32, 0] = pixels[:, 32:, 2] = 255
    return Image.fromarray(pixels)


def test_a_usual_face_is_only_resized(halves, save):
    image, notes = read_face(save(halves), 16)
    assert notes == []
    assert image.shape == (3, 16, 16)
    assert image.dtype == np.uint8
    expected = np.asarray(halves.resize((16, 16), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(
    ("mode", "kind", "note"),
    [
        ("L", "PNG", "grey: made RGB"),
        ("1", "PNG", "grey: made RGB"),
        ("RGBA", "PNG", "transparent: put on white"),
        ("LA", "PNG", "transparent: put on white"),
        ("CMYK", "JPEG", "colours: CMYK made RGB"),
        ("YCbCr", "TIFF", "colours: YCbCr made RGB"),
        ("P", "PNG", None),
    ],
)
def test_other_colours_are_converted(halves, save, mode, kind, note):
    image, notes = read_face(save(halves.convert(mode), kind), 16)
    assert notes == ([note] if note else [])
    assert image.shape == (3, 16, 16)
    if mode in ("RGBA", "CMYK", "YCbCr", "P"):
        assert image[0, 8, 2] > 200 > 60 > image[2, 8, 2]  # red stays left
        assert image[2, 8, 13] > 200 > 60 > image[0, 8, 13]


def test_what_is_transparent_becomes_white(save):
    image, _ = read_face(save(Image.new("RGBA", (32, 32), (0, 0, 0, 0))), 16)
    assert (image == 255).all()
    palette = Image.new("P", (32, 32), 0)
    image, notes = read_face(save(palette, transparency=0), 16)
    assert (image == 255).all()
    assert notes == ["transparent: put on white"]


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deeper_images_keep_their_brightness(save, dtype):
    deep = (np.full((32, 32), 0.5) * 65535).astype(dtype)
    image, notes = read_face(save(Image.fromarray(deep), "TIFF"), 16)
    expected = 255 if dtype is np.float32 else 128  # floats have no known range
    assert abs(int(image[0, 0, 0]) - expected) <= 1
    assert notes == ["depth: more than 8 bits"]


def test_a_large_photograph_is_turned_as_its_exif_says(save):
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    pixels[:1500, :, 0] = 255  # the upper half is red
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: red stands right
    image, notes = read_face(save(Image.fromarray(pixels), "JPEG", exif=exif), 16)
    assert [note.split(":")[0] for note in notes] == ["large", "turned", "not square"]
    assert image[0, 8, 13] > 200
    assert image[0, 8, 2] < 50


def test_of_a_wide_image_the_middle_is_used(save):
    pixels = np.zeros((32, 96, 3), np.uint8)
    pixels[:, 32:64] = 255
    image, notes = read_face(save(Image.fromarray(pixels)), 16)
    assert (image == 255).all()
    assert notes == ["not square: the middle of 96 x 32 pixels is used"]


def _bytes(kind="JPEG"):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has no content"),
        (b"These are words.", "it is not an image, it begins with b'These ar'"),
        (_bytes()[:3000], "it is damaged: .*truncated"),
        (_bytes("PNG")[:3000], "it is damaged"),
        (_bytes()[:20], "it is"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n", "it is not an image"),
    ],
)
def test_what_is_no_whole_image_is_named(tmp_path, content, reason):
    path = tmp_path / "-clip.000.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"-clip\.000\.jpg cannot be read as an image: {reason}"):
        read_face(path, 16)


@pytest.mark.parametrize(
    ("size", "reason"),
    [((1, 1), "1 x 1 pixels, less than 16"), ((64, 9), "64 x 9"), ((9000, 9000), "81 million")],
)
def test_too_small_and_too_large_is_named(save, size, reason):
    path = save(Image.new("1", size))
    with pytest.raises(DataError, match=reason):
        read_face(path, 16)


def test_a_missing_face_and_a_folder_are_named(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    for name, reason in (("none.jpg", "there is no such file"), ("folder.jpg", "it is a folder")):
        with pytest.raises(DataError, match=f"{name}.*{reason}"):
            read_face(tmp_path / name, 16)
