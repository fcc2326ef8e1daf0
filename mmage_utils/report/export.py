"""Write what is read of a run: the deck, its PDF, a deck per notebook, and the reading copy."""

import json
import re
from pathlib import Path

from mmage_utils.errors import DataError
from mmage_utils.files import shown, write_text
from mmage_utils.report import stamps
from mmage_utils.report.chromium import HOW, find_browser, print_pdf
from mmage_utils.report.deck import make_slides, notebook_slides, place_of, render_deck
from mmage_utils.report.failures import FULL, find_disk_trouble
from mmage_utils.report.notebook_reader import read_pages
from mmage_utils.report.reading_copy import render_copy
from mmage_utils.report.used_modules import used_files

ASSETS = Path(__file__).parent / "assets"


def renew_slides(run_folder, *, again=False):
    """Call `write_slides` unless its files are there, made by this code of the same notebooks.

    Parameters
    ----------
    run_folder : Path
        ``runs/<RUN>``.
    again : bool
        Call it though they are there.
    """
    notebooks = sorted((run_folder / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assets = sorted(path for path in ASSETS.rglob("*") if path.is_file())
    code = [*used_files(f"import {__name__}"), *assets]
    inputs = {"notebooks": stamps.digest_files(notebooks), "code": stamps.digest_files(code)}
    inputs["browser"] = str(find_browser())
    path = run_folder / "stamps" / "slides.json"
    stamp = stamps.read_stamp(path)
    if not again and stamps.is_current(stamp, inputs, run_folder):
        print(f"slides: reused (nothing changed since {stamps.since(stamp)})", flush=True)
        return
    path.unlink(missing_ok=True)
    if write_slides(run_folder):  # a PDF that was not printed is tried again the next time
        made = [run_folder / "report.html", *sorted((run_folder / "slides").glob("[!.]*"))]
        written = [path.relative_to(run_folder).as_posix() for path in made]
        stamps.write_stamp(path, inputs, run_folder, written=written)


def write_slides(run_folder):
    """Write the files of `export_slides` and the PDF of the deck, and print where it is.

    A PDF that was there is removed first, so that none stays beside a deck that it does not show.

    Returns
    -------
    bool
        Whether all is written that can be; not where a Chromium did not print.

    Raises
    ------
    DataError
        The disk is full, or as `export_slides`.
    """
    pdf = run_folder / "slides" / "report.pdf"
    pdf.unlink(missing_ok=True)
    deck, slides = export_slides(run_folder)
    size = deck.stat().st_size / 1e6
    print(f"slides: {shown(deck)} ({slides} slides, {size:.1f} MB)", flush=True)
    browser = find_browser()
    if browser is None:
        print(f"The PDF is left out, as no Chromium was found: {HOW}, then ./run_all.sh --slides.")
        return True
    try:
        pages = print_pdf(deck, pdf, browser)
    except Exception as error:  # whatever is wrong with the browser, the deck is written
        if re.search(FULL, str(error)):
            raise DataError(f"slides stopped: {find_disk_trouble(str(error))}") from error
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        print(f"The PDF is left out, as {browser} did not print it: {reason}")
        return False
    print(f"slides: {shown(pdf)} ({pages} pages)")
    return True


def export_slides(run_folder):
    """Write ``slides/report.html``, a deck per notebook, and the reading copy ``report.html``.

    Each file contains all that it shows, so it can be moved and opened without a network.

    Parameters
    ----------
    run_folder : Path
        ``runs/<RUN>``, with executed notebooks in ``notebooks``.

    Returns
    -------
    deck : Path
        ``slides/report.html``.
    slides : int
        How many slides it has.

    Raises
    ------
    DataError
        The run has no executed notebook.
    """
    pages, data = read_pages(run_folder), _describe_data(run_folder)
    deck, slides = run_folder / "slides" / "report.html", make_slides(pages, data=data)
    write_text(deck, render_deck(slides))
    for page in pages:
        own = notebook_slides(page)
        title = place_of(own[0])
        write_text(deck.with_name(f"{page.name}.slides.html"), render_deck(own, title=title))
    write_text(run_folder / "report.html", render_copy(pages, data=data))
    return deck, len(slides)


def _describe_data(run_folder):
    """The description of the data in the results of a run; empty if there is none."""
    paths = sorted((run_folder / "results").glob("[!.]*.json"))
    records = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return next((record["data"] for record in records if "data" in record), "")
