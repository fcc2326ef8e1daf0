"""Which modules of the package a program uses, through whatever these import themselves."""

import ast
from pathlib import Path

import mmage_utils

NAME = mmage_utils.__name__
PACKAGE = Path(mmage_utils.__file__).parent


def used_files(source):
    """The files of the package on which a program rests.

    Imports are read from the source, those inside functions too. With a module come the packages
    that it is in, and what lies beside it that is no module (the topics of the sample).

    Parameters
    ----------
    source : str
        Python, for example all code cells of a notebook. A source that is no Python uses nothing;
        it will fail in its own words.

    Returns
    -------
    list of Path
        Sorted.
    """
    used, todo = set(), imported_modules(source)
    while todo:
        name = todo.pop()
        path = _path_of(name)
        if path is not None and path not in used:
            used.add(path)
            todo |= imported_modules(path.read_text(encoding="utf-8"))
            todo.add(name.rpartition(".")[0])
    beside = {
        path
        for folder in {path.parent for path in used} - {PACKAGE}
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".py"
    }
    return sorted(used | beside)


def imported_modules(source):
    """Full names that a source imports and that begin with the package's; functions among them."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return set()
    names = named_modules(nodes)
    return {name for name in names if name.partition(".")[0] == NAME}


def named_modules(nodes):
    """Full names of the modules, and of what may be modules, that statements import.

    Parameters
    ----------
    nodes : iterable of ast.AST
        Statements; those that import nothing are passed over, and relative ones.

    Returns
    -------
    list of str
        In their order.
    """
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def _path_of(name):
    """The file of a module or package, or None for another name, such as that of a function."""
    place = PACKAGE.joinpath(*name.split(".")[1:])
    paths = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in paths if path.is_file()), None)
