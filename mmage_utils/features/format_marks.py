"""What the files alone tell: rate, bandwidth and level of recordings, size and quality of images.

A model that finds the age group by the microphone, the codec or the size of a photograph has taken
a shortcut. These marks, through the same head as the features, say how far one can get that way.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from mmage_utils.data.face_images import open_face
from mmage_utils.data.recordings import open_recording

RECORDING_MARKS = (
    "rate",  # Hz
    "channels",
    "bits",
    "seconds",
    "bandwidth",  # Hz, below which is 99% of the power
    "level",  # dB of full scale
    "peak",  # of full scale
    "clipped",  # share of samples at full scale
    "offset",  # of full scale
)
IMAGE_MARKS = ("width", "height", "bytes_per_pixel", "jpeg_step", "channels")
FULL = 0.99  # of full scale
POWER = 0.99
FRAME = 2048  # samples of a spectrum
MOST = 20_000_000  # samples that are looked at, the first: a minute of 8 channels at 40 kHz
BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32}


def recording_marks(clips):
    """Marks of the recordings as they lie on disk, before any is resampled.

    Parameters
    ----------
    clips : pandas.DataFrame
        With a column audio of paths.

    Returns
    -------
    pandas.DataFrame of float, shape (n clips, 9)
        `RECORDING_MARKS`; NaN for a recording that cannot be read.
    """
    return _of_all(clips["audio"], _marks_of_recording, RECORDING_MARKS)


def image_marks(clips):
    """Marks of the images as they lie on disk.

    Parameters
    ----------
    clips : pandas.DataFrame
        With a column image of paths.

    Returns
    -------
    pandas.DataFrame of float, shape (n clips, 5)
        `IMAGE_MARKS`: jpeg_step is the mean step of the JPEG's quantisation, the coarser the
        larger, and 0 for other formats. NaN for an image that cannot be read.
    """
    return _of_all(clips["image"], _marks_of_image, IMAGE_MARKS)


def _of_all(paths, marks_of, names):
    def marks_or_none(path):
        try:
            return marks_of(path)
        except Exception:  # a damaged file may raise anything; loading the features names it
            return [np.nan] * len(names)

    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(marks_or_none, paths))
    return pd.DataFrame(rows, columns=list(names), index=paths.index, dtype=float)


def _marks_of_recording(path):
    import soundfile

    with open_recording(path), soundfile.SoundFile(path) as sound:
        samples = sound.read(MOST // sound.channels, dtype="float32", always_2d=True)
        form = [sound.samplerate, sound.channels, BITS.get(sound.subtype, 0)]
    mono = samples.mean(1)
    height = np.abs(samples)
    level = 10 * np.log10(np.mean(np.square(mono, dtype=float)) + 1e-12)
    clipped, offset = np.mean(height >= FULL), mono.mean(dtype=float)
    seconds = len(mono) / form[0]
    return [*form, seconds, _bandwidth(mono, form[0]), level, height.max(), clipped, offset]


def _bandwidth(samples, rate):
    """Frequency in Hz below which nearly all power is."""
    frames = len(samples) // FRAME
    if not frames:
        return np.nan
    frames = samples[: frames * FRAME].reshape(frames, FRAME) * np.hanning(FRAME)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(0)
    total = np.cumsum(power)
    return float(np.searchsorted(total, POWER * total[-1]) * rate / FRAME)


def _marks_of_image(path):
    from PIL import Image

    with open_face(path) as stream, Image.open(stream) as image:
        width, height = image.size
        steps = [np.mean(table) for table in getattr(image, "quantization", {}).values()]
        channels = len(image.getbands())
        size = os.fstat(stream.fileno()).st_size / (width * height)
    return [width, height, size, float(np.mean(steps)) if steps else 0.0, channels]
