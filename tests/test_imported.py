"""Videos are imported, and the notebooks run on the folder as on any other."""

import json
import pickle
import shutil

import numpy as np
import pytest
import soundfile
from helpers.bundles import few
from typer.testing import CliRunner

from mmage_utils import files
from mmage_utils.cli import app
from mmage_utils.data.clips import copy_mark, read_clips, with_media
from mmage_utils.data.transcripts import read_transcript
from mmage_utils.sample.videos import write_video

TINY = files.ROOT / "params" / "tiny.yaml"


def _mmage(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def run_folder():
    """Folder of a run beside those of the user, which is removed again."""
    folder = files.ROOT / "runs" / "imported-few"
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
def test_the_first_notebook_runs_on_imported_clips(sample, clips, run_folder, tmp_path):
    """Videos of a second, for the time's sake."""
    some, videos = few(clips, 4), tmp_path / "videos"
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(19_200) / 20), 16_000)
    for number, clip in enumerate(some.itertuples()):
        path = videos / clip.VideoName
        write_video(path, clip.image, tmp_path / "a.wav", seed=number)
        path.with_suffix(".txt").write_text(read_transcript(clip.transcript))
    copy_mark(sample, videos)
    labels = tmp_path / "labels.csv"
    some.drop(columns=["image", "audio", "transcript"]).to_csv(labels, index=False)
    folder = tmp_path / "imported"
    told = _mmage("import", videos, folder, "--labels", labels)
    assert len(with_media(read_clips(folder))) == 12, told
    _mmage("report", "--data", folder, "--run", run_folder.name, "-f", TINY, "--only", 1)
    [results] = run_folder.glob("results/a_*.json")
    assert json.loads(results.read_text())["data"].startswith("synthetic sample")


@pytest.mark.slow
@pytest.mark.long
def test_the_report_runs_on_an_imported_sample(tmp_path):
    sample, folder, words = (tmp_path / name for name in ("sample", "imported", "words.pkl"))
    _mmage("sample", sample, "--clips", 160, "--videos", 160)
    clips = with_media(read_clips(sample))
    texts = map(read_transcript, clips["transcript"])
    words.write_bytes(pickle.dumps(dict(zip(clips["VideoName"], texts, strict=True))))
    _mmage("import", sample / "videos", folder, "--labels", sample, "--transcripts", words)
    _mmage("check-data", folder)
    assert len(with_media(read_clips(folder))) >= 0.95 * len(clips)
    _mmage("report", "--data", folder, "--run", "tiny-imported", "-f", TINY)
    _mmage("verify", "tiny-imported", "--data", folder)
    told = _mmage("predict", *list((sample / "videos").glob("*.mp4"))[:3], "--run", "tiny-imported")
    assert "3 clips: " in told
