"""The command mmage predict: videos and folders of any kind, its texts, files and exit codes."""

import errno
import json
import os
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.bundles import few, make_small
from helpers.films import film
from typer.testing import CliRunner

from mmage_utils import files, predictions, runs
from mmage_utils.cli import app
from mmage_utils.data import speech_recognition
from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.data.new_clips import NEW, find_new_clips
from mmage_utils.data.transcripts import read_transcript
from mmage_utils.fusion.answers import ANSWER_COLUMNS, predict_new
from mmage_utils.fusion.bundle import RECORD, read_bundle
from mmage_utils.fusion.bundle_routes import CLOSE
from mmage_utils.report.answer_page import render_answers
from mmage_utils.report.notebook_runner import run_report
from mmage_utils.sample.videos import write_video

MEANING = "perceived age group, not true age"


@pytest.fixture(scope="module")
def known(clips):
    return few(clips, 16)


@pytest.fixture(scope="module")
def model(known, tmp_path_factory):
    """Folder of a small bundle whose heads are quick to ask."""
    ways = {"image": "none", "audio": "head", "text": "head"}
    return make_small(tmp_path_factory.mktemp("run"), known, ways)[2]


@pytest.fixture(scope="module")
def video(known, tmp_path_factory):
    """A video of a sample clip, whose name begins with a dash."""
    path = tmp_path_factory.mktemp("videos") / "-9BZ 8A9é.000.mp4"
    write_video(path, known["image"].iloc[0], known["audio"].iloc[0], seed=1)
    return path


def _predict(*arguments):
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def test_one_video_gives_one_line_and_what_it_means(model, video, tmp_path):
    video.with_suffix(".txt").write_text("We went to school and <b>home</b> again.")
    out, page, record = (tmp_path / name for name in ("a b.csv", "a.html", "a.json"))
    result = _predict(video, "--run", model, "-o", out, "--html", page, "--json", record)
    assert result.exit_code == 0, result.output
    first, last = result.stdout.strip().splitlines()[-2:]
    assert first.startswith("-9BZ 8A9é.000.mp4: ")
    assert "from image + audio + text, set " in first
    sets = re.findall(r"(\d+(?:-\d+|\+)) (\d+)%", first.split(", set ")[1])
    assert last.startswith("1 clip: ")
    assert MEANING in last
    assert "faces are drawn" in last
    table = pd.read_csv(out)
    assert list(table) == ANSWER_COLUMNS
    assert table["UserID"].tolist() == ["-9BZ 8A9é"]
    assert table["meaning"].tolist() == [MEANING]
    p = table[[f"p{k}" for k in range(1, 8)]].to_numpy()
    assert p.sum() == pytest.approx(1)
    assert table["prediction"][0] == p.argmax() + 1
    groups = dict(zip(AGE_GROUPS.values(), p[0], strict=True))
    assert [name for name, _ in sets] == table["set"][0].split(", ")
    assert [float(share) for _, share in sets] == [
        pytest.approx(100 * groups[name], abs=0.51) for name, _ in sets
    ]
    told = json.loads(record.read_text())
    assert told["meaning"] == MEANING
    assert told["clips"][0]["ground_truth"] is None
    assert told["clips"][0]["p4"] == pytest.approx(p[0, 3])
    text = page.read_text()
    assert "&lt;b&gt;home&lt;/b&gt;" in text
    assert "<b>" not in text
    assert MEANING in text
    assert '<p class="warning">The data are a synthetic sample' in text
    assert text.count("data:image/") == 4  # face, bars, map, voice
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")


def test_damaged_files_are_named_and_the_rest_goes_on(model, video, tmp_path):
    folder = tmp_path / "my videos"
    folder.mkdir()
    shutil.copy(video, folder / "good.000.mp4")
    (folder / "text.mp4").write_text("I am no video.")
    (folder / "empty.mp4").touch()
    film(folder / "wall.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 3, sound=None)
    film(folder / "tone.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 3)
    result = _predict(folder, "--run", model, "-o", tmp_path / "a.csv")
    assert result.exit_code == 1
    lines = dict(line.split(": ", 1) for line in result.stdout.splitlines() if ".mp4: " in line)
    assert lines["text.mp4"].startswith("cannot be read: it is not a video")
    assert lines["empty.mp4"].startswith("cannot be read: it has no content")
    assert lines["wall.mp4"].startswith("cannot be read: no face was found in 3 frames")
    assert "no face: no face was found" in lines["tone.mp4"]
    assert "no words: no transcript beside the video" in lines["tone.mp4"]
    assert "from image + audio, set" in lines["good.000.mp4"]
    assert "5 clips: " in result.stdout
    assert "3 cannot be read" in result.stdout
    table = pd.read_csv(tmp_path / "a.csv").set_index("VideoName")
    assert table["p1"].isna().sum() == 3
    assert table.loc["tone.mp4", "modalities"] == "audio"


def test_a_full_disk_is_no_damaged_video(model, video, monkeypatch):
    def write(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", write)
    result = _predict(video, "--run", model)
    assert result.exit_code == 1
    assert "cannot be read" not in result.output
    assert result.stderr.startswith("mmage: ")
    assert "the disk is full: free some space, and try again." in result.stderr


def test_a_voice_is_computed_once(known, tmp_path, computed):
    ways = dict.fromkeys(("image", "text"), "none") | {"audio": "head"}
    models = read_bundle(make_small(tmp_path / "run", known, ways)[2])
    computed.clear()
    folder = tmp_path / "clips" / "unlabelled"
    folder.mkdir(parents=True)
    for path in known["audio"].iloc[:3]:
        shutil.copy(path, folder)
    _, told = predict_new(models, [folder.parent], tmp_path / "work")
    assert told["modalities"].tolist() == ["audio"] * 3
    assert len(computed) == 3


def test_another_model_recognises_the_words(model, video, tmp_path, monkeypatch):
    asked = []

    def load(folder=None):
        asked.append(folder)
        return lambda samples: "we went to school"

    monkeypatch.setattr(speech_recognition, "load_recogniser", load)
    bare = tmp_path / "bare.mp4"
    shutil.copy(video, bare)
    result = _predict(bare, "--run", model, "--transcribe", "--model", tmp_path)
    assert result.exit_code == 0, result.output
    assert "from image + audio + text, set " in result.stdout
    assert asked == [tmp_path]
    result = _predict(bare, "--run", model, "--model", tmp_path)
    assert result.exit_code == 2
    assert "add --transcribe" in result.stderr


def test_a_folder_without_lists_and_one_with_them_are_read(model, known, tmp_path):
    folder = tmp_path / "unlisted"
    (folder / "test" / "4").mkdir(parents=True)
    clip = known.iloc[0]
    for medium in ("image", "audio", "transcript"):
        shutil.copy(clip[medium], folder / "test" / "4")
    shutil.copy(known["image"].iloc[1], folder / "test" / "4")
    (folder / "test" / "4" / "odd.jpg").write_text("no picture")
    result = _predict(folder, "--run", model, "-o", tmp_path / "a.csv")
    assert result.exit_code == 1
    table = pd.read_csv(tmp_path / "a.csv").set_index("VideoName")
    assert len(table) == 3
    assert table.loc[clip["VideoName"], "modalities"] == "image + audio + text"
    assert table.loc[known["VideoName"].iloc[1], "modalities"] == "image"
    assert "not an image" in table.loc["odd.mp4", "reason"]


def test_clips_without_labels_are_answered_beside_those_of_the_lists(model, sample, tmp_path):
    folder = shutil.copytree(sample, tmp_path / "data")
    first, second = sorted((folder / "test" / "4").glob("*.jpg"))[:2]
    (folder / "unlabelled").mkdir()
    shutil.copy(first, folder / "unlabelled" / "new.000.jpg")
    second.rename(second.with_name("unlisted.jpg"))
    found = find_new_clips([folder]).set_index("VideoName")
    assert found["AgeGroup"].eq(0).sum() == 2
    assert found.loc["new.000.mp4", ["UserID", "split"]].tolist() == ["new", NEW]
    assert found.loc["unlisted.mp4", "audio"] is None
    assert found.loc[f"{second.stem}.mp4", "image"] is None
    check = CliRunner().invoke(app, ["check-data", str(folder)])
    assert check.exit_code == 0, check.output
    assert "unlabelled/: holds 1 clips without labels" in check.stdout


def test_damaged_lists_are_named_with_the_way_around_them(model, lists):
    (lists / "valid_set_age_labels.csv").write_text("VideoName,UserID\na.mp4,a\n")
    result = _predict(lists, "--run", model)
    assert result.exit_code == 1
    assert "valid_set_age_labels.csv" in result.stderr
    assert "Without its label lists, all clips of the folder are answered." in result.stderr
    for path in lists.glob("*.csv"):
        path.unlink()
    result = _predict(lists, "--run", model)
    assert result.exit_code == 2
    assert "unlabelled/NAME.jpg" in result.stderr


def test_a_folder_without_lists_is_checked_for_what_it_can_be_used_for(known, tmp_path):
    (tmp_path / "unlabelled").mkdir()
    for medium in ("image", "transcript"):
        shutil.copy(known[medium].iloc[0], tmp_path / "unlabelled")
    result = CliRunner().invoke(app, ["check-data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    last = result.stdout.splitlines()[-1]
    assert last.endswith("1 clips without labels; with 1 image, 0 audio, 1 transcript.")


def test_silence_and_empty_words_are_named(model, known, tmp_path):
    folder = tmp_path / "clips" / "unlabelled"
    folder.mkdir(parents=True)
    soundfile.write(folder / "hush.wav", np.zeros(32_000), 16_000)
    (folder / "hush.pkl").write_bytes(pickle.dumps(" ... "))
    shutil.copy(known["audio"].iloc[0], folder / "speaks.wav")
    result = _predict(folder.parent, "--run", model)
    assert result.exit_code == 0, result.output
    hush, speaks = (line for line in result.stdout.splitlines() if ".mp4: " in line)
    assert "from audio + text" in hush
    assert "no speech: nothing voiced was found" in hush
    assert "no words: the transcript holds none" in hush
    assert "no speech" not in speaks


def test_wrong_usage_gives_exit_code_2_and_missing_models_1(model, video, tmp_path):
    assert _predict(tmp_path / "none.mp4", "--run", model).exit_code == 2
    assert _predict(tmp_path, "--run", model).exit_code == 2
    assert _predict(video, "--run", tmp_path / "no run").exit_code == 2
    (tmp_path / "a run").mkdir()
    result = _predict(video, "--run", tmp_path / "a run")
    assert result.exit_code == 1
    assert "run notebooks/11_fused_model.ipynb first." in result.stderr


def test_a_clip_of_two_places_is_answered_once(model, video, tmp_path):
    shutil.copy(video, tmp_path / video.name)
    result = _predict(video, tmp_path / video.name, "--run", model)
    assert result.exit_code == 1
    assert "another clip has this name already" in result.stdout


def test_real_data_have_no_warning_and_an_unsure_clip_no_answer(model, known, tmp_path):
    place = tmp_path / "model"
    shutil.copytree(model, place)
    record = json.loads((place / RECORD).read_text())
    for subset in record["trust"]["subsets"].values():
        subset["threshold"] = 0.999
    (place / RECORD).write_text(json.dumps(record | {"synthetic": False}))
    folder = tmp_path / "clips" / "unlabelled"
    folder.mkdir(parents=True)
    shutil.copy(known["audio"].iloc[0], folder)
    result = _predict(folder.parent, "--run", place, "--html", tmp_path / "a.html")
    assert result.exit_code == 0, result.output
    assert "no answer, not sure enough: 0." in result.stdout
    assert "where 1.00 is asked; most likely" in result.stdout
    assert "drawn" not in result.stdout
    assert 'class="warning"' not in Path(tmp_path / "a.html").read_text()


@pytest.mark.slow
def test_filmed_clips_get_the_answers_of_their_clips(clips, tmp_path):
    """The same likeliest age group for at least 90%, faces found in at least 95%."""
    ways = dict.fromkeys(("image", "audio", "text"), "head")
    models = read_bundle(make_small(tmp_path, few(clips), ways)[2])
    some = few(clips, 4)
    videos, place = tmp_path / "videos", tmp_path / "clips" / "unlabelled"
    place.mkdir(parents=True)
    for number, clip in enumerate(some.itertuples()):
        path = videos / clip.VideoName
        write_video(path, clip.image, clip.audio, seed=number)
        path.with_suffix(".txt").write_text(read_transcript(clip.transcript))
        for medium in (clip.image, clip.audio, clip.transcript):
            shutil.copy(medium, place)
    filmed, own = (
        predict_new(models, [where], tmp_path / "work")[1].set_index("VideoName")
        for where in (videos, place.parent)
    )
    assert len(own) == len(filmed) == 12
    assert filmed["modalities"].str.contains("image").mean() >= 0.95
    assert (filmed["prediction"] == own["prediction"].reindex(filmed.index)).mean() >= 0.9
    columns = [f"text_{name}" for name in predictions.P_COLUMNS]
    np.testing.assert_allclose(filmed[columns], own.loc[filmed.index, columns], atol=1e-6)


@pytest.mark.slow
@pytest.mark.long
def test_the_clips_of_a_real_run_are_answered_as_its_tables_say(tmp_path):
    run_report(params_file=files.ROOT / "params" / "tiny.yaml", run="tiny-predict")
    run, _ = runs.open_run("tiny-predict", "data/tiny", n_clips=160)
    labels = ("image, corrected, prior put back", "audio, corrected", "text, corrected")
    tables = {
        label.split(",")[0]: predictions.read_predictions(run, label, "07_multimodal_fusion")
        for label in (*labels, "fusion, corrected")
    }
    result = _predict(run.data_folder, "--run", run.folder, "-o", tmp_path / "a.csv")
    assert result.exit_code == 0, result.output
    told = pd.read_csv(tmp_path / "a.csv").set_index("VideoName")
    fused = tables["fusion"]
    tables["fusion"] = fused[fused["split"] != "valid"]  # whose rows are cross-fitted
    for name, table in tables.items():
        prefix = "" if name == "fusion" else f"{name}_"
        own = told.loc[table["VideoName"], [f"{prefix}p{k}" for k in range(1, 8)]].to_numpy()
        np.testing.assert_allclose(own, table[predictions.P_COLUMNS], atol=CLOSE)
        expected = table["prediction"].to_numpy()
        np.testing.assert_array_equal(own.argmax(1) + 1, expected)
        if name == "fusion":
            given = told.loc[table["VideoName"], "prediction"].to_numpy()
            np.testing.assert_array_equal(given, expected)


def test_the_page_shows_a_part_of_many_clips(model):
    clips = pd.DataFrame({"VideoName": [f"<i>{k}.mp4" for k in range(203)]})
    answers = clips.assign(modalities="", reason="it is <b>damaged", answer=pd.NA)
    text = render_answers(clips, answers, read_bundle(model))
    assert text.count("<article") == 200
    assert "3 more clips are not shown" in text
    assert "<i>" not in text
    assert "<b>" not in text
