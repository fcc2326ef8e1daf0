"""The README's numbers are those of the committed run, and follow the results."""

import json
import re

import nbformat
import pytest

from mmage_utils.files import ROOT
from mmage_utils.report.committed_outputs import TASKS, put_headlines, render_headlines


@pytest.fixture
def headlines():
    path = ROOT / "figures" / "sample" / "headlines.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_readme_holds_the_headlines_of_the_committed_run(headlines):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert put_headlines(readme, render_headlines(headlines, "sample")) == readme


NUMBER = re.compile(r"\d[\d,]*\.\d+")  # what a notebook shows with a decimal


def shown_numbers(notebook):
    """Every number in the outputs of a committed notebook."""
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = [output.get("text", "") for output in outputs]
    texts += [text for output in outputs for text in output.get("data", {}).values()]
    return {float(x.replace(",", "")) for text in texts for x in re.findall(NUMBER, str(text))}


def unknown(headline, numbers):
    """Numbers of a headline that are not among those shown, as shares or as percentages."""
    found = []
    for text in re.findall(NUMBER, headline):
        value, digits = float(text.replace(",", "")), len(text.partition(".")[2])
        if not any(value in (round(x, digits), round(100 * x, digits)) for x in numbers):
            found.append(text)
    return found


def test_every_number_of_a_headline_stands_in_its_notebook(headlines):
    for task, notebook, _, _ in TASKS:
        assert unknown(headlines["tasks"][task], shown_numbers(notebook)) == [], task


def test_a_number_that_no_notebook_shows_is_noticed(headlines):
    text = headlines["tasks"]["g"]
    first = re.search(NUMBER, text).group()
    wrong = text.replace(first, "12.34567", 1)
    assert unknown(wrong, shown_numbers("07_multimodal_fusion")) == ["12.34567"]


def test_a_changed_result_changes_the_readme(headlines):
    before = render_headlines(headlines, "sample")
    headlines["tasks"]["b"] = "face: test accuracy 12.3%"
    after = render_headlines(headlines, "sample")
    assert after != before
    assert "| face: test accuracy 12.3% |" in after


def test_the_files_that_the_table_links_to_exist():
    for _, notebook, figure, _ in TASKS:
        assert (ROOT / "notebooks" / f"{notebook}.ipynb").is_file()
        assert (ROOT / "figures" / "sample" / f"{figure}.png").is_file()


@pytest.mark.parametrize("text", ["no marks", "<!-- headlines: begin -->"])
def test_a_readme_without_marks_is_refused(text):
    with pytest.raises(ValueError, match="marks"):
        put_headlines(text, "block")
