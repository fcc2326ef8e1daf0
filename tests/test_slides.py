"""Slide decks open from the disk alone."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmage_utils.errors import DataError
from mmage_utils.slides import export_slides


@pytest.fixture(scope="module")
def deck(tmp_path_factory):
    """The deck of a notebook of two slides, a note and a skipped cell."""

    def kind(name):
        return {"slideshow": {"slide_type": name}}

    shown = new_output("execute_result", {"text/plain": "the output"}, execution_count=2)
    cells = [
        new_markdown_cell("# First slide", metadata=kind("slide")),
        new_code_cell("hidden_code()", metadata=kind("skip")),
        new_markdown_cell("# Second slide", metadata=kind("slide")),
        new_code_cell("hidden_code()", outputs=[shown], execution_count=2),
        new_markdown_cell("A note", metadata=kind("notes")),
    ]
    run = tmp_path_factory.mktemp("a run")
    (run / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), run / "notebooks" / "01_toy.ipynb")
    nbformat.write(new_notebook(cells=cells), run / "notebooks" / "partial_02_toy.ipynb")
    (path,) = export_slides(run)
    return path


def test_a_deck_is_named_after_its_notebook(deck):
    assert deck.name == "01_toy.slides.html"
    assert deck.parent.name == "slides"
    assert sorted(path.name for path in deck.parent.iterdir()) == [deck.name, "reveal"]


def test_a_deck_shows_outputs_and_no_code(deck):
    page = deck.read_text()
    assert page.count("<section") == 4  # every slide is a column of one
    assert "the output" in page
    assert "hidden_code" not in page


def test_a_deck_loads_nothing_but_files_beside_it(deck):
    page = deck.read_text()
    loaded = re.findall(r"<(?:script|img|iframe)\b[^>]*\bsrc=[\"']([^\"']+)", page)
    loaded += re.findall(r"<link\b[^>]*\bhref=[\"']([^\"']+)", page)
    assert len(loaded) == 3
    for path in loaded:
        assert (deck.parent / path).is_file(), path
    # The other ways in which a page or a style sheet asks for something.
    sheets = [page, *(path.read_text() for path in deck.parent.rglob("*.css"))]
    for text in sheets:
        assert not re.search(
            r"@import|\bimport\b[^;\n]*from\s|\brequire\(|url\(\s*[\"']?http", text
        )
        assert all(url.startswith("data:") for url in re.findall(r"url\([\"']?([^)\"']+)", text))


def test_a_run_without_notebooks_is_an_error(tmp_path):
    with pytest.raises(DataError, match="holds no notebook"):
        export_slides(tmp_path)
