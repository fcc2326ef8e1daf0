"""Representations are compared on valid, and test is computed for the chosen one alone."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.display.choice_notes import cite_networks, head_sentence
from mmage_utils.errors import UsageError
from mmage_utils.features.face_embeddings import Embedded
from mmage_utils.predictions import tabulate
from mmage_utils.scores import routes
from mmage_utils.scores.choice import CONSTANT
from mmage_utils.scores.representations import Representation


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(2)
    groups = np.repeat(rng.choice([3, 4, 5], 200, p=[0.3, 0.4, 0.3]), 3)
    columns = {
        "VideoName": [f"v{k:03d}.mp4" for k in range(600)],
        "UserID": [f"u{k:03d}" for k in np.repeat(np.arange(200), 3)],
        "AgeGroup": groups,
        "split": np.repeat(["train", "valid", "test"], 200),
    }
    return pd.DataFrame(columns)


class Maker:
    """Features of clips, and which clips they were asked for."""

    def __init__(self, clips, strength):
        rng = np.random.default_rng(3)
        self.x = rng.normal(0, 1, (len(clips), 5))
        self.x[:, 0] += strength * clips["AgeGroup"].to_numpy()
        self.asked = []

    def __call__(self, rows):
        self.asked.append(rows.sum())
        return Representation(self.x[rows])


def test_what_valid_does_not_choose_is_not_computed_on_test(clips):
    makers = {"weak": Maker(clips, 0.1), "strong": Maker(clips, 2.0)}
    chosen = routes.best_head(makers, clips)
    assert chosen.name == "strong"
    assert makers["weak"].asked == [400]
    assert makers["strong"].asked == [400, 600]
    assert len(chosen.features) == len(chosen.table) == 600
    assert chosen.rows["representation"].tolist() == ["weak", "strong", CONSTANT]
    assert routes.two_best(chosen.rows) == ["strong", "weak"]
    test = chosen.table[chosen.table["split"] == "test"]
    assert (test["prediction"] == test["ground_truth"]).mean() > 0.6


def test_valid_chooses_the_kind_of_head_too(clips):
    kinds = {}
    middle = (clips["AgeGroup"] == 4).to_numpy(float)
    for name, told in (("logistic", middle), ("ordinal", clips["AgeGroup"].to_numpy(float))):
        x = np.random.default_rng(4).normal(0, 1, (len(clips), 5))
        x[:, 0] += 1.5 * told
        head = routes.best_head(
            {"it": lambda rows, x=x: Representation(x[rows], note="odd")}, clips
        )
        kinds[name] = head.kind
        assert f"{head.kind} one on **it**. Of train and valid: odd." in head_sentence(head)
    assert kinds == {"logistic": "logistic", "ordinal": "ordinal"}


def test_test_decides_nothing(clips):
    makers = {"weak": Maker(clips, 0.1), "strong": Maker(clips, 2.0)}
    other = clips.assign(AgeGroup=clips["AgeGroup"].where(clips["split"] != "test", 4))
    first, second = (routes.best_head(makers, table) for table in (clips, other))
    pd.testing.assert_frame_equal(first.rows, second.rows)
    columns = [f"p{k}" for k in range(1, 8)]
    pd.testing.assert_frame_equal(first.table[columns], second.table[columns])


def test_other_trainings_take_the_route_of_the_first(clips):
    def table(right, seed):
        rng = np.random.default_rng(seed)
        p = 0.02 + right * np.eye(7)[clips["AgeGroup"] - 1] + 0.1 * rng.random((600, 7))
        return tabulate(clips, p / p.sum(1, keepdims=True))

    first = {"network": table(0.3, 1), "head": table(0.4, 2)}
    further = {"network": table(0.1, 3), "head": table(0.1, 4)}
    choice, tables = routes.choose_corrected(first, seeds=[further])
    assert len(tables) == 2
    pd.testing.assert_frame_equal(tables[0], choice.table)
    _, alone = routes.choose_corrected({"network": further["network"]})
    assert len(alone) == 1
    names = choice.name.removeprefix("average of ").split(" and ")
    expected = sum(further[name][["p3", "p4"]] for name in names) / len(names)
    pd.testing.assert_frame_equal(tables[1][["p3", "p4"]], expected)


def test_networks_are_asked_for_by_name_or_not_at_all(clips, rng):
    images = rng.integers(0, 255, (len(clips), 3, 8, 8), dtype=np.uint8)
    assert routes.face_representations(images, "none") == {}
    given = {"vggface2, frozen": (np.zeros((600, 2)), "MIT")}
    makers = routes.face_representations(images, "dlib + dlib-age", given)
    told = "ages told by dlib-age"
    assert list(makers) == ["vggface2, frozen", "dlib", "dlib-age", told, "dlib + dlib-age"]
    assert makers["vggface2, frozen"](np.arange(600) < 3).licence == "MIT"
    assert [one["name"] for one in routes.describe_faces("dlib + dlib-age")] == ["dlib", "dlib-age"]
    assert routes.describe_faces("none") == []
    with pytest.raises(UsageError, match="dlib-age"):
        routes.describe_faces("dlip")
    voices = routes.voice_representations(clips, np.zeros((600, 8)), "none")
    assert list(voices) == ["seven features"]
    assert routes.describe_voices("none") == []
    (speaker,) = routes.describe_voices("resemblyzer")
    assert (speaker["licence"], len(speaker["sha256"])) == ("Apache-2.0", 64)
    text = cite_networks(routes.describe_faces("dlib"))
    assert text.startswith("networks: dlib (CC0-1.0, ")
    assert routes.describe_faces("dlib")[0]["sha256"][:8] in text
    assert cite_networks([]) == "networks: none"


def test_what_was_computed_once_keeps_its_cost(clips, monkeypatch, tmp_path):
    asked = []

    def embed(images, name):
        asked.append(name)
        new = 0 if asked.count(name) > 1 else len(images)  # the rest is in the cache
        return Embedded(np.ones((len(images), 2)), np.arange(len(images)) > 2, new)

    monkeypatch.setattr(routes, "CACHE", tmp_path)
    monkeypatch.setattr(routes, "embed_packaged", embed)
    monkeypatch.setattr(routes, "told_ages", lambda vectors: np.ones((len(vectors), 8)))
    makers = routes.face_representations(np.zeros((600, 3, 4, 4)), "dlib + dlib-age")
    everyone = np.ones(600, dtype=bool)
    one, other, told, both = (make(everyone) for make in makers.values())
    assert both.features.shape == (600, 4)
    assert both.seconds == one.seconds + other.seconds > 0
    assert told.seconds == other.seconds
    assert both.licence == "CC0-1.0"
    again = routes.face_representations(np.zeros((600, 3, 4, 4)), "dlib")["dlib"](everyone)
    assert again.seconds == one.seconds  # of the earlier call, read from the cache
    assert both.note == one.note == "no face found in 3 of 600 crops"


def test_words_are_counted_beside_the_embedding(clips):
    texts = np.where(clips["AgeGroup"] == 4, "rent and work again", "school and games again")
    train = (clips["split"] == "train").to_numpy()
    makers = routes.word_representations(texts, train, np.zeros((600, 4)), "minilm")
    counted = makers["n-grams of words"](np.ones(600, dtype=bool)).features
    assert counted.shape[0] == 600
    assert routes.best_head(makers, clips).name != "minilm"
