"""Features are computed once, kept as they come, and survive kills, company and damage."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.recordings import RUN, SLOW, TABLE, count_kept, make_clips, write_recording

from mmage_utils.errors import DataError, UsageError
from mmage_utils.features import recording_keys, table_cache
from mmage_utils.features.voices import acoustic, extraction
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.files import ROOT


@pytest.fixture
def extract(tmp_path):
    def run(clips, **settings):
        return extraction.extract_features(clips, cache=tmp_path / "cache", n_jobs=1, **settings)

    return run


def test_features_come_in_the_order_of_themake_clips(computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", [0.5, 0.1, 0.3])
    table = extract(clips[::-1]).table
    assert list(table) == TABLE
    assert table["VideoName"].tolist() == ["2.mp4", "1.mp4", "0.mp4"]
    assert table["tempo"].tolist() == [0.3, 0.1, 0.5]
    assert (table["problem"] == "").all()
    assert table["notes"].str.startswith("short: 0.20 s").all()


def test_features_are_computed_once_and_only_for_newmake_clips(computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", [0.5, 0.1, 0.3])
    first = extract(clips[:2])
    assert computed == [0.5, 0.1]
    assert (first.computed, first.cached) == (2, 0)
    again = extract(clips[:2])
    pd.testing.assert_frame_equal(first.table, again.table)
    assert (again.computed, again.cached) == (0, 2)
    assert extract(clips[::-1]).table["tempo"].tolist() == [0.3, 0.1, 0.5]
    assert computed == [0.5, 0.1, 0.3]
    extract(clips[:1], recipe="published")
    assert computed == [0.5, 0.1, 0.3, 0.5]


def test_clips_with_the_same_recording_share_its_features(computed, extract, tmp_path):
    table = extract(make_clips(tmp_path / "wav", [0.5, 0.1, 0.5, 0.5])).table
    assert sorted(computed) == [0.1, 0.5]
    assert table["tempo"].tolist() == [0.5, 0.1, 0.5, 0.5]


def test_other_code_has_other_features(computed, extract, tmp_path, monkeypatch):
    clips = make_clips(tmp_path / "wav", [0.5])
    extract(clips)
    monkeypatch.setitem(extraction.CODES, "fast", "changed")
    extract(clips)
    assert computed == [0.5, 0.5]


def test_a_clip_that_fails_is_named_and_tried_again(extract, tmp_path, monkeypatch):
    clips = make_clips(tmp_path / "wav", [0.5, 0.1])

    def fail(samples, *, recipe):
        if samples.max() > 0.3:
            raise ZeroDivisionError("no frames")
        return dict.fromkeys(FEATURES, 1.0) | {"voiced_fraction": 1.0}

    monkeypatch.setattr(acoustic, "acoustic_features", fail)
    table = extract(clips).table
    assert table["problem"].tolist() == ["ZeroDivisionError: no frames", ""]
    assert np.isnan(table["voiced_fraction"][0])
    assert extract(clips).computed == 1


def test_a_bad_recording_is_kept_as_such_until_it_is_mended(computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", [0.5, 0.1])
    (tmp_path / "wav" / "0.wav").write_bytes(b"")
    assert extract(clips).table["problem"].str.contains("0 bytes").tolist() == [True, False]
    assert extract(clips).computed == 0
    write_recording(tmp_path / "wav" / "0.wav", 0.7)
    assert extract(clips).table["tempo"].tolist() == [0.7, 0.1]
    (tmp_path / "wav" / "1.wav").unlink()
    assert extract(clips).table["problem"].tolist() == [
        "",
        "there is no such file. Check the path.",
    ]


@pytest.fixture
def hashed(monkeypatch):
    """The names of files whose content is hashed; any file counts as settled."""
    names = []

    def count(path, given=recording_keys.content_key):
        names.append(os.path.basename(path))
        return given(path)

    monkeypatch.setattr(recording_keys, "content_key", count)
    monkeypatch.setattr(recording_keys, "SETTLED", 0)
    return names


def test_content_is_hashed_again_only_when_the_file_changed(hashed, tmp_path):
    paths = make_clips(tmp_path / "wav", [0.5, 0.1, 0.3])["audio"]
    keys = recording_keys.content_keys(paths, tmp_path)
    assert sorted(hashed) == ["0.wav", "1.wav", "2.wav"]
    assert len(set(keys)) == 3
    hashed.clear()
    assert recording_keys.content_keys(paths[::-1], tmp_path) == keys[::-1]
    assert hashed == []
    # The same size and the same time of change, but other content.
    before = os.stat(paths[1])
    write_recording(paths[1], 0.2)
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = recording_keys.content_keys(paths, tmp_path)
    assert hashed == ["1.wav"]
    assert changed[1] not in keys
    assert [changed[0], changed[2]] == [keys[0], keys[2]]
    (tmp_path / recording_keys.INDEX).write_bytes(b"damaged")
    assert recording_keys.content_keys(paths, tmp_path) == changed


def test_a_file_changed_just_now_is_not_trusted(hashed, tmp_path, monkeypatch):
    monkeypatch.setattr(recording_keys, "SETTLED", 1e12)
    paths = make_clips(tmp_path / "wav", [0.5])["audio"]
    recording_keys.content_keys(paths, tmp_path)
    recording_keys.content_keys(paths, tmp_path)
    assert hashed == ["0.wav", "0.wav"]


def test_a_recording_that_changes_meanwhile_is_not_kept(extract, tmp_path, monkeypatch):
    clips = make_clips(tmp_path / "wav", [0.5])

    def meddle(samples, *, recipe):
        write_recording(clips["audio"][0], 0.1)
        return dict.fromkeys(FEATURES, 1.0) | {"voiced_fraction": 1.0}

    monkeypatch.setattr(acoustic, "acoustic_features", meddle)
    table = extract(clips).table
    assert "changed while it was read" in table["problem"][0]
    assert table["tempo"].isna().all()
    assert count_kept(tmp_path / "cache") == 0


def test_work_done_before_an_end_by_force_is_kept(computed, extract, tmp_path, monkeypatch):
    clips = make_clips(tmp_path / "wav", np.arange(1, 9) / 10)
    monkeypatch.setitem(extraction.BATCH, "fast", 1)
    peak = acoustic.acoustic_features

    def interrupt(samples, *, recipe):
        if len(computed) == 5:
            raise KeyboardInterrupt
        return peak(samples, recipe=recipe)

    monkeypatch.setattr(acoustic, "acoustic_features", interrupt)
    with pytest.raises(KeyboardInterrupt):
        extract(clips)
    monkeypatch.setattr(acoustic, "acoustic_features", peak)
    extract(clips)
    assert sorted(computed) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def _start(clips, folder):
    """Start a run on the clips; features go into the folder."""
    folder.mkdir(exist_ok=True)
    clips.to_csv(folder / "clips.csv", index=False)
    command = [sys.executable, "-c", SLOW + RUN, str(folder / "clips.csv"), str(folder / "cache")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    return subprocess.Popen(command, env=environment, cwd=folder)


def _wait_for_rows(tmp_path, n, process):
    while count_kept(tmp_path / "cache") < n:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)


def test_killed_midway_and_started_again(computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", np.linspace(0.1, 0.9, 40))
    process = _start(clips, tmp_path)
    try:
        _wait_for_rows(tmp_path, 8, process)
    finally:
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = count_kept(tmp_path / "cache")
    assert 8 <= kept < 40
    table = extract(clips).table
    assert len(computed) == 40 - kept
    whole = extraction.extract_features(clips, cache=tmp_path / "other", n_jobs=1)
    assert len(computed) == 80 - kept
    pd.testing.assert_frame_equal(table, whole.table)


@pytest.mark.parametrize("damaged", [False, True])
def test_two_at_once_leave_one_table(damaged, computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", np.linspace(0.1, 0.9, 24))
    if damaged:
        Path(extract(clips[:1]).file).write_bytes(b"damaged")
        computed.clear()
    processes = [_start(part, tmp_path) for part in (clips, clips[::-1])]
    assert [process.wait(60) for process in processes] == [0, 0]
    table = extract(clips).table
    assert computed == []
    whole = extraction.extract_features(clips, cache=tmp_path / "other", n_jobs=1)
    pd.testing.assert_frame_equal(table, whole.table)


DAMAGES = {
    "nothing": lambda data: b"",
    "no database": lambda data: b"PAR1",
    "zeros": lambda data: bytes(len(data)),
    "cut": lambda data: data[: len(data) // 2],
    "all but its start": lambda data: data[:4096] + bytes(len(data) - 4096),
    "its end": lambda data: data[:-2000] + bytes(2000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_computed_again(damage, computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", np.linspace(0.1, 0.9, 40))
    first = extract(clips)
    path = Path(first.file)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    for _ in range(2):
        pd.testing.assert_frame_equal(extract(clips).table, first.table)
        assert len(computed) == 80


def test_features_are_kept_as_the_work_goes_on(computed, extract, tmp_path, monkeypatch):
    monkeypatch.setitem(extraction.BATCH, "fast", 1)
    monkeypatch.setattr(table_cache, "COMMIT_SECONDS", 0)
    seen = []
    peak = acoustic.acoustic_features

    def look(samples, *, recipe):
        seen.append(count_kept(tmp_path / "cache"))
        return peak(samples, recipe=recipe)

    monkeypatch.setattr(acoustic, "acoustic_features", look)
    extract(make_clips(tmp_path / "wav", np.arange(1, 11) / 20))
    assert seen == list(range(10))


def test_a_cache_that_cannot_be_written_is_named(computed, extract, tmp_path):
    clips = make_clips(tmp_path / "wav", [0.5])
    path = Path(extract(clips).file)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r"The cache .*voices_fast.* cannot be written: unable"):
        extract(clips)


def test_processes_that_are_ended_leave_a_sentence(tmp_path, monkeypatch):
    class Deadly(str):
        """A state of the code that ends the process to which it is sent."""

        def __reduce__(self):
            return signal.raise_signal, (signal.SIGKILL,)

    clips = make_clips(tmp_path / "wav", np.arange(1, 20) / 20)
    monkeypatch.setitem(extraction.CODES, "fast", Deadly("deadly"))
    with pytest.raises(DataError, match="most likely for want of memory"):
        extraction.extract_features(clips, cache=tmp_path / "cache", n_jobs=2)


def test_unknown_recipe_is_wrong_usage(extract, tmp_path):
    with pytest.raises(UsageError, match="Unknown recipe 'slow'"):
        extract(make_clips(tmp_path / "wav", [0.5]), recipe="slow")
