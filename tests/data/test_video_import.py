"""Raw videos of the sample become its folder again; nothing is done twice."""

import errno
import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.films import film
from joblib.externals.loky import get_reusable_executor
from PIL import Image
from sklearn.datasets import load_sample_image

from mmage_utils.data import video_media
from mmage_utils.data.clips import is_synthetic, read_clips, with_media
from mmage_utils.data.folder_check import check_data
from mmage_utils.data.video_faces import find_faces, load_detector
from mmage_utils.data.video_import import LEFT_OUT, RECORD, UNLABELLED, import_videos
from mmage_utils.errors import DataError
from mmage_utils.features.voices.acoustic import acoustic_features
from mmage_utils.sample.videos import make_videos, write_video

N_VIDEOS = 4


@pytest.fixture(scope="module")
def filmed(sample, tmp_path_factory):
    """Videos of the sample, with a file of their labels and one of their words."""
    copy = tmp_path_factory.mktemp("filmed") / "sample"
    shutil.copytree(sample, copy)
    assert make_videos(copy, N_VIDEOS, n_jobs=2) == N_VIDEOS
    assert make_videos(copy, N_VIDEOS) == 0
    clips = with_media(read_clips(copy))
    clips.drop(columns=["image", "audio", "transcript"]).to_csv(copy / "labels.csv", index=False)
    words = {}
    for name, path in zip(clips["VideoName"], clips["transcript"], strict=True):
        with open(path, "rb") as stream:
            words[name] = pickle.load(stream)
    (copy / "words.pkl").write_bytes(pickle.dumps(words, protocol=2))
    return copy


@pytest.fixture(scope="module")
def imported(filmed):
    folder = filmed.parent / "imported"
    get_reusable_executor().shutdown()  # those that filmed, as in the fixture `sample`
    labels, words = filmed / "labels.csv", filmed / "words.pkl"
    record, left_out = import_videos(
        filmed / "videos", folder, labels=labels, transcripts=[words], n_jobs=2
    )
    assert len(record) == N_VIDEOS
    assert left_out.empty, left_out
    return folder


def _times(folder):
    return {
        path: path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*.*"))
        if path.suffix in (".jpg", ".wav", ".pkl")
    }


@pytest.mark.slow
def test_folder_passes_the_check_and_stays_labelled_synthetic(imported, filmed):
    assert [str(problem) for problem in check_data(imported) if problem.error] == []
    clips = with_media(read_clips(imported))
    assert len(clips) == N_VIDEOS
    assert is_synthetic(imported)
    before = with_media(read_clips(filmed)).set_index("VideoName")
    for clip in clips.itertuples():
        old = before.loc[clip.VideoName]
        assert (clip.UserID, clip.AgeGroup, clip.split) == (old.UserID, old.AgeGroup, old.split)
        with open(clip.transcript, "rb") as new, open(old.transcript, "rb") as stream:
            assert pickle.load(new) == pickle.load(stream)
        with Image.open(clip.image) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (224, 224))


@pytest.mark.slow
def test_voices_agree_with_the_originals(imported, filmed):
    """Within what AAC of 96 kbit/s changes: samples, f0 and rates."""
    before = with_media(read_clips(filmed)).set_index("VideoName")
    for clip in with_media(read_clips(imported)).itertuples():
        info = soundfile.info(clip.audio)
        assert (info.channels, info.subtype, info.samplerate) == (1, "PCM_16", 16_000)
        assert info.duration == pytest.approx(15.302, abs=0.03)
        new, old = (soundfile.read(path)[0] for path in (clip.audio, before.audio[clip.VideoName]))
        assert np.corrcoef(new[: len(old)], old)[0, 1] > 0.99
        features = [
            pd.Series(acoustic_features(samples[::2].astype(np.float32), recipe="fast"))
            for samples in (new, old)
        ]
        f0 = [name for name in features[0].index if name.startswith("f0_")]
        assert len(f0) == 5
        for name in f0:
            assert features[0][name] == pytest.approx(features[1][name], rel=0.05, abs=3), name
        words = [table["words_per_second"] for table in features]
        assert words[0] == pytest.approx(words[1], abs=0.35)
        tempo = [table["tempo"] for table in features]
        assert tempo[0] == pytest.approx(tempo[1], rel=0.05)


@pytest.mark.slow
def test_faces_of_all_ages_are_framed_alike(imported):
    """Eyes are level, about the middle, and a fifth to a third of the side apart."""
    detector = load_detector()
    for path in with_media(read_clips(imported))["image"]:
        with Image.open(path) as image:  # with a margin, as MTCNN misses faces that fill a picture
            picture = np.pad(np.asarray(image), ((60, 60), (60, 60), (0, 0)), mode="edge")
        _, points = max(find_faces([picture], detector)[0], key=lambda face: np.ptp(face[0][::2]))
        left, right = (points[:2] - 60) / 224
        assert abs(left[1] - right[1]) < 0.04
        assert 1 / 5 < right[0] - left[0] < 1 / 3
        assert 0.42 < (left[0] + right[0]) / 2 < 0.58
        assert 0.37 < (left[1] + right[1]) / 2 < 0.53


@pytest.mark.slow
def test_done_is_not_done_again(imported, filmed):
    before = _times(imported)
    record, _ = import_videos(filmed / "videos", imported, n_jobs=1)
    assert _times(imported) == before
    assert len(record) == N_VIDEOS
    with_media(read_clips(imported))


@pytest.mark.slow
def test_faces_of_the_sample_are_found_in_videos(sample, tmp_path):
    """In at least 95 of 100; videos of a second, for the time's sake."""
    clips = with_media(read_clips(sample)).iloc[::5]
    soundfile.write(tmp_path / "a.wav", 0.1 * np.ones(16_000), 16_000)
    for number, clip in enumerate(clips.itertuples()):
        write_video(tmp_path / "v" / clip.VideoName, clip.image, tmp_path / "a.wav", seed=number)
    record, _ = import_videos(tmp_path / "v", tmp_path / "out", n_jobs=2)
    assert len(record) == 32
    assert (record["image"] == "").mean() >= 0.95


@pytest.fixture
def short(sample, tmp_path):
    """A video of 1.2 s, and a function that imports its folder."""
    clip = with_media(read_clips(sample)).iloc[0]
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(19_200) / 20), 16_000)
    path = tmp_path / "videos" / "-a b.000.mp4"
    write_video(path, clip.image, tmp_path / "a.wav", seed=1)

    def call(**options):
        record, left_out = import_videos(path.parent, tmp_path / "out", n_jobs=1, **options)
        return record.set_index("VideoName"), left_out

    return path, call


def _labels(folder, *rows):
    path = folder / "labels.csv"
    path.write_text("\n".join(["VideoName,UserID,AgeGroup,Gender,Ethnicity,split", *rows]) + "\n")
    return path


def test_labels_that_come_later_move_the_clip(short, tmp_path):
    path, call = short
    record, left_out = call()
    assert record["place"].item() == UNLABELLED
    assert set(left_out["what"]) == {"transcript", "labels"}
    first = (tmp_path / "out" / UNLABELLED / "-a b.000.jpg").stat().st_mtime_ns
    labels = _labels(tmp_path, "-a b.000.mp4,-a b,4,1,2,valid", "c.mp4,c,4,1,2,train")
    path.with_suffix(".srt").write_text("1\n00:00 --> 00:01\nhello\n")
    record, left_out = call(labels=labels)
    assert left_out.empty
    clip = tmp_path / "out" / "valid" / "4" / "-a b.000"
    assert {file.suffix for file in clip.parent.iterdir()} == {".jpg", ".wav", ".pkl"}
    assert clip.with_name(clip.name + ".jpg").stat().st_mtime_ns == first
    assert list((tmp_path / "out" / UNLABELLED).iterdir()) == []
    call(labels=_labels(tmp_path, "-a b.000.mp4,-a b,5,1,2,test"))
    assert not list(clip.parent.iterdir())
    assert len(list((tmp_path / "out" / "test" / "5").iterdir())) == 3


def test_given_words_win_over_recognised_ones(short, tmp_path):
    _, call = short
    heard = []

    def recogniser(samples):
        heard.append(len(samples))
        if len(heard) == 1:
            raise DataError("Nobody speaks.", "no speech")
        return "what was heard"

    def said():
        with open(tmp_path / "out" / UNLABELLED / "-a b.000.pkl", "rb") as stream:
            return pickle.load(stream)

    record, _ = call(recogniser=recogniser)
    assert record["transcript"].item() == "no speech"
    record, _ = call(recogniser=recogniser)
    assert said() == "what was heard"
    assert record["notes"].item().endswith("words recognised: not given")
    record, _ = call(recogniser=recogniser)
    assert len(heard) == 2
    assert heard[0] == pytest.approx(19_200, abs=800)
    (tmp_path / "words.csv").write_text("VideoName,text\n-a b.000.mp4,what was said\n")
    record, _ = call(recogniser=recogniser, transcripts=[tmp_path / "words.csv"])
    assert said() == "what was said"
    assert "recognised" not in record["notes"].item()


def test_another_content_or_a_lost_file_is_read_again(short, tmp_path):
    path, call = short
    call()
    face, voice = (tmp_path / "out" / UNLABELLED / f"-a b.000.{x}" for x in ("jpg", "wav"))
    face.unlink()
    call()
    assert face.is_file()
    film(path, [np.zeros((64, 64, 3), np.uint8)] * 3)
    record, left_out = call()
    assert not face.exists()
    assert voice.is_file()
    assert record["image"].item() == "no face was found in 3 frames"
    path.write_bytes(b"damaged")
    record, left_out = call()
    assert record["place"].item() == ""
    assert left_out["what"].to_list() == ["video"]
    assert not voice.exists()


@pytest.fixture
def full(monkeypatch):
    """Function that lets the disk be full for files of a suffix, and says so until `free`."""

    def fill(suffix):
        def writer(usual):
            def write(path, *arguments, **options):
                if path.suffix == suffix:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return usual(path, *arguments, **options)

            return write

        for name in ("write_bytes", "write_text"):
            monkeypatch.setattr(Path, name, writer(getattr(Path, name)))

    fill.free = monkeypatch.undo
    return fill


@pytest.mark.parametrize("suffix", [".jpg", ".wav", ".pkl", ".csv"])
def test_a_full_disk_ends_the_import_and_nothing_is_removed(short, tmp_path, full, suffix):
    path, call = short
    path.with_suffix(".txt").write_text("We go to school.")
    call()
    place = tmp_path / "out" / UNLABELLED
    before = sorted(file.name for file in place.iterdir())
    assert len(before) == 3
    with open(path, "ab") as stream:
        stream.write(b"\0\0\0\x08free")  # an empty part, which mp4 files may have
    path.with_suffix(".txt").write_text("We went to school.")
    full(suffix)
    with pytest.raises(DataError) as caught:
        call()
    said = str(caught.value)
    assert f"{suffix}: no space left on device. What is done is kept: " in said
    assert str(tmp_path / "out") in said
    full.free()
    assert sorted(file.name for file in place.iterdir()) == before
    assert all(file.stat().st_size for file in place.iterdir())
    record, _ = call()
    assert record[["place", "image", "audio", "transcript"]].iloc[0].tolist() == [
        UNLABELLED, "", "", ""
    ]  # fmt: skip
    with open(place / "-a b.000.pkl", "rb") as stream:
        assert pickle.load(stream) == "We went to school."


def test_another_version_of_the_detector_reads_again(short, tmp_path, monkeypatch):
    _, call = short
    keys = [call()[0]["reader"].item()]
    face = tmp_path / "out" / UNLABELLED / "-a b.000.jpg"
    face.write_bytes(b"old")
    keys.append(call()[0]["reader"].item())
    assert face.read_bytes() == b"old"
    monkeypatch.setattr(video_media, "version", lambda package: f"0.{len(package)}")
    keys.append(call()[0]["reader"].item())
    assert face.read_bytes() != b"old"
    assert keys[0] == keys[1] != keys[2]


def test_what_is_left_out_is_listed_and_the_rest_goes_on(short, tmp_path):
    path, call = short
    (path.parent / "empty.mp4").write_bytes(b"")
    (path.parent / "text.mp4").write_text("text")
    (path.parent / "new\nline.mp4").write_text("text")
    film(path.parent / "mute.mp4", [np.zeros((64, 64, 3), np.uint8)] * 3, sound=None)
    record, left_out = call()
    assert record["place"].to_dict() == {
        "-a b.000.mp4": UNLABELLED, "empty.mp4": "", "mute.mp4": "", "text.mp4": ""
    }  # fmt: skip
    videos = left_out[left_out["what"] == "video"].set_index("video")["why"]
    assert videos["empty.mp4"] == "it has no content (0 bytes)"
    assert videos["mute.mp4"] == "no face was found in 3 frames; no sound track"
    assert videos["new\nline.mp4"] == "the name: it has control characters in it"
    written = pd.read_csv(tmp_path / "out" / LEFT_OUT, keep_default_na=False)
    pd.testing.assert_frame_equal(written, left_out, check_dtype=False)


def test_no_face_is_found_in_photographs_without_one(tmp_path):
    """A temple and a flower, which come with scikit-learn (CC BY 2.0)."""
    (tmp_path / "videos").mkdir()
    for name in ("china", "flower"):
        picture = load_sample_image(f"{name}.jpg")[:, :, :]
        film(tmp_path / "videos" / f"{name}.mp4", [picture[: 2 * (len(picture) // 2)]] * 3)
    record, left_out = import_videos(tmp_path / "videos", tmp_path / "out", n_jobs=1)
    assert record["image"].tolist() == ["no face was found in 3 frames"] * 2
    assert record["audio"].tolist() == ["", ""]
    assert set(left_out["what"]) == {"image", "transcript", "labels"}


def test_folder_with_other_files_is_refused_and_kept(short, tmp_path):
    _, call = short
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="contains other files"):
        call()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("row", ["../../b.mp4,b.mp4,train/4", "b.mp4,b.mp4,../.."])
def test_record_that_leads_out_is_refused(short, tmp_path, row):
    _, call = short
    call()
    path = tmp_path / "out" / RECORD
    path.write_text(path.read_text() + row + "\n")
    with pytest.raises(DataError, match=r"import\.csv is damaged"):
        call()


def test_link_that_leads_out_is_refused(short, tmp_path):
    _, call = short
    call()
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(tmp_path / "out" / UNLABELLED)
    (tmp_path / "out" / UNLABELLED).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="leads out of"):
        call()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_mark_of_other_data_is_not_made_up(short, tmp_path):
    _, call = short
    call()
    assert not is_synthetic(tmp_path / "out")
    mark = {"what": "synthetic sample", "format": 0, "clips": 1, "seed": 5}
    (tmp_path / "videos" / "synthetic.json").write_text(json.dumps(mark))
    call()
    assert json.loads((tmp_path / "out" / "synthetic.json").read_text()) == mark
