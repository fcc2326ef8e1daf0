"""The answers to new clips as one page of HTML that loads nothing."""

import base64
import html
import io
from string import Template

import matplotlib.pyplot as plt
import numpy as np

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import plots
from mmage_utils.display.answer_text import answers_sentence, confidence_sentence
from mmage_utils.display.model_card import drawn_sentence
from mmage_utils.features.voices import acoustic
from mmage_utils.predictions import MODALITIES, P_COLUMNS
from mmage_utils.report.asset_files import read_asset

MOST = 200  # clips with figures; more would make a page that no browser opens gladly
FACE_SIDE = 224


def render_answers(clips, answers, facts):
    """A page with face, voice, words and probabilities of each clip.

    Parameters
    ----------
    clips : pandas.DataFrame
        `new_clips.read_new_clips`, whose files are still there.
    answers : pandas.DataFrame
        `answers.answer_clips`, in the same order.
    facts : dict
        Of the bundle.

    Returns
    -------
    str
        Of the first `MOST` clips; a sentence counts the others.
    """
    plots.use_style()
    pairs = list(zip(clips.to_dict("records"), answers.to_dict("records"), strict=True))
    articles = [_article(clip, row, facts) for clip, row in pairs[:MOST]]
    if len(pairs) > MOST:
        articles.append(f"<p>{len(pairs) - MOST:,} more clips are not shown.</p>")
    warning = html.escape(drawn_sentence(facts))
    return Template(read_asset("answers.html")).substitute(
        title=html.escape(f"Answers of the models of the run {facts['run']}"),
        warning=f'<p class="warning">{warning}</p>' if warning else "",
        summary=html.escape(answers_sentence(answers, facts)),
        clips="\n".join(articles),
    )


def _article(clip, row, facts):
    name = html.escape(_valid(row["VideoName"]))
    if not row["modalities"]:
        reason = html.escape(_valid(row["reason"]))
        return f"<article><h2>{name}</h2><p>It cannot be read: {reason}.</p></article>"
    likely = AGE_GROUPS[int(row["prediction"])]
    answer = f"No answer: {row['reason']}. Most likely {likely}." if row["reason"] else likely
    lines = [
        f'<p class="answer">{html.escape(answer)}</p>',
        f"<p>{html.escape(facts['meaning'].capitalize())}. Set: {html.escape(row['set'])}; "
        f"from {html.escape(row['modalities'])}. "
        f"{html.escape(confidence_sentence(row, facts))}</p>",
    ]
    if row["notes"]:
        lines.append(f"<p>{html.escape(_valid(row['notes']))}</p>")
    lines.append(_picture(_probabilities(row), "probabilities of the age groups by each model"))
    if clip["audio"]:
        lines.append(_picture(_voice(clip["audio"]), "waveform and fundamental frequency"))
    if clip["text"]:
        lines.append(f"<blockquote>{html.escape(_valid(clip['text']))}</blockquote>")
    face = _face(clip["image"]) if clip["image"] else ""
    return "\n".join([f"<article>{face}<h2>{name}</h2>", *lines, "</article>"])


def _valid(text):
    return text.encode("utf-8", "replace").decode("utf-8")


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


def _picture(axes, alt):
    figure, stream = axes[0].get_figure(), io.BytesIO()
    figure.savefig(stream, format="png", dpi=96, metadata={"Software": None})
    plt.close(figure)
    return f'<img src="{_data(stream.getvalue(), "png")}" alt="{alt}">'


def _face(path):
    """The face as every reader of the project sees it, so that no odd file is passed on."""
    from PIL import Image

    from mmage_utils.data.face_images import read_face

    stream = io.BytesIO()
    image = read_face(path, FACE_SIDE)[0].transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(image)).save(stream, format="JPEG", quality=90)
    return f'<img class="face" src="{_data(stream.getvalue(), "jpeg")}" alt="face">'


def _data(content, kind):
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
