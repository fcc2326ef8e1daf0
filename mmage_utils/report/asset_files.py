"""The files of ``assets``: templates, style sheets and scripts of the pages that are written."""

from pathlib import Path


def read_asset(name):
    """The text of a file of ``assets``, by its path there."""
    return (Path(__file__).parent / "assets" / name).read_text(encoding="utf-8")
