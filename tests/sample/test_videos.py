"""Films of the sample: H.264 and AAC, as long as the clip, moving, the same for the same seed."""

import av
import numpy as np
import pytest
import soundfile

from mmage_utils.data.clips import with_media
from mmage_utils.errors import UsageError
from mmage_utils.sample.videos import FRAMES_A_SECOND, SIZE, make_videos, write_video

NAMES = ("a.mp4", "b.mp4", "c.mp4")


@pytest.fixture
def film(clips, tmp_path):
    """Function that films the first second and a half of a clip, by a seed."""
    clip = with_media(clips).iloc[0]
    samples, rate = soundfile.read(clip["audio"], stop=24_000)
    soundfile.write(tmp_path / "a.wav", samples, rate)

    def make(name, seed):
        write_video(tmp_path / name, clip["image"], tmp_path / "a.wav", seed=seed)
        return tmp_path / name

    return make


def test_form(film):
    with av.open(str(film("a.mp4", 0))) as container:
        names = [stream.codec_context.name for stream in container.streams]
        assert names == ["h264", "aac"]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 1.5 * FRAMES_A_SECOND
    assert frames[0].shape == (SIZE[1], SIZE[0], 3)
    grey = np.array([frame.mean() for frame in frames])
    assert grey.std() > 0.2  # the light changes
    still = frames[0].astype(float) * grey[-1] / grey[0]
    assert np.abs(frames[-1] - still).mean() > 1  # and the face moves


def test_same_seed_gives_the_same_bytes(film):
    first, again, other = (film(*made).read_bytes() for made in zip(NAMES, (3, 3, 4), strict=True))
    assert first == again
    assert first != other


@pytest.mark.parametrize("n_videos", [-1, 161])
def test_more_videos_than_clips_are_refused(sample, n_videos):
    with pytest.raises(UsageError, match="160 clips has 0 to 160 videos"):
        make_videos(sample, n_videos)
    assert not (sample / "videos").exists()
