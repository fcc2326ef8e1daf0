"""The contract of the committed notebooks, and of the files in params/."""

import ast
import json
import re
import statistics

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmage_utils.display import plots
from mmage_utils.files import ROOT
from mmage_utils.report.parameters import (
    UNNUMBERED,
    check_parameters,
    declared_parameters,
    load_parameters,
)

NAMES = [
    "01_dataset_statistics",
    "02_image_classifier",
    "03_train_strategy",
    "04_test_strategy",
    "05_acoustic_features",
    "06_text_features",
    "07_multimodal_fusion",
    "08_ablation",
    "09_summary",
    "10_nine_errors",
    "11_fused_model",
]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_LINES, MEDIAN_LINES, ALL_LINES = 20, 5, 150  # as CONTRIBUTING.md says
PARAMETER_FILES = sorted((ROOT / "params").glob("*.yaml"))


def complaints(notebook):
    """Return what in a notebook breaks the contract, a sentence each."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    words = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    found = []
    lines = [[line for line in cell.source.splitlines() if line.strip()] for cell in code]
    counts = [len(cell) for cell in lines]
    if max(counts, default=0) > CELL_LINES:
        found.append(f"a cell has more than {CELL_LINES} lines")
    if statistics.median(counts) > MEDIAN_LINES:
        found.append(f"the median cell has more than {MEDIAN_LINES} lines")
    if sum(counts) > ALL_LINES:
        found.append(f"more than {ALL_LINES} lines of code")
    if 2 * len(words) < len(code) or notebook.cells[0].cell_type != "markdown":
        found.append("steps are not announced")
    if any(re.search(r"\$[^$]+\$", cell.source) for cell in words):
        found.append("maths, which the slides do not typeset")
    for cell in code:
        found += code_complaints(cell.source)
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("not run once from top to bottom")
    for cell in code:
        found += output_complaints(cell)
    if sum("parameters" in cell.metadata.get("tags", []) for cell in code) != 1:
        found.append("not one cell tagged parameters")
    if set(notebook.metadata) - {"kernelspec", "language_info"}:
        found.append("metadata of a machine")
    return found


def code_complaints(source):
    try:
        tree = ast.parse(source)
    except SyntaxError:  # nbval lets an unknown magic pass
        return ["not plain Python"]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if any(isinstance(node, kinds) for node in ast.walk(tree)):
        return ["a definition, which belongs in the package"]
    return []


def output_complaints(cell):
    found = []
    if any(output.output_type == "error" for output in cell.outputs):
        found.append("an error")
    if any(output.get("name") == "stderr" for output in cell.outputs):
        found.append("output on stderr")
    if re.search(r"%\|", json.dumps(cell.outputs)):
        found.append("a progress bar")
    if re.search(r"(?<![\w.])/(home|root|Users|tmp|mnt)/", json.dumps(cell.outputs)):
        found.append("an absolute path")
    if any("...</t" in output.get("data", {}).get("text/html", "") for output in cell.outputs):
        found.append("a text that is cut in a table")
    if "nbval-check-output" in cell.metadata.get("tags", []) and not cell.outputs:
        found.append("nothing to check")
    return found


def is_json(value):
    """Is a value the same after a trip through JSON?"""
    try:
        return json.loads(json.dumps(value)) == value
    except TypeError:
        return False


def test_there_are_the_eleven_notebooks_and_three_beside_them():
    assert [path.stem for path in NOTEBOOKS] == [*NAMES, *UNNUMBERED]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_contract(path):
    assert complaints(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_parameters_are_uppercase_names_of_json_values(path):
    parameters = declared_parameters(path)
    assert parameters
    assert all(re.fullmatch("[A-Z][A-Z0-9_]*", name) for name in parameters)
    assert all(is_json(value) for value in parameters.values())


def test_a_parameter_has_one_type_in_all_notebooks():
    types = {}
    for path in NOTEBOOKS:
        for name, value in declared_parameters(path).items():
            types.setdefault(name, set()).add(type(value).__name__)
    assert types
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}


def test_parameter_files_set_declared_parameters():
    assert {"full.yaml", "tiny.yaml"} <= {path.name for path in PARAMETER_FILES}
    defaults = {}
    for path in NOTEBOOKS:
        defaults |= declared_parameters(path)
    for path in PARAMETER_FILES:
        check_parameters(load_parameters(path), defaults, path.name)


def good_notebook():
    parameters = new_code_cell("N = 1", execution_count=1, metadata={"tags": ["parameters"]})
    shown = [new_output("stream", text="1\n")]
    step = new_code_cell("print(N)", execution_count=2, outputs=shown)
    return new_notebook(cells=[new_markdown_cell("# What and why"), parameters, step])


def test_the_contract_can_be_kept():
    assert complaints(good_notebook()) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def helper():\n    pass", "a definition, which belongs in the package"),
        ("if N:\n    class Helper:\n        pass", "a definition, which belongs in the package"),
        ("%matplotlib inline", "not plain Python"),
        ("!ls", "not plain Python"),
    ],
)
def test_contract_on_code(source, complaint):
    notebook = good_notebook()
    notebook.cells[-1].source = source
    assert complaints(notebook) == [complaint]


def table_output(letters):
    html = pd.DataFrame({"why": ["x" * letters]})._repr_html_()
    return new_output("display_data", data={"text/html": html})


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (new_output("stream", name="stderr", text="warning"), "output on stderr"),
        (new_output("error", ename="E", evalue="", traceback=[]), "an error"),
        (new_output("stream", text="saved /tmp/x.png"), "an absolute path"),
        (new_output("stream", text="Texts:  50%|█████     | 4/8"), "a progress bar"),
        (table_output(60), "a text that is cut in a table"),
    ],
)
def test_contract_on_outputs(output, complaint):
    notebook = good_notebook()
    notebook.cells[-1].outputs = [output]
    assert complaints(notebook) == [complaint]


def test_in_the_style_of_notebooks_no_text_is_cut():
    with pd.option_context("display.max_colwidth", 50):
        plots.use_style()
        assert output_complaints(new_code_cell(outputs=[table_output(300)])) == []


def test_contract_on_the_whole():
    notebook = good_notebook()
    notebook.cells[-1].execution_count = 3
    assert complaints(notebook) == ["not run once from top to bottom"]
    notebook = good_notebook()
    del notebook.cells[1].metadata["tags"]
    assert complaints(notebook) == ["not one cell tagged parameters"]
    notebook = good_notebook()
    notebook.cells[0].source = "where $x$ is"
    assert complaints(notebook) == ["maths, which the slides do not typeset"]
    notebook = good_notebook()
    notebook.cells[-1].metadata["tags"] = ["nbval-check-output"]
    notebook.cells[-1].outputs = []
    assert complaints(notebook) == ["nothing to check"]
    notebook = good_notebook()
    notebook.cells = notebook.cells[1:]
    assert complaints(notebook) == ["steps are not announced"]
    notebook = good_notebook()
    notebook.metadata["papermill"] = {}
    assert complaints(notebook) == ["metadata of a machine"]
    notebook = good_notebook()
    notebook.cells += steps([1, 21])
    assert complaints(notebook) == ["a cell has more than 20 lines"]
    notebook = good_notebook()
    notebook.cells += steps([5] * 30)
    assert complaints(notebook) == ["more than 150 lines of code"]
    notebook = good_notebook()
    notebook.cells += steps([6] * 3)
    assert complaints(notebook) == ["the median cell has more than 5 lines"]


def steps(sizes):
    """Cells of so many lines, each with a word before it."""
    sources = ["\n".join(["print(N)"] * size) for size in sizes]
    code = [new_code_cell(source, execution_count=n) for n, source in enumerate(sources, start=3)]
    return [*code, *[new_markdown_cell("a step")] * len(code)]


def test_contributing_names_the_same_limits():
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    limits = f"at most {CELL_LINES} lines a cell, {MEDIAN_LINES} in the median, {ALL_LINES} in all"
    assert limits in text
