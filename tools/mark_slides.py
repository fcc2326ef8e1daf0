"""Write the slide types of the deck into the metadata of the notebooks, whose outputs stay.

.venv/bin/python tools/mark_slides.py

A refresh does the same; this is for notebooks that were edited and keep their outputs.
"""

import nbformat

from mmage_utils.files import ROOT, write_text
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.report.slide_marks import mark_slides


def main():
    """Mark all notebooks and say which have changed."""
    for path in find_notebooks(ROOT):
        before = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(before, as_version=4)
        mark_slides(notebook)
        after = nbformat.writes(notebook) + "\n"
        if after != before:
            write_text(path, after)
            print(f"marked: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
