"""The notebooks as one page to read: a table of contents, and code folded."""

import html
from string import Template

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from mmage_utils.report.asset_files import read_asset
from mmage_utils.report.deck import TITLE
from mmage_utils.report.html_tables import clean_table
from mmage_utils.report.notebook_reader import alt_text, group_items, picture, render_markdown


def render_copy(pages, *, data=""):
    """All notebooks as one page of HTML that loads nothing; parameters as `make_slides`."""
    contents, articles = [], []
    for page in pages:
        sections = {f"n{page.name[:2]}-{n}": section for n, section in enumerate(page.sections)}
        (first, _), *others = sections.items()
        links = "".join(
            f'<li><a href="#{key}">{html.escape(section.title)}</a></li>'
            for key, section in others
            if section.title
        )
        title = html.escape(page.sections[0].title or page.name)
        start = f'<li><a href="#{first}">From the beginning</a></li>'
        contents.append(
            f"<details open><summary>{title}</summary><ol>{start}{links}</ol></details>"
        )
        body = "\n".join(
            _section(section, key, "h1" if key == first else "h2")
            for key, section in sections.items()
        )
        articles.append(f'<article aria-label="{html.escape(page.name)}">{body}</article>')
    return Template(read_asset("readcopy.html")).substitute(
        title=html.escape(TITLE),
        data=html.escape(data),
        code_css=HtmlFormatter(style="default").get_style_defs(".code"),
        css=read_asset("readcopy.css"),
        contents="\n".join(contents),
        articles="\n".join(articles),
    )


def _section(section, key, level):
    alts = {id(group.visual): alt_text(section.title, group) for group in group_items(section)}
    title = html.escape(section.title)
    head = f'<section id="{key}"><{level}>{title}</{level}>' if title else "<section>"
    body = [_item(item, alts.get(id(item))) for item in section.items]
    return "\n".join([head, *body, "</section>"])


def _item(item, alt):
    if item.kind in ("intro", "words"):
        return render_markdown(item.content)
    if item.kind == "code":
        lines = len(item.content.splitlines())
        code = highlight(item.content, PythonLexer(), HtmlFormatter(nowrap=True))
        return (
            f'<details class="code"><summary>code, {lines} {"line" if lines == 1 else "lines"}'
            f"</summary><pre>{code}</pre></details>"
        )
    if item.kind == "figure":
        return f"<figure>{picture(item, alt)}</figure>"
    if item.kind == "table":
        # A wide table scrolls within its own box, which the keyboard must reach.
        return f'<div class="table" tabindex="0">{clean_table(item.content)}</div>'
    if item.kind == "text":
        return f'<pre tabindex="0">{html.escape(item.content.rstrip())}</pre>'
    return f'<div class="sound">{item.content}</div>'
