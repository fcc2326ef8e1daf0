"""JupyterLab as a user starts it: the welcome page, a notebook run as a whole, the explorer."""

import json
import shutil
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
import screenshots as screenshots_tool
from helpers.bundles import few, make_small
from lab import open_notebook, run_all, serve
from PIL import Image
from playwright.sync_api import sync_playwright

from mmage_utils import files, runs
from mmage_utils.fusion.bundle import FOLDER
from mmage_utils.predictions import tabulate, write_predictions
from mmage_utils.report.chromium import launch
from mmage_utils.report.export import export_slides
from mmage_utils.report.notebook_copies import prepare_copies
from mmage_utils.report.parameters import load_parameters
from mmage_utils.sample.videos import write_video

RUN = "tiny_browser"
# Width in pixels and number of colours, at least.
PICTURES = {"deck": (1630, 1000), "explorer": (1000, 1000)}
PICTURES |= {"comparison": (1000, 20), "progress": (900, 20)}


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample):
    """A folder with the README and notebooks to run, and a run with predictions of four models."""
    folder = tmp_path_factory.mktemp("lab")
    tiny = load_parameters(files.ROOT / "params" / "tiny.yaml")
    tiny |= {"RUN": RUN, "DATA_DIR": str(sample)}
    (folder / "tiny.yaml").write_text(json.dumps(tiny))  # which is YAML
    prepare_copies(folder / "tiny.yaml", folder / "notebooks")
    shutil.copy(files.ROOT / "README.md", folder)
    run, clips = runs.open_run(RUN, sample)
    there = clips[clips["image"].notna()]
    rng = np.random.default_rng(0)
    for model in (
        "image, published baseline",
        "audio, published",
        "text, published",
        "fusion, published sum",
    ):
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
        before, end = seen(), time.monotonic() + 30
        act()
        # Each part comes with a message of its own.
        while any(one == other for one, other in zip(before, seen(), strict=True)):
            assert time.monotonic() < end, before
            page.wait_for_timeout(50)

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


@pytest.fixture
def models(clips, tmp_path):
    """Models in the run, which look at voices and words."""
    ways = {"image": "none", "audio": "head", "text": "head"}
    small = make_small(tmp_path / "small", few(clips, 16), ways)[2]
    target = shutil.copytree(small, files.ROOT / "runs" / RUN / FOLDER)
    yield target
    shutil.rmtree(target)


def test_without_models_the_notebook_says_in_a_sentence_how_to_make_them(lab):
    address, browser = lab
    page = browser.new_page()
    open_notebook(page, address, "notebooks/predict.ipynb")
    errors = [error for cell in run_all(page) for error in cell["errors"]]
    assert len(errors) == 1
    assert errors[0].endswith("(model.json): run notebooks/11_fused_model.ipynb first.")
    shown = page.locator("[data-mime-type='application/vnd.jupyter.stderr']").first.inner_text()
    assert shown.strip() == errors[0]
    page.close()


def test_a_chosen_video_is_answered_even_a_large_one(lab, models, clips, tmp_path, screenshots):
    address, browser = lab
    clip = few(clips, 1).iloc[0]
    video = tmp_path / "my <b>.000.mp4"
    write_video(video, clip["image"], clip["audio"], seed=1)
    with open(video, "ab") as stream:  # a box that players pass over: above tornado's own limit
        stream.write(struct.pack(">I4s", 8 + 15_000_000, b"free") + bytes(15_000_000))
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    open_notebook(page, address, "notebooks/predict.ipynb")
    cells = run_all(page)
    assert [cell["errors"] for cell in cells] == [[]] * len(cells)
    cards = page.locator(".mmage-answer h2")
    assert cards.count() == 3
    warning = page.locator("p.warning").first
    assert warning.evaluate("element => getComputedStyle(element).color") == "rgb(176, 0, 32)"
    upload = page.get_by_role("button", name="choose videos")
    upload.scroll_into_view_if_needed()
    with page.expect_file_chooser() as chooser:
        upload.click()
    chooser.value.set_files(video)
    page.get_by_role("heading", name=video.name, exact=True).wait_for(timeout=120_000)
    assert cards.count() == 4
    assert page.get_by_role("button", name="choose videos").is_enabled()
    page.get_by_role("heading", name=video.name).scroll_into_view_if_needed()
    page.screenshot(path=screenshots / "predict.png")
    page.close()


@pytest.fixture
def other_run(place):
    """Name of a copy of the run."""
    folder = files.ROOT / "runs" / f"{RUN}_again"
    shutil.copytree(files.ROOT / "runs" / RUN, folder)
    yield folder.name
    shutil.rmtree(folder)


def test_the_screenshots_of_a_run_are_taken(place, chromium, executed, other_run, tmp_path):
    deck, _ = export_slides(executed)
    slides = files.ROOT / "runs" / RUN / "slides"
    slides.mkdir()
    shutil.copy(deck, slides)
    command = [sys.executable, "tools/screenshots.py", "--run", RUN, "-f", place / "tiny.yaml"]
    done = subprocess.run(
        [*map(str, command), "--other", other_run, "--progress", "--target", str(tmp_path)],
        cwd=files.ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        str(tmp_path / f"{name}.png") for name in PICTURES
    ]
    for name, (width, colours) in PICTURES.items():
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width >= width
            # Something is drawn on it.
            assert len(picture.convert("RGB").getcolors(10**7)) > colours
    assert not (files.ROOT / "runs" / screenshots_tool.PROGRESS_RUN).exists()


def test_a_command_that_writes_no_page_ends_the_tool_with_its_message(place, tmp_path):
    with pytest.raises(SystemExit, match=f"{RUN} and {RUN} are the same run: name two"):
        screenshots_tool.write_page("compare-runs", RUN, RUN, html=tmp_path / "page.html")
