"""Slides from the sections of notebooks: one claim and one figure or table each, in one file."""

import html
import re
from pathlib import Path
from string import Template
from typing import NamedTuple

from mmage_utils.report.html_tables import split_table
from mmage_utils.report.notebook_reader import (
    alt_text,
    group_items,
    picture,
    plain_text,
    render_markdown,
)

ASSETS = Path(__file__).parent / "assets"
TITLE = "Age groups from face, voice and words"
SUBTITLE = "A reproducible report on First Impressions, task by task"

CLAIM = 300  # letters beside a figure; longer sentences get a slide of their own
PROSE = 850  # letters of a slide of text
TABLE_ROWS = 14
TEXT_LINES = 24
TALL = 1.25  # width by height below which a figure stands beside its words


class Slide(NamedTuple):
    """One slide: its kind is its layout; ``body`` and ``notes`` are HTML.

    ``kicker`` stands small above the title and says where in the report we are.
    """

    kind: str
    key: str
    kicker: str
    title: str
    claim: str = ""
    body: str = ""
    notes: str = ""


def make_slides(pages, *, data=""):
    """The slides of the whole report: title, index, each notebook, and the summary page last.

    Parameters
    ----------
    pages : list of pages.Page
    data : str
        What the data are, for the first slide.

    Returns
    -------
    list of Slide
    """
    parts = [notebook_slides(page) for page in pages]
    links = "".join(
        f'<li><a href="#/{part[0].key}"><b>{html.escape(part[0].kicker)}</b> '
        f"{html.escape(part[0].title)}</a></li>"
        for part in parts
    )
    keys = "→ next slide · S speaker notes · O overview · F full screen"
    slides = [
        Slide("title", "title", data, TITLE, SUBTITLE, f'<p class="keys">{keys}</p>'),
        Slide("index", "index", "", "Index", body=f'<ol class="index">{links}</ol>'),
        *(slide for part in parts for slide in part),
    ]
    figures = [s for s in parts[-1] if s.kind.startswith("figure")]
    if not (figures and pages[-1].name.endswith("summary")):
        return slides
    rest = [s for s in slides if s is not figures[0]]
    return [*rest, figures[0]._replace(kind="figure closing", claim="")]


def notebook_slides(page):
    """The slides of one notebook, a divider first.

    Returns
    -------
    list of Slide
    """
    key = f"s{page.name[:2]}"
    first = page.sections[0]
    task, _, title = first.title.rpartition(". ")
    kicker = task if re.fullmatch(r"Task \w+", task) else ""
    title = title if kicker else first.title or page.name
    groups = group_items(first)
    lead = groups[0].intro if groups else ""
    slides = [Slide("divider", key, kicker, title, "", render_markdown(lead), "")]
    where = f"{kicker}. {title}" if kicker else title
    for section in page.sections:
        for group in group_items(section):
            if group.visual is None and section is first and not group.words:
                continue  # it stands on the divider
            slides += _group_slides(group, section.title if section is not first else title, where)
    return [slide._replace(key=f"{key}-{n}" if n else key) for n, slide in enumerate(slides)]


def _group_slides(group, title, where):
    """The slides of a figure and of what is said of it, or of words alone."""
    notes = render_markdown("\n\n".join([group.intro, *group.words]))
    sound = "".join(f'<div class="sound">{item.content}</div>' for item in group.sounds)
    if group.visual is None:
        words = [group.intro, *group.words] if group.intro else group.words
        return _text_slides(words, title, where, notes, sound)
    claim, rest = _claim(group)
    bodies = _visual(group, title)
    many = len(bodies) > 1
    width, height = group.visual.size
    kind = "figure tall" if height and width < TALL * height else group.visual.kind
    slides = [
        Slide(
            kind,
            "",
            where,
            f"{title} ({number} of {len(bodies)})" if many else title,
            claim,
            body + sound,
            notes,
        )
        for number, body in enumerate(bodies, start=1)
    ]
    return slides + (_text_slides(rest, title, where, notes, "") if rest else [])


def _claim(group):
    """The sentences that fit beside a figure, as HTML, and those that do not."""
    shown, used = [], 0
    for words in group.words:
        size = len(plain_text(words))
        if used + size > CLAIM:
            break
        shown.append(words)
        used += size
    rest = group.words[len(shown) :]
    if not shown and group.intro:
        for sentence in re.split(r"(?<=[.:?!])\s+", group.intro):
            if used and used + len(sentence) > CLAIM:
                break
            shown.append(sentence)
            used += len(sentence)
    return _sentences(" ".join(shown)), rest


def _sentences(markdown):
    """Markdown as HTML in which an age range stays on one line."""
    pattern = r"(?<![\w/#-])\d+-\d+(?![\w-])(?![^<]*>)"
    return re.sub(pattern, r'<span class="range">\g<0></span>', render_markdown(markdown))


def _visual(group, title):
    """The body of each slide that a figure, table or printed lines need."""
    item = group.visual
    if item.kind == "figure":
        return [picture(item, alt_text(title, group))]
    if item.kind == "table":
        return split_table(item.content, TABLE_ROWS)
    lines = item.content.rstrip().splitlines()
    pieces = [lines[n : n + TEXT_LINES] for n in range(0, len(lines), TEXT_LINES)]
    return [f"<pre>{html.escape(chr(10).join(piece))}</pre>" for piece in pieces]


def _text_slides(words, title, where, notes, sound):
    """Sentences as slides of text, as many as they need."""
    pieces, used = [[]], 0
    for text in words:
        size = len(plain_text(text))
        if pieces[-1] and used + size > PROSE:
            pieces.append([])
            used = 0
        pieces[-1].append(text)
        used += size
    made = []
    for number, piece in enumerate(pieces):
        body = _sentences("\n\n".join(piece))
        heading = title if number == 0 else f"{title} (continued)"
        made.append(Slide("words", "", where, heading, "", body + sound, notes))
        sound = ""
    return made


def render_deck(slides, *, title=TITLE):
    """The slides as one page that loads nothing, with reveal.js inside.

    Parameters
    ----------
    slides : list of Slide
    title : str
        Name of the window.

    Returns
    -------
    str
        HTML.
    """
    return Template((ASSETS / "deck" / "deck.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        reveal_css=(ASSETS / "reveal" / "dist" / "reveal.css").read_text(encoding="utf-8"),
        reveal_js=(ASSETS / "reveal" / "dist" / "reveal.js").read_text(encoding="utf-8"),
        notes_js=(ASSETS / "reveal" / "plugin" / "notes.js").read_text(encoding="utf-8"),
        deck_css=(ASSETS / "deck" / "deck.css").read_text(encoding="utf-8"),
        slides="\n".join(map(_render, slides)),
    )


def _render(slide):
    level = "h1" if slide.kind in ("title", "divider") else "h2"
    kicker = f'<p class="kicker">{html.escape(slide.kicker)}</p>' if slide.kicker else ""
    claim = f'<div class="claim">{slide.claim}</div>' if slide.claim else ""
    notes = f'<aside class="notes">{slide.notes}</aside>' if slide.notes else ""
    # reveal.js colours what lies over a slide by its background.
    dark = ' class="divider" data-background-color="#0b4f8a"' if slide.kind == "divider" else ""
    return (
        f'<section id="{slide.key}"{dark}><div class="page {slide.kind}">'
        f"{kicker}<{level}>{html.escape(slide.title)}</{level}>{claim}"
        f'<div class="visual">{slide.body}</div></div>{notes}</section>'
    )
