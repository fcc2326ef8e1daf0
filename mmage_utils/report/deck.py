"""Slides from the sections of notebooks: one claim and one figure or table each, in one file."""

import html
import re
from bisect import bisect_right
from itertools import accumulate
from string import Template
from typing import NamedTuple

from mmage_utils.report.asset_files import read_asset
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

CLAIM = 300  # characters beside a figure; longer text gets a slide of its own
PROSE = 850  # characters of a slide of text
TABLE_ROWS = 14
TEXT_LINES = 24
TALL = 1.25  # width by height below which a figure is placed beside its words


class Slide(NamedTuple):
    """One slide: ``kind`` is its layout; ``claim``, ``body`` and ``notes`` are HTML.

    ``kicker`` is the small line above the title that names the place in the report.
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
        Description of the data, for the first slide.

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
    summary = [deck for page, deck in zip(pages, decks, strict=True) if "summary" in page.name]
    figure = next((x for deck in summary for x in deck if x.kind.startswith("figure")), None)
    if figure:
        slides.remove(figure)
        slides.append(figure._replace(kind="figure closing", claim=""))
    return slides


def notebook_slides(page):
    """The slides of one notebook, a divider first, as a list of `Slide`."""
    first = page.sections[0]
    task, _, title = first.title.rpartition(". ")
    kicker = task if re.fullmatch(r"Task \w+", task) else ""
    title = title if kicker else first.title or page.name
    lead = next((group.intro for group in group_items(first)), "")
    divider = Slide("divider", "", kicker, title, body=render_markdown(lead))
    slides = [divider]
    for section in page.sections:
        heading = title if section is first else section.title
        for group in group_items(section):
            if section is not first or group.visual or group.words:  # the divider has the rest
                slides += _group_slides(group, heading, place_of(divider))
    key = f"s{page.name[:2]}"
    return [slide._replace(key=f"{key}-{n}" if n else key) for n, slide in enumerate(slides)]


def place_of(divider):
    """The place in the report that the slides after a divider name."""
    return ". ".join(filter(None, (divider.kicker, divider.title)))


def _group_slides(group, title, place):
    """The slides of a figure and the words about it, or of words alone."""
    texts = list(filter(None, [group.intro, *group.words]))
    notes = render_markdown("\n\n".join(texts))
    sound = "".join(f'<div class="sound">{item.content}</div>' for item in group.sounds)
    if group.visual is None:
        return _text_slides(texts, title, place, notes, sound)
    claim, rest = _claim(group)
    bodies = _visual_bodies(group, title)
    width, height = group.visual.size
    kind = "figure tall" if height and width < TALL * height else group.visual.kind
    count = f" ({{}} of {len(bodies)})" if len(bodies) > 1 else ""
    slides = [
        Slide(kind, "", place, title + count.format(number), claim, body + sound, notes)
        for number, body in enumerate(bodies, start=1)
    ]
    return slides + _text_slides(rest, title, place, notes)


def _claim(group):
    """The sentences that fit beside a figure, as HTML, and those that do not."""
    count = _fitting(group.words, CLAIM)
    claim, rest = group.words[:count], group.words[count:]
    if not claim and group.intro:
        sentences = re.split(r"(?<=[.:?!])\s+", group.intro)
        claim = sentences[: max(1, _fitting(sentences, CLAIM))]
    return _sentences(" ".join(claim)), rest


def _fitting(texts, most):
    """How many of the first texts have at most so many characters together."""
    return bisect_right(list(accumulate(len(plain_text(text)) for text in texts)), most)


def _sentences(markdown):
    """Markdown as HTML in which an age range is not broken between lines."""
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


def _text_slides(texts, title, place, notes, sound=""):
    """The slides that sentences need, the first with the sound."""
    slides = []
    while texts or sound:
        count = max(1, _fitting(texts, PROSE))
        body = _sentences("\n\n".join(texts[:count])) + sound
        heading = f"{title} (continued)" if slides else title
        slides.append(Slide("words", "", place, heading, "", body, notes))
        texts, sound = texts[count:], ""
    return slides


def render_deck(slides, *, title=TITLE):
    """The slides as one page of HTML that loads nothing; `title` is that of the window."""
    return Template(read_asset("deck/deck.html")).substitute(
        title=html.escape(title),
        reveal_css=read_asset("reveal/dist/reveal.css"),
        reveal_js=read_asset("reveal/dist/reveal.js"),
        notes_js=read_asset("reveal/plugin/notes.js"),
        deck_css=read_asset("deck/deck.css"),
        slides="\n".join(map(_render, slides)),
    )


def _render(slide):
    level = "h1" if slide.kind in ("title", "divider") else "h2"
    kicker = f'<p class="kicker">{html.escape(slide.kicker)}</p>' if slide.kicker else ""
    claim = f'<div class="claim">{slide.claim}</div>' if slide.claim else ""
    notes = f'<aside class="notes">{slide.notes}</aside>' if slide.notes else ""
    # reveal.js chooses the colour of its controls by the background of a slide.
    dark = ' class="divider" data-background-color="#0b4f8a"' if slide.kind == "divider" else ""
    return (
        f'<section id="{slide.key}"{dark}><div class="page {slide.kind}">'
        f"{kicker}<{level}>{html.escape(slide.title)}</{level}>{claim}"
        f'<div class="visual">{slide.body}</div></div>{notes}</section>'
    )
