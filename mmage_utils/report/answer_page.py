"""The answers to new clips as one page of HTML that loads nothing."""

import html
from string import Template

from mmage_utils.display.answer_cards import STYLE, answer_cards
from mmage_utils.display.answer_text import answers_sentence
from mmage_utils.display.model_card import drawn_sentence
from mmage_utils.report.asset_files import read_asset


def render_answers(clips, answers, bundle):
    """A page with face, voice, words and probabilities of each clip, and what its answer rests on.

    Parameters
    ----------
    clips, answers, bundle
        As `answer_cards.answer_cards`.

    Returns
    -------
    str
    """
    facts = bundle.facts
    warning = html.escape(drawn_sentence(facts))
    return Template(read_asset("answers.html")).substitute(
        title=html.escape(f"Answers of the models of the run {facts['run']}"),
        style=STYLE,
        warning=f'<p class="warning">{warning}</p>' if warning else "",
        summary=html.escape(answers_sentence(answers, facts)),
        clips=answer_cards(clips, answers, bundle),
    )
