"""The notebooks as one page to read: a table of contents, and code folded."""

import html
from pathlib import Path
from string import Template

from mmage_utils.report.deck import TITLE
from mmage_utils.report.html_tables import clean_table
from mmage_utils.report.notebook_reader import alt_text, group_items, picture, render_markdown

ASSETS = Path(__file__).parent / "assets"


def render_copy(pages, *, data=""):
    """All notebooks as one page that loads nothing.

    Parameters
    ----------
    pages : list of pages.Page
    data : str
        What the data are.

    Returns
    -------
    str
        HTML.
    """
    from pygments.formatters import HtmlFormatter

    contents, articles = [], []
    for page in pages:
        key = f"n{page.name[:2]}"
        rows = "".join(
            f'<li><a href="#{key}-{number}">{html.escape(section.title)}</a></li>'
            for number, section in enumerate(page.sections)
            if number and section.title
        )
        title = html.escape(page.sections[0].title or page.name)
        contents.append(
            f'<details open><summary><a href="#{key}-0">{title}</a></summary><ol>{rows}</ol>'
            "</details>"
        )
        sections = "\n".join(
            _section(section, f"{key}-{number}", "h1" if number == 0 else "h2")
            for number, section in enumerate(page.sections)
        )
        name = html.escape(page.name)
        articles.append(f'<article aria-label="{name}">{sections}</article>')
    return Template((ASSETS / "readcopy.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(TITLE),
        data=html.escape(data),
        code_css=HtmlFormatter(style="default").get_style_defs(".code"),
        css=(ASSETS / "readcopy.css").read_text(encoding="utf-8"),
        contents="\n".join(contents),
        articles="\n".join(articles),
    )


def _section(section, key, level):
    groups = {id(group.visual): group for group in group_items(section) if group.visual}
    title = html.escape(section.title)
    parts = [f'<section id="{key}"><{level}>{title}</{level}>' if title else "<section>"]
    for item in section.items:
        if item.kind in ("intro", "words"):
            parts.append(render_markdown(item.content))
        elif item.kind == "code":
            parts.append(_code(item.content))
        elif item.kind == "figure":
            alt = alt_text(section.title, groups[id(item)])
            parts.append(f"<figure>{picture(item, alt)}</figure>")
        elif item.kind == "table":
            # A wide table scrolls within its own box, which the keyboard must reach.
            parts.append(f'<div class="table" tabindex="0">{clean_table(item.content)}</div>')
        elif item.kind == "text":
            parts.append(f'<pre tabindex="0">{html.escape(item.content.rstrip())}</pre>')
        else:
            parts.append(f'<div class="sound">{item.content}</div>')
    return "\n".join([*parts, "</section>"])


def _code(source):
    """A code cell, folded."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    lines = len(source.splitlines())
    marked = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
    return (
        f'<details class="code"><summary>code, {lines} {"line" if lines == 1 else "lines"}'
        f"</summary><pre>{marked}</pre></details>"
    )
