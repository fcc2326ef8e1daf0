"""A bundle predicts what the run predicted, anywhere, and notices a changed byte."""

import json
import pickle
import re
import shutil
import subprocess
import sys

import huggingface_hub
import numpy as np
import pandas as pd
import pytest
from helpers.bundles import PARAMETERS, chosen_results, few, make_small

from mmage_utils.data.new_clips import find_new_clips, read_new_clips
from mmage_utils.data.transcripts import read_transcript
from mmage_utils.display.model_card import card_text
from mmage_utils.errors import DataError
from mmage_utils.fusion import answers
from mmage_utils.fusion.bundle import CARD, RECORD, WEIGHTS, make_bundle, read_bundle
from mmage_utils.fusion.late_fusion import apply_fusion, fit_fusion
from mmage_utils.predictions import P_COLUMNS, of_split, write_predictions
from mmage_utils.runs import Run
from mmage_utils.scores.choice import constant_table
from mmage_utils.scores.evaluation import train_prior

WAYS = {
    "heads": ({}, "head"),
    "networks": ({}, "network"),
    "averages": ({"image": "network trained here, frozen", "text": "minilm"}, "both"),
    "ages told": ({"image": "ages told by dlib-age", "text": "n-grams of letters"}, "head"),
    "two networks": ({"image": "dlib + dlib-age", "text": "n-grams of words and letters"}, "head"),
    "constant": ({}, "none"),
}
SPEAKER = {"audio": "seven features + resemblyzer"}
HEADS = {"image": "dlib-age", "audio": "seven features", "text": "n-grams of words"}
MODALITIES = tuple(HEADS)


@pytest.fixture(scope="module")
def known(clips):
    return few(clips)


@pytest.fixture(scope="module")
def small(known, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    ways = {"image": "both", "audio": "both", "text": "head"}
    return make_small(folder, known, ways)


def _as_new(clips):
    """Clips as `read_new_clips` gives them."""
    texts = [read_transcript(path) for path in clips["transcript"]]
    new = clips[["VideoName", "UserID", "split", "AgeGroup", "image", "audio"]]
    return new.assign(text=texts, lacks=[{}] * len(clips), notes="", problem="", video="")


@pytest.mark.parametrize("name", WAYS)
def test_a_route_says_of_single_clips_what_the_run_said(name, known, tmp_path):
    heads, way = WAYS[name]
    tables, _, place = make_small(tmp_path, known, dict.fromkeys(MODALITIES, way), HEADS | heads)
    some = known.groupby("split").head(2).reset_index(drop=True)
    made = answers.predict_modalities(read_bundle(place), _as_new(some))
    for modality, table in made.items():
        own = tables[modality].set_index("VideoName").loc[some["VideoName"], P_COLUMNS]
        np.testing.assert_allclose(table[P_COLUMNS], own, atol=1e-6)


@pytest.mark.slow
def test_a_speaker_network_says_of_single_clips_what_the_run_said(known, tmp_path):
    ways = dict.fromkeys(MODALITIES, "none") | {"audio": "head"}
    tables, _, place = make_small(tmp_path, known, ways, HEADS | SPEAKER)
    some = known.tail(2).reset_index(drop=True)
    made = answers.predict_modalities(read_bundle(place), _as_new(some))["audio"]
    own = tables["audio"].set_index("VideoName").loc[some["VideoName"], P_COLUMNS]
    np.testing.assert_allclose(made[P_COLUMNS], own, atol=1e-6)


def test_what_was_read_is_what_was_written(small):
    _, made, place = small
    again = read_bundle(place)
    for modality, parts in made.modalities.items():
        for before, after in zip(parts, again.modalities[modality], strict=True):
            assert set(before.arrays) == set(after.arrays)
            for name, values in before.arrays.items():
                assert np.array_equal(values, after.arrays[name])
                assert np.asarray(values).dtype == after.arrays[name].dtype
    assert again.fusion.temperatures == made.fusion.temperatures
    assert again.fusion.weights == made.fusion.weights
    assert np.array_equal(again.fusion.prior, made.fusion.prior)
    for subset, stack in made.fusion.stacks.items():
        assert all(map(np.array_equal, stack, again.fusion.stacks[subset]))
    assert not [path for path in place.iterdir() if path.name not in (RECORD, WEIGHTS, CARD)]


def test_the_fusion_of_a_bundle_says_of_test_what_the_run_said(small):
    tables, made, place = small
    tests = of_split(tables, "test")
    first, again = (apply_fusion(one.fusion, tests) for one in (made, read_bundle(place)))
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_elsewhere_and_in_a_fresh_process_it_says_the_same_to_the_last_bit(small, known, tmp_path):
    elsewhere = tmp_path / "another place, ü"
    shutil.copytree(small[2], elsewhere)
    some = known.tail(3).reset_index(drop=True)
    _as_new(some).to_pickle(tmp_path / "clips.pkl")
    code = (
        "import json, sys, pandas as pd\n"
        "from mmage_utils.fusion import answers, bundle\n"
        "clips = pd.read_pickle(sys.argv[2])\n"
        "made = answers.predict_modalities(bundle.read_bundle(sys.argv[1]), clips)\n"
        "p = [f'p{k}' for k in range(1, 8)]\n"
        "print(json.dumps({m: t[p].to_numpy().tolist() for m, t in made.items()}))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, elsewhere, tmp_path / "clips.pkl"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    here = answers.predict_modalities(read_bundle(small[2]), _as_new(some))
    there = json.loads(told.stdout.splitlines()[-1])
    assert there == {name: table[P_COLUMNS].to_numpy().tolist() for name, table in here.items()}


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_a_changed_byte_is_a_clear_error(small, tmp_path, name, share):
    place = tmp_path / "model"
    shutil.copytree(small[2], place)
    content = bytearray((place / name).read_bytes())
    content[round(share * (len(content) - 1))] ^= 1
    (place / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} is missing or was changed") as caught:
        read_bundle(place)
    assert str(caught.value).count(".\n") == 0
    assert "notebooks/11_fused_model.ipynb again." in str(caught.value)


def test_other_damage_is_a_clear_error_too(small, tmp_path):
    with pytest.raises(DataError, match="holds no models"):
        read_bundle(tmp_path)
    place = tmp_path / "model"
    shutil.copytree(small[2], place)
    record = json.loads((place / RECORD).read_text())
    for change, message in (
        ({"format": 0}, "another version"),
        ({"parts": None}, "is damaged"),
        ({"fusion": {}}, "is damaged"),
        ({"networks": [{"modality": "image", "name": "dlib", "sha256": "0"}]}, "The network dlib"),
    ):
        (place / RECORD).write_text(json.dumps(record | change))
        with pytest.raises(DataError, match=message):
            read_bundle(place)
    (place / RECORD).write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        read_bundle(place)


@pytest.mark.parametrize(
    ("modality", "name"),
    [("text", "some/bert"), ("image", "faces/own.dat"), ("audio", "voices/own.pt")],
)
def test_a_network_that_is_not_here_is_named_and_not_fetched(
    small, tmp_path, monkeypatch, modality, name
):
    asked = []

    def download(model, *, local_files_only=False, **_):
        asked.append(local_files_only)
        raise FileNotFoundError(model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    place = shutil.copytree(small[2], tmp_path / "model")
    record = json.loads((place / RECORD).read_text())
    apart = {"modality": modality, "name": name, "sha256": "0" * 64, "packaged": False}
    (place / RECORD).write_text(json.dumps(record | {"networks": [apart]}))
    with pytest.raises(
        DataError, match=rf"^The network {name} \({modality}\) is no part of "
    ) as said:
        read_bundle(place)
    assert "nothing is downloaded." in str(said.value)
    assert asked == [True] * (modality == "text")
    card = card_text(small[1].facts | {"networks": [apart]})
    assert f"- {modality}: {name} (SHA-256 0000000000000000), no package's: it is not in" in card


def test_a_bundle_holds_the_parameters_of_all_notebooks(known, tmp_path):
    origin = {"data": "d", "fingerprint": "f", "seed": 0}
    run = Run("small", tmp_path / "run", "d", tmp_path, True, origin | {"parameters": {"A": 1}})
    table = constant_table(known)
    for label, parameters, seed in (
        ("image, corrected", {"A": 0, "EPOCHS": 12}, 0),
        ("audio, corrected", {"HEAD_SEEDS": 5}, 0),
        ("of another seed", {"OTHER": 5}, 1),
    ):
        made = run._replace(provenance=origin | {"seed": seed, "parameters": parameters})
        write_predictions(made, label, table)
    results = chosen_results(dict.fromkeys(MODALITIES, "none"))
    tables = dict.fromkeys(MODALITIES, table)
    fitted = fit_fusion(tables, train_prior(known), penalties=[0.1])
    made = make_bundle(run, known, known, tables, fitted, results, PARAMETERS)
    assert made.facts["parameters"] == {"A": 1, "EPOCHS": 12, "HEAD_SEEDS": 5}


def test_nothing_in_a_bundle_is_a_pickle(small):
    for path in small[2].iterdir():
        content = path.read_bytes()
        assert not content.startswith((b"\x80", b"PK"))
        with pytest.raises(Exception):  # noqa: B017, PT011
            pickle.loads(content)


def test_models_that_are_not_the_run_s_are_refused(known, tmp_path, monkeypatch):
    from mmage_utils.fusion import bundle_routes

    monkeypatch.setattr(bundle_routes, "CLOSE", -1.0)
    with pytest.raises(DataError, match="are not those of the run's predictions, which differ"):
        make_small(tmp_path, known, dict.fromkeys(MODALITIES, "none"))


def test_the_card_says_what_the_labels_are(small):
    card = (small[2] / CARD).read_text()
    for words in ("perceived age group, not true age", "faces are drawn", "Not for decisions"):
        assert words in card
    assert re.search(r"- text: (logistic|ordinal) head on n-grams of words \(head on ", card)
    assert card.count("| held | clips | users | coverage |") == 3
    for rows in ("| fusion | accuracy |", "| Caucasian |", "| 25-32 |", "| Female |"):
        assert rows in card


def test_a_clip_is_answered_from_what_it_has(small, known):
    models = read_bundle(small[2])
    some = _as_new(known.tail(4).reset_index(drop=True)).astype(object)
    some.loc[0, "image"] = None
    some.loc[1, ["audio", "text"]] = None
    some.loc[2, ["image", "audio", "text"]] = None
    some["lacks"] = [{"image": "no face was found in 8 frames"}, {}, {}, {}]
    made = answers.answer_clips(models, some, answers.predict_modalities(models, some))
    assert made["modalities"].tolist() == ["audio + text", "image", "", "image + audio + text"]
    assert made["image_p1"].notna().tolist() == [False, True, False, True]
    assert made["notes"][0] == "no face: no face was found in 8 frames"
    assert made["p1"].isna().tolist() == [False, False, True, False]
    assert (made["meaning"] == "perceived age group, not true age").all()
    trust = models.facts["trust"]["subsets"]
    for row in made[made["modalities"] != ""].itertuples():
        known_row = trust[row.modalities]
        assert pd.isna(row.answer) == (row.confidence < known_row["threshold"])
        assert bool(row.reason) == pd.isna(row.answer)
        assert row.set
    lost = answers.predict_modalities(models, some[some.index == 1].reset_index(drop=True))
    alone = apply_fusion(models.fusion, lost)
    own = made.loc[1, P_COLUMNS].to_numpy(float)  # in a batch of another size, hence not to the bit
    np.testing.assert_allclose(alone.loc[0, P_COLUMNS].to_numpy(float), own, atol=1e-6)


def test_a_labelled_folder_gives_its_clips_and_their_labels(sample, clips, tmp_path):
    found = find_new_clips([sample])
    assert len(found) == len(clips[clips["image"].notna()])
    assert set(found["split"]) == {"train", "valid", "test"}
    read = read_new_clips(found.head(3), tmp_path)
    assert read["text"].map(type).eq(str).all()
    assert read["problem"].eq("").all()
