"""What a run is read in: the deck, a deck a notebook, the PDF, and the reading copy."""

import json
import re
from pathlib import Path

from mmage_utils.browser import HOW, find_browser, launch
from mmage_utils.deck import make_slides, notebook_slides, render_deck
from mmage_utils.pages import read_pages
from mmage_utils.readcopy import render_copy
from mmage_utils.runs import shown, whole, write_text

PRINT_SECONDS, PRINT_TRIES = 60, 3


def write_slides(run_folder):
    """Write the decks and the reading copy of a run, and say where they are.

    Parameters
    ----------
    run_folder : path
        ``runs/<RUN>``, with executed notebooks in ``notebooks``.

    Raises
    ------
    DataError
        The run holds no executed notebook.
    """
    deck, slides = export_slides(run_folder)
    size = deck.stat().st_size / 1e6
    print(f"slides: {shown(deck)} ({slides} slides, {size:.1f} MB)", flush=True)
    browser = find_browser()
    if browser is None:
        print(f"The PDF is left out, as no Chromium was found: {HOW}, then ./run_all.sh --slides.")
        return
    try:
        pages = print_pdf(deck, deck.with_suffix(".pdf"), browser)
    except Exception as error:  # whatever the browser is missing, the deck is there
        reason = str(error).strip().splitlines()[0]
        print(f"The PDF is left out, as {browser} did not print it: {reason}")
    else:
        print(f"slides: {shown(deck.with_suffix('.pdf'))} ({pages} pages)")


def export_slides(run_folder):
    """Write ``slides/report.html``, a deck of every notebook, and ``report.html``.

    Each file holds all that it shows, so it can be taken elsewhere and opened without a network.

    Returns
    -------
    deck : Path
        ``slides/report.html``.
    slides : int
        How many slides it has.
    """
    run_folder = Path(run_folder)
    pages = read_pages(run_folder)
    data = _describe(run_folder)
    folder = run_folder / "slides"
    slides = make_slides(pages, data=data)
    deck = folder / "report.html"
    write_text(deck, render_deck(slides))
    for page in pages:
        own = notebook_slides(page)
        title = f"{own[0].kicker}. {own[0].title}" if own[0].kicker else own[0].title
        write_text(folder / f"{page.name}.slides.html", render_deck(own, title=title))
    write_text(run_folder / "report.html", render_copy(pages, data=data))
    return deck, len(slides)


def _describe(run_folder):
    """What the data of a run are, as its results say, or nothing where there are none."""
    for path in sorted((run_folder / "results").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if "data" in record:
            return record["data"]
    return ""


def print_pdf(deck, pdf, browser):
    """Print a deck, a page a slide.

    Parameters
    ----------
    deck, pdf : Path
        The deck, and where to write.
    browser : str
        `find_browser`.

    Returns
    -------
    int
        Number of pages.
    """
    from playwright.sync_api import TimeoutError as TookTooLong
    from playwright.sync_api import sync_playwright

    address = f"{deck.resolve().as_uri()}?print-pdf"
    with sync_playwright() as playwright, launch(playwright, browser) as chromium:
        for attempt in range(PRINT_TRIES):
            page = chromium.new_page(viewport={"width": 1280, "height": 720})
            try:
                page.goto(address, timeout=1000 * PRINT_SECONDS)
                _wait_for_pages(page)
                break
            except TookTooLong:  # on a busy machine a page is now and then never laid out
                page.close()
                if attempt == PRINT_TRIES - 1:
                    raise
        with whole(pdf) as temporary:
            page.pdf(path=temporary, prefer_css_page_size=True, print_background=True)
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


def _wait_for_pages(page):
    """Until reveal.js has laid every page out, some time after the file is loaded."""
    page.wait_for_function(
        "n => document.querySelectorAll('.pdf-page').length === n "
        "&& [...document.images].every(image => image.complete)",
        arg=page.locator(".page").count(),
        timeout=1000 * PRINT_SECONDS,
        polling=250,
    )
