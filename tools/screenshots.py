"""Take the README's screenshots: slides of a run's deck, the explorer, and answers for a clip.

    .venv/bin/python tools/screenshots.py [--run sample] [-f FILE.yaml] [--target figures/screens]

after ./run_all.sh, as it shows the deck, the predictions and the models of the run; without models
there is no picture of answers.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from lab import ROOT, open_notebook, run_all, serve
from PIL import Image
from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.data.clips import MEDIA, read_clips, with_media
from mmage_utils.files import shown
from mmage_utils.report.chromium import find_browser, launch
from mmage_utils.report.notebook_runner import prepare_copies
from mmage_utils.report.parameters import load_parameters

SLIDES = ("title", "s01-2", "s02-1", "s09")
TARGET = ROOT / "figures" / "screens"


def deck_screenshot(browser, deck, target):
    """Four slides of the deck, two by two."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(deck.as_uri())
    page.wait_for_function("Reveal.isReady()")
    last = page.evaluate("Reveal.getTotalSlides() - 1")
    sheet = Image.new("RGB", (1600 + 30, 900 + 30), "#8a929c")
    with tempfile.TemporaryDirectory() as folder:
        for number, key in enumerate(SLIDES):
            # The last of the four is the summary page, wherever its notebook put it.
            at = "Reveal.getIndices(document.getElementById(key)).h"
            page.evaluate(f"key => Reveal.slide({last if key == SLIDES[-1] else at})", key)
            shot = Path(folder) / "slide.png"
            page.screenshot(path=shot)
            with Image.open(shot) as image:
                small = image.convert("RGB").resize((800, 450), Image.Resampling.LANCZOS)
            sheet.paste(small, (10 + number % 2 * 810, 10 + number // 2 * 460))
    page.close()
    _save(sheet, target)


def explorer_screenshot(browser, address, target):
    """The explorer on a test clip that the fused model gets wrong."""
    page = browser.new_page(viewport={"width": 1460, "height": 900})
    open_notebook(page, address, "explore.ipynb")
    run_all(page)
    page.get_by_label("split").select_option("test")
    page.get_by_label("answer").select_option("wrong")
    page.wait_for_timeout(1500)
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "explorer.png"
        page.locator(".mmage-explorer").first.screenshot(path=shot)
        with Image.open(shot) as image:
            _save(image.convert("RGB"), target)
    page.close()


def answers_screenshot(browser, run, data, target):
    """The page of `mmage predict` on a test clip."""
    clips = with_media(read_clips(ROOT / data))
    clip = clips[clips["split"] == "test"].iloc[0]
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    with tempfile.TemporaryDirectory() as folder:
        place, html = Path(folder) / "test" / str(clip["AgeGroup"]), Path(folder) / "answers.html"
        place.mkdir(parents=True)
        for medium in MEDIA:
            shutil.copy(clip[medium], place)
        CliRunner().invoke(app, ["predict", folder, "--run", run, "--html", str(html)])
        page.goto(html.as_uri())
        shot = Path(folder) / "answers.png"
        page.screenshot(path=shot)
        with Image.open(shot) as image:
            _save(image.convert("RGB"), target)
    page.close()


def _save(image, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target, optimize=True)
    print(f"{shown(target)} ({target.stat().st_size / 1000:.0f} KB)")


def main(arguments=None):
    """Take the screenshots and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="sample", help="name of the run")
    parser.add_argument("-f", dest="params", help="parameters that the run was made with")
    parser.add_argument("--target", type=Path, default=TARGET, help="folder of the pictures")
    options = parser.parse_args(arguments)
    values = load_parameters(options.params) if options.params else {}
    with tempfile.TemporaryDirectory() as folder:
        # A copy, as JupyterLab saves the notebook with what it shows. JSON is YAML.
        params = Path(folder) / "params.yaml"
        params.write_text(json.dumps(values | {"RUN": options.run}))
        prepare_copies(params, folder)
        with (
            serve(folder) as address,
            sync_playwright() as playwright,
            launch(playwright, find_browser()) as browser,
        ):
            deck = ROOT / "runs" / options.run / "slides" / "report.html"
            deck_screenshot(browser, deck, options.target.resolve() / "deck.png")
            explorer_screenshot(browser, address, options.target.resolve() / "explorer.png")
            if (ROOT / "runs" / options.run / "model").is_dir():
                data, target = values.get("DATA_DIR", "data/sample"), options.target.resolve()
                answers_screenshot(browser, options.run, data, target / "answers.png")


if __name__ == "__main__":
    main()
