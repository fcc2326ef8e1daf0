"""Write docs/api.md: every public function and class of the package in a line, by its docstring.

.venv/bin/python tools/api_page.py [--target docs/api.md]

The sources are read and nothing is imported, so that it takes a second.
"""

import argparse
import ast
from pathlib import Path

from mmage_utils.files import ROOT

ROOMS = (
    *("errors", "progress", "processes", "files", "data", "predictions", "features", "models"),
    *("scores", "fusion", "sample", "runs", "display", "report", "cli"),
)
HEAD = """# The package in a page

Made by `tools/api_page.py` from the docstrings, room by room as the data flow. The docstrings have
parameters, shapes, units and what is raised: `help(mmage_utils.scores.bootstrap.drawn_sums)`, or
`?` in a notebook. What means the same everywhere is not said each time: `clips` (`data.clips`) and
`run` (`runs`), `name` of a model, `split`, `seed`, `draws` of a bootstrap or permutation, `cache`
(a folder), `ax` (the Matplotlib axes to draw on; new ones without it) and its `title`.
"""


def first_sentence(docstring):
    """The first paragraph of a docstring on one line, safe in a Markdown table."""
    text = " ".join((docstring or "").strip().split("\n\n")[0].split())
    return text.replace("|", r"\|").replace("<", "&lt;")


def signature(function):
    """The parameters of a function, without annotations and with defaults."""
    arguments = function.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    for argument in filter(None, (arguments.vararg, arguments.kwarg)):
        argument.annotation = None
    return ast.unparse(arguments)


def public_parts(tree):
    """Name with parameters, and first sentence, of what a module defines for others."""
    for node in tree.body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef):
            yield f"{node.name}({signature(node)})", first_sentence(ast.get_docstring(node))
        elif isinstance(node, ast.ClassDef):
            yield node.name, first_sentence(ast.get_docstring(node))


def module_section(path):
    """The lines about one module; none where it defines nothing for others."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = list(public_parts(tree))
    if not parts:
        return []
    place = path.relative_to(ROOT / "mmage_utils").with_suffix("")
    link = f"[{'.'.join(place.parts)}](../mmage_utils/{place.as_posix()}.py)"
    lines = [f"### {link}", "", first_sentence(ast.get_docstring(tree)), ""]
    return [*lines, *(f"- `{name}`: {text}" for name, text in parts), ""]


def api_text():
    """The text of the page."""
    package, lines = ROOT / "mmage_utils", [HEAD]
    for room in ROOMS:
        paths = [package / f"{room}.py", *sorted((package / room).rglob("*.py"))]
        paths = [path for path in paths if path.is_file() and path.name[:2] != "__"]
        sections = [line for path in paths for line in module_section(path)]
        if sections:
            lines += [f"## {room}", "", *sections]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments=None):
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, default=ROOT / "docs" / "api.md")
    target = parser.parse_args(arguments).target
    target.write_text(api_text(), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
