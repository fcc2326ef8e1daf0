"""Recordings of any usual kind as mono at 8 kHz, and what had to be done to them (task e)."""

import os
import struct

import numpy as np

from mmage_utils.data.media_files import open_regular
from mmage_utils.errors import DataError

SAMPLE_RATE = 8000  # Hz
RATES = (4000, 384_000)  # Hz; a header that says another rate is damaged
SECONDS = (0.1, 900.0)  # outside is refused: too short for a word, or too long for memory
USUAL_SECONDS = (1.0, 60.0)  # outside is noted; the data's clips have 15.302 s
OFFSET = 0.005  # of full scale; 8-bit silence may stand one step (0.008) off
FULL = 0.99  # of full scale, which 8 bits reach to 127/128
CLIPPED = 0.001  # share of samples at full scale that is noted
BLOCK = 1 << 19  # samples of all channels read at once, 2 MiB
MAX_BYTES = 2_000_000_000  # the longest at the highest rate, in stereo
MAX_SAMPLES = 200_000_000  # of all channels: two minutes of work
DEPTHS = {"PCM_U8": "8-bit integers", "PCM_24": "24-bit integers", "PCM_32": "32-bit integers"}
DEPTHS |= {"FLOAT": "32-bit floats", "DOUBLE": "64-bit floats"}


def read_recording(path, *, rate=SAMPLE_RATE):
    """Read a recording as mono at 8 kHz or another rate, converting what can be converted.

    Channels are averaged, other rates resampled (soxr, high quality), an offset above `OFFSET` is
    taken off, values beyond full scale are scaled down, and the part of a truncated file that is
    there is used. The file is read in blocks, so that memory holds little more than the result.

    Parameters
    ----------
    path : path-like
    rate : int
        Of the samples returned, in Hz.

    Returns
    -------
    samples : numpy.ndarray of float32, shape (n samples,)
        In -1..1.
    notes : list of str
        What was converted or is unusual, each ``what: details``; empty for mono 16-bit WAV at
        8 kHz of a usual length.

    Raises
    ------
    DataError
        When the file cannot be read as audio, contains NaN or infinite samples, or lasts less or
        more than `SECONDS`; the message names the file, the reason and the fix.
    """
    import soundfile

    with open_recording(path) as stream:
        start = stream.read(8)
        lacking = _lacking_share(stream) if start.startswith(b"RIFF") else 0.0
    if not start:
        raise _unreadable(path, "it has no content (0 bytes)", "Copy it again.")
    try:
        with soundfile.SoundFile(path) as sound:
            notes, own, frames = _form(sound, rate), sound.samplerate, sound.frames
            if not RATES[0] <= own <= RATES[1]:
                reason = f"its header gives a rate of {own} Hz"
                raise _unreadable(path, reason, "Copy it again, or fix its header.")
            if frames > SECONDS[1] * own:
                reason = f"it lasts {frames / own / 60:.0f} minutes, more than {SECONDS[1] / 60:g}"
                raise _unreadable(path, reason, "Cut it into clips.")
            if frames * sound.channels > MAX_SAMPLES:
                reason = f"it has {frames * sound.channels / 1e6:.0f} million samples"
                raise _unreadable(path, reason, "Save it as mono.")
            samples, seen, peak, full = _mono(sound, rate)
    except (OSError, soundfile.SoundFileError) as error:
        reason = str(error).split("': ")[-1].strip().removesuffix(".") or type(error).__name__
        if start.startswith(b"RIFF") and "not recognised" in reason:
            reason = "its header is cut short"
        elif "not recognised" in reason:
            reason = f"it is not a sound file, it begins with {start!r}"
            raise _unreadable(path, reason, "Save it as WAV.") from None
        raise _unreadable(path, f"it is damaged: {reason}", "Copy it again.") from None
    if seen < SECONDS[0] * own:
        reason = f"it lasts {seen / own:.3f} s, less than {SECONDS[0]:g} s"
        reason += f"; {lacking:.0%} of its data are lacking" if lacking else ""
        raise _unreadable(path, reason, "Copy it again, or leave it out.")
    if not np.isfinite(samples).all():
        fix = "Write it again, or save it with 16-bit integers."
        raise _unreadable(path, "it contains NaN or infinite samples", fix)
    if lacking or seen < frames:
        share = lacking or 1 - seen / frames
        notes.append(f"truncated: {share:.0%} of its data are lacking")
    samples, level = _level(samples, peak, full / seen)
    notes += level
    if seen < USUAL_SECONDS[0] * own:
        notes.append(f"short: {seen / own:.2f} s")
    elif seen > USUAL_SECONDS[1] * own:
        notes.append(f"long: {seen / own:.0f} s")
    return samples, notes


def open_recording(path):
    """Open a recording as bytes; errors as `media_files.open_regular`, with the file's name."""
    try:
        return open_regular(path, most=MAX_BYTES)
    except DataError as error:
        raise _named(path, error.reason) from error.__cause__


def _unreadable(path, reason, fix):
    return _named(path, f"{reason}. {fix}")


def _named(path, reason):
    return DataError(f"The recording {path} cannot be read as audio: {reason}", reason)


def _lacking_share(stream):
    """Share of the bytes that a WAV file's header promises and that are missing (a cut file)."""
    size = os.fstat(stream.fileno()).st_size
    stream.seek(12)
    for _ in range(100):  # chunks; a damaged file could hold millions
        head = stream.read(8)
        if len(head) < 8:
            break
        name, length = struct.unpack("<4sI", head)
        if name == b"data":
            # A program that writes into a pipe does not know the length, and gives the greatest.
            known = 0 < length < 0x7FFFF000
            return max(0.0, 1 - (size - stream.tell()) / length) if known else 0.0
        stream.seek(length + length % 2, os.SEEK_CUR)
    return 0.0


def _form(sound, rate):
    """Notes on the form of an open sound file."""
    notes = []
    if sound.format not in ("WAV", "WAVEX", "RF64"):
        notes.append(f"not WAV: {sound.format}")
    if sound.subtype != "PCM_16":
        notes.append(f"not 16-bit: {DEPTHS.get(sound.subtype, sound.subtype)}")
    if sound.channels > 1:
        notes.append(f"channels averaged: {sound.channels}")
    if sound.samplerate != rate:
        notes.append(f"resampled: from {sound.samplerate} Hz")
    return notes


def _mono(sound, rate):
    """Samples at a rate, frames read, greatest absolute value, mean number at full scale."""
    import soundfile
    import soxr

    resampler = None
    if sound.samplerate != rate:
        resampler = soxr.ResampleStream(sound.samplerate, rate, 1, quality="HQ")
    blocks, seen, peak, full = [np.zeros(0, np.float32)], 0, 0.0, 0
    while True:
        try:
            block = sound.read(max(1, BLOCK // sound.channels), dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            if not seen:
                raise
            break  # a compressed file cut short: what came before is good
        if not len(block):
            break
        height = np.abs(block)
        seen, peak = seen + len(block), max(peak, float(height.max()))
        full += np.count_nonzero(height >= FULL) / sound.channels
        with np.errstate(all="ignore"):  # NaN and infinite samples are refused at the end
            mono = block.mean(1, dtype=np.float64).astype(np.float32)
        blocks.append(resampler.resample_chunk(mono) if resampler else mono)
    if resampler:
        blocks.append(resampler.resample_chunk(blocks[0], last=True))
    return np.concatenate(blocks), seen, peak, full


def _level(samples, peak, full):
    """Samples brought into -1..1 around zero, and notes on it."""
    notes = []
    if peak > 1.001:  # floats only
        notes.append(f"beyond full scale, scaled down: {peak:.3g}")
        samples = samples / np.float32(peak)
    elif full > CLIPPED:
        notes.append(f"clipped: {full:.1%} of the samples")
    offset = float(samples.mean(dtype=np.float64))
    if abs(offset) > OFFSET:
        notes.append(f"offset removed: {offset:+.3f}")
        samples = samples - np.float32(offset)
    top = float(np.abs(samples).max())
    # Resampling a clipped wave overshoots a little.
    return (samples / np.float32(top) if top > 1 else samples), notes
