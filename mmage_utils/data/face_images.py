"""Face crops of any usual kind as 8-bit RGB squares, and what had to be done to them (task b)."""

import warnings

import numpy as np

from mmage_utils.data.media_files import open_regular
from mmage_utils.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
MIN_SIDE = 16  # pixels; less shows no face
MAX_PIXELS = 50_000_000  # more would take too much memory
MAX_BYTES = 400_000_000  # what so many pixels can need
LARGE_PIXELS = 4_000_000  # a JPEG above is decoded at a part of its size
GREY, ALPHA, DEEP = ("1", "L"), ("LA", "La", "RGBA", "RGBa", "PA"), ("I;16", "I;16B", "I", "F")


def read_face(path, size):
    """Read a face crop as a square of 8-bit RGB, converting what can be converted.

    Parameters
    ----------
    path : path-like
    size : int
        Side in pixels; crops are resized with antialiasing.

    Returns
    -------
    image : numpy.ndarray of uint8, shape (3, size, size)
    notes : list of str
        What was converted, each ``what: details``; empty for a square RGB image.

    Raises
    ------
    DataError
        When the file is missing, not an image, cut short, or has fewer than `MIN_SIDE` or more
        than `MAX_PIXELS` pixels; the message names the file and the reason.
    """
    from PIL import Image

    with open_face(path) as stream:
        start = stream.read(8)
        stream.seek(0)
        image, notes = _decode(path, stream, start, size)
    if abs(image.width - image.height) > 1:
        notes.append(f"not square: the middle of {image.width} x {image.height} pixels is used")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    image = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image).transpose(2, 0, 1), notes


def open_face(path):
    """Open a face crop as bytes; errors as `media_files.open_regular`, with the file's name."""
    try:
        return open_regular(path, most=MAX_BYTES)
    except DataError as error:
        raise _named(path, error.reason) from error.__cause__


def _decode(path, stream, start, size):
    """The image as RGB, turned upright, and what was converted."""
    from PIL import Image, ImageOps

    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(stream, formats=FORMATS) as opened,
        ):
            width, height = opened.size
            if min(width, height) < MIN_SIDE:
                raise _unreadable(path, f"it has {width} x {height} pixels, less than {MIN_SIDE}")
            if width * height > MAX_PIXELS:
                raise _unreadable(path, f"it has {width * height / 1e6:.0f} million pixels")
            notes = []
            if width * height > LARGE_PIXELS:
                notes.append(f"large: {width} x {height} pixels")
                opened.draft(opened.mode, (4 * size, 4 * size))
            image = ImageOps.exif_transpose(opened)
            if opened.getexif().get(0x0112, 1) != 1:  # the tag of the orientation
                notes.append("turned: as its EXIF says")
            return _as_rgb(image, notes), notes
    except Image.UnidentifiedImageError:
        reason = f"it is not an image, it begins with {start!r}" if start else "it has no content"
        raise _unreadable(path, reason) from None
    except DataError:
        raise
    except Exception as error:  # damaged images raise almost anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _unreadable(path, f"it is damaged: {reason}") from None


def _as_rgb(image, notes):
    """The image as RGB, with a note on how it became so."""
    from PIL import Image

    mode = image.mode
    if mode == "P" and "transparency" in image.info:
        image, mode = image.convert("RGBA"), "RGBA"
    if mode in DEEP:
        notes.append("depth: more than 8 bits")
        values = np.asarray(image, dtype=np.float32)  # of double size, large images would weigh
        most = 65535
        if mode == "F":  # floats have no known range
            most = max(255, values.max())
        elif mode == "I" and values.max() <= 255:
            most = 255
        image = Image.fromarray((255 * np.clip(values / most, 0, 1)).round().astype(np.uint8))
        return image.convert("RGB")
    if mode in ALPHA:
        notes.append("transparent: put on white")
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif mode in GREY:
        notes.append("grey: made RGB")
    elif mode not in ("RGB", "P"):
        notes.append(f"colours: {mode} made RGB")
    return image.convert("RGB")


def _unreadable(path, reason):
    return _named(path, f"{reason}. Copy it again, or remove it: a clip may lack its face.")


def _named(path, reason):
    return DataError(f"The face {path} cannot be read as an image: {reason}", reason)
