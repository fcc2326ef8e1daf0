"""Slides from the sections of notebooks: one claim and one figure or table each, in one file."""

import html
import re
from bisect import bisect_right
from itertools import accumulate
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
    pages : list of notebook_reader.Page
    data : str
        What the data are, for the first slide.

    Returns
    -------
    list of Slide
    """
    decks = [notebook_slides(page) for page in pages]
    links = "".join(
        f'<li><a href="#/{divider.key}"><b>{html.escape(divider.kicker)}</b> '
        f"{html.escape(divider.title)}</a></li>"
        for divider, *_ in decks
    )
    keys = "→ next slide · S speaker notes · O overview · F full screen"
    slides = [
        Slide("title", "title", data, TITLE, SUBTITLE, f'<p class="keys">{keys}</p>'),
        Slide("index", "index", "", "Index", body=f'<ol class="index">{links}</ol>'),
        *(slide for deck in decks for slide in deck),
    ]
    figure = next((slide for slide in decks[-1] if slide.kind.startswith("figure")), None)
    if figure and pages[-1].name.endswith("summary"):
        slides.remove(figure)
        slides.append(figure._replace(kind="figure closing", claim=""))
    return slides


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
    divider = Slide("divider", key, kicker, title, body=render_markdown(lead))
    slides = [divider]
    for section in page.sections:
        for group in group_items(section):
            if group.visual is None and section is first and not group.words:
                continue  # it stands on the divider
            heading = title if section is first else section.title
            slides += _group_slides(group, heading, place_of(divider))
    return [slide._replace(key=f"{key}-{n}" if n else key) for n, slide in enumerate(slides)]


def place_of(divider):
    """What the slides after a divider say of their place in the report."""
    return ". ".join(filter(None, (divider.kicker, divider.title)))


def _group_slides(group, title, place):
    """The slides of a figure and of the words on it, or of words alone."""
    notes = render_markdown("\n\n".join([group.intro, *group.words]))
    sound = "".join(f'<div class="sound">{item.content}</div>' for item in group.sounds)
    if group.visual is None:
        bodies = _text_bodies(list(filter(None, [group.intro, *group.words]))) or [""]
        bodies[0] += sound
        return _text_slides(bodies, title, place, notes)
    claim, rest = _claim(group)
    bodies = _visual_bodies(group, title)
    width, height = group.visual.size
    kind = "figure tall" if height and width < TALL * height else group.visual.kind
    many = f" ({{}} of {len(bodies)})" if len(bodies) > 1 else ""
    slides = [
        Slide(kind, "", place, title + many.format(number), claim, body + sound, notes)
        for number, body in enumerate(bodies, start=1)
    ]
    return slides + _text_slides(_text_bodies(rest), title, place, notes)


def _claim(group):
    """The sentences that fit beside a figure, as HTML, and those that do not."""
    count = _fitting(group.words, CLAIM)
    shown, rest = group.words[:count], group.words[count:]
    if not shown and group.intro:
        sentences = re.split(r"(?<=[.:?!])\s+", group.intro)
        shown = sentences[: max(1, _fitting(sentences, CLAIM))]
    return _sentences(" ".join(shown)), rest


def _fitting(texts, letters):
    """How many of the first texts together have at most so many letters."""
    return bisect_right(list(accumulate(len(plain_text(text)) for text in texts)), letters)


def _sentences(markdown):
    """Markdown as HTML in which an age range stays on one line."""
    pattern = r"(?<![\w/#-])\d+-\d+(?![\w-])(?![^<]*>)"
    return re.sub(pattern, r'<span class="range">\g<0></span>', render_markdown(markdown))


def _visual_bodies(group, title):
    """The body of each slide that a figure, table or printed lines need."""
    item = group.visual
    if item.kind == "figure":
        return [picture(item, alt_text(title, group))]
    if item.kind == "table":
        return split_table(item.content, TABLE_ROWS)
    lines = item.content.rstrip().splitlines()
    pieces = ["\n".join(lines[n : n + TEXT_LINES]) for n in range(0, len(lines), TEXT_LINES)]
    return [f"<pre>{html.escape(piece)}</pre>" for piece in pieces]


def _text_bodies(texts):
    """The body of each slide that sentences need."""
    if not texts:
        return []
    count = max(1, _fitting(texts, PROSE))
    return [_sentences("\n\n".join(texts[:count])), *_text_bodies(texts[count:])]


def _text_slides(bodies, title, place, notes):
    titles = [title, *[f"{title} (continued)"] * (len(bodies) - 1)]
    return [
        Slide("words", "", place, heading, "", body, notes)
        for heading, body in zip(titles, bodies, strict=False)
    ]


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
    return Template(read_asset("deck/deck.html")).substitute(
        title=html.escape(title),
        reveal_css=read_asset("reveal/dist/reveal.css"),
        reveal_js=read_asset("reveal/dist/reveal.js"),
        notes_js=read_asset("reveal/plugin/notes.js"),
        deck_css=read_asset("deck/deck.css"),
        slides="\n".join(map(_render, slides)),
    )


def read_asset(name):
    """The text of a file of ``assets``: a template, a style sheet or a script."""
    return (Path(__file__).parent / "assets" / name).read_text(encoding="utf-8")


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
