"""The speaker network: the package's own numbers, near for one voice, computed once."""

import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from mmage_utils.errors import DataError, UsageError
from mmage_utils.features.voices import speaker
from mmage_utils.features.voices.speaker_embeddings import embed_voices
from mmage_utils.files import ROOT, file_sha256

VOICES = ROOT.parent / "shared" / "voices"


@pytest.fixture(scope="module")
def model():
    return speaker.load_speaker_network()


@pytest.fixture
def buzz(rng):
    """Function that makes a buzzing voice: seconds, f0 in Hz and a resonance in Hz."""

    def make(seconds, f0, resonance):
        t = np.arange(round(seconds * speaker.RATE)) / speaker.RATE
        partials = np.arange(1, int(7000 / f0))
        weights = 1 / (1 + ((partials * f0 - resonance) / 300) ** 2)
        pitch = f0 * (1 + 0.03 * np.sin(2 * np.pi * 3 * t + rng.uniform(0, 6)))
        phase = 2 * np.pi * np.cumsum(pitch) / speaker.RATE
        wave = sum(w * np.sin(n * phase) for n, w in zip(partials, weights, strict=True))
        loud = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
        return (0.1 * wave * loud + rng.normal(0, 1e-3, len(t))).astype(np.float32)

    return make


@pytest.fixture(scope="module")
def voices():
    """Two real recordings each of many speakers, with their ages."""
    if not (VOICES / "voices.csv").is_file():
        pytest.skip("the folder of real voices is not beside the repository")
    table = pd.read_csv(VOICES / "voices.csv")
    return table.assign(audio=[str(VOICES / name) for name in table["file"]])


def test_numbers_are_those_of_the_package_itself(model, buzz, monkeypatch):
    monkeypatch.setitem(sys.modules, "webrtcvad", types.ModuleType("webrtcvad"))  # not called
    with warnings.catch_warnings(action="ignore"):  # it imports from an old place
        oracle = pytest.importorskip("resemblyzer", reason="the package's code does not run here")
    theirs = oracle.VoiceEncoder("cpu", verbose=False)
    for seconds in (1.0, 4.0):
        samples = buzz(seconds, 140, 900)
        level = 20 * np.log10(np.sqrt(np.mean(samples**2)))
        louder = samples * 10 ** (max(0, speaker.LEVEL - level) / 20)
        expected = theirs.embed_utterance(louder, rate=1.25)  # every 80 frames
        ours = speaker.speaker_vectors([speaker.mel_windows(samples, step=80)], model)[0]
        np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_directions_have_length_one_and_do_not_depend_on_a_low_level(model, buzz):
    samples = buzz(5, 120, 700) * np.float32(0.1)
    heard = [speaker.mel_windows(samples), speaker.mel_windows(samples / 4)]
    first, second = speaker.speaker_vectors(heard, model)
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert (first >= 0).all()
    np.testing.assert_allclose(first, second, atol=1e-3)


@pytest.mark.parametrize(
    ("seconds", "windows"), [(0.1, 1), (1.6, 1), (3.0, 1), (4.0, 2), (15.302, 6), (120, 12)]
)
def test_windows_cover_a_recording_but_are_not_many(rng, seconds, windows):
    samples = rng.normal(0, 0.1, round(seconds * speaker.RATE)).astype(np.float32)
    heard = speaker.mel_windows(samples)
    assert heard.shape == (windows, 160, 40)
    assert np.isfinite(heard).all()


def test_silence_has_a_vector(model):
    silence = speaker.mel_windows(np.zeros(32_000, np.float32))
    assert np.isfinite(speaker.speaker_vectors([silence], model)).all()


def test_drawn_voices_are_nearer_to_themselves(model, buzz):
    kinds = [(100, 500), (140, 1200), (200, 800), (280, 2000)]
    heard = [speaker.mel_windows(buzz(4, *kind)) for kind in kinds for _ in range(2)]
    vectors = speaker.speaker_vectors(heard, model)
    alike = vectors @ vectors.T - 2 * np.eye(8)
    assert (alike.argmax(1) // 2 == np.arange(8) // 2).all()


def test_real_speakers_are_nearer_to_themselves(voices, tmp_path):
    some = voices[voices["speaker"].isin(voices["speaker"].unique()[:30])]
    found = embed_voices(some, cache=tmp_path)
    assert found.problems == {}
    alike = found.vectors @ found.vectors.T - 2 * np.eye(len(some))
    nearest = some["speaker"].to_numpy()[alike.argmax(1)]
    assert (nearest == some["speaker"].to_numpy()).mean() > 0.9


def _write(folder, waves):
    paths = [folder / f"{k}.wav" for k in range(len(waves))]
    for path, wave in zip(paths, waves, strict=True):
        soundfile.write(path, wave, speaker.RATE)
    return pd.DataFrame({"audio": list(map(str, paths))})


def test_each_recording_is_embedded_once(buzz, tmp_path):
    clips = _write(tmp_path, [buzz(2, f0, 900) for f0 in (100, 150, 200)])
    cache = tmp_path / "cache"
    first = embed_voices(clips.iloc[:2], cache=cache)
    assert (first.computed, first.vectors.shape) == (2, (2, 256))
    again = embed_voices(clips.iloc[[2, 1, 0]], cache=cache)
    assert again.computed == 1
    np.testing.assert_array_equal(again.vectors[1:], first.vectors[::-1])


def test_other_weights_are_computed_anew(buzz, tmp_path):
    clips, own = _write(tmp_path, [buzz(2, 120, 900)]), tmp_path / "own.pt"
    path = speaker.check_speaker_network("resemblyzer")
    state = torch.load(path, map_location="cpu", weights_only=True)
    state["model_state"]["linear.bias"] += 0.1
    torch.save(state, own)
    packaged = embed_voices(clips, cache=tmp_path)
    other = embed_voices(clips, str(own), cache=tmp_path)
    assert other.computed == 1
    assert not np.allclose(other.vectors, packaged.vectors)
    assert speaker.describe_speaker_network(str(own))["sha256"] == file_sha256(own)


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(buzz, tmp_path):
    clips = _write(tmp_path, [buzz(2, 120, 900)] * 2)
    Path(clips["audio"][0]).write_bytes(b"no sound")
    absent = str(tmp_path / "absent.wav")
    clips = pd.concat([clips, pd.DataFrame({"audio": [absent, None]})], ignore_index=True)
    found = embed_voices(clips, cache=tmp_path)
    assert np.isnan(found.vectors).all(1).tolist() == [True, False, True, True]
    assert "not a sound file" in found.problems[clips["audio"][0]]
    assert "there is no such file" in found.problems[absent]
    assert embed_voices(clips, cache=tmp_path).computed == 0


def test_wrong_names_list_the_right_ones(tmp_path):
    with pytest.raises(UsageError, match="choose one of none, resemblyzer, or a file"):
        speaker.check_speaker_network("ecapa")
    with pytest.raises(DataError, match=r"absent\.pt does not exist: check SPEAKER_NETWORK"):
        speaker.check_speaker_network("absent.pt")
    path = tmp_path / "cut.pt"
    path.write_bytes(speaker.check_speaker_network("resemblyzer").read_bytes()[:50_000])
    with pytest.raises(DataError, match="does not hold the speaker network"):
        speaker.load_speaker_network(str(path))


def test_description_names_licence_and_weights():
    found = speaker.describe_speaker_network()
    assert (found["licence"], found["numbers"]) == ("Apache-2.0", 256)
    assert found["sha256"] == file_sha256(speaker.check_speaker_network("resemblyzer"))
