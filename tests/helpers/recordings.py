"""Short recordings, processes slow enough to be killed, and what these have kept."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import soundfile

from mmage_utils.data.labels import LABEL_COLUMNS, LABEL_LIST, SPLITS
from mmage_utils.data.recordings import SAMPLE_RATE
from mmage_utils.features.voices.definition import FEATURES

TABLE = ["VideoName", *FEATURES, "voiced_fraction", "problem", "notes"]
# What a clip is analysed by in the processes of these tests: 0.05 s each, and kept at once.
SLOW = """
import sys, time
import numpy as np
import pandas as pd
from mmage_utils.features import table_cache
from mmage_utils.features.voices import acoustic, definition, extraction

def peak(samples, *, recipe):
    time.sleep(0.05)
    found = round(float(np.abs(samples).max()), 2)
    return dict.fromkeys(definition.FEATURES, found) | {"voiced_fraction": 1.0}

acoustic.acoustic_features = peak
table_cache.COMMIT_SECONDS, extraction.BATCH = 0, {"fast": 1}
"""
RUN = "extraction.extract_features(pd.read_csv(sys.argv[1]), cache=sys.argv[2], n_jobs=1)"


def write_recording(path, level):
    """A recording of 0.2 s whose greatest sample is `level`."""
    samples = level * np.sin(np.pi / 2 * np.arange(1600))
    soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
    return str(path)


def make_clips(folder, levels):
    """Clips named by their place, with a recording of each level."""
    folder.mkdir(exist_ok=True)
    paths = [write_recording(folder / f"{row}.wav", level) for row, level in enumerate(levels)]
    return pd.DataFrame({"VideoName": [f"{row}.mp4" for row in range(len(paths))], "audio": paths})


def make_lists(folder, n_clips):
    """A First Impressions folder of n clips whose recordings have levels of their own."""
    clips = [f"{row:04d}.000" for row in range(n_clips)]
    for number, split in enumerate(SPLITS):
        rows = [f"{clip}.mp4,{clip[:4]},3,1,2" for clip in clips[number::3]]
        text = "\n".join([",".join(LABEL_COLUMNS), *rows]) + "\n"
        (folder / split / "3").mkdir(parents=True)
        (folder / LABEL_LIST.format(split=split)).write_text(text, encoding="utf-8")
        for clip in clips[number::3]:
            level = 0.1 + 0.8 * int(clip[:4]) / n_clips
            write_recording(folder / split / "3" / f"{clip}.wav", level)
    return folder


def count_kept(cache):
    """Recordings whose features a cache holds; as a process from elsewhere sees it."""
    kept = 0
    for path in cache.glob("voices_*.sqlite"):
        with closing(sqlite3.connect(path, timeout=60)) as connection:
            if connection.execute("SELECT * FROM sqlite_master").fetchone():
                kept += connection.execute("SELECT count(*) FROM rows").fetchone()[0]
    return kept
