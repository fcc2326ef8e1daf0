"""Executed notebooks as sections of prose, figures, tables and sentences, for decks and pages.

The outputs of a notebook are read; nothing is executed. Figures are taken from the files that the
run saved, which have twice the resolution of the copies in the notebook.
"""

import ast
import base64
import html
import io
import re
from typing import NamedTuple

import mistune
import nbformat
from PIL import Image

from mmage_utils.report.parameters import find_notebooks

VISUALS = ("figure", "table", "text")
HEADING = re.compile(r"#{1,2}[ \t]+(.+)")
# Bytes from which a picture is stored as WebP: a fifth of the size, and it looks the same.
LARGE_PNG = 250_000


class Item(NamedTuple):
    """One thing that a notebook shows.

    ``kind`` is intro (prose), code, figure, table, text (printed lines), sound or words (a sentence
    made from results). ``content`` is Markdown, source, a data URI, HTML or lines; ``size`` is the
    width and height at which a figure is meant to be seen; ``cell`` counts the cells of the
    notebook.
    """

    kind: str
    content: str
    size: tuple[int, int] = (0, 0)
    cell: int = 0


class Section(NamedTuple):
    """A heading and what is below it; the first heading of a notebook is its title."""

    title: str
    items: list[Item]


class Page(NamedTuple):
    """One notebook: its name (``01_dataset_statistics``) and its sections."""

    name: str
    sections: list[Section]


class Group(NamedTuple):
    """A figure, table or printed lines, or none, with the prose before it and the words after.

    ``cell`` is where it begins, unless it is the first of its section.
    """

    intro: str
    visual: Item | None
    words: list[str]
    sounds: list[Item]
    cell: int = 0


def read_pages(run_folder):
    """Read every executed notebook of a run.

    Parameters
    ----------
    run_folder : Path
        ``runs/<RUN>``, with ``notebooks`` and ``figures``.

    Returns
    -------
    list of Page
        In the order of the notebooks.

    Raises
    ------
    DataError
        The run has no executed notebook.
    """
    figures = run_folder / "figures"
    return [
        Page(path.stem, read_sections(nbformat.read(path, as_version=4), figures))
        for path in find_notebooks(run_folder)
    ]


def is_exercise(cell):
    """Whether a cell is one of the exercises at the end of a notebook, by its tag."""
    return "exercise" in cell.metadata.get("tags", [])


def read_sections(notebook, figures=None):
    """The sections of an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
    figures : Path, optional
        Folder of the figures that its run saved; without it, those of its outputs are taken.

    Returns
    -------
    list of Section
    """
    sections = []
    for number, cell in enumerate(notebook.cells):
        if is_exercise(cell):
            continue  # which nobody has run
        heading = HEADING.match(cell.source) if cell.cell_type != "code" else None
        if heading or not sections:
            sections.append(Section(heading.group(1).strip() if heading else "", []))
        if cell.cell_type == "code":
            items = [Item("code", cell.source), *_outputs(cell, figures)]
        else:
            prose = cell.source[heading.end() if heading else 0 :].strip()
            items = [Item("intro", prose)] if prose else []
        sections[-1].items.extend(item._replace(cell=number) for item in items)
    return sections


def _outputs(cell, figures):
    """What a code cell shows, each output in its richest form; printed lines are joined."""
    items = []
    pictures = sum("image/png" in output.get("data", {}) for output in cell.outputs)
    names = saved_figures(cell.source)
    names = iter(names if len(names) == pictures else [""] * pictures)
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "error":
            items.append(Item("text", f"{output.ename}: {output.evalue}"))
        elif output.get("name") == "stdout" and output.text.strip():
            before = items.pop().content if items and items[-1].kind == "text" else ""
            items.append(Item("text", before + output.text))
        elif "image/png" in data:
            items.append(_figure(base64.b64decode(data["image/png"]), figures, next(names)))
        elif "text/markdown" in data:
            items.append(Item("words", data["text/markdown"].strip()))
        elif "application/vnd.jupyter.widget-view+json" in data:
            continue  # only a live notebook can show it
        elif "text/html" in data:
            kind = "sound" if "<audio" in data["text/html"] else "table"
            items.append(Item(kind, data["text/html"]))
        elif data.get("text/plain"):
            items.append(Item("text", data["text/plain"]))
    return items


def saved_figures(source):
    """Names under which a cell saves its figures, in order; none if one is not a literal."""
    return _saved_names(source, "save_figure", 2)


def saved_files(path):
    """Figures and results that a notebook saves under literal names: ``results/a.json``, ..."""
    cells = nbformat.read(path, as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    figures = [name for source in sources for name in saved_figures(source)]
    results = [name for source in sources for name in _saved_names(source, "save_results", 1)]
    return [f"figures/{name}.png" for name in figures] + [
        f"results/{name}.json" for name in results
    ]


def _saved_names(source, function, place):
    """The argument at a place of each call of a function with three; none if one is no literal."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return []
    calls = [node for node in nodes if isinstance(node, ast.Call) and len(node.args) == 3]
    saves = [call for call in calls if ast.unparse(call.func).split(".")[-1] == function]
    names = [getattr(call.args[place], "value", None) for call in saves]
    return names if all(isinstance(name, str) for name in names) else []


def _figure(png, figures, name):
    """A picture as a data URI, from the run's own file if that shows the same picture."""
    kind, image = "png", Image.open(io.BytesIO(png))
    path = figures / f"{name}.png" if figures and name else None
    size = width, height = image.size
    if path is not None and path.is_file():
        saved = Image.open(io.BytesIO(path.read_bytes()))
        # A figure that another run of the notebook saved may have another shape.
        if abs(saved.width / saved.height - width / height) < 0.03 * width / height:
            png, image = path.read_bytes(), saved
    if len(png) >= LARGE_PNG:
        packed = io.BytesIO()
        image.convert("RGB").save(packed, "WEBP", quality=88, method=2)
        kind, png = "webp", packed.getvalue()
    return Item("figure", f"data:image/{kind};base64,{base64.b64encode(png).decode()}", size)


def group_items(section):
    """Group each figure, table or printed lines with the words that belong to it.

    Prose comes before what it introduces. A sentence follows the figure it is about; one that
    comes before every figure of its section belongs to the first.

    Returns
    -------
    list of Group
        In order; a group without a visual has prose and sentences that belong to none.
    """
    groups = [Group("", None, [], [])]
    for item in section.items:
        last = groups[-1]
        if item.kind == "words":
            last.words.append(item.content)
        elif item.kind == "sound":
            last.sounds.append(item)
        elif item.kind == "intro" and any((last.visual, last.words, last.sounds)):
            groups.append(Group(item.content, None, [], [], item.cell))
        elif item.kind == "intro":
            intro = "\n\n".join(filter(None, (last.intro, item.content)))
            groups[-1] = last._replace(intro=intro)
        elif item.kind in VISUALS and last.visual:
            # The prose before several figures of one section is about all of them.
            groups.append(Group(last.intro, item, [], [], item.cell))
        elif item.kind in VISUALS:
            groups[-1] = last._replace(visual=item)
    return [group for group in groups if any(group[:4])]


def render_markdown(text):
    """Markdown as HTML; tags in it are shown as text."""
    return mistune.create_markdown(escape=True, plugins=["table"])(text).strip()


def plain_text(markdown):
    """The words of a piece of Markdown on one line."""
    text = re.sub(r"<[^>]+>", " ", render_markdown(markdown))
    text = re.sub(r"\s+", " ", html.unescape(text)).strip()
    return re.sub(r" (?=[.,;:?!])", "", text)


def alt_text(title, group):
    """What a picture shows, for readers who do not see it: the heading and the first claim."""
    words = plain_text(group.words[0] if group.words else group.intro)
    texts = filter(None, (title, words))
    return " ".join(text if text[-1] in ".?!" else f"{text.rstrip(':')}." for text in texts)


def picture(item, alt):
    """A figure as an ``img`` element."""
    width, height = item.size
    return f'<img src="{item.content}" alt="{html.escape(alt)}" width="{width}" height="{height}">'
