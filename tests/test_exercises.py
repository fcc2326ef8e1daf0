"""The exercises at the end of each notebook do what they say: every name and option is there.

Their Python runs with the notebooks on the tiny sample (`tools/tiny_notebooks.py`, ./run_tests.sh).
"""

import ast
import builtins
import importlib
import inspect
import re
import shlex

import nbformat
import pytest
import yaml
from tiny_notebooks import add_exercises, exercise_blocks

from mmage_utils.files import ROOT
from mmage_utils.report.notebook_reader import is_exercise, read_pages
from mmage_utils.report.parameters import check_parameters, declared_parameters, find_notebooks

NOTEBOOKS = find_notebooks(ROOT)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
RUN_ALL = (ROOT / "run_all.sh").read_text(encoding="utf-8")


def read(path):
    return nbformat.read(path, as_version=4)


def exercises(path):
    return [cell for cell in read(path).cells if is_exercise(cell)]


def defined_names(sources):
    """Names that some cells set or import."""
    names = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def imported_modules(sources):
    """Modules of the package by the names that cells give them."""
    modules = {}
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("mmage_utils"):
            package = importlib.import_module(node.module)
            for alias in node.names:
                try:
                    found = getattr(package, alias.name)
                except AttributeError:
                    found = importlib.import_module(f"{node.module}.{alias.name}")
                modules[alias.asname or alias.name] = found
    return modules


def wrong_uses(block, code):
    """What a block uses that its notebook does not have, or calls with an unknown argument."""
    known = defined_names([*code, block]) | set(dir(builtins))
    modules, found = imported_modules([*code, block]), []
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Name) and node.id not in known:
            found.append(node.id)
        of_ours = (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in modules
        )
        if of_ours and not hasattr(modules[node.value.id], node.attr):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = modules.get(ast.unparse(node.func.value))
            function = getattr(owner, node.func.attr, None)
            if function is not None:
                try:
                    positional = [None] * len(node.args)
                    keywords = {key.arg: None for key in node.keywords if key.arg}
                    inspect.signature(function).bind(*positional, **keywords)
                except TypeError as error:
                    found.append(f"{ast.unparse(node.func)}: {error}")
    return found


def set_parameters(block):
    """The parameters that a block of commands writes to a file, as a dict."""
    written = re.search(r"printf '(.*)' > runs/try\.yaml$", block, re.MULTILINE)
    return yaml.safe_load(written.group(1).replace("\\n", "\n"))


@each_notebook
def test_exercises_stand_last_and_are_no_slides(path):
    cells, own = read(path).cells, exercises(path)
    assert 3 <= len(own) <= 4  # what to know first, and two or three of them
    assert [cell["id"] for cell in cells[-len(own) :]] == [cell["id"] for cell in own]
    for cell in own:
        assert cell.cell_type == "markdown"
        assert cell.metadata["slideshow"]["slide_type"] == "skip"
    assert all(re.search(r"```\n\nWatch ", cell.source) for cell in own[1:])


def test_exercises_are_in_no_deck_and_no_reading_copy(executed):
    texts = [
        text
        for page in read_pages(executed)
        for section in page.sections
        for text in (section.title, *(item.content for item in section.items))
    ]
    assert len(texts) > 200
    assert not any("Try it" in text or "runs/try" in text for text in texts)


@each_notebook
def test_commands_set_what_this_notebook_declares(path):
    declared = declared_parameters(path)
    for block in exercise_blocks(read(path), "bash"):
        values = set_parameters(block)
        check_parameters(values, declared, path.name)
        assert values
        assert all(values[name] != declared[name] for name in values)
        command = shlex.split(block.strip().splitlines()[-1])
        assert command[0] == "./run_all.sh"
        assert command[command.index("--only") + 1] == path.name[:2]
        assert set(re.findall(r"(?<= )--?\w+", block)) - {"-p", "-rf", "-r"} <= set(
            re.findall(r"(?<=[ #])--?\w+", RUN_ALL)
        )


@each_notebook
def test_python_uses_what_this_notebook_has(path):
    code = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    blocks = exercise_blocks(read(path), "python")
    assert blocks
    assert [wrong_uses(block, code) for block in blocks] == [[] for _ in blocks]


def test_the_checks_notice():
    code = ["from mmage_utils.scores import metrics\nx = 1"]
    assert wrong_uses("metrics.confusion(x)", code) == []
    assert wrong_uses("metrics.confused(x)", code) == ["metrics.confused"]
    assert wrong_uses("y", code) == ["y"]
    assert len(wrong_uses("metrics.confusion(x, wight=2)", code)) == 1


def test_a_copy_runs_the_python_of_its_exercises(tmp_path):
    copy = tmp_path / NOTEBOOKS[0].name
    copy.write_bytes(NOTEBOOKS[0].read_bytes())
    blocks = exercise_blocks(read(copy), "python")
    assert add_exercises([copy]) == len(blocks)
    last = read(copy).cells[-len(blocks) :]
    assert [(cell.cell_type, cell.source) for cell in last] == [("code", block) for block in blocks]
