"""Meet every damaged folder in one process: check-data, then the loaders; a line of JSON for each.

python tests/helpers/hostile_run.py BASE [part of a name ...]
"""

import ctypes
import json
import os
import resource
import shutil
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.damaged_folders import MEDIA, corpus, make_folder
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.data.clips import count_media, read_clips
from mmage_utils.data.transcripts import read_transcripts
from mmage_utils.display.explorer import show_face, show_voice, show_words
from mmage_utils.errors import DataError
from mmage_utils.features.faces import load_faces
from mmage_utils.features.format_marks import image_marks, recording_marks
from mmage_utils.features.voices.extraction import extract_features

STARTED = "HOSTILE_RUN_STARTED"


def start_without_rights(*arguments):
    """Start again as a root to whom closed files are closed, as they are to everybody else."""
    libc = ctypes.CDLL(None)
    for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP: new programs do not have it
    os.environ[STARTED] = "1"
    os.execv(sys.executable, [sys.executable, __file__, *arguments])


def state(base):
    """Kind, size and time of all that lies below a folder."""
    found = {}
    for place, folders, files in os.walk(base):
        for name in folders + files:
            status = os.lstat(os.path.join(place, name))
            found[os.path.join(place, name)] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return found


def load(folder, cache):
    """What the loaders make of a folder: how many of each medium, or a sentence."""
    try:
        clips = read_clips(folder)
        count_media(clips)
    except DataError as error:
        return {"refused": str(error)}
    found = {}
    for medium, loader in LOADERS.items():
        rows = clips[clips[medium].notna()].reset_index(drop=True)
        try:
            found[medium] = loader(rows, cache)
        except DataError as error:
            found[medium] = str(error)
    image_marks(clips[clips["image"].notna()])
    recording_marks(clips[clips["audio"].notna()])
    for clip in clips.set_index("VideoName").iterrows():
        show_face(*clip), show_voice(*clip), show_words(clip[1])
    return found


def _faces(rows, cache):
    faces = load_faces(rows, 16, cache=cache)
    assert len(faces.clips) == len(faces.images)
    assert len(faces.clips) + len(faces.problems) == len(rows)
    return len(faces.clips)


def _voices(rows, cache):
    table = extract_features(rows, cache=cache, n_jobs=1).table
    assert len(table) == len(rows)
    return int((table["problem"] == "").sum())


LOADERS = {
    "image": _faces,
    "audio": _voices,
    "transcript": lambda rows, cache: len(read_transcripts(rows)),
}
assert set(LOADERS) == set(MEDIA)


def meet(name, damage, base, cache):
    """Damage a fresh folder, and tell what the commands and loaders make of it."""
    case = base / "case"
    folder, outside = case / "data", case / "outside"
    for place in (case, folder, outside):
        place.mkdir()
    make_folder(folder)
    damage.do(folder, outside)
    before, clock = state(case), time.monotonic()
    print(json.dumps({"begins": name}), flush=True)
    record = {"name": name}
    try:
        result = CliRunner().invoke(app, ["check-data", str(folder)])
        record |= {"code": result.exit_code, "output": result.output}
        if result.exception and not isinstance(result.exception, SystemExit):
            record["crash"] = repr(result.exception)
        record["loaded"] = load(folder, cache)
    except OSError as error:
        record["loaded"] = {"refused": str(error)}
    except Exception:
        record["crash"] = traceback.format_exc()
    record["seconds"] = time.monotonic() - clock
    record["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    record["changed"] = sorted(set(before.items()) ^ set(state(case).items()))
    record["changed"] += os.listdir()
    for place, folders, _ in os.walk(case):
        for name in folders:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(0o755)
    shutil.rmtree(case)
    return record


def main(base, *parts):
    """Meet all folders, or those with some part in their name."""
    base = Path(base)
    cache = base / "cache"
    cache.mkdir()
    (base / "work").mkdir()
    os.chdir(base / "work")  # where a program that a file brings would leave its mark
    chosen = {name: x for name, x in corpus().items() if not parts or any(p in name for p in parts)}
    for name, damage in chosen.items():
        print(json.dumps(meet(name, damage, base, cache), default=str), flush=True)


if __name__ == "__main__":
    if os.geteuid() == 0 and STARTED not in os.environ:
        start_without_rights(*sys.argv[1:])
    main(*sys.argv[1:])
