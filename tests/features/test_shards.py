"""Features of any modality are written as parts, which are done once and for their files only."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers.recordings import make_lists, write_recording

from mmage_utils.data.clips import read_clips
from mmage_utils.data.transcripts import read_transcripts
from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import modalities, shards
from mmage_utils.features.face_embeddings import embed_packaged
from mmage_utils.features.faces import load_faces
from mmage_utils.features.parts import read_features
from mmage_utils.features.shards import write_features
from mmage_utils.features.text_embeddings import embed
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.features.voices.extraction import NUMBERS, extract_features
from mmage_utils.features.voices.speaker_embeddings import embed_voices
from mmage_utils.files import ROOT, locked

# Faces and words of the sample in one process; prints the parts, and networks as they are loaded.
LOADS = """
import sys
from mmage_utils.features import face_networks, text_embeddings
from mmage_utils.features.shards import write_features

def counted(load):
    def run(name):
        loads.append(name)
        return load(name)
    return run

loads = []
face_networks.load_network = counted(face_networks.load_network)
text_embeddings.load = counted(text_embeddings.load)
for modality in ("face", "words"):
    out = f"{sys.argv[2]}/{modality}"
    print(write_features(sys.argv[1], out, modality=modality, shard_size=7, n_workers=1)["parts"])
print(*loads)
"""


@pytest.fixture(scope="module")
def few(sample, tmp_path_factory):
    """The sample with the media of some 20 clips."""
    folder = tmp_path_factory.mktemp("few") / "few"
    folder.mkdir()
    for path in sample.glob("*.*"):
        shutil.copy(path, folder)
    for split, group in (("train", 4), ("valid", 4), ("test", 4)):
        (folder / split / str(group)).mkdir(parents=True)
        for path in sorted((sample / split / str(group)).iterdir())[:21]:
            shutil.copy(path, folder / split / str(group))
    return folder


@pytest.fixture
def voices(tmp_path, computed):
    """Function that writes the cheap features of 10 recordings in shards of 4, in this process."""
    folder = make_lists(tmp_path / "data", 10)

    def run(folder=folder, **settings):
        return write_features(
            folder, tmp_path / "out", **{"shard_size": 4, "n_workers": 1} | settings
        )

    run.folder, run.out = folder, tmp_path / "out"
    return run


def with_file(folder, medium):
    clips = read_clips(folder)
    return clips[clips[medium].notna()].reset_index(drop=True)


def test_acoustic_features_are_those_of_the_notebooks(few, tmp_path):
    record = write_features(few, tmp_path / "out", n_workers=1)
    clips = with_file(few, "audio")
    expected = extract_features(clips, cache=tmp_path, n_jobs=1).table
    assert 15 < record["clips"] == len(clips)
    pd.testing.assert_frame_equal(read_features(tmp_path / "out"), expected, check_dtype=False)
    assert record["data"] == "synthetic sample, seed 0"  # what is synthetic says so


def test_speaker_embeddings_are_those_of_the_notebooks(few, tmp_path):
    write_features(few, tmp_path / "out", recipe="speaker", n_workers=1)
    expected = embed_voices(with_file(few, "audio"), cache=tmp_path).vectors
    vectors = np.stack(read_features(tmp_path / "out")["speaker"])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_face_embeddings_are_those_of_the_notebooks(few, tmp_path):
    record = write_features(few, tmp_path / "out", modality="face", n_workers=1)
    faces = load_faces(with_file(few, "image"), 224, cache=tmp_path)
    table = read_features(tmp_path / "out")
    assert table["VideoName"].tolist() == faces.clips["VideoName"].tolist()
    assert table["found"].dtype == bool
    for name in ("dlib", "dlib-age"):
        expected = embed_packaged(faces.images, name, cache=tmp_path)
        np.testing.assert_allclose(np.stack(table[name]), expected.vectors, atol=1e-4)
        assert table["found"].tolist() == expected.found.tolist()
    assert [len(network["sha256"]) for network in record["networks"]] == [64, 64]


@pytest.mark.parametrize("half", [False, True])
def test_text_embeddings_are_those_of_the_notebooks(few, tmp_path, half):
    write_features(few, tmp_path / "out", modality="words", half=half, n_workers=1)
    clips = with_file(few, "transcript")
    texts = read_transcripts(clips)
    table = read_features(tmp_path / "out")
    vectors = np.stack(table["words"])
    assert vectors.dtype == (np.float16 if half else np.float32)
    expected = embed(texts["text"], cache=tmp_path)
    np.testing.assert_allclose(vectors, expected, atol=1e-3 if half else 1e-5)
    assert table["notes"].tolist() == texts["notes"].tolist()


def test_parts_hold_the_clips_in_the_order_of_the_lists(voices, computed):
    record = voices()
    assert (record["parts"], record["computed"], record["kept"]) == (3, 10, 0)
    assert sorted(path.name for path in voices.out.iterdir()) == [
        "_features.json", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet"
    ]  # fmt: skip
    table = read_features(voices.out)
    assert table["VideoName"].tolist() == read_clips(voices.folder)["VideoName"].tolist()
    assert table["tempo"].tolist() == computed
    pd.testing.assert_frame_equal(pd.read_parquet(voices.out), table)  # as anyone reads it


def test_what_is_there_is_not_computed_again(voices, computed):
    voices()
    before = {path.name: path.read_bytes() for path in voices.out.glob("part-*")}
    computed.clear()
    assert voices()["kept"] == 10
    (voices.out / "part-00001.parquet").unlink()
    assert voices()["computed"] == 4
    (voices.out / "part-00002.parquet").write_bytes(before["part-00002.parquet"][:200])
    assert voices()["computed"] == 2
    assert {path.name: path.read_bytes() for path in voices.out.glob("part-*")} == before


def test_a_changed_file_has_its_shard_computed_again(voices):
    voices()
    path = read_clips(voices.folder)["audio"][5]
    write_recording(path, 0.99)
    record = voices()
    assert (record["computed"], record["kept"]) == (4, 6)
    assert read_features(voices.out)["tempo"][5] == 0.99


def test_other_code_has_other_features(voices, monkeypatch):
    voices()
    monkeypatch.setattr(modalities, "recipe_key", lambda *_: "newer")
    assert voices()["computed"] == 10


def test_what_cannot_be_read_is_a_row_with_a_reason_and_no_numbers(voices):
    paths = read_clips(voices.folder)["audio"]
    open(paths[2], "wb").close()
    record = voices()
    assert record["unreadable"] == 1
    assert list(record["problems"]) == [paths[2].removeprefix(f"{voices.folder}/")]
    row = read_features(voices.out).iloc[2]
    assert "it has no content" in row["problem"]
    assert row[list(FEATURES)].isna().all()
    record = voices()
    assert (record["computed"], record["unreadable"]) == (0, 1)  # counted again, not tried again


def test_what_a_library_failed_at_is_tried_again(voices, monkeypatch):
    from mmage_utils.features.voices import acoustic

    def fail(samples, *, recipe):
        raise ZeroDivisionError("no frames")

    with monkeypatch.context() as patch:
        patch.setattr(acoustic, "acoustic_features", fail)
        assert voices()["unreadable"] == 10
    assert "ZeroDivisionError: no frames" in read_features(voices.out)["problem"][0]
    record = voices()
    assert (record["computed"], record["unreadable"]) == (10, 0)


def test_parts_of_a_longer_list_are_removed(voices):
    voices()
    for split in ("train", "valid"):
        path = voices.folder / f"{split}_set_age_labels.csv"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    assert voices()["parts"] == 2
    assert len(read_features(voices.out)) == len(read_clips(voices.folder)) == 7
    assert len(list(voices.out.glob("part-*"))) == 2


def test_a_folder_of_something_else_is_left_alone(voices, tmp_path):
    voices()
    before = (voices.out / "_features.json").read_bytes()
    for settings, message in (
        ({"recipe": "published"}, "features with recipe 'fast', not 'published': name another"),
        ({"shard_size": 5}, "features with shard_size 4, not 5"),
        ({"half": True}, "features with half False, not True"),
    ):
        with pytest.raises(UsageError, match=message):
            voices(**settings)
    assert (voices.out / "_features.json").read_bytes() == before
    assert voices(shard_size=None)["kept"] == 10  # the size of the folder counts
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="mine holds no features"):
        write_features(voices.folder, mine)
    with locked(voices.out / ".lock"), pytest.raises(DataError, match="another process is writing"):
        voices()


def test_features_that_are_not_complete_are_not_read(voices):
    voices()
    record = json.loads((voices.out / "_features.json").read_text())
    (voices.out / "_features.json").write_text(json.dumps(record | {"complete": False}))
    with pytest.raises(DataError, match="is not complete: call mmage features again"):
        read_features(voices.out)


def test_shards_of_short_lists_are_smaller(voices, monkeypatch):
    monkeypatch.setattr(shards, "SMALL_SHARD", 3)
    assert voices(shard_size=None)["shard_size"] == 3
    monkeypatch.setattr(shards, "FEW_SHARDS", 2)
    shutil.rmtree(voices.out)
    assert voices(shard_size=None)["shard_size"] == 5


@pytest.mark.slow
def test_networks_are_loaded_once_a_process_however_many_shards_it_has(few, tmp_path):
    command = [sys.executable, "-c", LOADS, str(few), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "3", "dlib", "dlib-age", "minilm"]


def test_workers_of_a_machine_take_its_gpus_in_turn():
    assert [modalities.device_of(number, 3) for number in range(5)] == [
        *("cuda:0", "cuda:1", "cuda:2", "cuda:0", "cuda:1")
    ]
    assert modalities.device_of("node-7-3", 2) == "cuda:1"
    assert modalities.device_of(3, 0) == "cpu"
    drawn = {modalities.device_of(f"tcp://10.0.0.1:{port}", 4) for port in range(40001, 40100, 2)}
    assert drawn == {f"cuda:{number}" for number in range(4)}
    assert modalities.worker_name() == 0  # no worker


def test_columns_are_those_of_the_acoustic_features():
    assert list(modalities.columns_of("voice", "fast")) == NUMBERS
