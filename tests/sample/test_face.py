"""The schematic faces of the embedded sample."""

import io

import numpy as np
import pytest
from PIL import Image

from mmage_utils.sample.face import DIALS, draw_face, encode_jpeg

PERSON = {"gender": 2, "ethnicity": 2, "identity": 11}


def face(level=0.5, clip=3, **changes):
    person = PERSON | {k: v for k, v in changes.items() if k in PERSON}
    dials = dict.fromkeys(DIALS, level) | {k: v for k, v in changes.items() if k in DIALS}
    return draw_face(dials, **person, clip=clip)


def difference(a, b):
    return np.abs(a.astype(float) - b.astype(float)).mean()


def top(image):
    """The hair over the middle of the head."""
    return image[22:40, 92:132].astype(float)


@pytest.mark.parametrize("gender", [1, 2])
@pytest.mark.parametrize("ethnicity", [1, 2, 3])
@pytest.mark.parametrize("level", [-0.15, 0.5, 1.15])
def test_picture_has_the_stated_shape_and_some_contrast(gender, ethnicity, level):
    image = face(level, gender=gender, ethnicity=ethnicity)
    assert image.shape == (224, 224, 3)
    assert image.dtype == np.uint8
    assert image.std() > 15


def test_same_arguments_give_the_same_bytes():
    first, second = (encode_jpeg(face(), clip=3) for _ in range(2))
    assert first == second


def test_clips_of_one_person_differ_less_than_people():
    def tone(identity, clip):
        hair = top(face(0.1, clip=clip, identity=identity, ethnicity=2))
        return hair.mean((0, 1))

    assert difference(face(clip=1), face(clip=2)) > 3
    tones = np.array([[tone(i, 10 * i + c) for c in range(4)] for i in range(8)])
    assert tones.mean(1).std(0).mean() > tones.std(1).mean()


@pytest.mark.parametrize("gender", [1, 2])
@pytest.mark.parametrize(
    ("dial", "least"),
    [("proportions", 4.0), ("skin", 2.0), ("wrinkles", 1.0), ("grey", 2.0), ("hairline", 2.0)],
)
def test_each_dial_alone_shows(dial, least, gender):
    young, old = (face(gender=gender, **{dial: level}) for level in (0.4, 0.8))
    assert difference(young, old) > least


@pytest.mark.parametrize("dial", DIALS)
def test_dials_are_clipped(dial):
    assert np.array_equal(face(**{dial: 1.0}), face(**{dial: 1.15}))
    assert np.array_equal(face(**{dial: 0.0}), face(**{dial: -0.15}))


@pytest.mark.parametrize("ethnicity", [1, 2, 3])
def test_grey_lightens_and_fades_the_hair(ethnicity):
    looks = []
    for level in (0.3, 0.5, 0.7, 0.9):
        hair = top(face(0.3, grey=level, ethnicity=ethnicity)).mean((0, 1))
        looks.append((hair.mean(), (hair.max() - hair.min()) / hair.max()))
    bright, colourful = np.array(looks).T
    assert (np.diff(bright) > 0).all()
    assert colourful[-1] < colourful[0]


def test_hairline_bares_the_forehead():
    low, high = (face(0.3, hairline=level, gender=1)[45:75, 92:132].mean() for level in (0.1, 0.8))
    assert high > low + 10


def test_bad_arguments_are_refused():
    with pytest.raises(KeyError):
        draw_face({"skin": 0.5}, **PERSON, clip=0)
    with pytest.raises(ValueError, match="ethnicity"):
        face(ethnicity=4)
    with pytest.raises(ValueError, match="gender"):
        face(gender=0)


def test_jpeg_reads_back():
    image = face()
    back = Image.open(io.BytesIO(encode_jpeg(image, clip=5)))
    assert (back.format, back.mode, back.size) == ("JPEG", "RGB", (224, 224))
    assert difference(np.asarray(back), image) < 12
    assert len({len(encode_jpeg(image, clip=clip)) for clip in range(6)}) > 1
