"""What the tests share: one small sample, tables made by hand, and no network."""

import os
import shutil
from collections import Counter

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: it reads it once

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor
from xdist.scheduler import LoadScopeScheduling

from mmage_utils import files, predictions, runs
from mmage_utils.data.clips import read_clips
from mmage_utils.features.voices import acoustic, definition
from mmage_utils.report.chromium import HOW, find_browser
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.sample import label_lists
from mmage_utils.sample.write import make_sample

HEADER = "VideoName,UserID,AgeGroup,Gender,Ethnicity"


@pytest.hookimpl(tryfirst=True)  # before marks decide what runs
def pytest_collection_modifyitems(items):
    """Begin with the longest files, so that no core waits at the end.

    What needs Chromium is marked here, so that no test of a browser is left without its mark.
    """
    slow = Counter()
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
        marks = {mark.name for mark in item.iter_markers()}
        slow[_scope(item.nodeid)] += len(marks & {"slow", "browser"})
    slow["notebooks"] = len(items)
    items.sort(key=lambda item: -slow[_scope(item.nodeid)])


def _scope(nodeid):
    """What goes to one process: a file's tests, as they share what they make; all notebooks.

    Later notebooks read the predictions of earlier ones.
    """
    file = nodeid.partition("::")[0]
    return "notebooks" if file.endswith(".ipynb") else file


class ByFile(LoadScopeScheduling):
    """Tests are shared out by file, in the order in which they were collected."""

    def _split_scope(self, nodeid):
        return _scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    """How tests are shared out among processes (`pytest -n 2`)."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture(autouse=True)
def _plain_figures():
    """No figure and no style of another test, whichever ran before in the process."""
    matplotlib.rcdefaults()
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Folder of the smallest sample, seed 0; one for all processes, and read-only."""
    place = tmp_path_factory.getbasetemp()
    place = place.parent if "PYTEST_XDIST_WORKER" in os.environ else place
    folder = place / "data" / "small"
    make_sample(folder, n_clips=160, seed=0, n_jobs=2)
    get_reusable_executor().shutdown()  # joblib warns of processes that grow in later work
    return folder


@pytest.fixture(scope="session")
def clips(sample):
    """Clips of the smallest sample; read-only."""
    return read_clips(sample)


@pytest.fixture(scope="session")
def labels():
    """Label lists of the sample, seed 0, as one table; read-only."""
    return label_lists.draw_labels(0)


@pytest.fixture
def lists(tmp_path):
    """A folder with three label lists of three clips each, and no media."""
    folder = tmp_path / "First Impressions"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        rows = [f"-{split}_{k}.000.mp4,-{split}_{k},{3 + k},{1 + k % 2},{1 + k}" for k in range(3)]
        text = "\n".join([HEADER, *rows]) + "\n"
        (folder / f"{split}_set_age_labels.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A synthetic run in a repository of its own."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    data = "synthetic sample, seed 0"
    return runs.Run("test", tmp_path / "runs" / "test", data, tmp_path / "data", True)


@pytest.fixture
def tabled():
    """Function that makes a prediction table from lists."""

    def make(truth, prediction=None, *, users=None, p=None, split="test"):
        n = len(truth)
        if p is None:
            p = 0.01 + 0.93 * np.eye(7)[np.asarray(prediction) - 1]
        columns = {
            "VideoName": [f"clip{k:04d}.mp4" for k in range(n)],
            "UserID": [f"user{k:04d}" for k in range(n)] if users is None else users,
            "split": split,
            "AgeGroup": truth,
        }
        return predictions.tabulate(pd.DataFrame(columns), p)

    return make


@pytest.fixture
def computed(monkeypatch):
    """Features that are the loudness of a clip, and the list of those computed."""
    done = []

    def peak(samples, *, recipe):
        done.append(round(float(np.abs(samples).max()), 2))
        return dict.fromkeys(definition.FEATURES, done[-1]) | {"voiced_fraction": 1.0}

    monkeypatch.setattr(acoustic, "acoustic_features", peak)
    return done


@pytest.fixture(scope="session")
def chromium():
    """Path of a Chromium; without one the tests in a browser are left out, and say so."""
    path = find_browser()
    if path is None:
        pytest.skip(f"no Chromium was found: {HOW}")
    return path


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """A run with the committed notebooks, executed, and the committed figures."""
    folder = tmp_path_factory.mktemp("runs") / "a run"
    (folder / "notebooks").mkdir(parents=True)
    for path in find_notebooks(files.ROOT):
        shutil.copy(path, folder / "notebooks")
    shutil.copytree(files.ROOT / "figures" / "sample", folder / "figures")
    files.save_json(folder / "results" / "a.json", {"data": "synthetic sample, seed 0"})
    return folder


@pytest.fixture(scope="session")
def screenshots():
    """Folder of the pictures that a test run takes for a person to look at."""
    folder = files.ROOT / "runs" / "tiny" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
