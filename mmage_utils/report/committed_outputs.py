"""Refresh the committed outputs: notebooks, figures and headlines of a run of the sample."""

from pathlib import Path

import nbformat

from mmage_utils import files
from mmage_utils.errors import DataError
from mmage_utils.files import save_json, whole
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.report.readme_headlines import collect_headlines, put_headlines, render_headlines

# The kernel's own description includes versions and machines; a reader needs no more than this.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
EXECUTION_METADATA = ("papermill", "execution", "ExecuteTime", "widgets")


def refresh_outputs(run_folder, *, since):
    """Copy the outputs of a run to ``notebooks/``, ``figures/<RUN>/`` and the README, if any.

    Only outputs and execution counts of the notebooks change, and metadata of the execution and
    the machine are removed.

    Parameters
    ----------
    run_folder : Path
        ``runs/<RUN>`` of a full run without injected parameters.
    since : float
        Start of the run, s since the epoch. Older figures are from earlier runs and not copied.

    Raises
    ------
    DataError
        An output shows an absolute path of this machine, or a notebook changed during the run;
        nothing has been copied.
    """
    contents, committed = {}, files.ROOT / "figures" / run_folder.name
    for path in find_notebooks(files.ROOT):
        text = nbformat.writes(_with_outputs(path, run_folder / "notebooks" / path.name)) + "\n"
        for place in (files.ROOT, Path.home()):
            if place != Path("/") and f"{place}/" in text:
                raise DataError(
                    f"{path.name} shows an absolute path of this machine, {place}; print paths "
                    "relative to the repository."
                )
        contents[path] = text.encode()
    for path in _pictures(run_folder / "figures"):
        if path.stat().st_mtime >= since:
            contents[committed / path.name] = path.read_bytes()
    readme = files.ROOT / "README.md"
    if readme.is_file():
        headlines = collect_headlines(run_folder)
        block = render_headlines(headlines, run_folder.name)
        contents[readme] = put_headlines(readme.read_text(encoding="utf-8"), block).encode()
        save_json(committed / "headlines.json", headlines)
    for path, content in contents.items():
        with whole(path) as temporary:
            temporary.write_bytes(content)
    for path in _pictures(committed):
        if path not in contents:
            path.unlink()


def _pictures(folder):
    return [*folder.glob("*.png"), *folder.glob("*.svg")]


def _with_outputs(source, executed):
    """Read a notebook with the outputs of its execution, without metadata of the machine."""
    notebook, executed = (nbformat.read(path, as_version=4) for path in (source, executed))
    if [cell.source for cell in notebook.cells] != [cell.source for cell in executed.cells]:
        raise DataError(f"{source.name} changed while it ran; run it again.")
    for cell, executed_cell in zip(notebook.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = executed_cell.outputs
            cell.execution_count = executed_cell.execution_count
    for node in (notebook, *notebook.cells):
        for key in EXECUTION_METADATA:
            node.metadata.pop(key, None)
    notebook.metadata.update(NOTEBOOK_METADATA)
    return notebook
