"""The README's numbers are those of the committed run, and follow the results."""

import json

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
