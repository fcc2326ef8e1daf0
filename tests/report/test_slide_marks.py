"""The deck and plain nbconvert show the same slides, and no cell of imports."""

import json
import re
import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup
from mark_slides import main as run_tool
from nbconvert import SlidesExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import Config

from mmage_utils.files import ROOT
from mmage_utils.report.notebook_reader import group_items, read_sections
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.report.slide_marks import mark_slides, slide_types

NOTEBOOKS = find_notebooks(ROOT)
SETTINGS = Config(json.loads((ROOT / "tools/jupyter/jupyter_nbconvert_config.json").read_text()))


def printed(text):
    return [new_output("stream", text=text)]


def said(text):
    return [new_output("display_data", {"text/markdown": text})]


def test_a_further_table_or_a_new_thought_begins_a_slide_below():
    cells = [
        new_markdown_cell("# Task x. Title\n\nProse."),
        new_code_cell("import os"),
        new_code_cell("a", outputs=printed("1")),
        new_code_cell("say", outputs=said("One.")),
        new_code_cell("b", outputs=printed("2")),
        new_markdown_cell("More prose."),
        new_code_cell("c", outputs=printed("3")),
        new_markdown_cell("## Next"),
        new_code_cell("save()"),
    ]
    expected = ["slide", "skip", "", "", "subslide", "subslide", "", "slide", "skip"]
    notebook = new_notebook(cells=cells)
    assert slide_types(notebook) == expected
    mark_slides(notebook)
    assert [c.metadata.get("slideshow", {}).get("slide_type", "") for c in cells] == expected


def test_the_tool_marks_what_is_not_and_leaves_the_rest(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    for name in ("01_a", "02_b"):
        shutil.copy(NOTEBOOKS[0], tmp_path / "notebooks" / f"{name}.ipynb")
    changed, kept = (tmp_path / "notebooks" / f"{name}.ipynb" for name in ("01_a", "02_b"))
    before = kept.read_text()
    changed.write_text(before.replace('"slide_type": "subslide"', '"slide_type": "fragment"'))
    monkeypatch.setattr("mark_slides.ROOT", tmp_path)
    run_tool()
    assert capsys.readouterr().out == "marked: notebooks/01_a.ipynb\n"
    assert changed.read_text() == kept.read_text() == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebooks_are_marked_so(path):
    notebook = nbformat.read(path, as_version=4)
    marks = [c.metadata.get("slideshow", {}).get("slide_type", "") for c in notebook.cells]
    assert marks == slide_types(notebook), "run tools/mark_slides.py"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nbconvert_shows_a_slide_for_each_thought_of_the_deck(path):
    notebook = nbformat.read(path, as_version=4)
    plain, _ = SlidesExporter().from_notebook_node(notebook)
    soup = BeautifulSoup(plain, "html.parser")
    assert not re.search(r"^(import|from) ", code_of(soup), re.MULTILINE)
    slides = soup.select(".slides section section")
    sections = read_sections(notebook)
    # A heading, and each cell in which a further group begins: one cell cannot be parted.
    begins = [{group.cell for group in group_items(section)[1:]} for section in sections]
    assert len(slides) == len(sections) + sum(map(len, begins))


def code_of(soup):
    return "\n".join(cell.get_text() for cell in soup.select(".jp-InputArea-editor"))


def test_with_the_settings_of_the_environment_no_code_is_shown():
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    with_code, _ = SlidesExporter().from_notebook_node(notebook)
    without, _ = SlidesExporter(config=SETTINGS).from_notebook_node(notebook)
    assert "plot_label_panels" in with_code
    assert "plot_label_panels" not in without
