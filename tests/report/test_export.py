"""The decks and the reading copy: which files are written, with which content, loading nothing."""

import errno
import os
import re

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from mmage_utils.cli import app
from mmage_utils.errors import DataError
from mmage_utils.files import file_sha256, write_text
from mmage_utils.report import export, stamps
from mmage_utils.report.deck import make_slides, render_deck
from mmage_utils.report.notebook_reader import read_pages


@pytest.fixture(scope="module")
def made(executed):
    """The slides of the committed notebooks."""
    return make_slides(read_pages(executed), data="synthetic sample, seed 0")


@pytest.fixture(scope="module")
def written(executed):
    deck, _ = export.export_slides(executed)
    return deck


def test_a_deck_goes_through_all_tasks_and_ends_on_the_summary_page(made):
    assert [slide.kind for slide in made[:3]] == ["title", "index", "divider"]
    dividers = [slide.kicker for slide in made if slide.kind == "divider"]
    assert dividers == [*(f"Task {letter}" for letter in "abcdefgh"), "", "", ""]
    assert made[-1].kind == "figure closing"
    assert made[-1].key.startswith("s09")
    assert len(made) >= 40
    assert len({slide.key for slide in made}) == len(made)


def test_a_slide_has_one_figure_or_table_and_a_title(made):
    for slide in made:
        assert slide.body.count("<img") + slide.body.count("<table") <= 1, slide.title
        assert slide.title
        if slide.body.count("<img"):
            assert re.search(r'alt="[^"]{10,}"', slide.body), slide.title


def test_every_sentence_is_on_a_slide_or_in_its_notes(executed, made):
    page = re.sub(r"<[^>]+>|&[a-z]+;|\s", "", "".join(s.claim + s.body + s.notes for s in made))
    page = re.sub(r"[\W\d_]", "", page)
    sections = [section for source in read_pages(executed) for section in source.sections]
    said = [item.content for section in sections for item in section.items if item.kind == "words"]
    assert len(said) > 50
    for content in said:
        words = re.sub(r"[\W\d_]", "", content)
        assert words
        assert words in page, content


def test_a_deck_hides_code_and_has_notes(made):
    page = render_deck(made)
    assert "runs.open_run" not in page
    assert page.count('<aside class="notes">') > 30
    assert page.count("<section id=") == len(made)


def test_the_files_of_a_run(executed, written):
    assert written == executed / "slides" / "report.html"
    names = {path.name for path in written.parent.iterdir()}
    assert {"report.html", "01_dataset_statistics.slides.html", "09_summary.slides.html"} <= names
    assert len([name for name in names if name.endswith(".slides.html")]) == 11
    assert written.stat().st_size < 25e6
    assert (executed / "report.html").stat().st_size < 25e6


def test_files_load_nothing(executed, written):
    files = [*written.parent.glob("*.html"), executed / "report.html"]
    assert len(files) == 13
    for path in files:
        page = path.read_text()
        page = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
        loaded = re.findall(r"\b(?:src|srcset|poster)=[\"']([^\"']{0,40})", page)
        loaded += re.findall(r"<link\b[^>]*\bhref=[\"']([^\"']{0,40})", page)
        loaded += re.findall(r"url\([\"']?([^)\"']{0,40})", page)
        assert loaded, path.name
        assert all(address.startswith("data:") for address in loaded), path.name
        assert not re.search(r"@import", page)


def test_the_reading_copy_has_folded_code_and_links_that_work(executed, written):
    page = (executed / "report.html").read_text()
    assert page.count('<details class="code">') > 100
    assert "runs" in page
    links = re.findall(r'href="#([^"]+)"', page)
    assert len(links) > 60
    assert all(f'id="{link}"' in page for link in links)


def test_without_a_browser_the_pdf_is_left_out_in_one_sentence(executed, monkeypatch, capsys):
    monkeypatch.setattr(export, "find_browser", lambda: None)
    export.write_slides(executed)
    deck, reason = capsys.readouterr().out.splitlines()
    assert deck.startswith("slides: ")
    assert reason.startswith("The PDF is left out, as no Chromium was found: install ")


def test_a_browser_that_does_not_start_leaves_the_deck(executed, monkeypatch, capsys):
    monkeypatch.setattr(export, "find_browser", lambda: "/nowhere/chromium")
    export.write_slides(executed)
    assert "The PDF is left out, as /nowhere/chromium did not print it" in capsys.readouterr().out


@pytest.fixture
def small(tmp_path):
    """A run with one small notebook, whose deck takes no time, and the PDF of an earlier run."""
    (tmp_path / "notebooks").mkdir()
    notebook = new_notebook(cells=[new_markdown_cell("# Faces\n\nThey are drawn.")])
    nbformat.write(notebook, tmp_path / "notebooks" / "01_faces.ipynb")
    write_text(tmp_path / "slides" / "report.pdf", "of an earlier run")
    return tmp_path


def pretend(monkeypatch, outcome, browser="/usr/bin/chromium"):
    """Let a browser be found that prints a PDF, or that fails with an error."""

    def print_pdf(deck, pdf, browser):
        if isinstance(outcome, Exception):
            raise outcome
        write_text(pdf, outcome)
        return 1

    monkeypatch.setattr(export, "find_browser", lambda: browser)
    monkeypatch.setattr(export, "print_pdf", print_pdf)


def test_a_pdf_that_fails_leaves_no_earlier_one_and_is_tried_again(small, monkeypatch, capsys):
    pdf = small / "slides" / "report.pdf"
    pretend(monkeypatch, RuntimeError("it crashed\nat once"))
    for _ in range(2):
        export.renew_slides(small)
        assert "did not print it: it crashed\n" in capsys.readouterr().out
        assert not pdf.exists()
        assert (small / "slides" / "report.html").is_file()
    pretend(monkeypatch, "new")
    export.renew_slides(small)
    assert pdf.read_text() == "new"
    capsys.readouterr()
    pretend(monkeypatch, RuntimeError("not called"))
    export.renew_slides(small)
    assert capsys.readouterr().out.startswith("slides: reused ")
    assert pdf.read_text() == "new"


def test_what_a_killed_process_was_writing_is_no_result(small):
    write_text(small / "results" / "a_data.json", '{"data": "a small set"}')
    (small / "results" / ".abcdefgh.json").write_text("{")
    deck, _ = export.export_slides(small)
    assert "a small set" in deck.read_text()


def test_slides_that_are_made_again_are_those_of_the_stamp(small, monkeypatch):
    for text in ("first", "second"):
        pretend(monkeypatch, text)
        export.renew_slides(small, again=True)
        stamp = stamps.read_stamp(small / "stamps" / "slides.json")
        pdf = small / "slides" / "report.pdf"
        assert pdf.read_text() == text
        assert stamp["written"]["slides/report.pdf"] == file_sha256(pdf)


def test_without_a_browser_no_earlier_pdf_stays_and_one_that_comes_is_used(
    small, monkeypatch, capsys
):
    pdf = small / "slides" / "report.pdf"
    pretend(monkeypatch, "", browser=None)
    export.renew_slides(small)
    assert not pdf.exists()
    capsys.readouterr()
    export.renew_slides(small)
    assert capsys.readouterr().out.startswith("slides: reused ")
    pretend(monkeypatch, "new")
    export.renew_slides(small)
    assert pdf.read_text() == "new"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_fault_of_the_browser(small, monkeypatch, number):
    pretend(monkeypatch, OSError(number, os.strerror(number)))
    with pytest.raises(DataError, match=r"^slides stopped: the disk is full: free some space"):
        export.renew_slides(small)
    assert not (small / "stamps" / "slides.json").exists()
    assert not (small / "slides" / "report.pdf").exists()


def test_a_run_without_notebooks_is_an_error(tmp_path):
    with pytest.raises(DataError, match="contains no notebook"):
        export.export_slides(tmp_path)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--slides", "--only", "1"], 2, "--slides runs no notebook"),
        (["--slides", "--refresh"], 2, "--slides runs no notebook"),
        (
            ["--slides", "--run", "nosuchrun"],
            1,
            "runs/nosuchrun/notebooks contains no notebook named",
        ),
    ],
)
def test_slides_alone_need_an_earlier_run(options, code, message):
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["report", *options])
    assert result.exit_code == code
    assert message in result.output
