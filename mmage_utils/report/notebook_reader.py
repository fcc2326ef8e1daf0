"""Executed notebooks as sections of prose, figures, tables and sentences, for decks and pages.

What a notebook shows is read from its outputs; nothing is executed. Figures are taken from the
files that the run saved, which have twice the resolution of the copies in the notebook.
"""

import ast
import base64
import html
import io
import re
from pathlib import Path
from typing import NamedTuple

from mmage_utils.report.parameters import find_notebooks

VISUALS = ("figure", "table", "text")
HEADING = re.compile(r"(#{1,2})\s+(.+)")
# A larger picture is kept as WebP, a fifth of its size and no different to the eye.
LARGE_PNG = 250_000


class Item(NamedTuple):
    """One thing that a notebook shows.

    ``kind`` is intro (prose), code, figure, table, text (printed lines), sound or words (a sentence
    made from results). ``content`` is Markdown, source, a data URI, HTML or lines; ``size`` is the
    width and height at which a figure is meant to be seen.
    """

    kind: str
    content: str
    size: tuple[int, int] = (0, 0)
    name: str = ""


class Section(NamedTuple):
    """What stands under one heading; the first of a notebook is that of its title."""

    title: str
    items: list[Item]


class Page(NamedTuple):
    """One notebook: its name (``01_dataset_statistics``) and its sections."""

    name: str
    sections: list[Section]


class Group(NamedTuple):
    """A figure, table or printed lines, or none, with the prose before it and the words after."""

    intro: str
    visual: Item | None
    words: list[str]
    sounds: list[Item]


def read_pages(run_folder):
    """Read every executed notebook of a run.

    Parameters
    ----------
    run_folder : path
        ``runs/<RUN>``, with ``notebooks`` and ``figures``.

    Returns
    -------
    list of Page
        In the order of the notebooks.

    Raises
    ------
    DataError
        The run holds no executed notebook.
    """
    import nbformat

    run_folder = Path(run_folder)
    return [
        Page(path.stem, _sections(nbformat.read(path, as_version=4), run_folder / "figures"))
        for path in find_notebooks(run_folder)
    ]


def _sections(notebook, figures):
    sections = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            items = [Item("code", cell.source), *_outputs(cell, figures)]
        else:
            first, _, rest = cell.source.partition("\n")
            heading = HEADING.match(first)
            if heading:
                sections.append(Section(heading.group(2).strip(), []))
            prose = rest.strip() if heading else cell.source.strip()
            items = [Item("intro", prose)] if prose else []
        if not sections:
            sections.append(Section("", []))
        sections[-1].items.extend(items)
    return sections


def _outputs(cell, figures):
    """What a code cell shows, printed lines that follow each other in one piece."""
    found = []
    pictures = [out for out in cell.outputs if "image/png" in out.get("data", {})]
    names = saved_figures(cell.source)
    names = iter(names if len(names) == len(pictures) else [""] * len(pictures))
    for output in cell.outputs:
        if output.output_type == "stream":
            if output.name == "stdout" and output.text.strip():
                if found and found[-1].kind == "text":
                    found[-1] = Item("text", found[-1].content + output.text)
                else:
                    found.append(Item("text", output.text))
        elif output.output_type == "error":
            found.append(Item("text", f"{output.ename}: {output.evalue}"))
        else:
            found += _shown(output.data, figures, names)
    return found


def _shown(data, figures, names):
    """The richest form of one output; what only a live notebook can show is left out."""
    if "image/png" in data:
        return [_figure(base64.b64decode(data["image/png"]), figures, next(names))]
    if "text/markdown" in data:
        return [Item("words", "".join(data["text/markdown"]).strip())]
    if "application/vnd.jupyter.widget-view+json" in data:
        return []
    if "text/html" in data:
        markup = "".join(data["text/html"])
        return [Item("sound" if "<audio" in markup else "table", markup)]
    plain = "".join(data.get("text/plain", ""))
    return [Item("text", plain)] if plain else []


def saved_figures(source):
    """Names under which a cell saves its figures, in order."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:
        return []
    names = []
    for call in calls:
        function = getattr(call.func, "attr", getattr(call.func, "id", None))
        if function == "save_figure" and len(call.args) == 3:
            names.append(getattr(call.args[2], "value", None))
    return names if all(isinstance(name, str) for name in names) else []


def _figure(png, figures, name):
    """A picture as a data URI, from the run's own file where that is the same picture."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        width, height = image.size
    path = figures / f"{name}.png"
    if name and path.is_file():
        saved = path.read_bytes()
        with Image.open(io.BytesIO(saved)) as image:
            # A figure saved by another run of the notebook may have another shape.
            if abs(image.width / image.height - width / height) < 0.03 * width / height:
                png = saved
    if len(png) < LARGE_PNG:
        return Item("figure", data_uri("image/png", png), (width, height), name)
    packed = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(packed, "WEBP", quality=88, method=2)
    return Item("figure", data_uri("image/webp", packed.getvalue()), (width, height), name)


def data_uri(kind, content):
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def group_items(section):
    """Put each figure, table or printed lines together with what is said of it.

    Prose stands before what it announces. A sentence follows the figure it is read from; one that
    comes before every figure of its section belongs to the first.

    Returns
    -------
    list of Group
        In order; a group without a visual holds prose and sentences that belong to none.
    """
    groups, intro, waiting, sounds = [], [], [], []
    current = None
    for item in section.items:
        if item.kind == "intro":
            if current is None and (waiting or sounds):
                groups.append(Group("\n\n".join(intro), None, waiting, sounds))
                intro, waiting, sounds = [], [], []
            intro = [*intro, item.content] if current is None else [item.content]
            current = None
        elif item.kind in VISUALS:
            # The prose before several figures of one section speaks of all of them.
            current = Group("\n\n".join(intro), item, waiting, sounds)
            groups.append(current)
            waiting, sounds = [], []
        elif item.kind == "words":
            (waiting if current is None else current.words).append(item.content)
        elif item.kind == "sound":
            (sounds if current is None else current.sounds).append(item)
    if waiting or sounds or (current is None and intro):
        groups.append(Group("\n\n".join(intro), None, waiting, sounds))
    return groups


def render_markdown(text):
    """Markdown as HTML; tags that stand in it are shown, not obeyed."""
    import mistune

    return mistune.create_markdown(escape=True, plugins=["table"])(text).strip()


def plain_text(markdown):
    """The words of a piece of Markdown on one line."""
    text = re.sub(r"<[^>]+>", " ", render_markdown(markdown))
    return re.sub(r"\s+", " ", html.unescape(text)).strip()


def alt_text(title, group):
    """What a picture shows, for readers who do not see it."""
    said = " ".join(map(plain_text, group.words)) or plain_text(group.intro)
    return ". ".join(part.rstrip(".") for part in (title, said) if part) + "."


def picture(item, alt):
    """A figure as an ``img`` element."""
    width, height = item.size
    return (
        f'<img src="{item.content}" alt="{html.escape(alt, quote=True)}" width="{width}" '
        f'height="{height}">'
    )
