"""Refresh what is committed of a run of the sample: notebooks, figures, headlines, model card."""

import json
import re
from pathlib import Path

import nbformat

from mmage_utils import files
from mmage_utils.errors import DataError
from mmage_utils.files import save_json, whole
from mmage_utils.report.parameters import find_notebooks
from mmage_utils.report.slide_marks import mark_slides

BEGIN, END = "<!-- headlines: begin -->", "<!-- headlines: end -->"

# task, notebook, figure, results file
TASKS = (
    ("a", "01_dataset_statistics", "a_histograms", "a_statistics"),
    ("b", "02_image_classifier", "b_accuracy_bars_published", "b_baseline"),
    ("c", "03_train_strategy", "c_augmented_published", "c_strategy"),
    ("d", "04_test_strategy", "d_units", "d_aggregation"),
    ("e", "05_acoustic_features", "e_f0", "e_voices"),
    ("f", "06_text_features", "f_map", "f_words"),
    ("g", "07_multimodal_fusion", "g_models", "g_fusion"),
    ("h", "08_ablation", "h_ablation_corrected", "h_ablation"),
    ("summary", "09_summary", "summary", "summary"),
    ("errors", "10_nine_errors", "errors_report", "nine_errors"),
    ("trust", "11_fused_model", "trust_risk_coverage_corrected", "trust"),
)

# The kernel's own description includes versions and machines; a reader needs no more than this.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
EXECUTION_METADATA = ("papermill", "execution", "ExecuteTime", "widgets")


def refresh_outputs(run_folder, *, since):
    """Copy the outputs of a run to ``notebooks/``, ``figures/<RUN>/`` and the README, if any.

    The model card of a run goes to its figures. Only outputs, execution counts and slide types of
    the notebooks change, and metadata of the execution and the machine are removed.

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
    from mmage_utils.fusion.bundle import CARD, FOLDER  # which loads what else a run needs not

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
    card = run_folder / FOLDER / CARD
    if card.is_file():
        contents[committed / CARD] = card.read_bytes()
    readme = files.ROOT / "README.md"
    if readme.is_file():
        headlines = _collect_headlines(run_folder / "results")
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
    return [*folder.glob("[!.]*.png"), *folder.glob("[!.]*.svg")]


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
    mark_slides(notebook)
    return notebook


def _collect_headlines(folder):
    """What a full run saved for the README: its data, its times, and a headline per task."""
    names = {task: name for task, _, _, name in TASKS} | {"times": "times"}
    results = {
        task: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for task, name in names.items()
    }
    times = results.pop("times")
    times.pop("provenance", None)
    tasks = {task: record["headline"] for task, record in results.items()}
    return {"data": results["a"]["data"], "times": times, "tasks": tasks}


def render_headlines(headlines, run_name):
    """The README's block between its two marks, as Markdown."""
    times = headlines["times"]
    minutes = times["together"] / 60
    cache = "an empty" if times["empty_cache"] else "a filled"
    lines = [
        BEGIN,
        f"Numbers of the **{headlines['data']}**. They show that the code works; they are not "
        "findings about people.",
        f"With {cache} cache the notebooks take {minutes:.0f} minutes on {times['cores']} cores.",
        "",
        "| task | notebook | figure | headline |",
        "|---|---|---|---|",
    ]
    for task, notebook, figure, _ in TASKS:
        lines.append(
            f"| {task} | [{notebook}](notebooks/{notebook}.ipynb) "
            f"| [{figure}](figures/{run_name}/{figure}.png) | {headlines['tasks'][task]} |"
        )
    return "\n".join([*lines, END])


def put_headlines(readme, block):
    """Replace the block between the two marks in a README's text, which must have them once."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    text, count = pattern.subn(lambda _: block, readme)
    if count != 1:
        raise DataError("README.md must have the two marks of the headlines once.")
    return text
