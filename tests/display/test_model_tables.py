"""Tables of probabilities, of rules and of voice examples say what they are given."""

import pandas as pd
import pytest

from mmage_utils.display import model_tables, published, sentences, tables, voice_tables
from mmage_utils.models import training
from mmage_utils.scores import evaluation


def scored(ece, log_loss=1.0):
    """Scores of two models on test; the second's calibration error is given."""
    rows = [
        {"model": model, "metric": metric, "value": value, "low": value / 2, "high": 2 * value}
        for model, error in (("image, corrected", 0.1), ("audio, corrected", ece))
        for metric, value in (("ece", error), ("log_loss", log_loss), ("accuracy", 0.5))
    ]
    return pd.DataFrame(rows).assign(split="test", unit="clip", constant=0.3)


def test_held_out_table_marks_the_least_loss_of_each_subset():
    held_out = {"product": {"image": 0.8, "audio": 0.95}, "stacking": {"image": 0.81, "audio": 0.9}}
    shown = model_tables.held_out_table(held_out)
    assert shown.loc["image"].tolist() == ["0.800 *", "0.810"]
    assert shown.loc["audio"].tolist() == ["0.950", "0.900 *"]


def test_a_calibration_that_gets_worse_is_said():
    text = model_tables.calibration_sentence(scored(0.05), scored(0.08))
    assert "**gets worse** for audio, corrected from 5.0% to 8.0%" in text
    assert "**stays as it is** for image, corrected" in text
    assert "gets better" not in text


def test_probability_table_has_both_stages_and_the_constant():
    table = model_tables.probability_table(scored(0.05), scored(0.08))
    assert list(table.index) == ["image, corrected", "audio, corrected", "constant predictor"]
    assert table.loc["audio, corrected", "calibration error, after"] == "8.0% (4.0% to 16.0%)"
    assert table.loc["constant predictor", "log-loss (nats), before"] == "0.300"


def test_probability_table_takes_scores_with_the_prior(tabled):
    table = pd.concat([tabled([3, 4, 5] * 8, [4] * 24, split=x) for x in ("train", "test")])
    prior = evaluation.train_prior(table)
    scores = evaluation.score_models({"image": table}, majority=4, prior=prior)
    shown = model_tables.probability_table(scores, scores)
    assert (
        shown.loc["image", "log-loss (nats), before"]
        == shown.loc["image", "log-loss (nats), after"]
    )


def test_kappa_and_error_in_groups_are_no_percentages(tabled):
    scores = evaluation.score_models({"image": tabled([3, 4, 5, 5] * 6, [4] * 24)}, majority=4)
    shown = tables.metric_table(scores)
    assert {"kappa", "error (groups)", "within one"} <= set(shown.columns)
    assert "%" not in shown.loc["image", "kappa"] + shown.loc["image", "error (groups)"]
    assert shown.loc["image", "error (groups)"].startswith("0.75 ")


def test_batches_are_named_as_what_they_are_here():
    history = pd.DataFrame({"epoch": [1, 2, 3]})
    fits = {"large": training.Fit(None, history, 2, 60.0)}
    row = {"model": "large", "split": "test", "unit": "clip", "metric": "accuracy"}
    row |= {"value": 0.5, "low": 0.4, "high": 0.6, "constant": 0.45, "clips": 1975, "users": 612}
    scores = pd.DataFrame([row])
    shown = tables.training_table(fits, scores, batches={"large": (256, 32)})["large"]
    assert shown["batch size"] == "the report's 256, here 32"
    assert shown["s an epoch"] == "20.0"
    assert shown["test accuracy of the constant predictor"] == "45.0%"
    assert shown["test clips, users"] == "1,975, 612"
    assert "batch size" not in tables.training_table(fits, scores).index
    table = pd.DataFrame({"x": [1, 2]}, index=["epochs until stop, batch 256", "age bias"])
    assert tables.name_batches(table, {256: 32}).index.tolist() == [
        "epochs until stop, the report's batch 256, here 32",
        "age bias",
    ]


@pytest.fixture
def voices():
    """Features of the five clips: the published ones double those of the recipe fast."""
    features = {feature for _, feature in published.VOICES}
    fast = dict.fromkeys(features, 2.0)
    recipes = {"fast": fast, "published": {name: 2 * value for name, value in fast.items()}}
    return {group: recipes for group, _ in published.VOICES}


def test_voice_examples_stand_beside_the_reports_with_their_onsets(voices):
    table = voice_tables.example_table(voices)
    assert len(table) == len(published.VOICES) + 2
    onsets = table.loc["46-60: onsets in 15.302 s"]
    assert onsets["the report's clip"] == "49"
    assert onsets["here, published recipe"] == "61"
    assert table.loc["61+: f0 p95 (Hz)", "the report's clip"] == "233.51"
    assert table.loc["61+: f0 p95 (Hz)", "here, recipe fast"] == "2.00"


def test_frames_that_no_voice_has_are_said(voices):
    above = {group: {"published": 0.0, "fast": 0.0} for group in ("7-13", "25-32", "61+")}
    assert "no such frames" in voice_tables.example_sentence(voices, above)
    above["61+"]["published"] = 0.2
    text = voice_tables.example_sentence(voices, above)
    assert "our clip of 61+, 20.0%" in text
    assert "3,994 Hz" in text


def test_few_users_have_wide_intervals():
    text = sentences.few_users_sentence(pd.Series({"7-13": 2, "61+": 4}))
    assert "1.3% to 98.7%" in text
    assert "2 people (7-13) and 4 people (61+)" in text


def test_the_dial_says_that_its_numbers_are_of_test():
    row = {"model": "best accuracy on valid, tau -1", "split": "test", "unit": "clip"}
    metrics = ("accuracy", "balanced_accuracy")
    scores = pd.DataFrame([row | {"metric": metric, "value": 0.5} for metric in metrics])
    start = "on test best accuracy on valid 50.0% / 50.0% balanced"
    assert sentences.dial_words(scores).startswith(start)
