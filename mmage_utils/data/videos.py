"""A raw video as what the models see of it: a face, a voice, and why one of them is missing."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmage_utils.data.recordings import RATES, USUAL_SECONDS
from mmage_utils.errors import DataError

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".wmv", ".flv"),
    *(".3gp", ".ogv", ".mts", ".m2ts"),
)
# No play lists, which would open other files or addresses.
FORMATS = "mov,matroska,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,wav,mp3,aac"
RATE = 16_000  # Hz, of the sample's recordings too; enough for every network of the report
FRAMES = 8  # looked at in a clip
SECONDS = USUAL_SECONDS[1]  # more is not read: the data's clips have 15.302 s
FRAME_SIDE = 1280  # pixels of the longer side; larger frames are reduced
MAX_PIXELS = 8192 * 4608  # of a frame; more would take too much memory
SEVERAL = "several faces"  # of a note
SILENT = 1e-4  # of full scale, which 16 bits reach in three steps


class Video(NamedTuple):
    """What was read of a video.

    `problems` has a reason for each of the modalities image and audio that is missing.
    """

    face: np.ndarray | None  # uint8 RGB, shape (224, 224, 3)
    samples: np.ndarray | None  # mono float32, shape (n samples,), in -1..1
    rate: int  # Hz
    seconds: float  # of the whole video
    problems: dict
    notes: list  # what was converted or is unusual, each ``what: details``


def read_video(path, detector, *, rate=RATE):
    """Read the speaker's face and voice from a video of any usual kind.

    Of a long video the first `SECONDS` are read. A video without a sound track, or without a face,
    is read as far as it goes.

    Parameters
    ----------
    path : path-like
    detector : facenet_pytorch.MTCNN
        `video_faces.load_detector`.
    rate : int
        Of the samples returned, in Hz.

    Returns
    -------
    Video

    Raises
    ------
    DataError
        When the file is missing, empty, damaged or no video; the message names it.
    """
    from mmage_utils.data.video_faces import crop_speaker, find_faces, follow_faces

    path = Path(path)
    face, samples, problems, notes = None, None, {}, []
    with open_video(path) as container:
        seconds = (container.duration or 0) / 1e6  # PyAV counts microseconds
        try:
            frames = read_frames(container)
            people = follow_faces(find_faces(frames, detector))
            face, seen = crop_speaker(frames, people)
            notes.append(f"face: in {seen} of {len(frames)} frames")
            often = sum(2 * len(person) >= len(frames) for person in people)
            if often > 1:
                notes.append(f"{SEVERAL}: {often} are in half of the frames, the largest is used")
        except DataError as error:
            problems["image"] = error.reason
    with open_video(path) as container:  # anew, as a damaged track can leave it at its end
        try:
            samples = read_sound(container, rate)
        except DataError as error:
            problems["audio"] = error.reason
    if samples is not None:
        seconds = max(seconds, len(samples) / rate)
        if np.abs(samples).max() < SILENT:
            notes.append("silent: the sound track holds no sound")
        elif len(samples) / rate < min(seconds, SECONDS) - 1:
            notes.append(f"sound cut short: {len(samples) / rate:.1f} of {seconds:.1f} s")
    if seconds > SECONDS + 1:
        notes.append(f"long: the first {SECONDS:.0f} of {seconds:.0f} s are used")
    return Video(face, samples, rate, seconds, problems, notes)


def open_video(path):
    """Open a video with PyAV; a context.

    Raises
    ------
    DataError
        As `read_video`.
    """
    import av

    path = Path(path).absolute()  # a path that begins with / is not taken for an address
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise unreadable(path, "it is not a regular file")
    if path.exists() and not path.stat().st_size:
        raise unreadable(path, "it has no content (0 bytes)")
    # Names of tracks in any encoding; other files than the one named are out of reach.
    limits = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(str(path), metadata_errors="replace", options=limits)
    except (PermissionError, FileNotFoundError) as error:
        raise unreadable(path, str(error.strerror).lower()) from None
    except (av.FFmpegError, ValueError):
        raise unreadable(path, "it is not a video, or its beginning or end is missing") from None


def unreadable(path, reason):
    """The error of a video that cannot be read."""
    return DataError(f"The video {path} cannot be read: {reason}. Copy it again.", reason)


def read_frames(container, *, count=FRAMES):
    """Decode some frames, evenly spread, upright and reduced to `FRAME_SIDE`.

    Few others are decoded: where a frame that stands alone is near, it is taken, and what no other
    frame needs is skipped.

    Parameters
    ----------
    container : av.container.InputContainer
    count : int
        Frames wanted; a short video has fewer.

    Returns
    -------
    list of numpy.ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    DataError
        When there is no video track, or no frame can be decoded.
    """
    import av
    from av.stream import Disposition

    stream = next(
        (track for track in container.streams.video
         if not track.disposition & Disposition.attached_pic),
        None,
    )  # fmt: skip
    if stream is None:
        raise DataError("It has no video track.", "no video track")
    context = stream.codec_context
    if context.width * context.height > MAX_PIXELS:
        size = f"{context.width} x {context.height} pixels"
        raise DataError(f"Its frames have {size}.", f"frames of {size} are too large")
    context.thread_count, context.skip_frame = 1, "NONREF"
    keys, targets = _plan(container, stream, count)
    frames, decoder, group = [], iter(()), None
    for target in targets:
        start = max([key for key in keys if key <= target], default=None)
        if start != group or group is None:  # else the decoder is on its way there
            group = start
            with suppress(av.FFmpegError):
                container.seek(target, stream=stream)
            decoder = decode(container, stream)
        frame = next((frame for frame in decoder if (frame.pts or 0) >= target), None)
        if frame is not None:
            frames.append(_upright(frame, context.sample_aspect_ratio))
    if not frames:
        raise DataError("No frame can be decoded.", "no frame can be decoded")
    return frames


def _plan(container, stream, count):
    """Times of the frames that stand alone, and of those to decode, in units of the stream."""
    import av

    keys, times = [], []
    limit = SECONDS / (stream.time_base or 1)
    with suppress(av.FFmpegError):  # damaged: what was found so far is tried
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            times.append(packet.pts)
            if packet.pts - times[0] > limit:
                break
            if packet.is_keyframe:
                keys.append(packet.pts)
    if not times:
        return [], [0]
    first, last = min(times), max(times)
    step = (last - first) / count
    targets = [round(first + (k + 0.5) * step) for k in range(count)] if step else [first]
    near = [min(keys, key=lambda key: abs(key - target), default=target) for target in targets]
    best = [key if abs(key - target) <= step / 2 else target
            for key, target in zip(near, targets, strict=True)]  # fmt: skip
    return keys, sorted(set(best))


def decode(container, stream):
    """Yield the frames of a track, leaving out what is damaged."""
    import av

    with suppress(av.FFmpegError):
        for packet in container.demux(stream):
            frames = []
            with suppress(av.FFmpegError):
                frames = packet.decode()
            yield from frames


def _upright(frame, pixel_shape):
    """A frame as RGB, turned as its file says, reduced and with square pixels."""
    width = round(frame.width * float(pixel_shape or 1))
    scale = min(1, FRAME_SIDE / max(width, frame.height))
    size = {"width": max(2, round(scale * width)), "height": max(2, round(scale * frame.height))}
    image = frame.to_ndarray(format="rgb24", **size)
    return np.rot90(image, round((frame.rotation or 0) / 90))


def read_sound(container, rate=RATE):
    """Decode the first sound track as mono: channels averaged, resampled (soxr, high quality).

    Parameters
    ----------
    container : av.container.InputContainer
    rate : int
        Hz.

    Returns
    -------
    numpy.ndarray of float32, shape (n samples,)
        In -1..1, at most `SECONDS` long.

    Raises
    ------
    DataError
        When there is no sound track, or less than a second of it can be decoded.
    """
    import av
    import soxr

    if not container.streams.audio:
        raise DataError("It has no sound track.", "no sound track")
    stream = container.streams.audio[0]
    own = stream.codec_context.sample_rate
    if not RATES[0] <= own <= RATES[1]:
        raise DataError(f"Its sound has {own} Hz.", f"a sound track of {own} Hz")
    resampler = soxr.ResampleStream(own, rate, 1, quality="HQ") if own != rate else None
    as_floats, blocks, seen = av.AudioResampler(format="fltp"), [], 0
    with suppress(ValueError):  # another rate in the middle: what came before is good
        for frame in decode(container, stream):
            for part in as_floats.resample(frame):
                mono = part.to_ndarray().mean(0, dtype=np.float32)[: int(SECONDS * own) - seen]
                seen += len(mono)
                blocks.append(resampler.resample_chunk(mono) if resampler else mono)
            if seen >= int(SECONDS * own):
                break
    if resampler:
        blocks.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    samples = np.concatenate([np.zeros(0, np.float32), *blocks])
    if seen < USUAL_SECONDS[0] * own:
        reason = f"{seen / own:.1f} s of sound can be decoded, less than {USUAL_SECONDS[0]:.0f} s"
        raise DataError(f"Only {reason}.", reason)
    return np.clip(np.nan_to_num(samples), -1, 1)
