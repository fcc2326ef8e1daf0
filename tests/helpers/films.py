"""Short films of pictures, in any container and codec, and damage to them."""

import struct
from fractions import Fraction

import av
import numpy as np

QUICK = {"libx264": {"preset": "ultrafast"}, "libvpx-vp9": {"deadline": "realtime"}}
MS = Fraction(1, 1000)
TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}  # clockwise, a b c d


def film(path, frames=(), *, codec="libx264", sound="aac", seconds=2.0, rate=44_100, times=None):
    """Write a film of RGB frames (10 a second, or at `times` in ms) and a tone of 200 Hz in stereo.

    Parameters
    ----------
    path : path-like
    frames : sequence of numpy.ndarray of uint8, shape (height, width, 3)
        None leaves out the pictures.
    codec, sound : str
        Of pictures and sound; a sound of None leaves it out.
    """
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(codec, rate=10) if len(frames) else None
        voice = container.add_stream(sound, rate=rate, layout="stereo") if sound else None
        if pictures:
            pictures.height, pictures.width = frames[0].shape[:2]
            pictures.pix_fmt, pictures.options = "yuv420p", QUICK.get(codec, {})
            pictures.codec_context.time_base = MS if times else Fraction(1, 10)
            for number, picture in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                if times:
                    frame.pts, frame.time_base = times[number], MS
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode())
        if voice:
            _speak(container, voice, seconds, rate)
    return path


def _speak(container, voice, seconds, rate):
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(int(seconds * rate)) / rate)
    samples = np.repeat((32767 * tone).astype(np.int16), 2)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    context = voice.codec_context
    resampler = av.AudioResampler(context.format, "stereo", rate, context.frame_size)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(voice.encode(part))
    container.mux(voice.encode())


def say_turned(path, degrees):
    """Let an mp4 file say that its pictures are to be turned clockwise, as phones write it."""
    data = path.read_bytes()
    place = data.index(b"tkhd") + 44
    a, b, c, d = (65536 * part for part in TURNS[degrees])
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:place] + matrix + data[place + 36 :])
