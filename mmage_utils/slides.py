"""Slide decks of the executed notebooks: reveal.js pages that open without a network."""

import shutil
from pathlib import Path

from mmage_utils.parameters import find_notebooks
from mmage_utils.runs import write_text

ASSETS = Path(__file__).parent / "assets"


def export_slides(run_folder):
    """Write a deck for every executed notebook of a run.

    The decks show markdown and outputs; code is hidden, and maths is not typeset. What they load
    lies beside them in ``slides/reveal``, so the folder ``slides`` can be taken elsewhere.

    Parameters
    ----------
    run_folder : path
        ``runs/<RUN>``, with executed notebooks in ``notebooks``.

    Returns
    -------
    list of Path
        ``slides/NN_name.slides.html`` of each notebook, in order.

    Raises
    ------
    DataError
        The run holds no executed notebook.
    """
    from nbconvert import SlidesExporter

    run_folder = Path(run_folder)
    notebooks = find_notebooks(run_folder)
    folder = run_folder / "slides"
    shutil.copytree(ASSETS / "reveal", folder / "reveal", dirs_exist_ok=True)
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(ASSETS)],
        reveal_url_prefix="reveal",
        reveal_theme="mmage",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    decks = []
    for path in notebooks:
        page, _ = exporter.from_filename(str(path))
        deck = folder / f"{path.stem}.slides.html"
        write_text(deck, page)
        decks.append(deck)
    return decks
