"""What people type first: papermill, pytest and nbconvert, without our runner and its options."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook

from mmage_utils import progress
from mmage_utils.files import ROOT
from mmage_utils.report.alternative_text import PNG
from mmage_utils.report.notebook_copies import prepare_copies

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


def test_plain_papermill_logs_how_far_a_computation_is(environment, tmp_path):
    code = "from mmage_utils import progress\nprogress.LOG_SECONDS = 0\n"
    code += "for _ in progress.progress_bar(12, 'Faces', 'face', range(12)): pass"
    notebook = new_notebook(cells=[new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    path, out = tmp_path / "toy.ipynb", tmp_path / "out.ipynb"
    nbformat.write(notebook, path)
    silent = ("TQDM_DISABLE", progress.PLACE, *progress.WIDGETS)
    done = subprocess.run(
        [sys.executable, "-m", "papermill", path, out, "--log-output", "--no-progress-bar"],
        env={name: value for name, value in environment.items() if name not in silent},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept = "".join(output.text for output in nbformat.read(out, as_version=4).cells[0].outputs)
    lines = kept.splitlines()
    assert [line.split(",")[1] for line in lines] == [f" {n} of 12 faces" for n in range(1, 13)]
    assert all(line in done.stderr for line in lines)


@pytest.mark.slow
def test_plain_pytest_runs_a_notebook(sample, environment):
    folder = ROOT / "runs" / RUN
    folder.mkdir(parents=True)
    values = {"RUN": RUN, "DATA_DIR": str(sample), "N_CLIPS": 160}
    (folder / "plain.yaml").write_text(json.dumps(values))  # which is YAML
    path = prepare_copies(folder / "plain.yaml", folder / "notebooks")[0]
    command = ["-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax"]
    done = subprocess.run(
        [sys.executable, *command, path.relative_to(ROOT)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert f"{len(code)} passed" in done.stdout


@pytest.mark.parametrize("kind", ["slides", "html"])
def test_a_page_of_one_notebook_is_made_by_nbconvert(tmp_path, kind):
    path = ROOT / "notebooks" / "04_test_strategy.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", kind, "--output-dir", tmp_path, path],
        env=os.environ | {
            "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"), "PYTHONPATH": str(ROOT),
        },
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Alternative text is missing" not in done.stderr
    page = next(tmp_path.glob("*.html")).read_text()
    assert ("open_run" in page) == (kind == "html")
    assert ("Reveal" in page) == (kind == "slides")
    outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
    texts = [o.metadata[PNG]["alt"] for o in outputs if PNG in o.get("data", {})]
    assert texts
    shown = BeautifulSoup(page, "html.parser").find_all("img")
    assert [image["alt"] for image in shown] == texts
    assert all(image["src"].startswith(f"data:{PNG};base64,") for image in shown)
