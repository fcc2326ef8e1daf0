"""The tests, tools and benchmarks use the package as its users do: by what is public.

Sources are read with ast, and so are programs that stand in a source as a text.
"""

import ast
import re

import pytest

from mmage_utils.files import ROOT

PRIVATE = re.compile(r"_[a-zA-Z]\w*")
OF_NAMED_TUPLES = {"_asdict", "_fields", "_make", "_replace"}  # public, whatever their names say
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
PLACES = ("tests", "tools", "benchmarks")
SOURCES = [path for place in PLACES for path in sorted((ROOT / place).rglob("*.py"))]


def is_private(name):
    return bool(PRIVATE.fullmatch(name)) and name not in OF_NAMED_TUPLES


def private_names(source):
    """Private functions, classes, methods and variables of modules that a source defines."""
    tree = ast.parse(source)
    names = {node.name for node in ast.walk(tree) if isinstance(node, DEFINITIONS)}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return set(filter(is_private, names))


HIDDEN = set().union(
    *(private_names(path.read_text("utf-8")) for path in (ROOT / "mmage_utils").rglob("*.py"))
)


def imported(tree):
    """Names that a source imports from the package, and those from elsewhere."""
    ours, theirs = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found = ours if alias.name.startswith("mmage_utils") else theirs
                found.add(alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            found = ours if (node.module or "").startswith("mmage_utils") else theirs
            found |= {alias.asname or alias.name for alias in node.names}
    return ours, theirs


def made_of(tree, names):
    """The names, and those that a source gives to what is made of them, as ``x = name.f()``."""
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    return names | {
        target.id
        for node in assigned
        if root_of(node.value) in names
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def root_of(node):
    """The name at the start of ``name.x(y).z[0]``, or an empty text."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")


def reached(source):
    """What is private to the package and yet used by a source: (line, name)."""
    tree = ast.parse(source)
    ours, theirs = imported(tree)
    theirs, found = made_of(tree, theirs), []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmage_utils"):
            found += [(node.lineno, alias.name) for alias in node.names if is_private(alias.name)]
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            root = root_of(node)  # another package may have the same name for something else
            if root in ours or (node.attr in HIDDEN and root not in theirs):
                found.append((node.lineno, node.attr))
        elif isinstance(node, ast.Call):  # of monkeypatch.setattr or getattr, for instance
            texts = [arg.value for arg in node.args if is_text(arg)]
            names = [text.rpartition(".")[2] for text in texts]
            found += [(node.lineno, name) for name in names if is_private(name) and name in HIDDEN]
        elif is_text(node) and "mmage_utils" in node.value:
            found += [(node.lineno, name) for _, name in reached_by_program(node.value)]
    return sorted(set(found))


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def reached_by_program(text):
    try:
        return reached(text)
    except SyntaxError:
        return []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_private_is_left_alone(path):
    assert reached(path.read_text(encoding="utf-8")) == []


def test_sources_and_private_names_are_found():
    assert len(SOURCES) > 50
    assert len(HIDDEN) > 50


HIDDEN_NAME = min(HIDDEN)


@pytest.mark.parametrize(
    "source",
    [
        "from mmage_utils.features.faces import {name}",
        "from mmage_utils.features import faces\nfaces.{name}(1)",
        "from mmage_utils.features import faces as other\nother.table_cache.{name}",
        "import mmage_utils.features.faces\nmmage_utils.features.faces.{name}",
        "def f(faces):\n    return faces.{name}",
        "def f(monkeypatch):\n    monkeypatch.setattr(faces, '{name}', None)",
        "monkeypatch.setattr('mmage_utils.features.faces.{name}', None)",
        "getattr(faces, '{name}')",
        "PROGRAM = '''\nfrom mmage_utils.features import faces\nfaces.{name}\n'''",
    ],
)
def test_the_check_notices(source):
    assert [name for _, name in reached(source.format(name=HIDDEN_NAME))] == [HIDDEN_NAME]


@pytest.mark.parametrize(
    "source",
    [
        "from mmage_utils.features.faces import load_faces\nload_faces.__name__",
        "from mmage_utils import runs\nruns.Run(*'12345')._replace(name='x')",
        "axes._left_title",
        "from torchvision import v2\nwide = v2.Wide()\nwide.NAME + v2.Wide().NAME",
        "def _own():\n    pass\n_own()",
        "'a text about mmage_utils, and no program'",
        "f'{split}NAME'",
    ],
)
def test_the_check_lets_pass(source):
    assert reached(source.replace("NAME", HIDDEN_NAME)) == []
