"""The rooms of the package stand on floors: a module imports its own floor and those below.

Imports are read from the source, those inside functions too; every module is also imported alone
in a fresh interpreter.
"""

import ast
import json
import subprocess
import sys

import pytest

from mmage_utils.files import ROOT

# From the ground up. Modules of one room may import each other, but not in a circle.
FLOORS = (
    ("errors", "progress", "processes", "files"),
    ("data",),
    ("predictions",),
    ("features",),
    ("models",),
    ("scores",),
    ("fusion",),
    ("sample",),
    ("runs",),
    ("display",),
    ("report",),
    ("cli",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
PACKAGE = ROOT / "mmage_utils"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__init__.py"
}


def imports_of(source, modules=tuple(MODULES)):
    """Modules of the package that a source imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        else:
            continue
        found |= {name for name in names if name in modules}
        found |= {  # a package stands for all that it imports itself
            name for name in names if (PACKAGE.parent / name.replace(".", "/")).is_dir()
        } & {"mmage_utils.display.plots"}
    return found


def room_of(module):
    return module.split(".")[1]


def upward(graph):
    """Imports that go up the floors: (module, what it imports)."""
    return [
        (module, other)
        for module, others in graph.items()
        for other in others
        if FLOOR[room_of(other)] > FLOOR[room_of(module)]
    ]


def circle(graph):
    """The modules of a circle of imports, or an empty list."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        path.append(module)
        for other in sorted(graph.get(module, ())):
            found = visit(other)
            if found:
                return found
        done.add(path.pop())
        return []

    return next(filter(None, map(visit, graph)), [])


GRAPH = {name: imports_of(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def test_every_room_stands_on_a_floor():
    rooms = {room_of(name) for name in MODULES}
    assert rooms == set(FLOOR)
    flat = [path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    folders = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(flat) <= 6
    assert len(folders) <= 9


def test_no_import_goes_up_the_floors():
    assert len(GRAPH) > 50
    assert upward(GRAPH) == []


def test_there_is_no_circle():
    assert circle(GRAPH) == []


def test_the_checks_notice():
    source = "def f():\n    from mmage_utils.display import tables\n    import mmage_utils.runs\n"
    assert imports_of(source) == {"mmage_utils.display.tables", "mmage_utils.runs"}
    up = GRAPH | {"mmage_utils.data.clips": {"mmage_utils.runs"}}
    assert upward(up) == [("mmage_utils.data.clips", "mmage_utils.runs")]
    round_ = {"a": {"b"}, "b": {"c"}, "c": {"a"}}
    assert circle(round_) == ["a", "b", "c", "a"]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_notebook_imports_the_report(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    used = imports_of(source)
    assert used
    assert [name for name in used if room_of(name) in ("report", "cli")] == []


def test_no_module_is_longer_than_300_lines():
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > 300} == {}


def test_every_module_can_be_imported_alone():
    """Heavy libraries are loaded once: each module in a fork of a process that has them."""
    program = """
import gc, importlib, os, sys
import IPython, ipywidgets, librosa, lightning, nbconvert, numba, papermill, seaborn  # noqa
import sklearn.linear_model, statsmodels.api, transformers, typer  # noqa
import torchvision.transforms.v2  # noqa
gc.freeze()  # so that a fork copies little of it
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
            os._exit(0)
        except BaseException as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit(bool(failed))
"""
    run = subprocess.run(
        [sys.executable, "-c", program, *MODULES], capture_output=True, text=True, cwd=ROOT
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stdout + run.stderr


def test_what_takes_seconds_to_import_is_imported_where_it_is_used():
    """Every kernel and command would wait for it, and most need nothing of it."""
    program = """
import sys
import mmage_utils.cli, mmage_utils.fusion.bundle, mmage_utils.models.recipes, nbformat
slow = {"lark", "lightning", "torchmetrics", "torchvision", "transformers"}
print(sorted(slow & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stdout + run.stderr
