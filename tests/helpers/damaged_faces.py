"""Damaged faces: bombs, wrong types, unusual kinds of image, and pages with scripts."""

import functools
import io
import struct
import zlib

import numpy as np
from PIL import Image

SMALL = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
DAMAGED, NO_IMAGE, MANY = "it is damaged", "not an image", "million pixels"


def saved(image=SMALL, kind="JPEG", **settings):
    """Bytes of an image."""
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def _chunk(name, data):
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def png(width, height, *before):
    """A PNG of a size that its data need not have, with chunks before the data."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    row = zlib.compress(bytes(3 * 32 * 33))
    return (
        b"\x89PNG\r\n\x1a\n" + head + b"".join(before) + _chunk(b"IDAT", row) + _chunk(b"IEND", b"")
    )


def _packed(megabytes):
    """Zeros of so many megabytes, a thousand times smaller."""
    return zlib.compress(bytes(megabytes * 1_000_000), 9)


def _text_bomb(megabytes):
    return png(32, 32, *[_chunk(b"zTXt", b"a\0\0" + _packed(megabytes))])


def _profile_bomb():
    return png(32, 32, _chunk(b"iCCP", b"a\0\0" + _packed(100)))


def _jpeg_of(width, height):
    """A small JPEG whose header gives another size."""
    data = bytearray(saved())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _large(mode, kind, side=7000):
    """A flat image just below the limit of pixels: a few kB that become 50 to 200 MB."""
    return saved(Image.new(mode, (side, side)), kind)


def _gif(width, height, frame=(32, 32)):
    screen = struct.pack("<HHBBB", width, height, 0xF0, 0, 0) + bytes(6)
    place = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0)
    return b"GIF89a" + screen + place + b"\x02\x02\x4c\x01\x00;"


def _bmp(width, height, compression=0):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 2000, 0, 0, 54 + 1024) + head + bytes(1024) + bytes(100)


def _tiff(next_directory, tag=(256, 4, 1, 32)):
    entry = struct.pack("<HHII", *tag)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", next_directory)


def _frames(kind, n=50):
    frames = [SMALL.rotate(k) for k in range(n)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


def _turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(exif=exif)


def _deep(mode):
    values = np.full((32, 32), 20000, dtype=np.uint16 if mode == "I;16" else np.int32)
    return saved(Image.fromarray(values.astype(np.float32) if mode == "F" else values), "TIFF")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
# Bytes of the file or what makes them, whether they are used, and what check-data says.
FACES = {
    "empty": (b"", False, "has no content"),
    "cut": (saved()[:500], False, f"{DAMAGED}|{NO_IMAGE}"),
    "only its first bytes": (saved()[:4], False, f"{DAMAGED}|{NO_IMAGE}"),
    "words": (b"hello there, these are words", False, NO_IMAGE),
    "SVG with a script": (SVG, False, NO_IMAGE),
    "a web page": (b"<html><img src=x onerror=alert(1)>", False, NO_IMAGE),
    "a script before a JPEG": (b"<script>alert(1)</script>" + saved(), False, NO_IMAGE),
    "a script within a JPEG": (saved(comment=b"<script>alert(1)</script>"), True, ""),
    "a script behind a JPEG": (saved() + b"<script>alert(1)</script>", True, ""),
    "PDF": (b"%PDF-1.7\n1 0 obj", False, NO_IMAGE),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n", False, NO_IMAGE),
    "PNG of 3.6 billion pixels": (png(60_000, 60_000), False, MANY + "|exceeds limit"),
    "PNG of 100 million pixels": (png(10_000, 10_000), False, MANY),
    "JPEG of 4 billion pixels": (_jpeg_of(65_500, 65_500), False, MANY + "|exceeds limit"),
    "GIF of 4 billion pixels": (_gif(65_535, 65_535), False, MANY + "|exceeds limit"),
    "GIF frame of 4 billion": (_gif(32, 32, (65_535, 65_535)), False, MANY + "|exceeds limit"),
    "BMP of 900 million pixels": (_bmp(30_000, 30_000), False, MANY + "|exceeds limit"),
    "BMP of negative width": (_bmp(-32, 32), False, ""),
    "BMP of run lengths, cut": (_bmp(64, 64, 1), False, DAMAGED),
    "PNG without pixels": (png(0, 0), False, ""),
    "PNG of 49 million pixels, grey": (functools.partial(_large, "L", "PNG"), True, ""),
    "PNG of 49 million pixels, colour": (functools.partial(_large, "RGB", "PNG"), True, ""),
    "PNG of 49 million pixels, 16 bits": (functools.partial(_large, "I;16", "PNG"), True, ""),
    "PNG of 49 million pixels, clear": (functools.partial(_large, "RGBA", "PNG"), True, ""),
    "JPEG of 49 million pixels": (functools.partial(_large, "RGB", "JPEG"), True, ""),
    "GIF of 49 million pixels": (functools.partial(_large, "P", "GIF"), True, ""),
    "PNG with 200 MB of text": (functools.partial(_text_bomb, 200), None, ""),
    "PNG with 100 MB of profile": (_profile_bomb, None, ""),
    "PNG with rows lacking": (png(64, 64), False, DAMAGED),
    "PNG with a wrong sum": (png(32, 32).replace(b"IHDR", b"IHDr"), False, ""),
    "PNG": (saved(kind="PNG"), True, ""),
    "GIF": (saved(kind="GIF"), True, ""),
    "WebP": (saved(kind="WEBP"), True, ""),
    "TIFF": (saved(kind="TIFF"), True, ""),
    "icon": (saved(kind="ICO"), False, NO_IMAGE),
    "GIF of 50 frames": (_frames("GIF"), True, ""),
    "PNG of 50 frames": (_frames("PNG"), True, ""),
    "CMYK": (saved(SMALL.convert("CMYK")), True, ""),
    "grey": (saved(SMALL.convert("L")), True, ""),
    "clear": (saved(SMALL.convert("RGBA"), "PNG"), True, ""),
    "16 bits": (_deep("I;16"), True, ""),
    "32 bits": (_deep("I"), True, ""),
    "floats": (_deep("F"), True, ""),
    "turned by EXIF": (_turned(), True, ""),
    "EXIF of noise": (saved(exif=b"Exif\0\0" + bytes(range(256)) * 20), None, ""),
    "1 pixel": (saved(Image.new("RGB", (1, 1))), False, "less than 16"),
    "a line": (saved(Image.new("RGB", (5000, 2)), "PNG"), False, "less than 16"),
    "a thousand times as wide": (saved(Image.new("RGB", (16_000, 16)), "PNG"), True, ""),
    "TIFF that leads to itself": (_tiff(8), False, ""),
    "TIFF of endless strips": (_tiff(0, (273, 4, 0xFFFFFFFF, 8)), False, ""),
    "1 MB behind it": (saved() + bytes(1_000_000), True, ""),
}  # fmt: skip
