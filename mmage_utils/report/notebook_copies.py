"""Copies of the notebooks with parameters, for other tools to execute."""

from pathlib import Path

import nbformat

from mmage_utils import files
from mmage_utils.report import notebook_execution
from mmage_utils.report.parameters import find_notebooks, find_unnumbered, resolve_parameters


def prepare_copies(params_file, folder):
    """Write copies of the notebooks with injected parameters, for others to execute.

    Those without a number come last: they show what a run of the others has made. Only cells
    tagged ``nbval-check-output`` keep their outputs, which nbval compares.

    Returns
    -------
    list of Path
        The copies, in order.
    """
    import papermill

    folder, kernel = Path(folder), notebook_execution.KERNEL
    folder.mkdir(parents=True, exist_ok=True)
    notebooks = [*find_notebooks(files.ROOT), *find_unnumbered(files.ROOT)]
    parameters, _ = resolve_parameters(notebooks, params_file)
    for path, values in parameters.items():
        copy = papermill.execute_notebook(path, None, values, **kernel, prepare_only=True)
        for cell in copy.cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type == "code" and "nbval-check-output" not in tags:
                cell.outputs = []
        nbformat.write(copy, folder / path.name)
    return [folder / path.name for path in parameters]
