"""Modules with one change in their source, to see whether a test notices it."""

import importlib.util
from pathlib import Path


def mutant(module, old, new):
    """A copy of a module in whose source `old`, which stands there once, is `new`.

    Raises
    ------
    ValueError
        When the source does not have `old` exactly once: the mutant is out of date.
    """
    path = Path(module.__file__)
    source = path.read_text(encoding="utf-8")
    if source.count(old) != 1:
        raise ValueError(f"{path.name} has {source.count(old)} times: {old}")
    spec = importlib.util.spec_from_loader(module.__name__ + "_mutant", loader=None)
    changed = importlib.util.module_from_spec(spec)
    exec(compile(source.replace(old, new), path, "exec"), changed.__dict__)
    return changed
