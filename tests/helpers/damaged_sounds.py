"""Damaged recordings: headers that lie, samples that are none, and what is no recording."""

import functools
import io
import struct

import numpy as np
import soundfile

RATE = 8000
WAVE = 0.5 * np.sin(np.arange(int(1.5 * RATE)) * 0.2)
DAMAGED = "it is damaged|header is cut short|not a sound file"


def saved(samples=WAVE, rate=RATE, kind="WAV", subtype="PCM_16"):
    """Bytes of a sound file."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def header(*, form=1, channels=1, rate=RATE, align=2, bits=16, length=24_000, samples=None):
    """A WAV file of 1.5 s whose header says what it likes."""
    samples = (WAVE * 32767).astype("<i2").tobytes() if samples is None else samples
    fields = struct.pack("<HHIIHH", form, channels, rate, rate * align & 0xFFFFFFFF, align, bits)
    parts = b"fmt " + struct.pack("<I", 16) + fields + b"data" + struct.pack("<I", length)
    return b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVE" + parts + samples


def _chunks():
    """A hundred thousand chunks before the samples."""
    whole = header()
    return whole[:36] + b"LIST\0\0\0\0" * 100_000 + whole[36:]


def _odd(value):
    samples = WAVE.astype(np.float32)
    samples[100] = value
    return saved(samples, subtype="FLOAT")


def _silence(seconds, rate=RATE, channels=1):
    return saved(np.zeros((seconds * rate, channels), np.int16), rate, "FLAC")


# Bytes of the file or what makes them, whether they are used, and what check-data says.
RECORDINGS = {
    "empty": (b"", False, "has no content"),
    "words": (b"hello there, these are words", False, "not a sound file"),
    "a header cut": (saved()[:20], False, DAMAGED),
    "RIFF only": (b"RIFF\xff\xff\xff\xffWAVE", False, DAMAGED),
    "half of it": (saved()[:8000], True, "lasts 0.5 s"),
    "size of RIFF 0": (saved()[:4] + bytes(4) + saved()[8:], True, ""),
    "size of RIFF 4 GB": (saved()[:4] + b"\xff" * 4 + saved()[8:], True, ""),
    "claims 4 GB": (header(length=0xFFFFFFFF), True, ""),
    "claims 2 GB": (header(length=0x7FFFEFFF), True, ""),
    "claims nothing": (header(length=0), False, "it lasts 0.000 s"),
    "0 channels": (header(channels=0), False, ""),
    "65535 channels": (header(channels=65535), False, ""),
    "rate 0": (header(rate=0), False, ""),
    "rate 4 GHz": (header(rate=0xFFFFFFFF), False, ""),
    "align 0": (header(align=0), True, ""),
    "0 bits": (header(bits=0), False, DAMAGED),
    "65535 bits": (header(bits=65535), False, DAMAGED),
    "a format nobody knows": (header(form=0x4242), False, DAMAGED),
    "8 bits": (saved(subtype="PCM_U8"), True, ""),
    "24 bits": (saved(subtype="PCM_24"), True, ""),
    "32 bits": (saved(subtype="PCM_32"), True, ""),
    "floats": (saved(subtype="FLOAT"), True, ""),
    "doubles": (saved(subtype="DOUBLE"), True, ""),
    "A-law": (saved(subtype="ALAW"), True, ""),
    "NaN": (_odd(np.nan), False, "NaN or infinite"),
    "infinite": (_odd(np.inf), False, "NaN or infinite"),
    "1e30": (_odd(1e30), True, ""),
    "1 sample": (saved(WAVE[:1]), False, "it lasts 0.000 s"),
    "no sample": (saved(WAVE[:0]), False, "it lasts 0.000 s"),
    "stereo": (saved(np.column_stack([WAVE, WAVE])), True, ""),
    "32 channels": (saved(np.tile(WAVE[:, None], 32)), True, ""),
    "192 kHz": (saved(np.repeat(WAVE, 24), 192_000), True, ""),
    "FLAC": (saved(kind="FLAC"), True, ""),
    "MP3": (saved(np.repeat(WAVE, 2), 16_000, "MP3", "MPEG_LAYER_III"), True, ""),
    "Ogg": (saved(kind="OGG", subtype="VORBIS"), True, ""),
    "AIFF": (saved(kind="AIFF"), True, ""),
    "RF64": (saved(kind="RF64"), True, ""),
    "silence": (saved(0 * WAVE), True, ""),
    "at full scale": (saved(np.sign(WAVE)), True, ""),
    "20 minutes in 100 kB": (functools.partial(_silence, 1200), False, "20 minutes"),
    "8 channels of 600 s": (functools.partial(_silence, 600, 48_000, 8), False, "million samples"),
    "a hundred thousand chunks": (_chunks(), False, DAMAGED),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), False, "not a sound file"),
    "a page of script": (b"<script>alert(1)</script>", False, r"b'<script>'|not a sound file"),
}
