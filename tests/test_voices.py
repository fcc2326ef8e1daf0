"""Acoustic features: pitch of known signals, silence, the cache, and the scaling."""

import wave

import numpy as np
import pandas as pd
import pytest
import soundfile

from mmage_utils import voices
from mmage_utils.errors import DataError
from mmage_utils.voices import FEATURES, SAMPLE_RATE


def _pulses(f0, seconds=1.0):
    """A pulse train with a period of f0, softened as a voice is."""
    phase = np.arange(int(seconds * SAMPLE_RATE)) * f0 / SAMPLE_RATE
    return sum(np.cos(2 * np.pi * k * phase) / k for k in range(1, 8)).astype(np.float32) / 8


def _write(path, samples, rate=SAMPLE_RATE):
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return str(path)


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """Three recordings told apart by their loudness, and the list of features computed."""
    computed = []

    def peak(samples, *, method):
        computed.append(float(np.abs(samples).max()))
        return dict.fromkeys(FEATURES, computed[-1]) | {"voiced_fraction": 1.0}

    monkeypatch.setattr(voices, "acoustic_features", peak)
    names = ["b", "c", "a"]
    paths = [
        _write(tmp_path / f"{name}.wav", np.full(800, level))
        for name, level in zip(names, (0.5, 0.125, 0.25), strict=True)
    ]
    clips = pd.DataFrame({"VideoName": [f"{name}.mp4" for name in names], "audio": paths})
    return clips, computed


@pytest.mark.parametrize("f0", [120, 220])
@pytest.mark.parametrize("method", ["praat", "pyin"])
def test_pitch_of_a_pulse_train_is_found(f0, method):
    times, found = voices.track_f0(_pulses(f0), method=method)
    assert times.shape == found.shape
    assert np.nanmedian(found) == pytest.approx(f0, rel=0.03)
    assert np.isnan(found).mean() < 0.5
    assert 0 <= times[0] <= times[-1] <= 1.1


def test_noise_is_not_voiced(rng):
    _, f0 = voices.track_f0(rng.normal(0, 0.1, SAMPLE_RATE).astype(np.float32))
    assert np.isnan(f0).mean() > 0.8


def test_f0_is_summarised_over_voiced_frames_by_hand():
    found = voices.summarise_f0(np.array([np.nan, 100.0, 200.0, np.nan, 300.0]))
    expected = [200, 200, np.sqrt(2 / 3) * 100, 110, 290]
    assert list(found.values()) == pytest.approx(expected)
    assert list(found) == list(FEATURES[2:])


def test_silence_has_no_features_rather_than_zeros():
    found = voices.acoustic_features(np.zeros(SAMPLE_RATE, np.float32))
    assert np.isnan([found[name] for name in FEATURES]).all()
    assert found["voiced_fraction"] == 0
    assert all(np.isnan(value) for value in voices.summarise_f0(np.full(5, np.nan)).values())


def test_features_of_bursts_count_them_and_find_their_pitch():
    swell = np.interp(np.arange(2000), [0, 100, 2000], [0, 1, 0])  # sudden start, slow end
    burst, pause = _pulses(150, 0.25) * swell, np.zeros(SAMPLE_RATE // 4)
    found = voices.acoustic_features(np.concatenate([pause, *[burst, pause] * 8]))
    assert list(found) == [*FEATURES, "voiced_fraction"]
    assert found["words_per_second"] == pytest.approx(8 / 4.25, rel=0.15)
    assert found["f0_median"] == pytest.approx(150, rel=0.03)
    assert 0.2 < found["voiced_fraction"] < 0.8


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (44100, 2), (22050, 2)])
def test_recordings_of_any_rate_are_read_as_8_khz_mono(tmp_path, rate, channels):
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(rate) / rate)
    path = _write(tmp_path / "tone.wav", np.repeat(tone[:, None], channels, 1), rate)
    samples = voices.load_voice(path)
    assert samples.shape == (SAMPLE_RATE,)
    assert samples.dtype == np.float32
    assert np.abs(samples[500:-500]).max() == pytest.approx(0.5, rel=0.02)
    assert np.nanmedian(voices.track_f0(samples)[1]) == pytest.approx(200, rel=0.01)


def test_channels_are_averaged(tmp_path):
    stereo = np.stack([np.full(800, 0.5), np.full(800, -0.25)], axis=1)
    samples = voices.load_voice(_write(tmp_path / "two.wav", stereo))
    np.testing.assert_allclose(samples, 0.125, atol=1e-3)


@pytest.mark.parametrize("content", [b"", b"not a recording", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_recording_is_named(tmp_path, content):
    (tmp_path / "clip.000.wav").write_bytes(content)
    with pytest.raises(DataError, match=r"clip\.000\.wav cannot be read as audio"):
        voices.load_voice(tmp_path / "clip.000.wav")


def test_recording_without_samples_counts_as_silence(tmp_path):
    with wave.open(str(tmp_path / "empty.wav"), "wb") as stream:
        stream.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
    found = voices.acoustic_features(voices.load_voice(tmp_path / "empty.wav"))
    assert np.isnan(found["tempo"])
    assert found["voiced_fraction"] == 0


def test_features_come_in_the_order_of_the_clips(recordings, tmp_path):
    clips, _ = recordings
    table = voices.extract_features(clips, cache=tmp_path / "cache", n_jobs=1)
    assert list(table) == ["VideoName", *FEATURES, "voiced_fraction"]
    assert table["VideoName"].tolist() == ["b.mp4", "c.mp4", "a.mp4"]
    assert table["tempo"].tolist() == pytest.approx([0.5, 0.125, 0.25], abs=1e-3)


def test_features_are_computed_once_and_only_for_new_clips(recordings, tmp_path):
    clips, computed = recordings
    first = voices.extract_features(clips[:2], cache=tmp_path / "cache", n_jobs=1)
    assert len(computed) == 2
    again = voices.extract_features(clips[:2], cache=tmp_path / "cache", n_jobs=1)
    pd.testing.assert_frame_equal(first, again)
    assert len(computed) == 2
    mixed = voices.extract_features(clips[::-1], cache=tmp_path / "cache", n_jobs=1)
    assert computed[2:] == pytest.approx([0.25], abs=1e-3)
    assert mixed["tempo"].tolist() == pytest.approx([0.25, 0.125, 0.5], abs=1e-3)
    voices.extract_features(clips[:1], method="pyin", cache=tmp_path / "cache", n_jobs=1)
    assert len(computed) == 4


def test_two_clips_with_the_same_recording_share_its_features(recordings, tmp_path):
    clips, computed = recordings
    clips = clips.assign(audio=clips["audio"].iloc[0])
    table = voices.extract_features(clips, cache=tmp_path / "cache", n_jobs=1)
    assert len(table) == 3
    assert len(computed) == 1


def test_scaling_is_that_of_the_train_rows(rng):
    features = pd.DataFrame(rng.normal(5, 3, (40, 7)), columns=FEATURES)
    features.loc[[2, 30], "f0_mean"] = np.nan
    features["tempo"] = 60.0
    train = np.arange(40) < 25
    scaled = voices.standardise(features, train)
    assert scaled.shape == (40, 7)
    assert (scaled[[2, 30], FEATURES.index("f0_mean")] == 0).all()
    assert (scaled[:, FEATURES.index("tempo")] == 0).all()
    np.testing.assert_allclose(scaled[train].mean(0), 0, atol=1e-12)
    column = FEATURES.index("f0_p95")
    values = features["f0_p95"].to_numpy()
    expected = (values - values[:25].mean()) / values[:25].std()
    np.testing.assert_allclose(scaled[:, column], expected)
