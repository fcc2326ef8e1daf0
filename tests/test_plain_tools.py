"""What people type first: papermill, from two places, without our runner and without warnings."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from mmage_utils.files import ROOT

RUN = "tiny_plain"


@pytest.fixture
def environment(tmp_path):
    """The settings of kernels that the set-up installs, and no others."""
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "ipython" / "ipython_kernel_config.py", profile)
    yield os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONPATH": str(ROOT)}
    shutil.rmtree(ROOT / "runs" / RUN, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("place", [".", "notebooks"])
def test_plain_papermill_runs_a_notebook_and_warns_of_nothing(sample, environment, tmp_path, place):
    notebook, out = ROOT / "notebooks" / "01_dataset_statistics.ipynb", tmp_path / "out.ipynb"
    names = {"RUN": RUN, "DATA_DIR": sample, "N_CLIPS": 160}
    given = [text for name, value in names.items() for text in ("-p", name, str(value))]
    files = [os.path.relpath(notebook, ROOT / place), str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "papermill", *files, *given, "--no-progress-bar", "-k", "python3"],
        cwd=ROOT / place, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "arning" not in done.stderr
    assert "encryption" not in done.stderr
    code = [cell for cell in nbformat.read(out, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_slides_of_one_notebook_are_made_by_nbconvert(tmp_path):
    path = ROOT / "notebooks" / "04_test_strategy.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "slides", "--output-dir", tmp_path, path],
        env=os.environ | {"JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "04_test_strategy.slides.html").read_text()
    assert "open_run" not in page
    assert "Reveal" in page
