"""Chromium, where there is one: it prints the deck, and the tests look through it."""

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = (
    "install Chromium (on Debian: apt-get install chromium; elsewhere: .venv/bin/playwright "
    "install chromium)"
)


def find_browser():
    """Return the path of a Chromium as str: one on the path, or playwright's own; else None."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    places = [
        *own.glob("chromium-*/chrome-linux*/chrome"),
        *own.glob("chromium_headless_shell-*/*/*headless*shell"),
        *(Path.home() / "Library/Caches/ms-playwright").glob(
            "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium"
        ),
    ]
    return str(max(places)) if places else None


def launch(playwright, browser):
    """Start a Chromium without a window and without a network."""
    # Chromium has no sandbox for root, as in a container; it opens nothing but our own files.
    return playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
