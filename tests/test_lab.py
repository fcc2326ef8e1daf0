"""JupyterLab as a user starts it: the welcome page, a notebook run as a whole, the explorer."""

import json
import shutil

import numpy as np
import pytest
from lab import open_notebook, run_all, serve
from playwright.sync_api import sync_playwright

from mmage_utils import files, runs
from mmage_utils.predictions import tabulate, write_predictions
from mmage_utils.report.chromium import launch
from mmage_utils.report.notebook_runner import prepare_copies

RUN = "tiny_browser"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the README and notebooks to run, and a run with predictions of four models."""
    folder = tmp_path_factory.mktemp("lab")
    tiny = (files.ROOT / "params" / "tiny.yaml").read_text()
    (folder / "tiny.yaml").write_text(tiny.replace("RUN: tiny", f"RUN: {RUN}"))
    prepare_copies(folder / "tiny.yaml", folder / "notebooks")
    shutil.copy(files.ROOT / "README.md", folder)
    run, clips = runs.open_run(RUN, "data/tiny", n_clips=160)
    there = clips[clips["image"].notna()]
    rng = np.random.default_rng(0)
    for model in ("image_baseline", "audio", "text", "fusion_sum"):
        write_predictions(run, model, tabulate(there, rng.dirichlet(np.ones(7), len(there))))
    yield folder
    shutil.rmtree(run.folder)


@pytest.fixture(scope="module")
def lab(place, chromium):
    """Address of a JupyterLab that serves the folder, and a browser to see it in."""
    with (
        serve(place) as address,
        sync_playwright() as playwright,
        launch(playwright, chromium) as browser,
    ):
        yield address, browser


def test_it_opens_on_the_readme_and_asks_no_other_server(lab):
    address, browser = lab
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.get_by_role("heading", name="mmage: age groups").wait_for(timeout=60_000)
    home = address.partition("?")[0]
    assert [url for url in asked if not url.startswith((home, "data:", "blob:", "ws:"))] == []
    page.close()


def test_a_notebook_runs_as_a_whole(lab, place):
    address, browser = lab
    page = browser.new_page()
    name = "01_dataset_statistics.ipynb"
    open_notebook(page, address, f"notebooks/{name}")
    cells = run_all(page)
    written = json.loads((place / "notebooks" / name).read_text())["cells"]
    assert len(cells) == sum(cell["cell_type"] == "code" for cell in written)
    assert [cell["errors"] for cell in cells] == [[]] * len(cells)
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    page.close()


def test_a_choice_in_the_explorer_changes_face_and_bars(lab, screenshots):
    address, browser = lab
    page = browser.new_page(viewport={"width": 1500, "height": 1050})
    open_notebook(page, address, "notebooks/explore.ipynb")
    assert [cell["errors"] for cell in run_all(page)] == [[], [], [], []]
    face = page.locator("img[alt^='Face of'][width='224']")
    bars = page.locator(".mmage-bars")
    face.wait_for()

    def seen():
        return face.get_attribute("alt"), face.get_attribute("src"), bars.inner_text()

    def changes(act):
        before = seen()
        act()
        page.wait_for_function(
            "alt => document.querySelector(\"img[width='224']\").alt !== alt", arg=before[0]
        )
        page.wait_for_timeout(300)  # each part comes with a message of its own
        assert all(one != other for one, other in zip(before, seen(), strict=True))

    changes(lambda: page.get_by_label("age group").select_option("46-60"))
    assert "perceived as 46-60" in face.get_attribute("alt")
    # And by the keyboard alone.
    page.get_by_label("clips").focus()
    changes(lambda: page.keyboard.press("ArrowDown"))
    page.get_by_role("button", name="next clip").focus()
    changes(lambda: page.keyboard.press("Enter"))
    assert page.locator("audio").count() == 1
    page.get_by_label("clips").scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "explorer.png")
    page.close()
