"""A run on a folder whose names, words and media attack: it ends, and its pages do nothing."""

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from helpers.damaged_folders import NAMES, SCRIPTS
from helpers.damaged_texts import TRANSCRIPTS
from helpers.hostile_sample import attack
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import sync_playwright

from mmage_utils.data.clips import read_clips
from mmage_utils.data.transcripts import read_transcripts
from mmage_utils.display import data_notes, notebook
from mmage_utils.display.explorer_widgets import explore
from mmage_utils.display.plots.style import use_style
from mmage_utils.features.faces import Faces, load_faces
from mmage_utils.files import ROOT
from mmage_utils.report.chromium import launch
from mmage_utils.report.export import export_slides
from mmage_utils.runs import Run

ATTACKS = [*NAMES.values(), *SCRIPTS.values()]
RUN = "hostile"
CLIPS, LEFT = 160, {"image": 155, "audio": 155, "transcript": 160}
# What in a page could act: scripts beside our own, handlers, and links that are programs.
ACTORS = """() => [...document.querySelectorAll("*")].flatMap((node) => [
  ...[...node.attributes].filter((part) => part.name.startsWith("on")),
  ...[...node.attributes].filter((part) => /^(href|src|xlink:href|action)$/.test(part.name)
    && /^\\s*(javascript|vbscript|data:text)/i.test(part.value))]).map((part) => part.value)"""
SOURCES = """() => [...document.querySelectorAll("[src], [href]")]
  .map((node) => node.getAttribute("src") || node.getAttribute("href"))
  .filter((address) => !/^(data:(image|audio)|data:,|#)/.test(address))"""


@pytest.fixture(scope="module")
def folder(sample, tmp_path_factory):
    """A sample with names and words that attack, and media that are damaged."""
    folder = shutil.copytree(sample, tmp_path_factory.mktemp("parent") / "data")
    assert attack(folder) == LEFT
    return folder


@pytest.fixture(scope="module")
def pages(folder, tmp_path_factory):
    """Deck, reading copy and explorer of a notebook that shows the folder's names and words."""
    use_style()
    run = tmp_path_factory.mktemp("run")
    clips = read_clips(folder)
    outputs = [*sentences(clips, run / "cache"), *tables(clips)]
    cells = [new_markdown_cell("# Names and words\n\nWhat a folder brings."), code(outputs)]
    (run / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), run / "notebooks" / "01_names.ipynb")
    deck, _ = export_slides(run)
    explorer = run / "explorer.html"
    explorer.write_text(explorer_page(run, clips, folder), encoding="utf-8")
    return [deck, run / "report.html", explorer]


def code(outputs):
    return new_code_cell("show()", outputs=outputs, execution_count=1)


def sentences(clips, cache):
    """The sentences on faces and transcripts, as a notebook keeps them."""
    faces = load_faces(clips[clips["image"].notna()].reset_index(drop=True), 16, cache=cache)
    assert len(faces.clips) == LEFT["image"]
    names = pd.Series({f"/x/{text}.jpg": f"it begins with {text}" for text in ATTACKS})
    many = [
        Faces(faces.clips, faces.images, names[k : k + 5], faces.notes) for k in range(len(names))
    ]
    texts = read_transcripts(clips[clips["transcript"].notna()])
    said = [data_notes.faces_sentence(one, data="data") for one in (faces, *many)]
    odd = texts.assign(notes="odd")
    said += [data_notes.transcripts_sentence(odd[k:], data="data") for k in range(0, 100, 5)]
    return [new_output("display_data", {"text/markdown": text}) for text in said]


def tables(clips):
    """Names and words as tables, as printed lines and as an error."""
    table = pd.DataFrame({"name": ATTACKS, "words": ATTACKS}, index=ATTACKS)
    shown = {"text/html": table._repr_html_(), "text/plain": repr(table)}
    yield new_output("display_data", shown)
    yield new_output("stream", name="stdout", text="\n".join(ATTACKS))
    yield new_output("error", ename="DataError", evalue=ATTACKS[-1], traceback=[])


def explorer_page(run, clips, folder):
    """All that the explorer's widgets show of every tenth clip, as one page."""
    box = explore(Run(RUN, run, "data", folder, False), clips)
    left, right = box.children[1].children
    listed = next(one for one in left.children if getattr(one, "description", "") == "clips")
    parts = []
    for _, name in listed.options[::10]:
        listed.value = name
        parts += [pane.value for pane in panes(right)]
    options = "".join(f"<option>{html.escape(text)}</option>" for text, _ in listed.options)
    assert len(parts) > 50
    return f"<!DOCTYPE html><meta charset=utf-8><select>{options}</select>{''.join(parts)}"


def panes(widget):
    if hasattr(widget, "children"):
        return [pane for child in widget.children for pane in panes(child)]
    return [widget]


def watch(chromium, paths):
    """Open pages, show every slide, and tell what acted: dialogs, messages, requests, handlers."""
    acted = []
    with sync_playwright() as playwright, launch(playwright, chromium) as browser:
        for path in paths:
            look(browser.new_page(), path.resolve().as_uri(), acted)
    return acted


def look(page, address, acted):
    """Open one page, and add to a list what acts there."""

    def ask(dialog):
        acted.append(dialog.message)
        dialog.dismiss()

    def request(sent):
        if not sent.url.startswith((address, "data:", "blob:")):
            acted.append(sent.url)

    page.on("dialog", ask)
    page.on("request", request)
    page.on("console", lambda message: acted.append(message.text))
    page.on("pageerror", lambda error: acted.append(str(error)))
    page.goto(address)
    page.wait_for_timeout(500)
    if page.evaluate("typeof Reveal !== 'undefined'"):
        for number in range(page.evaluate("Reveal.getTotalSlides()")):
            page.evaluate("number => Reveal.slide(number)", number)
    acted += page.evaluate(ACTORS) + page.evaluate(SOURCES)
    page.close()


def test_pages_of_hostile_names_and_words_do_nothing(pages, chromium):
    assert all("alert(1)" in page.read_text("utf-8") for page in pages)
    assert watch(chromium, pages) == []


def test_the_watch_notices(tmp_path, chromium):
    page = tmp_path / "page.html"
    attacks = "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href=javascript:x>"
    for markup in attacks:
        page.write_text(f"<!DOCTYPE html><p>{markup}</p>")
        assert watch(chromium, [page])


@pytest.mark.parametrize("text", ATTACKS)
def test_a_quoted_text_is_text_in_every_reader_of_markdown(text):
    from mmage_utils.report.notebook_reader import plain_text, render_markdown

    shown = render_markdown(f"Before {notebook.quoted(text)} after.")
    assert re.fullmatch(r"<p>Before (<code>[^<>]*</code>|an empty text) after\.</p>", shown)
    assert plain_text(shown)


def state(place, *but):
    """Files below a folder with their times, but for some folders."""
    return {
        path: path.lstat().st_mtime_ns
        for path in place.rglob("*")
        if path.is_file()
        and not any(path.is_relative_to(one) for one in but)
        and "__pycache__" not in path.parts
    }


def report(folder, *options):
    """Run the notebooks on a folder; nothing outside the run and the cache may be written."""
    own = [ROOT / name for name in ("runs", "cache", "data", ".git", ".ruff_cache")]
    before = state(folder.parent) | state(ROOT, *own)
    command = [sys.executable, "-m", "mmage_utils.cli", "report", "--data", str(folder)]
    command += ["--run", RUN, "-f", str(ROOT / "params" / "tiny.yaml"), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    after = state(folder.parent) | state(ROOT, *own)
    assert set(after.items()) ^ set(before.items()) == set()
    return done


@pytest.mark.slow
@pytest.mark.long
def test_a_whole_run_ends_and_its_pages_do_nothing(folder, chromium):
    done = report(folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    run = ROOT / "runs" / RUN
    pages = [*sorted((run / "slides").glob("*.html")), run / "report.html"]
    assert len(pages) > 5
    shown = pages[-1].read_text("utf-8")
    assert f"Left out, as they cannot be read: {CLIPS - LEFT['image']} (" in shown
    assert f"{LEFT['audio']} of {CLIPS} recordings could be read" in shown
    assert all("alert(1)" in page.read_text("utf-8") for page in (pages[-2], pages[-1]))
    assert watch(chromium, pages) == []


@pytest.mark.slow
def test_a_transcript_that_calls_ends_the_run_with_its_name(folder, tmp_path):
    other = tmp_path / "parent" / "data"
    shutil.copytree(folder, other)
    path = sorted((other / "train" / "4").glob("*.pkl"))[0]
    path.write_bytes(TRANSCRIPTS["os.system, protocol 5"][0])
    done = report(other, "--only", "6")
    assert done.returncode == 1
    assert "which a transcript never needs" in done.stderr
    assert not (ROOT / "notebooks" / "canary").exists()
    assert not Path("canary").exists()
