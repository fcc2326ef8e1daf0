"""One clip at a time: its face, voice and words, and what each model answers."""

import base64
import html
from typing import NamedTuple

import pandas as pd

from mmage_utils.data.clips import MEDIA
from mmage_utils.data.face_images import open_face
from mmage_utils.data.labels import AGE_GROUPS, ETHNICITIES, GENDERS, SPLITS
from mmage_utils.data.recordings import open_recording
from mmage_utils.data.transcripts import read_transcript
from mmage_utils.display.plots.style import MODEL_COLOURS
from mmage_utils.errors import DataError
from mmage_utils.predictions import MODALITIES, P_COLUMNS, prediction_path, read_predictions

# The models of each modality, the best first, and the notebook that makes them.
PREFERRED = {
    "image": (
        (
            "image, corrected, prior put back",
            "image, corrected",
            "image, published strategy",
            "image, published baseline",
        ),
        "02_image_classifier",
    ),
    "audio": (("audio, corrected", "audio, published"), "07_multimodal_fusion"),
    "text": (("text, corrected", "text, published"), "07_multimodal_fusion"),
    "fusion": (("fusion, corrected", "fusion, published sum"), "07_multimodal_fusion"),
}
MOST_SHOWN = 50_000_000  # bytes of a medium; a browser is slow with more
NO_FORMULAS = "tex2jax_ignore mathjax_ignore"  # words between dollars are words
AGREEMENTS = ("all", "the three agree", "two of three agree", "all three differ")
# The options of each keyword of `select`: label to value.
CHOICES = {
    "split": {name: name for name in ("all", *SPLITS)},
    "age_group": {"all": "all"} | {name: code for code, name in AGE_GROUPS.items()},
    "answer": {name: name for name in ("all", "right", "wrong")},
    "agreement": {name: name for name in AGREEMENTS},
}


class Model(NamedTuple):
    """A model's name, and its ``prediction`` and p1..p7, indexed by VideoName."""

    name: str
    answers: pd.DataFrame


def read_models(run):
    """Read a run's predictions of each modality and of their fusion.

    Returns
    -------
    models : dict of str to Model
        By modality or ``fusion``.
    missing : dict of str to str
        What to run for those without predictions.
    """
    models, missing = {}, {}
    for modality, (names, notebook) in PREFERRED.items():
        paths = {name: prediction_path(run, name) for name in names}
        name = next((name for name, path in paths.items() if path.is_file()), None)
        if name is None:
            missing[modality] = f"no predictions: run notebooks/{notebook}.ipynb first"
        else:
            table = read_predictions(run, name, notebook).drop_duplicates("VideoName")
            models[modality] = Model(name, table.set_index("VideoName"))
    return models, missing


def join_answers(clips, models):
    """Add the answers of all models to the clips that have a face, a voice or words.

    Returns
    -------
    pandas.DataFrame
        Indexed by VideoName: the columns of `clips`, ``says <modality>`` (age group, or NaN),
        ``answer`` (``right``, ``wrong`` or empty, of the fusion, else of the first model read)
        and ``different`` (number of different answers of the three modalities; NaN unless all
        answer).
    """
    with_media = clips[list(MEDIA)].notna().any(axis=1)
    table = clips[with_media].set_index("VideoName")
    for modality in PREFERRED:
        answers = models[modality].answers["prediction"] if modality in models else float("nan")
        table[f"says {modality}"] = answers
    first = next((name for name in ("fusion", *MODALITIES) if name in models), "fusion")
    answers = table[f"says {first}"]
    right = (answers == table["AgeGroup"]).map({True: "right", False: "wrong"})
    table["answer"] = right.where(answers.notna(), "")
    three = table[[f"says {modality}" for modality in MODALITIES]]
    table["different"] = three.nunique(axis=1).where(three.notna().all(axis=1))
    return table


def select(table, *, split="all", age_group="all", answer="all", agreement="all", text=""):
    """Names of the clips that fit all choices, in the order of the lists.

    Parameters
    ----------
    table : pandas.DataFrame
        `join_answers`.
    split, age_group, answer, agreement : str or int
        A value of `CHOICES`.
    text : str
        A part of the clip's name, which begins with the user's.
    """
    keep = table.index.str.contains(text, case=False, regex=False)
    for column, value in (("split", split), ("AgeGroup", age_group), ("answer", answer)):
        if value != "all":
            keep &= table[column] == value
    if agreement != "all":
        keep &= table["different"] == AGREEMENTS.index(agreement)
    return list(table.index[keep])


def label(name, row):
    """A clip in a list: name, age group and, where known, whether the answer is right."""
    mark = {"right": " ✓", "wrong": " ✗"}.get(row["answer"], "")
    return f"{name.removesuffix('.mp4')}  {AGE_GROUPS[row['AgeGroup']]}{mark}"


def _element(markup, path, open_medium, kind):
    """An element with the bytes of a file as its source, or why the file cannot be opened."""
    try:
        with open_medium(path) as stream:
            data = base64.b64encode(stream.read(MOST_SHOWN)).decode()
    except DataError as error:
        return f"<p>{html.escape(str(error))}</p>"
    return f'<{markup} src="data:{kind};base64,{data}">'


def show_face(name, row, width=224):
    """The face of a clip as HTML, or what is missing."""
    if pd.isna(row["image"]):
        return f"<p>{html.escape(name)} has no face.</p>"
    alt = html.escape(f"Face of {name}, perceived as {AGE_GROUPS[row['AgeGroup']]}", quote=True)
    markup = f'img width="{width}" alt="{alt}"'
    return _element(markup, row["image"], open_face, "image/jpeg")


def show_voice(name, row):
    """A player of a clip's voice as HTML."""
    if pd.isna(row["audio"]):
        return "<p>No recording.</p>"
    label = html.escape(f"Voice of {name}", quote=True)
    markup = f'audio controls aria-label="{label}"'
    return _element(markup, row["audio"], open_recording, "audio/wav")


def show_words(row):
    """The transcript of a clip as HTML, its own markup escaped."""
    if pd.isna(row["transcript"]):
        return "<p>No transcript.</p>"
    try:
        text = read_transcript(row["transcript"])
    except DataError as error:
        return f"<p>{html.escape(str(error))}</p>"
    return f'<p class="mmage-words {NO_FORMULAS}">“{html.escape(text)}”</p>'


def show_facts(name, row):
    """The labels of a clip as HTML."""
    return (
        f'<p class="{NO_FORMULAS}"><b>{html.escape(name)}</b>, '
        f"{row['split']} split. Annotators perceived: "
        f"<b>{AGE_GROUPS[row['AgeGroup']]}</b>, {GENDERS[row['Gender']]}, "
        f"{ETHNICITIES[row['Ethnicity']]}.</p>"
    )


def show_bars(name, truth, models, missing):
    """The probabilities of each model as a table of bars and numbers, as HTML.

    Parameters
    ----------
    name : str
        VideoName.
    truth : int
        Age group 1..7.
    models, missing
        `read_models`.
    """
    heads, columns, remarks = [], [], []
    for modality in PREFERRED:
        if modality in models and name in models[modality].answers.index:
            model, answers = models[modality]
            row = answers.loc[name]
            cells = [
                _bar(row[column], MODEL_COLOURS[modality], group == int(row["prediction"]))
                for group, column in enumerate(P_COLUMNS, start=1)
            ]
        else:
            reason = missing.get(modality, "no prediction for this clip")
            remarks.append(f"<p>{modality}: {html.escape(reason)}.</p>")
            model, cells = "missing", ["<td>–</td>"] * len(AGE_GROUPS)
        heads.append(f'<th scope="col">{modality}<br><small>{html.escape(model)}</small></th>')
        columns.append(cells)
    rows = [
        f'<tr><th scope="row">{AGE_GROUPS[group]}{" ◀ perceived" if group == truth else ""}</th>'
        f"{''.join(cells)}</tr>"
        for group, cells in zip(AGE_GROUPS, zip(*columns, strict=True), strict=True)
    ]
    return (
        f'<table class="mmage-bars"><caption>Probability of each age group; the answer is bold'
        f'</caption><thead><tr><th scope="col">age group</th>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{''.join(remarks)}"
    )


def _bar(share, colour, chosen):
    number = f"<b>{share:.0%}</b>" if chosen else f"{share:.0%}"
    bar = f'<i style="width:{80 * share:.1f}px;background:{colour}" aria-hidden="true"></i>'
    return f"<td>{bar}{number}</td>"
