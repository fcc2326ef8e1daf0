"""Import and predict on a folder of all that is called a video: a line each, little memory."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import record
from helpers.bundles import few, make_small
from helpers.films import film
from PIL import Image
from skimage.data import astronaut

from mmage_utils.data.video_import import LEFT_OUT

PERSON = astronaut()[:400, 20:420]  # Eileen Collins, NASA; the photograph is in the public domain
WALL = np.full((96, 96, 3), 90, np.uint8)
MOST_GB = 2.0
# Why each cannot be read, if it cannot.
SAID = {
    "-dash.000.mp4": "",
    "one second.mp4": "",
    "名 spåce.webm": "",
    "ten minutes.mov": "",
    "4K.mp4": "",
    "two.mp4": "",
    "audio only.mp4": "",
    "faceless.mp4": "",
    "empty.mp4": "it has no content (0 bytes)",
    "text.mp4": "it is not a video",
    "truncated.mp4": "it is not a video",
    "damaged.mp4": "no video track; a sound track of 0 Hz",
}
NOTED = {
    "ten minutes.mp4": "long: the first 60 of 600 s are used",
    "two.mp4": "several faces: 2 are in half of the frames",
    "audio only.mp4": "no face: no video track",
    "faceless.mp4": "no face: no face was found in 5 frames",
    "one second.mp4": "no voice: no sound track",
    "4K.mp4": "no words: no transcript beside the video",
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """One video of each kind."""
    folder = tmp_path_factory.mktemp("own") / "my videos"
    folder.mkdir()
    whole = film(folder / "-dash.000.mp4", [PERSON] * 20).read_bytes()
    film(folder / "one second.mp4", [PERSON] * 10, sound=None)
    film(folder / "名 spåce.webm", [PERSON] * 5, codec="libvpx-vp9", sound="libopus", rate=48_000)
    times = range(0, 600_000, 1000)
    settings = {"sound": "pcm_s16le", "seconds": 600, "rate": 8000}
    film(folder / "ten minutes.mov", [PERSON[::2, ::2]] * len(times), times=times, **settings)
    large = np.asarray(Image.fromarray(PERSON).resize((2160, 2160)))
    film(folder / "4K.mp4", [np.pad(large, ((0, 0), (840, 840), (0, 0)), mode="edge")] * 20)
    film(folder / "two.mp4", [np.hstack([PERSON, PERSON])] * 5)
    film(folder / "audio only.mp4")
    film(folder / "faceless.mp4", [WALL] * 5)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("I am no video.\n" * 50)
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "damaged.mp4").write_bytes(b"\0" * 40 + whole[40:])
    assert sorted(path.name for path in folder.iterdir()) == sorted(SAID)
    return folder


def _measured(*arguments):
    """Exit code and text of a command in a process of its own, and the most GB of its tree."""
    program = [sys.executable, "-m", "mmage_utils.cli", *map(str, arguments)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    most, done = [0.0], threading.Event()

    def watch():
        whole = psutil.Process(process.pid)
        while not done.wait(0.2):
            most.append(record.memory_of(whole) / 1e9)

    watcher = threading.Thread(target=watch)
    watcher.start()
    text = process.communicate()[0]
    done.set()
    watcher.join()
    return process.returncode, text, max(most)


@pytest.mark.slow
def test_every_kind_is_imported_or_named_and_memory_stays_small(videos, tmp_path):
    code, text, memory = _measured("import", videos, tmp_path / "out")
    assert code == 1, text
    assert 0.1 < memory < MOST_GB
    left_out = pd.read_csv(tmp_path / "out" / LEFT_OUT)
    lost = left_out[left_out["what"] == "video"].set_index("video")["why"]
    expected = {name: said for name, said in SAID.items() if said}
    assert sorted(lost.index) == sorted(expected)
    for name, said in expected.items():
        assert lost[name].startswith(said)
    record = pd.read_csv(tmp_path / "out" / "import.csv", keep_default_na=False)
    assert len(record) == len(SAID)
    done = record[record["place"] != ""].set_index("VideoName")
    assert set(done[done["image"] != ""].index) == {"audio only.mp4", "faceless.mp4"}
    assert set(done[done["audio"] != ""].index) == {"one second.mp4"}
    assert "Traceback" not in text


@pytest.mark.slow
def test_every_kind_is_answered_or_named_and_memory_stays_small(videos, clips, tmp_path):
    ways = dict.fromkeys(("image", "audio", "text"), "head")
    model = make_small(tmp_path, few(clips, 16), ways)[2]
    code, text, memory = _measured("predict", videos, "--run", model)
    assert code == 1, text
    assert 0.1 < memory < MOST_GB
    assert "Traceback" not in text
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ".mp4: " in line)
    assert len(lines) == len(SAID)
    for name, said in SAID.items():
        line = lines[Path(name).stem + ".mp4"]
        assert line.startswith(f"cannot be read: {said}") == bool(said), line
    for name, note in NOTED.items():
        assert note in lines[name]
    assert f"{len(SAID)} clips: " in text
    assert "4 cannot be read." in text
    assert "perceived age group, not true age" in text
