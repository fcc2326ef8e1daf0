"""Take the README's screenshots: deck, explorer, answers for a clip, progress, runs compared.

    .venv/bin/python tools/screenshots.py [--run sample] [-f FILE.yaml] [--target figures/screens]
        [--other RUN] [--progress]

after ./run_all.sh, as it shows the deck, the predictions and the models of the run; without models
there is no picture of answers, and without another run none of a comparison. For the progress a
part of the report runs in a terminal for a minute or two, under a name of its own.
"""

import argparse
import json
import re
import shlex
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from lab import ROOT, open_notebook, run_all, serve
from PIL import Image
from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from mmage_utils.cli import app
from mmage_utils.data.clips import MEDIA, read_clips, with_media
from mmage_utils.files import CACHE, locked, shown
from mmage_utils.report.chromium import find_browser, launch
from mmage_utils.report.notebook_copies import prepare_copies
from mmage_utils.report.parameters import load_parameters

SLIDES = ("title", "s01-2", "s02-1", "s09")
TARGET = ROOT / "figures" / "screens"
PROGRESS_RUN, EPOCHS = "progress", 12
PROGRESS_SECONDS, STOP_SECONDS = 200, 60
UNFINISHED = "fit_*.partial"  # of a training that may go on, in the cache


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
    _shoot(page.locator(".mmage-explorer").first, target)
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
        write_page("predict", folder, "--run", run, html=html)
        page.goto(html.as_uri())
        _shoot(page, target)
    page.close()


def comparison_screenshot(browser, run, other, target):
    """The page of `mmage compare-runs`, from its top."""
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder) / "comparison.html"
        write_page("compare-runs", run, other, html=html)
        page.goto(html.as_uri())
        _shoot(page, target)
    page.close()


def progress_screenshot(browser, address, values, target):
    """A terminal of JupyterLab in which the face notebook is training, then stopped by Ctrl-C."""
    folder, before = ROOT / "runs" / PROGRESS_RUN, set(CACHE.glob(UNFINISHED))
    place, token = address.split("/?")
    page = browser.new_page(viewport={"width": 1340, "height": 320})
    page.goto(f"{place}/lab/workspaces/terminal?{token}")
    page.wait_for_function("window.jupyterapp", timeout=90_000)
    page.evaluate(
        """async () => {
          await window.jupyterapp.restored;
          await window.jupyterapp.commands.execute("terminal:create-new");
          await window.jupyterapp.commands.execute("application:toggle-mode");
        }"""
    )
    terminal = page.locator(".jp-Terminal .xterm")
    terminal.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)
    with tempfile.TemporaryDirectory() as own:
        # A training is never done twice: this one has a rate that no other had.
        odd = {"FACE_EPOCHS": EPOCHS, "FACE_LR": 0.001 + time.time() % 1000 * 1e-9}
        params = Path(own) / "params.yaml"
        params.write_text(json.dumps(values | odd))  # which is YAML
        # The screen shall show what a user types, without folders of this machine.
        command = f"{shlex.quote(str(ROOT / 'run_all.sh'))} -f {shlex.quote(str(params))}"
        try:
            for line in (
                f"cd {shlex.quote(str(ROOT))}; alias run_all={shlex.quote(command)}; "
                "PS1='$ '; clear",
                f"run_all --run {PROGRESS_RUN} --only 02",
            ):
                page.keyboard.type(line)
                page.keyboard.press("Enter")
                page.wait_for_timeout(1000)
            _wait_for_line(page, "epoch [0-9]+ of [0-9]+, valid .+ left", PROGRESS_SECONDS)
            _shoot(terminal, target)
            page.keyboard.press("Control+c")
            _wait_for_line(page, "interrupted", STOP_SECONDS)
        finally:
            page.close()
            shutil.rmtree(folder, ignore_errors=True)
            _remove_unfinished(before)


def write_page(*arguments, html):
    """Run a command of mmage that writes a page; without a page, end with what it said."""
    done = CliRunner().invoke(app, [*arguments, "--html", str(html)])
    if not html.is_file():
        raise SystemExit(done.output.strip() or repr(done.exception))


def _wait_for_line(page, pattern, seconds):
    """Wait until a line of the terminal has a pattern, or end with what stands there."""
    lines = """() => {
      const shown = window.jupyterapp.shell.currentWidget.content._term.buffer.active;
      const numbers = [...Array(shown.length).keys()];
      return numbers.map((number) => shown.getLine(number).translateToString(true));
    }"""
    end = time.monotonic() + seconds
    while not re.search(pattern, text := "".join(page.evaluate(lines))):
        if time.monotonic() > end:
            raise SystemExit(f"After {seconds} s the terminal says no {pattern!r}: {text.strip()}")
        page.wait_for_timeout(100)


def _remove_unfinished(before):
    """Remove what the training that was stopped has left, unless another process goes on there."""
    for path in set(CACHE.glob(UNFINISHED)) - before:
        with suppress(BlockingIOError), locked(path.with_suffix(".lock"), wait=False):
            shutil.rmtree(path)


def _shoot(what, target):
    """Save the picture of a page or of a part of it."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        what.screenshot(path=shot)
        with Image.open(shot) as image:
            _save(image.convert("RGB"), target)


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
    parser.add_argument("--other", help="another run, to compare with")
    parser.add_argument("--progress", action="store_true", help="of a part that runs now")
    options = parser.parse_args(arguments)
    target = options.target.resolve()
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
            deck_screenshot(browser, deck, target / "deck.png")
            explorer_screenshot(browser, address, target / "explorer.png")
            if (ROOT / "runs" / options.run / "model").is_dir():
                data = values.get("DATA_DIR", "data/sample")
                answers_screenshot(browser, options.run, data, target / "answers.png")
            if options.other:
                comparison_screenshot(
                    browser, options.run, options.other, target / "comparison.png"
                )
            if options.progress:
                progress_screenshot(browser, address, values, target / "progress.png")


if __name__ == "__main__":
    main()
