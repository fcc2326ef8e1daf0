"""Bad recordings: what can be converted is, and noted; the rest is named with its reason."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from helpers.mutation import mutate

from mmage_utils.data.recordings import SAMPLE_RATE, read_recording
from mmage_utils.errors import DataError
from mmage_utils.features.voices import acoustic, definition
from mmage_utils.features.voices.extraction import extract_features, summarise_extraction


def _tone(seconds=2.0, rate=SAMPLE_RATE, level=0.5):
    return level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * rate)) / rate)


def _write(path, samples, rate=SAMPLE_RATE, subtype="PCM_16", form="WAV"):
    soundfile.write(path, samples, rate, subtype=subtype, format=form)


def _cut(path, keep):
    _write(path, _tone())
    path.write_bytes(path.read_bytes()[:keep])


def _stereo(path):
    _write(path, np.stack([_tone(), _tone(level=0.25)], axis=1))


# How each is made, the notes expected, and its length in s when it is not 2.
GOOD = {
    "plain": (lambda p: _write(p, _tone()), []),
    "silence": (lambda p: _write(p, np.zeros(16000)), []),
    "8-bit silence one step off": (
        lambda p: _write(p, np.full(16000, -1 / 128), subtype="PCM_U8"),
        ["not 16-bit: 8-bit integers", "offset removed: -0.008"],
    ),
    "clipping": (lambda p: _write(p, np.clip(_tone(level=2), -1, 1)), ["clipped: 65.0% of"]),
    "offset": (lambda p: _write(p, _tone() + 0.1), ["offset removed: +0.100"]),
    "stereo": (_stereo, ["channels averaged: 2"]),
    "8 bits": (lambda p: _write(p, _tone(), subtype="PCM_U8"), ["not 16-bit: 8-bit integers"]),
    "24 bits": (lambda p: _write(p, _tone(), subtype="PCM_24"), ["not 16-bit: 24-bit integers"]),
    "32 bits": (lambda p: _write(p, _tone(), subtype="PCM_32"), ["not 16-bit: 32-bit integers"]),
    "float": (lambda p: _write(p, _tone(), subtype="FLOAT"), ["not 16-bit: 32-bit floats"]),
    "double": (lambda p: _write(p, _tone(), subtype="DOUBLE"), ["not 16-bit: 64-bit floats"]),
    "mu-law": (lambda p: _write(p, _tone(), subtype="ULAW"), ["not 16-bit: ULAW"]),
    "loud float": (
        lambda p: _write(p, _tone(level=20_000), subtype="FLOAT"),
        ["not 16-bit: 32-bit floats", "beyond full scale, scaled down: 2e+04"],
    ),
    **{
        f"{rate} Hz": (
            lambda p, rate=rate: _write(p, _tone(rate=rate), rate),
            [f"resampled: from {rate} Hz"],
        )
        for rate in (11025, 16000, 22050, 44100, 48000, 96000)
    },
    "FLAC": (lambda p: _write(p, _tone(), form="FLAC"), ["not WAV: FLAC"]),
    "0.2 s": (lambda p: _write(p, _tone(0.2)), ["short: 0.20 s"], 0.2),
    "10 minutes": (lambda p: _write(p, _tone(600)), ["long: 600 s"], 600),
    "truncated data": (lambda p: _cut(p, 44 + 16000), ["truncated: 50% of its data"], 1),
}
BAD = {
    "zero bytes": (lambda p: p.write_bytes(b""), "0 bytes"),
    "not a WAV": (lambda p: p.write_bytes(b"ID, name\n1, x\n"), "not a sound file, it begins with"),
    "header cut in its name": (lambda p: _cut(p, 8), "header is cut short"),
    "header cut in its form": (lambda p: _cut(p, 30), "damaged"),
    "header without data": (lambda p: _cut(p, 44), "lasts 0.000 s.*100% of its data are lacking"),
    "rate of 1 Hz": (lambda p: _write(p, _tone(), 1), "rate of 1 Hz"),
    "not a number": (lambda p: _write(p, _tone() * np.nan, subtype="FLOAT"), "NaN or infinite"),
    "infinite": (lambda p: _write(p, np.r_[_tone(), np.inf], subtype="FLOAT"), "NaN or infinite"),
    "too long": (lambda p: _write(p, np.zeros(4000 * 1201), 4000, "PCM_U8"), "Cut it into clips"),
    "a folder": (lambda p: p.mkdir(), "it is a folder"),
    "a pipe": (os.mkfifo, "not a regular file"),
    "missing": (lambda p: None, "no such file"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_can_be_converted_is_and_noted(name, tmp_path):
    make, expected, *seconds = GOOD[name]
    path = tmp_path / "x.wav"
    make(path)
    samples, notes = read_recording(path)
    assert len(notes) == len(expected)
    assert all(note.startswith(start) for note, start in zip(notes, expected, strict=True)), notes
    assert samples.dtype == np.float32
    assert samples.shape == (round((seconds or [2])[0] * SAMPLE_RATE),)
    assert np.abs(samples).max() <= 1
    assert abs(samples.mean()) < 0.005
    if "silence" not in name:
        # The 200 Hz that were written are what is there, and nothing else of note.
        spectrum = np.abs(np.fft.rfft(samples[: SAMPLE_RATE // 10 * 2] * np.hanning(1600)))
        assert np.argmax(spectrum) * SAMPLE_RATE / 1600 == 200
    if not {"silence", "clipping", "loud", "stereo", "offset"} & set(name.split()):
        middle = samples[500:-500] if len(samples) > 2000 else samples
        assert np.abs(middle).max() == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_named_with_reason_and_fix(name, tmp_path):
    make, reason = BAD[name]
    path = tmp_path / "x.wav"
    make(path)
    with pytest.raises(DataError, match=rf"x\.wav cannot be read as audio: .*{reason}") as caught:
        read_recording(path)
    assert str(caught.value).count("\n") == 0
    assert str(caught.value).endswith((".", "!"))


@pytest.fixture
def as_reader():
    """Function that reads as somebody whom permissions bind, which root is not."""

    def read(path):
        if os.geteuid() != 0:
            return read_recording(path)
        os.seteuid(65534)
        try:
            return read_recording(path)
        finally:
            os.seteuid(0)

    return read


def test_no_permission(as_reader):
    # Not in tmp_path, into which root lets nobody look.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder) / "x.wav"
        _write(path, _tone())
        path.chmod(0o644)
        assert as_reader(path)[1] == []
        path.chmod(0)
        with pytest.raises(DataError, match=r"x\.wav cannot be read .*: there is no permission"):
            as_reader(path)


def test_channels_are_averaged(tmp_path):
    left, right = _tone(), _tone(level=-0.25)
    _write(tmp_path / "x.wav", np.stack([left, right], axis=1))
    np.testing.assert_allclose(read_recording(tmp_path / "x.wav")[0], _tone(level=0.125), atol=1e-3)


def test_resampling_in_blocks_is_that_of_the_whole(tmp_path, rng):
    import librosa

    noise = rng.normal(0, 0.1, 44100 * 30).astype(np.float32)
    _write(tmp_path / "x.wav", noise, 44100, "FLOAT")
    expected = librosa.resample(noise, orig_sr=44100, target_sr=SAMPLE_RATE)
    np.testing.assert_allclose(read_recording(tmp_path / "x.wav")[0], expected, atol=1e-5)


def test_length_that_a_pipe_could_not_know_is_no_truncation(tmp_path):
    path = tmp_path / "x.wav"
    _write(path, _tone())
    data = path.read_bytes()
    path.write_bytes(data[:40] + b"\xff\xff\xff\xff" + data[44:])
    samples, notes = read_recording(path)
    assert (len(samples), notes) == (16000, [])


def test_mutated_recordings_are_read_or_refused(tmp_path, rng):
    path = tmp_path / "x.wav"
    _write(path, np.stack([_tone(0.3, 16000), _tone(0.3, 16000)], 1), 16000, "FLOAT")
    data = path.read_bytes()
    read, refused = 0, []
    for case in range(150):
        # The header is where damage tells.
        path.write_bytes(mutate(data[:80], rng) + data[80:] if case % 3 else mutate(data, rng))
        try:
            samples, _ = read_recording(path)
        except DataError as error:
            refused.append(str(error))
            continue
        read += 1
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() <= 1
    assert read > 5
    assert len(refused) > 5
    assert all("x.wav cannot be read as audio: " in said for said in refused)


def test_the_whole_corpus_goes_through(tmp_path, monkeypatch):
    (tmp_path / "wav").mkdir()
    paths = {name: tmp_path / "wav" / f"{name}.wav" for name in [*GOOD, *BAD, "no permission"]}
    for name, (make, *_) in (GOOD | BAD).items():
        make(paths[name])
    _write(paths["no permission"], _tone(1.5))
    if os.geteuid() == 0:
        _forbid(monkeypatch, paths["no permission"])
    else:
        paths["no permission"].chmod(0)
    # Ten minutes cost seconds to analyse; that they are read is what is asked here.
    monkeypatch.setattr(acoustic, "acoustic_features", _short(acoustic.acoustic_features))
    audio = [*map(str, paths.values()), None]
    names = [*paths, "not there"]
    clips = pd.DataFrame({"VideoName": names, "audio": audio})
    extraction = extract_features(clips, cache=tmp_path / "cache", n_jobs=1)
    table = extraction.table.set_index("VideoName")
    assert list(table.index) == names
    assert (table.loc[list(GOOD), "problem"] == "").all()
    bad = table.drop(index=list(GOOD))
    assert (bad["problem"] != "").all()
    assert bad[[*definition.FEATURES, "voiced_fraction"]].isna().all(axis=None)
    assert "permission" in table.loc["no permission", "problem"]
    assert not table["problem"].str.contains(str(tmp_path), regex=False).any()
    counts = summarise_extraction(clips, extraction)
    assert (counts["unreadable"], counts["notes"]["resampled"]) == (len(BAD) + 2, 6)
    silent = ["silence", "8-bit silence one step off"]
    assert (table.loc[silent, "voiced_fraction"] == 0).all()
    assert table.loc[silent, list(definition.FEATURES)].isna().all(axis=None)
    others = table.loc[list(GOOD)].drop(index=silent)
    assert (others["voiced_fraction"] > 0).all()
    assert others["f0_median"].between(190, 210).all()


def _forbid(monkeypatch, path):
    """Refuse to open a file, as the system does to all but root."""

    def refuse(place, *arguments, **settings):
        if str(place) == str(path):
            raise PermissionError(13, "Permission denied", str(place))
        return given(place, *arguments, **settings)

    given = open
    monkeypatch.setattr("builtins.open", refuse)


def _short(analyse):
    return lambda samples, **settings: analyse(samples[: 2 * SAMPLE_RATE], **settings)
