"""What an answer rests on is found where a model is made to look."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmage_utils.data.face_images import read_face
from mmage_utils.fusion import answer_reasons
from mmage_utils.fusion.bundle import Bundle
from mmage_utils.fusion.bundle_parts import Part
from mmage_utils.predictions import tabulate

SHARES = Part({"kind": "shares"}, {"p": np.full(7, 1 / 7)})
EVEN = Bundle({}, {"image": [SHARES], "text": [SHARES]}, None)


@pytest.fixture
def looks_at(monkeypatch):
    """Let the models give age group 4 what a function says of a face or a text, 0 to 1."""

    def use(share):
        def predict(bundle, clips):
            (modality,) = bundle.modalities
            p = np.array([share(one) for one in clips[modality]])
            rest = np.repeat((1 - p)[:, None] / 6, 6, axis=1)
            return {modality: tabulate(clips, np.column_stack([rest[:, :3], p, rest[:, 3:]]))}

        monkeypatch.setattr(answer_reasons, "predict_modalities", predict)

    return use


@pytest.fixture
def face(tmp_path):
    """A white face of another size than the models see."""
    Image.new("RGB", (300, 300), "white").save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize("place", [(30, 40), (180, 120)])
def test_a_map_is_highest_where_the_model_looks(looks_at, face, place):
    row, column = place
    looks_at(lambda path: 0.9 if read_face(path, 224)[0][0, row, column] == 255 else 0.2)
    seen, falls = answer_reasons.face_map(EVEN, face, 4)
    assert seen.shape == (3, 224, 224)
    assert falls.shape == (224, 224)
    assert falls[row, column] == pytest.approx(0.7)
    assert falls.max() == pytest.approx(0.7)
    far = np.hypot(*(np.indices(falls.shape) - np.reshape(place, (2, 1, 1)))) > 2**0.5 * 64
    assert (falls[far] == 0).all()
    against = answer_reasons.face_map(EVEN, face, 1)[1]
    assert against[row, column] == pytest.approx(-0.7 / 6)


def test_a_word_that_tells_comes_first_and_counts_wherever_it_stands(looks_at):
    looks_at(lambda text: 0.3 + 0.5 * ("school" in text.lower()) - 0.1 * ("old" in text.split()))
    text = "School was old, and the SCHOOL of $5 <b>was</b> there; it's schoolish: scho ol"
    table = answer_reasons.telling_words(EVEN, text.replace("schoolish", "scholar"), 4)
    assert table["word"].tolist()[0] == "School"
    assert table["fall"].tolist()[0] == pytest.approx(0.5)
    assert table["fall"].iloc[1:].abs().max() < 1e-9
    assert "it's" in set(table["word"])
    assert len(table) == table["word"].str.lower().nunique()
    lonely = answer_reasons.telling_words(EVEN, "so old school", 4).set_index("word")["fall"]
    assert lonely.to_dict() == pytest.approx({"school": 0.5, "so": 0, "old": -0.1})


def test_a_text_without_words_and_a_long_one(looks_at):
    asked = []
    looks_at(lambda text: asked.append(text) or 0.5)
    assert answer_reasons.telling_words(EVEN, "... !", 4).empty
    table = answer_reasons.telling_words(EVEN, " ".join(f"w{k}" for k in range(5000)), 4)
    assert len(table) == answer_reasons.MOST_WORDS
    assert len(asked) == 1 + 1 + answer_reasons.MOST_WORDS


def test_models_that_look_at_nothing_show_nothing(face):
    assert not answer_reasons.face_map(EVEN, face, 4)[1].any()
    assert (answer_reasons.telling_words(EVEN, "a b c", 4)["fall"] == 0).all()
    assert isinstance(answer_reasons.telling_words(EVEN, "", 4), pd.DataFrame)
