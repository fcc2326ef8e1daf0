"""Chromium, if it is installed: it prints the deck, and the tests use it."""

import os
import re
import shutil
from pathlib import Path

from mmage_utils.files import whole

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = (
    "install Chromium (on Debian: apt-get install chromium; elsewhere: .venv/bin/playwright "
    "install chromium)"
)
PRINT_SECONDS = 60
# reveal.js takes all slides out of the document some time after it is loaded, and puts them back
# one on a page; between, there is none.
LAID_OUT = """() => document.querySelector('.pdf-page .page') !== null
  && [...document.querySelectorAll('.page')].every(slide => slide.closest('.pdf-page'))
  && [...document.images].every(image => image.complete)"""


def find_browser():
    """Return the path of a Chromium as str: one on the path, or playwright's own; else None."""
    on_path = filter(None, map(shutil.which, NAMES))
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    places = [
        *own.glob("chromium-*/chrome-linux*/chrome"),
        *own.glob("chromium_headless_shell-*/*/*headless*shell"),
        *(Path.home() / "Library/Caches/ms-playwright").glob(
            "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium"
        ),
    ]
    return next(on_path, None) or max(map(str, places), default=None)


def launch(playwright, browser):
    """Start a Chromium without a window."""
    # Chromium has no sandbox for root, as in a container; it opens nothing but our own files.
    return playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])


def print_pdf(deck, pdf, browser):
    """Print a deck, one page per slide, and return the number of pages.

    Parameters
    ----------
    deck, pdf : Path
        The deck, and where to write.
    browser : str
        As `find_browser` returns it.
    """
    from playwright import sync_api

    with sync_api.sync_playwright() as playwright, launch(playwright, browser) as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(1000 * PRINT_SECONDS)
        page.goto(f"{deck.resolve().as_uri()}?print-pdf")
        page.wait_for_function(LAID_OUT, polling=250)
        with whole(pdf) as temporary:
            page.pdf(path=temporary, prefer_css_page_size=True, print_background=True)
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
