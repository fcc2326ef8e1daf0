"""The explorer: which clips are found, and what is shown of one."""

import pickle

import numpy as np
import pandas as pd
import pytest

from mmage_utils.data.clips import MEDIA
from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import explorer
from mmage_utils.display.explorer_widgets import LISTED, explore
from mmage_utils.predictions import tabulate, write_predictions


@pytest.fixture
def predicted(run, clips, rng):
    """A run in which four models answer for every clip with media."""
    there = clips[clips["image"].notna()]
    for model in (
        "image, published baseline",
        "audio, published",
        "text, published",
        "fusion, published sum",
    ):
        write_predictions(run, model, tabulate(there, rng.dirichlet(np.ones(7), len(there))))
    return run


@pytest.fixture
def answers(predicted, clips):
    models, missing = explorer.read_models(predicted)
    assert missing == {}
    return explorer.join_answers(clips, models)


def test_the_best_model_there_is_is_taken(predicted, clips):
    there = clips[clips["image"].notna()]
    write_predictions(
        predicted, "image, published strategy", tabulate(there, np.eye(7)[[3] * len(there)])
    )
    models, _ = explorer.read_models(predicted)
    assert models["image"].name == "image, published strategy"
    assert (models["image"].answers["prediction"] == 4).all()
    assert models["fusion"].name == "fusion, published sum"


def test_missing_predictions_name_the_notebook_to_run(run, clips):
    models, missing = explorer.read_models(run)
    assert models == {}
    assert "02_image_classifier" in missing["image"]
    table = explorer.join_answers(clips, models)
    name = table.index[0]
    assert (table["answer"] == "").all()
    shown = explorer.show_bars(name, 4, models, missing)
    assert shown.count("run notebooks/") == 4


def test_choices_find_the_clips_that_fit(answers):
    every = explorer.select(answers)
    assert every == list(answers.index)
    for split in ("train", "valid", "test"):
        found = answers.loc[explorer.select(answers, split=split, age_group=4)]
        assert (found["split"] == split).all()
        assert (found["AgeGroup"] == 4).all()
    right = explorer.select(answers, answer="right")
    wrong = explorer.select(answers, answer="wrong")
    assert sorted([*right, *wrong]) == sorted(every)
    assert (answers.loc[right, "says fusion"] == answers.loc[right, "AgeGroup"]).all()
    three = answers[["says image", "says audio", "says text"]]
    for number, agreement in enumerate(explorer.AGREEMENTS[1:], start=1):
        found = explorer.select(answers, agreement=agreement)
        assert (three.loc[found].nunique(axis=1) == number).all()
    user = answers["UserID"].iloc[0]
    assert set(answers.loc[explorer.select(answers, text=user), "UserID"]) == {user}
    assert explorer.select(answers, text="(") == []


def test_every_option_is_understood(answers):
    for key, options in explorer.CHOICES.items():
        found = [explorer.select(answers, **{key: value}) for value in options.values()]
        assert len(found[0]) == len(answers)
        assert sum(map(len, found[1:])) == len(answers)


def test_a_transcript_cannot_bring_its_own_markup(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps("<img src=x onerror=alert(1)> & more"))
    shown = explorer.show_words({"transcript": str(path)})
    assert "<img" not in shown
    assert "&lt;img" in shown
    path.write_bytes(b"no pickle")
    assert "is not a pickled str" in explorer.show_words({"transcript": str(path)})


def test_what_a_clip_lacks_is_said():
    row = pd.Series({"image": None, "audio": float("nan"), "transcript": None, "AgeGroup": 4})
    assert "has no face" in explorer.show_face("x.mp4", row)
    assert "No recording" in explorer.show_voice("x.mp4", row)
    assert "No transcript" in explorer.show_words(row)


def test_bars_hold_the_numbers_as_text(predicted, answers):
    models, missing = explorer.read_models(predicted)
    name = answers.index[0]
    shown = explorer.show_bars(name, int(answers["AgeGroup"].iloc[0]), models, missing)
    assert shown.count("<td>") == 28
    assert shown.count("<b>") == 4
    assert shown.count("perceived") == 1
    assert f"{models['text'].answers.loc[name, 'p3']:.0%}" in shown


def test_ten_thousand_clips_are_listed_in_parts(run, clips):
    """No list is longer than a browser can bear, and all clips can be reached."""
    many = clips.copy()
    for medium in MEDIA:
        known = clips[medium].dropna().iloc[0]
        many[medium] = many[medium].fillna(known)
    box = explore(run, many)
    left = box.children[1].children[0].children
    listed = next(widget for widget in left if widget.description == "clips")
    back, on = next(widget for widget in left if hasattr(widget, "children")).children
    assert len(listed.options) == LISTED
    first = listed.value
    on.click()
    assert listed.value == listed.options[1][1] != first
    back.click()
    back.click()
    assert listed.value == many["VideoName"].iloc[-1]
    assert len(listed.options) <= LISTED


def test_choices_list_and_clip_follow_each_other(predicted, clips):
    box = explore(predicted, clips)
    left, right = box.children[1].children
    by_name = {widget.description: widget for widget in left.children[:-2]}
    facts = right.children[0].children[1].children[0]
    listed, same_user = by_name["clips"], left.children[-1]
    by_name["age group"].value = 4
    assert f"<b>{AGE_GROUPS[4]}</b>" in facts.value
    assert listed.value == listed.options[0][1]
    listed.value = listed.options[-1][1]
    assert listed.value in facts.value
    several = clips[clips["image"].notna()].groupby("UserID").filter(lambda rows: len(rows) > 1)
    by_name["age group"].value = "all"
    by_name["name has"].value = several["UserID"].iloc[0]
    assert same_user.value == listed.value
    same_user.value = same_user.options[-1][1]
    assert same_user.value in facts.value
    assert listed.value == listed.options[0][1]  # the list stays where it was
    by_name["name has"].value = "no such clip"
    assert facts.value == "<p>No clip fits all choices.</p>"
    assert listed.options == same_user.options == ()
    left.children[-2].children[1].click()
    by_name["name has"].value = ""
    assert listed.value == listed.options[0][1]
    assert listed.value in facts.value
