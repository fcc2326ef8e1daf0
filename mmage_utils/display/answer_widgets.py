"""A button that takes videos from a browser, and what a run's models answer for them."""

from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import ipywidgets as widgets

from mmage_utils.data.new_clips import find_new_clips
from mmage_utils.data.video_files import clip_name
from mmage_utils.data.video_words import CAPTIONS
from mmage_utils.data.videos import SUFFIXES
from mmage_utils.display.answer_cards import STYLE, answer_cards
from mmage_utils.display.answer_text import answers_sentence
from mmage_utils.display.model_card import drawn_sentence
from mmage_utils.errors import DataError, UsageError
from mmage_utils.fusion.answers import answer_found


def upload_button(bundle):
    """A button for videos and the texts beside them, and below it the answers to the last upload.

    Nothing that is uploaded is kept.

    Parameters
    ----------
    bundle : bundle.Bundle

    Returns
    -------
    ipywidgets.VBox
    """
    accept = ",".join([*SUFFIXES, *CAPTIONS])
    wide = widgets.Layout(width="300px")
    button = widgets.FileUpload(
        accept=accept, multiple=True, description="choose videos", layout=wide
    )
    shown = widgets.HTML()

    def answer(change):
        if not change["new"]:
            return
        names = ", ".join(file["name"] for file in change["new"])
        shown.value = f"<p>Reading {escape(names)} …</p>"
        button.disabled = True
        try:
            shown.value = answer_uploaded(bundle, change["new"])
        finally:
            button.disabled = False
            button.value = ()  # so that the same file can be chosen again

    button.observe(answer, "value")
    return widgets.VBox([button, shown])


def answer_uploaded(bundle, files):
    """Answers to uploaded files as HTML, or why there is none.

    Parameters
    ----------
    bundle : bundle.Bundle
    files : iterable of dict
        name and content (bytes-like) of each, as ``ipywidgets.FileUpload.value``.
    """
    with TemporaryDirectory() as folder:
        videos, work = Path(folder, "videos"), Path(folder, "read")
        videos.mkdir()
        work.mkdir()
        try:
            for file in files:
                name = file["name"]
                clip_name(name[:-4] if name.lower().endswith(CAPTIONS) else name)  # no path
                (videos / name).write_bytes(file["content"])
            found = find_new_clips([videos])
            read, answers = answer_found(bundle, found, work)
        except UsageError:  # which names our folder
            kinds = ", ".join(SUFFIXES)
            return f"<p>None of the files is a video ({kinds}): choose one.</p>"
        except DataError as error:
            return f"<p>{escape(str(error))}</p>"
        return show_answers(read, answers, bundle)


def show_answers(clips, answers, bundle):
    """The answers to clips as HTML: what they mean, and a card of each (`answer_cards`)."""
    warning = escape(drawn_sentence(bundle.facts))
    warning = f'<p class="warning">{warning}</p>' if warning else ""
    summary = f"<p>{escape(answers_sentence(answers, bundle.facts))}</p>"
    cards = answer_cards(clips, answers, bundle)
    return "\n".join([f"<style>{STYLE}</style>", summary, warning, cards])
