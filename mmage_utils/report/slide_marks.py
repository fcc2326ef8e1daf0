"""The rules of the deck as metadata of cells, for ``nbconvert --to slides`` to show the same.

A heading begins a slide and each further figure or table, with the prose before it, one below it
(`notebook_reader.group_items`); cells that show nothing, as imports and parameters do, are skipped,
and so are exercises.
The settings that hide the code of the others are in ``tools/jupyter``.
"""

from mmage_utils.report.notebook_reader import HEADING, group_items, is_exercise, read_sections


def slide_types(notebook):
    """The slide type of each cell of an executed notebook.

    Returns
    -------
    list of str
        ``slide``, ``subslide``, ``skip``, or empty: it stays on the slide of the cell before.
    """
    sections = read_sections(notebook)  # without the exercises
    begins = {group.cell for section in sections for group in group_items(section)[1:]}
    shown = {item.cell for one in sections for item in one.items if item.kind != "code"}
    types = []
    for number, cell in enumerate(notebook.cells):
        if is_exercise(cell):
            types.append("skip")
        elif cell.cell_type != "code" and HEADING.match(cell.source):
            types.append("slide")
        elif cell.cell_type == "code" and number not in shown:
            types.append("skip")
        else:
            types.append("subslide" if number in begins else "")
    return types


def mark_slides(notebook):
    """Write `slide_types` into the metadata of an executed notebook's cells, in place."""
    for cell, kind in zip(notebook.cells, slide_types(notebook), strict=True):
        cell.metadata.pop("slideshow", None)
        if kind:
            cell.metadata["slideshow"] = {"slide_type": kind}
