"""The answer to a clip as HTML: its face, voice and words, and what the answer rests on."""

import base64
import html
import io
import re

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.data.face_images import read_face
from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import plots
from mmage_utils.display.answer_text import confidence_sentence, map_sentence, words_sentence
from mmage_utils.features.voices import acoustic
from mmage_utils.fusion.answer_reasons import WORD, face_map, telling_words
from mmage_utils.predictions import MODALITIES, P_COLUMNS

MOST = 200  # clips with figures; more would make a page that no browser opens gladly
EXPLAINED = 20  # clips of which it is asked what the answer rests on; each takes a second or two
TOLD = 6  # words that are named
LEAST = 0.005  # of a probability that falls without a word: less tells nothing
FACE_SIDE = 224
NO_FORMULAS = "tex2jax_ignore mathjax_ignore"  # words between dollars are words
STYLE = """
.mmage-answer { border-top: 1px solid #bbb; padding: 1rem 0; overflow-wrap: anywhere; }
.mmage-answer h2 { font-size: 1.1rem; margin: 0 0 0.5rem; }
.mmage-answer img { max-width: 100%; }
.mmage-answer img.face { width: 8rem; float: right; margin-left: 1rem; }
.mmage-answer .answer { font-size: 1.3rem; }
.mmage-answer blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid #bbb; }
.mmage-answer mark { background: #ffd9a0; color: inherit; }
.warning { color: #b00020; font-weight: bold; }
"""


def answer_cards(clips, answers, bundle):
    """An article for each clip: answer, bars of every model, face, voice, words, and reasons.

    Parameters
    ----------
    clips : pandas.DataFrame
        `new_clips.read_new_clips`, whose files are still there.
    answers : pandas.DataFrame
        `answers.answer_clips`, in the same order.
    bundle : bundle.Bundle
        That gave the answers.

    Returns
    -------
    str
        HTML of the first `MOST` clips, of which the first `EXPLAINED` say what they rest on; a
        sentence counts the others.
    """
    plots.use_style()
    pairs = list(zip(clips.to_dict("records"), answers.to_dict("records"), strict=True))
    cards = [_card(*pair, bundle, n < EXPLAINED) for n, pair in enumerate(pairs[:MOST])]
    if len(pairs) > EXPLAINED:
        cards.append(f"<p>Only the first {EXPLAINED} clips say what their answer rests on.</p>")
    if len(pairs) > MOST:
        cards.append(f"<p>{len(pairs) - MOST:,} more clips are not shown.</p>")
    return "\n".join(cards)


def _card(clip, row, bundle, explained):
    name = _escaped(row["VideoName"])
    begin = f'<article class="mmage-answer {NO_FORMULAS}">'
    if not row["modalities"]:
        reason = _escaped(row["reason"])
        return f"{begin}<h2>{name}</h2><p>It cannot be read: {reason}.</p></article>"
    likely = AGE_GROUPS[int(row["prediction"])]
    answer = f"No answer: {row['reason']}. Most likely {likely}." if row["reason"] else likely
    lines = [
        f'<p class="answer">{_escaped(answer)}</p>',
        f"<p>{_escaped(bundle.facts['meaning'].capitalize())}. Set: {_escaped(row['set'])}; "
        f"from {_escaped(row['modalities'])}. "
        f"{_escaped(confidence_sentence(row, bundle.facts))}</p>",
    ]
    if row["notes"]:
        lines.append(f"<p>{_escaped(row['notes'])}</p>")
    lines.append(_picture(_probabilities(row), "probabilities of the age groups by each model"))
    if clip["image"] and explained:
        lines += _map(clip["image"], row, bundle)
    if clip["audio"]:
        lines.append(_picture(_voice(clip["audio"]), "waveform and fundamental frequency"))
    if clip["text"]:
        lines += _words(clip["text"], row, bundle, explained)
    face = _face(clip["image"]) if clip["image"] else ""
    return "\n".join([f"{begin}{face}<h2>{name}</h2>", *lines, "</article>"])


def _escaped(text):
    """A text of the data as HTML, whatever its name or bytes were."""
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"))


def _probabilities(row):
    known = {
        name: np.array([row[f"{name}_{column}"] for column in P_COLUMNS], float)
        for name in MODALITIES
        if name in row["modalities"].split(" + ")
    }
    return plots.plot_probabilities(known | {"fusion": np.array([row[c] for c in P_COLUMNS])})


def _voice(path):
    samples = acoustic.load_voice(path)
    return plots.plot_voice(samples, *acoustic.track_f0(samples))


def _map(path, row, bundle):
    group = int(row["prediction"])
    face, falls = face_map(bundle, path, group)
    picture = _picture(plots.plot_face_map(face, falls), "the face, and what of it the answer uses")
    return [picture, f"<p>{_escaped(map_sentence(falls, group))}</p>"]


def _words(text, row, bundle, explained):
    """The words as a quotation, in which those that tell are marked, and a sentence on them."""
    if not explained:
        return [f"<blockquote>{_escaped(text)}</blockquote>"]
    group = int(row["prediction"])
    table = telling_words(bundle, text, group)
    told = table[table["fall"] >= LEAST].head(TOLD)
    quoted = f"<blockquote>{_marked(text, set(told['word'].str.lower()))}</blockquote>"
    return [quoted, f"<p>{_escaped(words_sentence(told, group))}</p>"]


def _marked(text, words):
    """A text as HTML in which some words, in small letters, are marked."""
    parts, end = [], 0
    for match in re.finditer(WORD, text):
        if match[0].lower() in words:
            parts += [_escaped(text[end : match.start()]), f"<mark>{_escaped(match[0])}</mark>"]
            end = match.end()
    return "".join([*parts, _escaped(text[end:])])


def _picture(axes, alt):
    figure, stream = np.ravel(axes)[0].get_figure(), io.BytesIO()
    figure.savefig(stream, format="png", dpi=96, metadata={"Software": None})
    plt.close(figure)
    return f'<img src="{_data(stream.getvalue(), "png")}" alt="{alt}">'


def _face(path):
    """The face as every reader of the project sees it, so that no odd file is passed on."""
    from PIL import Image

    stream = io.BytesIO()
    image = read_face(path, FACE_SIDE)[0].transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(image)).save(stream, format="JPEG", quality=90)
    return f'<img class="face" src="{_data(stream.getvalue(), "jpeg")}" alt="face">'


def _data(content, kind):
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
