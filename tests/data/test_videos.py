"""Faces and voices of raw videos, of a photograph (NASA, public domain) and of what is no video."""

from contextlib import suppress

import numpy as np
import pytest
from helpers.films import film, say_turned
from PIL import Image
from skimage.data import astronaut

from mmage_utils.data import video_faces, videos
from mmage_utils.errors import DataError

PERSON = astronaut()[:400, 20:420]  # Eileen Collins; the photograph is in the public domain
WALL = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def detector():
    return video_faces.load_detector()


def _find(picture, detector):
    return video_faces.find_faces([picture], detector)[0]


def _eyes(crop, detector):
    """Both eyes of a crop, as shares of its side."""
    (_, points), *_ = _find(crop, detector)
    return points[:2] / video_faces.SIDE


def _beside(*pictures, height=400):
    sizes = [(round(p.shape[1] * height / p.shape[0]), height) for p in pictures]
    return np.hstack([Image.fromarray(p).resize(s) for p, s in zip(pictures, sizes, strict=True)])


@pytest.mark.parametrize(
    ("name", "codec", "sound", "rate"),
    [
        ("a.mp4", "libx264", "aac", 44_100),
        ("a.webm", "libvpx-vp9", "libopus", 48_000),
        ("a.mov", "mpeg4", "pcm_s16le", 22_050),
        ("a.avi", "mpeg4", "libmp3lame", 44_100),
        ("-dash, spåce 名.mkv", "libx264", "aac", 16_000),
    ],
)
def test_face_and_voice_of_every_usual_kind(tmp_path, detector, name, codec, sound, rate):
    path = film(tmp_path / name, [PERSON] * 20, codec=codec, sound=sound, rate=rate)
    video = videos.read_video(path, detector)
    assert video.problems == {}
    assert (video.face.shape, video.face.dtype) == ((224, 224, 3), np.uint8)
    left, right = _eyes(video.face, detector)
    assert left[0] < 0.5 < right[0]
    assert abs(left[1] - right[1]) < 0.03  # level
    assert all(0.3 < eye[1] < 0.6 for eye in (left, right))
    assert video.rate == 16_000
    assert video.seconds == pytest.approx(2, abs=0.15)
    assert len(video.samples) == pytest.approx(2 * 16_000, abs=2000)
    spectrum = np.abs(np.fft.rfft(video.samples[4000:20_000]))
    assert spectrum.argmax() == 200
    assert np.sqrt(2) * video.samples[4000:20_000].std() == pytest.approx(0.3, rel=0.06)  # MP3: .95


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_pictures_are_turned_as_the_file_says(tmp_path, degrees):
    stored = np.rot90(PERSON[:, :300], degrees // 90)  # counter-clockwise, to be turned back
    path = film(tmp_path / "a.mp4", [stored] * 3, sound=None)
    say_turned(path, degrees)
    with videos.open_video(path) as container:
        frame = videos.read_frames(container)[0]
    assert frame.shape == (400, 300, 3)
    assert np.abs(frame - PERSON[:, :300].astype(float)).mean() < 10


@pytest.mark.parametrize("degrees", [-20, 12])
def test_crop_is_upright_by_the_eyes(detector, degrees):
    tilted = np.asarray(Image.fromarray(PERSON).rotate(degrees, Image.Resampling.BICUBIC))
    crop, _ = video_faces.pick_face([tilted], detector)
    left, right = _eyes(crop, detector)
    assert abs(left[1] - right[1]) < 0.03


def test_frames_of_a_changing_rate_are_spread_evenly(tmp_path):
    # Each frame's grey is its number: 20 in the first second, then 10 in four seconds.
    times = [50 * k for k in range(20)] + [1000 + 400 * k for k in range(11)]
    path = tmp_path / "a.mp4"
    film(path, [np.full((64, 64, 3), 8 * k, np.uint8) for k in range(31)], times=times)
    with videos.open_video(path) as container:
        greys = [frame.mean() / 8 for frame in videos.read_frames(container, count=5)]
    seen = np.interp(greys, range(31), times) / 1000
    assert np.diff(seen).min() > 0.5
    assert seen == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5], abs=0.6)


def test_largest_face_of_most_frames_is_the_speaker(detector):
    # The same person, small in grey on the left and large in colour on the right.
    grey = np.repeat(PERSON.mean(2, keepdims=True), 3, axis=2).astype(np.uint8)
    small = np.asarray(Image.fromarray(grey).resize((200, 200)))
    small = np.pad(small, ((100, 100), (0, 0), (0, 0)))
    both, alone = _beside(small, PERSON), _beside(small, WALL)

    def pick(*frames):
        crop, seen = video_faces.pick_face(frames, detector)
        return "small" if np.ptp(crop, axis=2).mean() < 5 else "large", seen

    assert pick(both, both, both, both) == ("large", 4)
    assert pick(both, both, both, alone) == ("large", 3)
    assert pick(both, alone, alone, alone) == ("small", 4)


def test_several_faces_are_named_and_one_is_not(tmp_path, detector):
    pair = _beside(PERSON, PERSON)
    for frames, notes in (([pair] * 3, 1), ([PERSON] * 3, 0)):
        path = film(tmp_path / f"{notes}.mp4", frames, sound=None)
        read = videos.read_video(path, detector)
        assert sum(note.startswith(f"{videos.SEVERAL}: 2") for note in read.notes) == notes


def test_sharpest_frame_is_taken(detector):
    blurred = np.asarray(Image.fromarray(PERSON).resize((60, 60)).resize((400, 400)))
    crop, seen = video_faces.pick_face([blurred, PERSON, blurred], detector)
    assert seen == 3
    sharp, _ = video_faces.pick_face([PERSON], detector)
    assert (crop == sharp).all()


def test_face_at_the_edge_gets_repeated_pixels():
    frame = np.full((100, 100, 3), 90, np.uint8)
    points = np.array([[5, 10], [25, 10], [15, 20], [8, 28], [22, 28]], float)
    crop = video_faces.crop_face(frame, points)
    assert (crop == 90).all()


def test_video_without_a_face_has_its_voice(tmp_path, detector):
    video = videos.read_video(film(tmp_path / "a.mp4", [WALL] * 5), detector)
    assert video.face is None
    assert video.problems == {"image": "no face was found in 5 frames"}
    assert len(video.samples) > 31_000


def test_video_without_sound_has_its_face(tmp_path, detector):
    video = videos.read_video(film(tmp_path / "a.mp4", [PERSON] * 5, sound=None), detector)
    assert video.samples is None
    assert video.problems == {"audio": "no sound track"}
    assert video.face is not None


def test_sound_without_pictures_has_its_voice(tmp_path, detector):
    video = videos.read_video(film(tmp_path / "a.mp4"), detector)
    assert video.problems == {"image": "no video track"}
    assert len(video.samples) > 31_000


def test_short_sound_is_left_out(tmp_path, detector):
    video = videos.read_video(film(tmp_path / "a.mp4", [PERSON] * 5, seconds=0.5), detector)
    assert video.problems == {"audio": "0.5 s of sound can be decoded, less than 1 s"}
    assert video.face is not None


def test_of_ten_minutes_the_first_is_read(tmp_path, detector):
    path, times = tmp_path / "a.mov", range(0, 600_000, 1000)
    frames = [PERSON[::4, ::4]] * len(times)
    film(path, frames, times=times, sound="pcm_s16le", seconds=600, rate=8000)
    video = videos.read_video(path, detector)
    assert len(video.samples) == pytest.approx(60 * 16_000, abs=100)
    assert any(note.startswith("long: the first 60 of 600 s") for note in video.notes)
    assert video.face is not None


def test_large_frames_are_reduced(tmp_path):
    large = np.tile(WALL, (8, 10, 1))[:2160, :3840]
    path = film(tmp_path / "a.mp4", [large] * 3, sound=None)
    with videos.open_video(path) as container:
        assert {frame.shape for frame in videos.read_frames(container)} == {(720, 1280, 3)}


def _spoil(kind, path):
    whole = film(path, [PERSON] * 20).read_bytes()
    contents = {
        "empty": b"",
        "text": b"no video\n" * 50,
        "truncated": whole[: len(whole) // 2],
        "noise": np.random.default_rng(1).bytes(50_000),
        "play list": b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nother.mp4\n#EXT-X-ENDLIST\n",
        "list of files": b"ffconcat version 1.0\nfile 'other.mp4'\n",
    }
    path.write_bytes(contents[kind])
    path.with_name("other.mp4").write_bytes(whole)


@pytest.mark.parametrize(
    "kind", ["empty", "text", "truncated", "noise", "play list", "list of files"]
)
def test_what_is_no_video_is_one_sentence(tmp_path, detector, kind):
    path = tmp_path / "a.mp4"
    _spoil(kind, path)
    with pytest.raises(DataError, match=r"a\.mp4 cannot be read: it .*\. Copy it again\.$"):
        videos.read_video(path, detector)


@pytest.mark.parametrize("name", ["nowhere.mp4", "http://127.0.0.1:9/a.mp4", "concat:a.mp4"])
def test_missing_file_is_no_address(tmp_path, detector, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "a.mp4", [PERSON] * 2)
    with pytest.raises(DataError, match="no such file"):
        videos.read_video(name, detector)


@pytest.mark.parametrize("seed", range(6))
def test_damaged_bytes_never_raise_anything_else(tmp_path, detector, seed):
    rng, path = np.random.default_rng(seed), tmp_path / "a.mp4"
    data = bytearray(film(path, [PERSON] * 10).read_bytes())
    for place in rng.integers(32, len(data), 40):
        data[place] = rng.integers(256)
    path.write_bytes(data)
    with suppress(DataError):
        video = videos.read_video(path, detector)
        assert (video.face is None) == ("image" in video.problems)
        assert (video.samples is None) == ("audio" in video.problems)
