"""The public docstrings keep numpydoc's rules, those that the house keeps."""

import ast

import pytest
from numpydoc.hooks.validate_docstrings import process_file
from numpydoc.validate import ERROR_MSGS

from mmage_utils.files import ROOT

# Where parameters are documented at all, all of them are, but for those that mean the same
# everywhere (docs/api.md); a short function may have no section.
EVERYWHERE = {"ax", "title", "seed", "draws", "split", "cache", "run", "clips", "name"}
# The bytes of these modules are part of the keys of caches: their docstrings wait for the next
# change of their code.
KEYED = {"weight_files.given_file"}
CHECKS = {
    *("GL05", "GL06", "GL07", "GL08", "GL09", "GL10"),  # sections: known, in order; present at all
    *("SS01", "SS03", "SS04"),  # a summary, which ends with a period
    *("PR01", "PR02", "PR05", "PR09", "PR10"),  # parameters: all, and no other
    *("RT05", "YD01"),
}
SOURCES = [
    path
    for place in ("mmage_utils", "tools")
    for path in sorted((ROOT / place).rglob("*.py"))
    if path.name[:2] != "__"
]


def public_docstrings(tree):
    """Docstrings by line of what a module defines for others: functions, classes and methods."""
    found = {}
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else []
        for part in (node, *inside):
            if isinstance(part, ast.FunctionDef | ast.ClassDef) and part.name[0] != "_":
                found[part.lineno] = ast.get_docstring(part) or ""
    return found


def inherits(tree, line):
    """Is this the line of a method of a class with bases, which may inherit its docstring?"""
    return any(
        part.lineno == line
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.bases
        for part in node.body
    )


def undocumented(message):
    """The names in ``Parameters {'a', 'b'} not documented``."""
    return ast.literal_eval(message[len("Parameters ") : message.index("}") + 1])


def complaints(path):
    """What numpydoc finds in a file, as (item, check, message)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public, found = public_docstrings(tree), []
    config = {"checks": CHECKS, "exclude": set(), "overrides": {}, "exclude_files": set()}
    for place, item, check, message in process_file(path, config):
        line = int(place.rsplit(":", 1)[1])
        if line not in public or (check == "GL08" and inherits(tree, line)):
            continue
        if check == "PR01":
            if "Parameters\n---" not in public[line] or item in KEYED:
                continue
            if not undocumented(message) - EVERYWHERE:
                continue
        found.append((item, check, message))
    return found


def test_the_checks_exist():
    assert set(ERROR_MSGS) >= CHECKS
    assert len(SOURCES) > 100


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_docstrings(path):
    assert complaints(path) == []


BAD = '''"""A module."""


def nothing(x):
    return x


def without_period(x):
    """Return it"""


def one_of_two(x, y, *, seed):
    """Return both.

    Parameters
    ----------
    x : int
        One.
    """


def none_of_them(x, z):
    """Return it.

    Parameters
    ----------
    y : int
        Another.
    """


def short(x, y):
    """Return x plus y."""
'''


def test_the_checks_notice(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(BAD, encoding="utf-8")
    assert {(item, check) for item, check, _ in complaints(path)} == {
        ("bad.nothing", "GL08"),
        ("bad.without_period", "SS03"),
        ("bad.one_of_two", "PR01"),
        ("bad.none_of_them", "PR01"),
        ("bad.none_of_them", "PR02"),
    }
