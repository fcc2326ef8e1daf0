"""Videos of clips of the sample, from which `mmage import` makes their faces and voices again."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from mmage_utils.data.clips import copy_mark, read_clips, with_media
from mmage_utils.errors import UsageError
from mmage_utils.files import whole
from mmage_utils.progress import progress_bar

FOLDER = "videos"  # in that of the sample
SIZE = 640, 360  # pixels
FACE_SIDE = 300  # pixels of the face crop in a frame
FRAMES_A_SECOND = 10
SOUND_RATE = 44_100  # Hz, as videos of the web mostly have
ZOOM, SWAY, TILT, FLICKER = 0.02, 6, 0.03, 0.1  # of size; pixels; radians; of the light


def make_videos(folder, n_videos, *, seed=0, n_jobs=-1):
    """Write mp4 videos (H.264, AAC) of some clips of a sample; those that are there stay.

    Parameters
    ----------
    folder : path-like
        A sample (`sample.write.make_sample`); the videos come into its folder ``videos``.
    n_videos : int
        Clips, spread evenly over those with media, so over splits and age groups.
    seed : int
        Of how the faces move; the same seed gives the same videos.
    n_jobs : int
        Processes that write, as in joblib.

    Returns
    -------
    int
        Videos that were written.

    Raises
    ------
    UsageError
        As `check_number`.
    """
    from joblib import Parallel, delayed

    clips = with_media(read_clips(folder)).sort_values(["split", "AgeGroup"], kind="stable")
    check_number(n_videos, len(clips))
    copy_mark(folder, Path(folder) / FOLDER)
    chosen = clips.iloc[np.linspace(0, len(clips) - 1, n_videos).round().astype(int)]
    jobs = [
        delayed(write_video)(path, clip.image, clip.audio, seed=[seed, 7, number])
        for number, clip in zip(chosen.index, chosen.itertuples(), strict=True)
        if not (path := Path(folder) / FOLDER / clip.VideoName).exists()
    ]
    written = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
    return len(list(progress_bar(len(jobs), "Filming faces and voices", "video", written)))


def check_number(n_videos, n_clips):
    """Raise `UsageError` if a sample of so many clips cannot have so many videos."""
    if not 0 <= n_videos <= n_clips:
        raise UsageError(f"A sample of {n_clips} clips has 0 to {n_clips} videos, not {n_videos}.")


def write_video(path, image, audio, *, seed, scale=1, frames_a_second=FRAMES_A_SECOND):
    """Write one video: a face crop that moves a little, in changing light, and its voice.

    Parameters
    ----------
    path : path-like
        Of the video, written whole or not at all; its suffix names the container.
    image, audio : path-like
        A picture, and a recording as long as the video.
    seed : int or list of int
    scale : int
        Times `SIZE`.
    frames_a_second : int
    """
    import av
    import soundfile

    samples, rate = soundfile.read(audio, dtype="int16")
    with whole(path) as temporary, av.open(str(temporary), "w") as container:
        pictures = container.add_stream("libx264", rate=frames_a_second)
        pictures.width, pictures.height = (scale * side for side in SIZE)
        pictures.pix_fmt = "yuv420p"
        # One thread: several give other bytes.
        pictures.options = {"preset": "superfast", "crf": "21", "threads": "1"}
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono", bit_rate=96_000)
        times = np.arange(0, len(samples) / rate, 1 / frames_a_second)
        for frame in _film(image, times, np.random.default_rng(seed), scale):
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(pictures.encode())
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        resampler = av.AudioResampler("fltp", "mono", SOUND_RATE, sound.codec_context.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(part))
        container.mux(sound.encode())


def _film(image, times, rng, scale):
    """Yield the frames, at times in s, of a face that sways in changing light."""
    from PIL import Image

    with Image.open(image) as opened:
        face = np.asarray(opened.convert("RGB").resize((scale * FACE_SIDE, scale * FACE_SIDE)))
    size, sway = tuple(scale * length for length in SIZE), scale * SWAY
    edge = 2 * sway  # room to sway in, and to tilt
    sides, above = (size[0] - len(face)) // 2 + edge, size[1] - len(face) + edge
    scene = Image.fromarray(np.pad(face, ((above, edge), (sides, sides), (0, 0)), mode="edge"))
    middle = np.array(scene.size) / 2
    speeds, phases = rng.uniform(0.5, 2, 5), rng.uniform(0, 6.28, 5)  # radians a second; radians
    for time in times:
        zoom, right, down, tilt, light = np.sin(speeds * time + phases)
        cos, sin = np.cos(TILT * tilt) / (1 + ZOOM * zoom), np.sin(TILT * tilt)
        x, y = middle - np.array([[cos, -sin], [sin, cos]]) @ size / 2
        turn = (cos, -sin, x + sway * right, sin, cos, y + sway * down)
        frame = scene.transform(size, Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR)
        yield np.asarray(frame.point([min(255, k * (1 + FLICKER * light)) for k in range(256)] * 3))
