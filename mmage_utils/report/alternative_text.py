"""Alternative texts of figures: the heading and the sentences that claim what a figure shows."""

import html

import nbformat

from mmage_utils.report.notebook_reader import alt_text, group_items, read_sections, saved_figures

PNG = "image/png"


def add_alternatives(notebook):
    """Give each figure in the outputs of an executed notebook its alternative text, in place.

    It is that of the deck and the reading copy (`notebook_reader.alt_text`), and stands in the
    metadata of the output. Of nbconvert's templates ``classic`` alone looks for it there; for the
    others `describe_pictures` does.
    """
    groups = [
        (section.title, group)
        for section in read_sections(notebook)
        for group in group_items(section)
        if group.visual and group.visual.kind == "figure"
    ]
    for output, (title, group) in zip(_pictures(notebook), groups, strict=True):
        kept = output.metadata.get(PNG, {})
        output.metadata[PNG] = {**kept, "alt": alt_text(title, group)}


def _pictures(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs if PNG in output.get("data", {})]


def describe_pictures(notebook, resources):
    """Show each figure that has an alternative text as HTML that holds it: a step of nbconvert.

    The settings in ``tools/jupyter`` name it, so that plain ``jupyter nbconvert --to html`` and
    ``--to slides`` show the texts, in whatever template. It is given a copy of the notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    resources : dict
        Of nbconvert.

    Returns
    -------
    notebook, resources
    """
    for output in _pictures(notebook):
        shown = output.metadata.get(PNG, {})
        if "alt" in shown:
            sizes = "".join(f' {k}="{shown[k]}"' for k in ("width", "height") if k in shown)
            output.data["text/html"] = (
                f'<img src="data:{PNG};base64,{output.data[PNG].strip()}" '
                f'alt="{html.escape(shown["alt"])}"{sizes}>'
            )
    return notebook, resources


def saved_alternatives(run_folder):
    """The alternative texts of the figures that the notebooks of a run save, by name."""
    texts = {}
    for path in sorted((run_folder / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            names = saved_figures(cell.source)
            shown = [
                one.metadata.get(PNG, {}) for one in cell.outputs if PNG in one.get("data", {})
            ]
            if len(names) == len(shown):
                texts |= {
                    n: one["alt"] for n, one in zip(names, shown, strict=True) if "alt" in one
                }
    return texts
