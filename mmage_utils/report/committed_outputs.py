"""Refresh the committed outputs: notebooks, figures and headlines of a run of the sample."""

import json
from pathlib import Path

from mmage_utils.errors import DataError
from mmage_utils.files import whole
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.report.readme_headlines import collect_headlines, put_headlines, render_headlines

HEADLINES = "headlines.json"

# The kernel's own description names versions and machines; this is all that a reader needs.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def refresh_outputs(run_folder, root, *, since):
    """Put the outputs of a run into ``notebooks/``, ``figures/<RUN>/`` and the README, if any.

    Everything but outputs and execution counts stays as it is in ``notebooks/``, except for
    metadata of machines and of the execution, which go.

    Parameters
    ----------
    run_folder : path
        ``runs/<RUN>`` of a full run without injected parameters.
    root : path
        Folder that holds ``notebooks/`` and ``figures/``.
    since : float
        Start of the run, s since the epoch. Older figures are of earlier runs and are left out.

    Raises
    ------
    DataError
        An output shows an absolute path of this machine, or the run is not of these notebooks;
        nothing has been copied.
    """
    import nbformat

    run_folder, root = Path(run_folder), Path(root)
    pages = {}
    for path in find_notebooks(root):
        executed = nbformat.read(run_folder / "notebooks" / path.name, as_version=4)
        page = with_outputs(nbformat.read(path, as_version=4), executed)
        text = nbformat.writes(page) + "\n"
        for place in (root, Path.home()):
            if place != Path("/") and f"{place}/" in text:
                raise DataError(
                    f"{path.name} shows an absolute path of this machine, {place}; print paths "
                    "relative to the repository."
                )
        pages[path] = text.encode()
    figures = {
        root / "figures" / run_folder.name / path.name: path.read_bytes()
        for path in _pictures(run_folder / "figures")
        if path.stat().st_mtime >= since
    }
    readme, texts = root / "README.md", {}
    if readme.is_file():
        headlines = collect_headlines(run_folder)
        block = render_headlines(headlines, run_folder.name)
        text = put_headlines(readme.read_text(encoding="utf-8"), block)
        record = json.dumps(headlines, indent=1, ensure_ascii=False) + "\n"
        texts[readme] = text.encode()
        texts[root / "figures" / run_folder.name / HEADLINES] = record.encode()
    for path, content in {**pages, **figures, **texts}.items():
        with whole(path) as temporary:
            temporary.write_bytes(content)
    for path in _pictures(root / "figures" / run_folder.name):
        if path not in figures:
            path.unlink()


def _pictures(folder):
    return sorted([*folder.glob("*.png"), *folder.glob("*.svg")])


def with_outputs(source, executed):
    """Return a notebook with the outputs of its execution, without metadata of the machine.

    Raises
    ------
    DataError
        The cells of ``executed`` are not those of ``source``.
    """
    if [cell.source for cell in source.cells] != [cell.source for cell in executed.cells]:
        raise DataError("A notebook changed while it ran; run it again.")
    for cell, done in zip(source.cells, executed.cells, strict=True):
        for key in ("papermill", "execution", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
    source.metadata.update(NOTEBOOK_METADATA)
    for key in ("papermill", "widgets"):
        source.metadata.pop(key, None)
    return source
