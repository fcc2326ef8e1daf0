"""One video becomes the files of a clip, and a row of the record, unless that was done before."""

import io
from functools import cache
from importlib.metadata import version

from mmage_utils.data.clips import MEDIA
from mmage_utils.errors import DataError
from mmage_utils.files import code_key, digest, file_sha256, whole

COLUMNS = [
    *("VideoName", "video", "place", "seconds", *MEDIA, "labels", "notes", "content", "reader")
]
RECOGNISED = "words recognised: not given"
QUALITY = 95  # of the JPEG files
# What decides how a face and a voice are read: another state of it reads every video again.
CODE = code_key("data/video_media", "data/video_faces", "data/videos", "data/recordings")
PACKAGES = ("av", "facenet-pytorch", "pillow", "soxr")


def import_clip(path, stem, earlier=None):
    """Write the face and the voice of one video, unless an earlier import has.

    Parameters
    ----------
    path : pathlib.Path
        Of the video.
    stem : pathlib.Path
        Of its files, without their suffixes.
    earlier : dict, optional
        Its row of an earlier record.

    Returns
    -------
    clip : str
    row : dict
        Of the record; without content where nothing could be read, which its notes then explain.

    Raises
    ------
    OSError
        When a file cannot be written, as on a full disk: that says nothing of the video, and what
        was there before stays.
    """
    clip = stem.name
    row = dict.fromkeys(COLUMNS, "") | {"VideoName": f"{clip}.mp4"}
    try:
        key = {"content": file_sha256(path)[:24], "reader": reader_key()}
        if earlier and key == {name: earlier[name] for name in key}:
            media = [medium for medium in ("image", "audio") if not earlier[medium]]
            if all(media_file(stem, medium).is_file() for medium in media):
                return clip, earlier
        known, made = _read_media(path)
    except DataError as error:
        reason = error.reason
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except Exception as error:  # damaged videos raise almost anything
        reason = f"it cannot be decoded ({type(error).__name__})"
    else:
        for medium, content in made.items():
            with whole(media_file(stem, medium)) as temporary:
                temporary.write_bytes(content)
        gone = [medium for medium in ("image", "audio") if medium not in made]
        if earlier and RECOGNISED in earlier["notes"]:
            gone.append("transcript")
        _remove(stem, gone)  # what stood in the video before
        return clip, row | key | known
    _remove(stem, MEDIA)
    return clip, row | {"notes": reason}


def reader_key():
    """Key of the code and the packages that read a video, so that no older face or voice stays."""
    return digest(CODE, *map(version, PACKAGES))[:12]


def media_file(stem, medium):
    """Where the file of a medium is: ``stem`` and its suffix."""
    return stem.with_name(stem.name + MEDIA[medium])


def _remove(stem, media):
    for medium in media:
        media_file(stem, medium).unlink(missing_ok=True)


def _read_media(path):
    """What the record says of a video, and the files of its face and voice as bytes, by medium.

    Nothing is written, so that what goes wrong here lies in the video.
    """
    import soundfile
    from PIL import Image

    from mmage_utils.data.videos import read_video, unreadable

    video, made = read_video(path, _detector()), {}
    if video.face is None and video.samples is None:
        raise unreadable(path, "; ".join(dict.fromkeys(video.problems.values())))
    if video.face is not None:
        stream = io.BytesIO()
        Image.fromarray(video.face).save(stream, format="JPEG", quality=QUALITY)
        made["image"] = stream.getvalue()
    if video.samples is not None:
        stream = io.BytesIO()
        soundfile.write(stream, video.samples, video.rate, format="WAV", subtype="PCM_16")
        made["audio"] = stream.getvalue()
    problems = {medium: video.problems.get(medium, "") for medium in ("image", "audio")}
    return problems | {"seconds": f"{video.seconds:.3f}", "notes": "; ".join(video.notes)}, made


@cache
def _detector():
    from mmage_utils.data.video_faces import load_detector

    return load_detector()
