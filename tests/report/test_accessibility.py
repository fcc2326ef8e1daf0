"""What is read in a browser, held against the rules of axe-core (WCAG 2.2, level AA)."""

import shutil

import nbformat
import pandas as pd
import pytest
from helpers.axe import violations
from nbconvert import HTMLExporter
from playwright.sync_api import sync_playwright

from mmage_utils.report import comparison_page, export
from mmage_utils.report.alternative_text import add_alternatives
from mmage_utils.report.chromium import LAID_OUT, launch
from mmage_utils.report.run_comparison import KEYS, SPLITS, RunComparison, compare_runs
from mmage_utils.scores.rescoring import UNITS

TABS = 400  # more than there are places to go to before the first fold


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright, launch(playwright, chromium) as started:
        yield started


@pytest.fixture
def opened(browser):
    """Function that opens a file; scripts of the test may run whatever the file allows."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, bypass_csp=True)

    def open_file(path, query=""):
        page = context.new_page()
        page.goto(f"{path.resolve().as_uri()}{query}")
        return page

    yield open_file
    context.close()


@pytest.fixture(scope="module")
def deck(executed):
    path, _ = export.export_slides(executed)
    return path


def test_every_slide(deck, opened):
    page = opened(deck, "?print-pdf")  # which lays all of them out at once
    page.wait_for_function(LAID_OUT, polling=250)
    assert violations(page) == []


@pytest.mark.slow
def test_the_reading_copy(deck, opened):
    page = opened(deck.parent.parent / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert violations(page) == []


@pytest.fixture(scope="module")
def compared(tmp_path_factory, executed):
    folder = tmp_path_factory.mktemp("compared")
    runs = [folder / name for name in ("one", "other")]
    for one in runs:
        shutil.copytree(executed, one)
    (runs[1] / "figures" / "a_histograms.png").unlink()
    path = folder / "compared.html"
    path.write_text(comparison_page.render_comparison(compare_runs(*runs), runs))
    return path


def test_the_page_of_two_runs(compared, opened):
    page = opened(compared)
    assert page.locator("figure img").count() > 30
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def compared_of_models(tmp_path):
    """The page of two runs with scores, which are folded, and without figures."""
    columns = [*KEYS, "first", "second", "value", "low", "high", "clips", "users"]
    rows = [
        ("image, corrected", split, unit, "accuracy", 0.5, 0.6, 0.1, 0.05, 0.15, 32, 9)
        for split in SPLITS
        for unit in UNITS
    ]
    scores = pd.DataFrame(rows, columns=columns)
    differs = pd.DataFrame(
        [("data", "seed", "0", "1")], columns=["kind", "name", "first", "second"]
    )
    known = (("one", "other"), ("a sample",) * 2, (True, True))
    comparison = RunComparison(*known, differs, True, scores, [])
    path = tmp_path / "scores.html"
    path.write_text(comparison_page.render_comparison(comparison, (tmp_path, tmp_path)))
    return path


def tab_to(page, selector):
    """Press Tab until an element has the focus; is it seen to have it?"""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            break
    else:
        raise AssertionError(f"{selector} is not reached")
    return page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def open_folds(page, selector):
    return page.locator(f"{selector}[open]").count()


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_folds_of_the_reading_copy_by_the_keyboard(deck, opened, key):
    page = opened(deck.parent.parent / "report.html")
    folds = page.locator("details.code").count()
    assert folds > 50
    assert open_folds(page, "details.code") == 0
    assert tab_to(page, "#fold")
    page.keyboard.press(key)
    assert open_folds(page, "details.code") == folds
    page.keyboard.press(key)
    assert open_folds(page, "details.code") == 0
    assert tab_to(page, "details.code > summary")
    page.keyboard.press(key)
    assert open_folds(page, "details.code") == 1
    page.keyboard.press(key)
    assert open_folds(page, "details.code") == 0


def test_folds_and_tables_of_two_runs_by_the_keyboard(compared_of_models, opened):
    page = opened(compared_of_models)
    shown = open_folds(page, "details")
    assert shown == 1
    assert tab_to(page, "details > summary")
    page.keyboard.press("Enter")
    assert open_folds(page, "details") == 0
    page.keyboard.press("Enter")
    assert open_folds(page, "details") == 1
    assert tab_to(page, ".table")  # which may be wider than the screen
    assert tab_to(page, "details:not([open]) > summary")
    page.keyboard.press("Enter")
    assert open_folds(page, "details") == 2
    assert violations(page) == []


def test_the_pictures_of_a_notebook_as_nbconvert_shows_it(tmp_path, executed, opened):
    notebook = nbformat.read(executed / "notebooks" / "02_image_classifier.ipynb", as_version=4)
    add_alternatives(notebook)
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><html lang='en'><title>x</title><body>{page}</body></html>")
    shown = opened(path)
    assert violations(shown, runOnly={"type": "rule", "values": ["image-alt"]}) == []
    alts = shown.eval_on_selector_all("img", "all => all.map(one => one.alt)")
    assert len(alts) > 5
    assert not [alt for alt in alts if "No description" in alt]


def test_what_is_wrong_is_found(tmp_path, opened):
    path = tmp_path / "bad.html"
    path.write_text("<html><body><p style='color: #ccc'>pale</p><img src='data:,'></body></html>")
    found = {rule for rule, _ in violations(opened(path))}
    assert {"image-alt", "color-contrast", "document-title", "html-has-lang"} <= found
