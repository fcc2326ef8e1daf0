"""What is read in a browser, held against the rules of axe-core (WCAG 2.2, level AA)."""

import shutil

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import sync_playwright

from mmage_utils.report import comparison_page, export
from mmage_utils.report.alternative_text import add_alternatives
from mmage_utils.report.chromium import LAID_OUT, launch
from mmage_utils.report.run_comparison import compare_runs

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


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


def violations(page, **options):
    """What axe-core finds: the rule and the elements."""
    options = {"runOnly": {"type": "tag", "values": LEVELS}, **options}
    found = Axe().run(page, options=options | {"resultTypes": ["violations"]}).response
    return [
        (rule["id"], [node["html"][:150] for node in rule["nodes"]][:5])
        for rule in found["violations"]
    ]


def test_every_slide(deck, opened):
    page = opened(deck, "?print-pdf")  # which lays all of them out at once
    page.wait_for_function(LAID_OUT, arg=page.locator(".page").count(), polling=250)
    assert violations(page) == []


@pytest.mark.slow
def test_the_reading_copy(deck, opened):
    page = opened(deck.parent.parent / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert violations(page) == []


def test_the_page_of_two_runs(tmp_path, executed, opened):
    runs = [tmp_path / name for name in ("one", "other")]
    for folder in runs:
        shutil.copytree(executed, folder)
    (runs[1] / "figures" / "a_histograms.png").unlink()
    path = tmp_path / "compared.html"
    path.write_text(comparison_page.render_comparison(compare_runs(*runs), runs))
    page = opened(path)
    assert page.locator("figure img").count() > 30
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
