"""Sentences, tables and players say what they are given."""

import numpy as np
import pandas as pd
import pytest
from helpers.crowds import USERS, draw_crowd

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import notebook, sentences, tables, training_sentences
from mmage_utils.models import training
from mmage_utils.scores.evaluation import score_models
from mmage_utils.scores.groups import accuracy_by, thin_groups


def rows(**columns):
    """Rows of a table of scores on test."""
    return pd.DataFrame({"split": "test", "unit": "clip", "metric": "accuracy"} | columns)


def test_our_values_of_task_b_are_those_of_the_models_that_stand_for_it():
    fits = {256: ("large", training.Fit(None, pd.DataFrame({"epoch": [1, 2]}), 1, 120.0))}
    scores = rows(model=["large", "corrected"], value=[0.5, 0.6])
    biases = pd.DataFrame({"attribute": ["AgeGroup", "average"], "value": [0.3, 0.1]})
    assert tables.baseline_here(fits, scores, biases) == {
        "test accuracy, batch 256": 0.5,
        "epochs until stop, batch 256": 2,
        "training minutes, batch 256": 2.0,
        "average bias": 0.1,
        "age bias": 0.3,
    }


def test_no_difference_has_no_sign_of_its_own():
    text = sentences.points({"value": -0.0001, "low": -0.0004, "high": 0.012})
    assert text == "+0.0 points (+0.0 to +1.2)"


def test_methods_are_shown_and_read():
    row = {
        "accuracy": 0.5,
        "accuracy, low": 0.45,
        "accuracy, high": 0.56,
        "accuracy, constant": 0.4,
    }
    row |= {f"balanced {name}": value / 2 for name, value in row.items()}
    row |= dict.fromkeys(AGE_GROUPS.values(), 0.4) | {"clips": 1975, "users": 612, "seeds": 3}
    methods = pd.DataFrame({"none": row, "count / total (published)": row | {"accuracy": 0.6}}).T
    shown = tables.method_table(methods)
    assert shown.loc["none", "accuracy"] == "50.0% (45.0% to 56.0%)"
    assert shown.loc["none", "61+"] == "40%"
    assert shown.loc["none", ["clips", "users", "seeds"]].tolist() == ["1,975", "612", "3"]
    assert shown.loc["constant predictor", ["accuracy", "users"]].tolist() == ["40.0%", "612"]
    other = methods.assign(accuracy=[0.7, 0.1])
    text = training_sentences.methods_sentence(other, methods)
    assert "for accuracy *none* (50.0% on test)" in text  # best on valid, not on test


def test_thin_groups_are_named(tabled):
    truth = [1] * 2 + [2] * 5 + [4] * 9 + [7]
    users = [*"ab", *"cdefg", *"hijklmnop", "q"]
    thin = thin_groups(tabled(truth, truth, users=users))
    assert thin["users"].to_dict() == {"7-13": 2, "61+": 1}
    text = sentences.thin_groups_sentence(thin)
    assert "rest on 7-13 (2 users) and 61+ (1 user): each weighs 1/4." in text
    none = thin_groups(tabled([4] * 5, [4] * 5))
    assert none.empty
    assert sentences.thin_groups_sentence(none) == "Every age group has at least 5 users."


@pytest.mark.parametrize(
    ("low", "value", "high", "text"),
    [
        (-0.149, -0.125, -0.101, "Image is 12.5 points (10.1 to 14.9) below the ideal observer"),
        (0.01, 0.02, 0.03, "Image is 2.0 points (1.0 to 3.0) above the ideal observer"),
        (-0.02, -0.01, 0.0, "No distance of image from the ideal observer is shown: -1.0 points"),
    ],
)
def test_distance_from_the_ideal_observer_is_paired(low, value, high, text):
    gap = {"value": value, "low": low, "high": high}
    assert sentences.ceiling_gap_sentence("image", gap).startswith(text)


def everywhere(table):
    return pd.concat([table.assign(split=split) for split in ("train", "valid", "test")])


def test_tables_of_scores_have_constant_row_n_and_intervals(rng):
    good, bad = draw_crowd(rng, "better", "big groups only")
    scores = score_models({"a": everywhere(good), "b": everywhere(bad)}, majority=4)
    for shown in (tables.score_table(scores), tables.metric_table(scores)):
        assert list(shown.index) == ["a", "b", "constant predictor"]
        assert (shown["users"] == "612").all()
        assert (shown["clips"] == f"{len(good):,}").all()
        cells = shown.loc[["a", "b"]].apply(lambda row: row.str.contains("% to ").sum(), axis=1)
        assert (cells >= 2).all()
    share = (good["ground_truth"] == 4).mean()
    assert shown.loc["constant predictor", "accuracy"] == sentences.percent(share)


def test_models_of_other_clips_have_a_constant_of_their_own(rng):
    good, bad = draw_crowd(rng, "better", "big groups only")
    scores = score_models({"a": everywhere(good), "b": everywhere(bad.iloc[::2])}, majority=4)
    for shown in (tables.score_table(scores), tables.metric_table(scores)):
        own = [name for name in shown.index if name.startswith("constant predictor, ")]
        assert own == [f"constant predictor, {n:,} clips" for n in (len(good), len(bad.iloc[::2]))]


def test_recalls_stand_beside_users_and_the_constant_predictor(rng):
    table = draw_crowd(rng, "better")[0].assign(Gender=1, Ethnicity=1)
    recall = accuracy_by(table, "AgeGroup", majority=4)
    shown = tables.recall_table({"a": recall, "b": recall})
    assert list(shown) == ["a", "b", "constant predictor", "users"]
    assert shown["users"].tolist() == USERS.tolist()
    total = recall.loc["25-32", "clips"]
    assert shown.loc["25-32", "constant predictor"] == f"{total}/{total}"
    assert shown.loc["19-24", "constant predictor"].startswith("0/")
    assert shown["a"].str.contains("% to ").tolist() == (USERS >= 10).tolist()


def test_the_ablation_shows_paired_gaps_and_the_constant():
    keys = {"modalities": "image", "clips": 1975, "users": 612, "value": 0.6, "constant": 0.4}
    keys |= {"low": 0.5, "high": 0.7, "gap": -0.02, "gap_low": -0.03, "gap_high": -0.01}
    ablated = pd.DataFrame(
        [
            keys | {"rule": rule, "chosen": rule == "product", "unit": unit, "metric": metric}
            for rule in ("product", "weighted")
            for unit in ("clip", "user")
            for metric in ("accuracy", "balanced_accuracy")
        ]
    )
    shown = tables.ablation_table(ablated)
    assert len(shown) == 2 * 2 + 2
    assert (shown["users"] == "612").all()
    gaps = shown["accuracy, less the chosen"]
    assert set(gaps["image", "weighted"]) == {"-2.0 (-3.0 to -1.0)"}
    assert set(gaps["image", "product"]) == {""}
    assert set(shown.loc["constant predictor", "balanced accuracy"]) == {"40.0%"}


def test_player_holds_the_sound_and_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    samples = np.sin(np.arange(8000) / 5).astype(np.float32)
    notebook.play(samples, 8000, "19-24 & <more>")
    page = shown[0].data
    assert 'aria-label="19-24 &amp; &lt;more&gt;"' in page
    assert "data:audio/mpeg;base64," in page
    assert len(page) < 8000


def test_a_p_value_is_never_nothing():
    assert [sentences.p_text(p) for p in (0.0005, 0.0123, np.nan)] == ["< 0.001", "0.012", "–"]
    assert [sentences.p_words(p) for p in (0.0005, 0.0123)] == ["p < 0.001", "p = 0.012"]
