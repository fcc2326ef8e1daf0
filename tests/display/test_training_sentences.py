"""What is said of trainings, of points chosen on valid, and below figures."""

import pandas as pd
import pytest

from mmage_utils.display import settings, training_sentences
from mmage_utils.models.training import Fit

GAP = {"value": 0.05, "low": 0.01, "high": 0.09}


def test_a_figure_says_model_split_clips_and_users(tabled):
    table = tabled([4, 4, 5], [4, 5, 5], users=["a", "a", "b"])
    assert training_sentences.about(table) == "test: 3 clips of 2 users"
    assert training_sentences.about(table, "image").startswith("image; test: 3 clips")


@pytest.mark.parametrize(
    ("trainings", "text"),
    [(1, "one training each, the interval covers users only."), (3, "users and trainings.")],
)
def test_an_interval_says_what_it_covers(trainings, text):
    said = training_sentences.trained_sentence("a", "b", GAP, trainings=trainings)
    assert said.startswith("A is better than b: +5.0 points (+1.0 to +9.0); ")
    assert said.endswith(text)


def test_epochs_offered_are_said_to_be_the_same_only_if_they_are():
    history = pd.DataFrame({"epoch": [1, 2]})
    fits = {name: Fit(None, history, 2, 1.0) for name in "ab"}
    same = training_sentences.epochs_sentence(fits, {"a": 6, "b": 6})
    assert "same number of epochs" in same
    assert "a: 6 offered, 2 used, number 2 kept" in same
    assert "same" not in training_sentences.epochs_sentence(fits, {"a": 6, "b": 9})


def test_committed_trainings_are_shown_or_said_to_be_missing():
    missing = training_sentences.seeds_sentence(None, "a", "b")
    assert "no results of several trainings" in missing
    gap = GAP | {"metric": "accuracy", "mean": 0.61, "mean_other": 0.56}
    text = training_sentences.seeds_sentence({"gaps": [gap], "trainings": 5}, "a", "b")
    assert "5 times" in text
    assert "accuracy 61.0% against 56.0%, +5.0 points (+1.0 to +9.0)" in text


def scored(**values):
    rows = [
        {"model": model, "split": "test", "unit": "clip", "metric": metric, "value": value}
        for model, both in values.items()
        for metric, value in zip(("accuracy", "balanced_accuracy"), both, strict=True)
    ]
    return pd.DataFrame(rows)


def test_the_dial_says_where_the_point_of_valid_loses_on_test():
    names = [f"m: best {aim} on valid, tau +0.1" for aim in ("accuracy", "balanced accuracy")]
    points = scored(**dict(zip(names, [(0.58, 0.3), (0.5, 0.45)], strict=True)))
    text = training_sentences.dial_sentence(points, scored(m=(0.6, 0.4)), "m")
    assert "best accuracy on valid loses 2.0 points of accuracy" in text
    assert "best balanced accuracy on valid gains 5.0 points of balanced accuracy" in text


def test_learning_is_read_from_half_to_all():
    rows = [
        {"model": "text", "metric": "log_loss", "split": "valid", "share": share, "users": users}
        | {"value": value, "constant": 1.2}
        for share, users, value in ((0.5, 100, 1.1), (1.0, 200, 0.9))
    ]
    text = training_sentences.learning_sentence(pd.DataFrame(rows))
    assert "100 train users become 200" in text
    assert "text, from 1.100 to 0.900 nats (1.200 without features)" in text


def test_settings_name_every_departure():
    values = {name: report for _, report, name in settings.SETTINGS["b"]}
    same = settings.settings_table("b", values, settings.TRAIN_CLIPS)
    assert (same["departs"] == "").all()
    other = settings.settings_table("b", values | {"FACE_SIZE": 80}, 720)
    assert other.index[other["departs"] == "yes"].tolist() == [
        "clips to train on",
        "size of a face (pixels)",
    ]
    assert other.loc["learning rate", "report"] == "1e-06"


@pytest.mark.parametrize("task", ["b", "c", "g"])
def test_every_setting_is_a_parameter_of_its_notebook(task):
    from mmage_utils.files import ROOT
    from mmage_utils.report.parameters import declared_parameters

    name = {"b": "02_image_classifier", "c": "03_train_strategy", "g": "07_multimodal_fusion"}
    declared = declared_parameters(ROOT / "notebooks" / f"{name[task]}.ipynb")
    assert {parameter for _, _, parameter in settings.SETTINGS[task]} <= set(declared)
