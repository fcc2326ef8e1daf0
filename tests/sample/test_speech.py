"""The synthetic speech: its pitch, rate, noise and format."""

import io

import librosa
import numpy as np
import parselmouth
import pytest
import soundfile

from mmage_utils.sample import speech

TEXT = (
    "Well I fill the bird feeder next to the roses every morning. It's so cold today. "
    "The kitchen smells amazing because of the apple pie right now. I always burn the rice "
    "when I'm talking to you. So we made a den"
)


def _speak(text=TEXT, seed=0, **asked):
    asked = {
        "f0": 180.0, "f0_range": 2.5, "words_per_second": 2.9, "gender": 2, "years": 40.0
    } | asked  # fmt: skip
    return speech.speak(text, **asked, rng=np.random.default_rng(seed))


def _pitch(samples):
    sound = parselmouth.Sound(samples / 32768.0, speech.SAMPLE_RATE)
    f0 = sound.to_pitch_ac(time_step=0.02, pitch_floor=60, pitch_ceiling=500)
    f0 = f0.selected_array["frequency"]
    return f0[f0 > 0]


def _spread(samples):
    semitones = 12 * np.log2(_pitch(samples))
    return np.diff(np.quantile(semitones, [0.16, 0.84]))[0] / 2


def _loudness(samples):
    frames = samples[: len(samples) // 800 * 800].reshape(-1, 800).astype(float)
    return np.sqrt((frames**2).mean(axis=1))


@pytest.mark.parametrize("seed", range(4))
def test_clip_is_as_long_as_the_real_ones_and_not_clipped(seed):
    samples = _speak(seed=seed)
    assert samples.shape == (244_832,)
    assert samples.dtype == np.int16
    assert 0.1 * 32767 - 1 <= np.abs(samples.astype(int)).max() <= 0.9 * 32767 + 1


@pytest.mark.parametrize(
    ("f0", "gender", "years"),
    [(95, 1, 45), (120, 1, 30), (160, 1, 17), (250, 1, 16), (265, 1, 8),
     (150, 2, 75), (200, 2, 35), (235, 2, 16), (290, 2, 9)],
)  # fmt: skip
def test_median_f0_is_close_to_the_one_asked_for(f0, gender, years):
    samples = _speak(f0=float(f0), gender=gender, years=float(years), seed=f0)
    assert np.median(_pitch(samples)) == pytest.approx(f0, rel=0.12)


@pytest.mark.parametrize(("gender", "f0"), [(1, 110.0), (2, 210.0)])
def test_wider_range_asked_is_wider_intonation(gender, f0):
    spreads = [_spread(_speak(f0=f0, gender=gender, f0_range=r)) for r in (1.5, 3.0, 4.8)]
    assert (np.diff(spreads) > 0.5).all()


def test_slower_rate_asked_is_longer_speech():
    slow = _speak(" ".join(TEXT.split()[:25]), words_per_second=1.75)
    fast = _speak(" ".join(TEXT.split()[:25]), words_per_second=3.5)

    def spoken(samples):
        loudness = _loudness(samples)
        return np.flatnonzero(loudness > loudness.max() / 4)[-1] / 20

    assert spoken(slow) == pytest.approx(25 / 1.75, abs=0.8)
    assert spoken(fast) == pytest.approx(25 / 3.5, abs=0.8)


def test_fewer_words_in_a_clip_are_fewer_onsets():
    def onsets(n_words, seed):
        text = " ".join((TEXT.split() * 2)[:n_words])
        samples = _speak(text, seed=seed, words_per_second=n_words / 14.6)
        half = librosa.resample(
            samples / 32768.0, orig_sr=16_000, target_sr=8_000, res_type="polyphase"
        )
        return len(librosa.onset.onset_detect(y=half, sr=8_000, hop_length=128))

    assert sum(onsets(25, seed) for seed in range(3)) < sum(onsets(60, seed) for seed in range(3))


def test_too_many_words_are_said_faster_not_cut():
    samples = _speak(TEXT + " " + TEXT, words_per_second=3.0)
    assert np.flatnonzero(np.abs(samples) > 0).size > 0.9 * samples.size
    loudness = _loudness(samples)
    assert np.flatnonzero(loudness > loudness.max() / 4)[-1] / 20 < speech.DURATION - 0.05


@pytest.mark.parametrize("seed", range(3))
def test_pauses_hold_noise_below_the_speech(seed):
    samples = _speak(" ".join(TEXT.split()[:25]), words_per_second=1.8, seed=seed)
    loudness = _loudness(samples)
    quiet, loud = np.quantile(loudness, [0.05, 0.8])
    assert quiet > 5
    assert 6 < 20 * np.log10(loud / quiet) < 45


def test_same_seed_same_bytes_whatever_was_said_before():
    first = speech.encode_wav(_speak(seed=5))
    _speak("Something else before.", gender=1, f0=100.0, seed=6)
    assert speech.encode_wav(_speak(seed=5)) == first
    assert speech.encode_wav(_speak(seed=7)) != first


def test_wav_reads_back():
    samples = _speak()
    encoded = io.BytesIO(speech.encode_wav(samples))
    info = soundfile.info(encoded)
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    encoded.seek(0)
    np.testing.assert_array_equal(soundfile.read(encoded, dtype="int16")[0], samples)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="no words"):
        _speak(" . ")
    with pytest.raises(ValueError, match="gender"):
        _speak(gender=3)
    with pytest.raises(ValueError, match="positive"):
        _speak(f0=0.0)


def test_library_that_does_not_load_is_named(monkeypatch):
    import espeakng_loader

    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: "/nowhere/libespeak-ng.so")
    with pytest.raises(RuntimeError, match="/nowhere"):
        _speak()
