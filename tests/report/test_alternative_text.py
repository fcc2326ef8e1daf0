"""Figures have alternative texts, made from the heading and the sentence that claims."""

import base64
import io

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from mmage_utils.files import ROOT
from mmage_utils.report.alternative_text import (
    add_alternatives,
    describe_pictures,
    saved_alternatives,
)
from mmage_utils.report.parameters import find_notebooks


def picture():
    stream = io.BytesIO()
    Image.new("RGB", (8, 6)).save(stream, "PNG")
    data = {"image/png": base64.b64encode(stream.getvalue()).decode()}
    return new_output("display_data", data, metadata={"image/png": {"width": 8}})


@pytest.fixture
def notebook():
    drawn = 'runs.save_figure(run, axes, "b_one")\nruns.save_figure(run, other, "b_two")'
    claim = new_output("display_data", {"text/markdown": "The **older** are rare: 5 < 7."})
    cells = [
        new_markdown_cell("# Task b. Faces"),
        new_markdown_cell("## Groups\n\nHow many clips there are."),
        new_code_cell(drawn, outputs=[picture(), picture()]),
        new_code_cell("say(...)", outputs=[claim]),
    ]
    return new_notebook(cells=cells)


def test_the_claim_is_the_text_and_prose_where_there_is_none(notebook):
    add_alternatives(notebook)
    first, second = (one.metadata["image/png"] for one in notebook.cells[2].outputs)
    assert first == {"width": 8, "alt": "Groups. How many clips there are."}
    assert second["alt"] == "Groups. The older are rare: 5 < 7."
    nbformat.validate(notebook)


def test_nbconvert_shows_it_with_a_template_that_reads_it(notebook):
    add_alternatives(notebook)
    # Its template `lab`, which is the default, reads no alternative texts from notebooks.
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    alts = [image["alt"] for image in BeautifulSoup(page, "html.parser").find_all("img")]
    assert alts == ["Groups. How many clips there are.", "Groups. The older are rare: 5 < 7."]


def test_figures_are_found_by_the_name_they_are_saved_under(notebook, tmp_path):
    add_alternatives(notebook)
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "02_faces.ipynb")
    assert saved_alternatives(tmp_path) == {
        "b_one": "Groups. How many clips there are.",
        "b_two": "Groups. The older are rare: 5 < 7.",
    }


@pytest.mark.parametrize("path", find_notebooks(ROOT), ids=lambda path: path.stem)
def test_every_committed_figure_would_get_one(path):
    notebook = nbformat.read(path, as_version=4)
    add_alternatives(notebook)
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    shown = [one for one in outputs if "image/png" in one.get("data", {})]
    assert all(len(one.metadata["image/png"]["alt"]) > 20 for one in shown)


def test_nbconvert_is_shown_the_texts_that_are_there(notebook):
    without, _ = describe_pictures(notebook, {})
    assert not any("text/html" in output.data for output in without.cells[2].outputs)
    add_alternatives(notebook)
    described, resources = describe_pictures(notebook, {"kept": 1})
    assert resources == {"kept": 1}
    for output in described.cells[2].outputs:
        image = BeautifulSoup(output.data["text/html"], "html.parser").img
        assert image["alt"] == output.metadata["image/png"]["alt"]
        assert image["width"] == "8"
        assert image["src"] == f"data:image/png;base64,{output.data['image/png']}"
