"""Answers to new clips as lines of text, and as a table for a notebook."""

import pandas as pd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display.model_card import drawn_sentence
from mmage_utils.display.sentences import percent
from mmage_utils.fusion.answers import BETWEEN
from mmage_utils.fusion.trust import accuracy_at


def answer_line(row):
    """One clip of `answers.answer_clips` as a line: ``NAME.mp4: 25-32 (confidence 0.71, ...)``."""
    if not row["modalities"]:
        return f"{row['VideoName']}: cannot be read: {row['reason']}"
    likely = AGE_GROUPS[int(row["prediction"])]
    told = f"confidence {row['confidence']:.2f}, from {row['modalities']}, set {set_text(row)}"
    if row["reason"]:
        text = f"no answer, {row['reason']}; most likely {likely} ({told})"
    else:
        text = f"{likely} ({told})"
    notes = f"; {row['notes']}" if row["notes"] else ""
    return f"{row['VideoName']}: {text}{notes}"


def set_text(row):
    """The age groups of a clip's set with their probabilities: ``25-32 71%, 33-45 20%``."""
    if not row["modalities"]:
        return ""
    by_name = {name: row[f"p{group}"] for group, name in AGE_GROUPS.items()}
    return BETWEEN.join(f"{name} {percent(by_name[name], 0)}" for name in row["set"].split(BETWEEN))


def answers_sentence(answers, facts):
    """How many clips were answered, and what an answer means, in sentences."""
    lost = answers["modalities"].eq("")
    answered = answers["answer"].notna()
    counts = f"{len(answers):,} clip{'s' * (len(answers) != 1)}: {answered.sum():,} answered, "
    counts += f"{(~answered & ~lost).sum():,} not sure enough, {lost.sum():,} cannot be read."
    coverage = percent(facts["trust"]["coverage"], 0)
    meaning = (
        f"An answer is the {facts['meaning']}; the sets hold it for {coverage} of new speakers "
    )
    meaning += f"like those of the data ({facts['data']})."
    return f"{counts} {meaning}"


def answers_text(answers, facts):
    """All clips, one a line, and what they mean."""
    lines = [answer_line(row) for row in answers.to_dict("records")]
    meaning = [answers_sentence(answers, facts), drawn_sentence(facts)]
    return "\n".join([*lines, " ".join(filter(None, meaning))])


def answers_table(answers):
    """`answers.answer_clips` in words, one row a clip."""
    columns = ["answer", "prediction", "confidence", "set", "modalities", "reason", "notes"]
    told = answers.assign(set=[set_text(row) for row in answers.to_dict("records")])
    table = told.set_index("VideoName")[columns].astype(object)
    for column in ("answer", "prediction"):
        table[column] = table[column].map(AGE_GROUPS)
    table["confidence"] = table["confidence"].map("{:.2f}".format, na_action="ignore")
    names = {"prediction": "most likely", "modalities": "from"}
    return table.where(table.notna(), "").rename(columns=names).rename_axis("clip")


def confidence_sentence(row, facts):
    """How often clips of this confidence are right, with the interval; empty if it is unknown."""
    if not row["modalities"]:
        return ""
    known = accuracy_at(facts["trust"]["subsets"][row["modalities"]], row["confidence"])
    if known is None:
        return "No valid clip had a confidence like this."
    bounds = ""
    if not pd.isna(known["low"]):
        bounds = f" (95% interval {percent(known['low'], 0)} to {percent(known['high'], 0)})"
    return (
        f"Of the {int(known['clips'])} valid clips with a confidence of {known['from']:.1f} to "
        f"{known['to']:.1f}, {percent(known['accuracy'], 0)}{bounds} were answered right."
    )


def map_sentence(falls, group):
    """What a map of `answer_reasons.face_map` shows for an age group."""
    text = f"Covered patch by patch, orange places of the face speak for {AGE_GROUPS[group]}, "
    text += "purple ones against it. "
    if not falls.any():
        return f"Whatever is covered, the models of the face say the same of {AGE_GROUPS[group]}."
    most = falls.max()
    if most <= 0:
        return f"{text}No place speaks for it."
    return f"{text}Where the strongest is covered, the face tells of it {_points(most)} less."


def words_sentence(told, group):
    """The words that speak for an age group most: rows of `answer_reasons.telling_words`."""
    name = AGE_GROUPS[group]
    if told.empty:
        return f"No single word speaks for {name}: without any one of them as much is said of it."
    words = ", ".join(f"{row.word} ({_points(row.fall)})" for row in told.itertuples())
    return (
        f"The words that speak most for {name}, and how much less the model of the words gives it "
        f"without each: {words}."
    )


def _points(share):
    return f"{100 * share:.1f} points"


def answers_record(answers, facts):
    """What ``--json`` writes: what the numbers mean, where they come from, and every clip."""
    kept = ("meaning", "run", "data", "synthetic", "routes", "networks")
    record = {name: facts[name] for name in kept} | {"warning": drawn_sentence(facts)}
    record["coverage"] = facts["trust"]["coverage"]
    rows = answers.astype(object).where(answers.notna(), None)
    return record | {"clips": rows.to_dict("records")}
