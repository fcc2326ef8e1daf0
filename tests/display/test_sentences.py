"""Sentences, tables and players say what they are given."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.data.labels import AGE_GROUPS
from mmage_utils.display import notebook, sentences, tables
from mmage_utils.models import training


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
    row = {"accuracy": 0.5, "accuracy, spread": 0.01, "balanced accuracy": 0.25}
    row |= {"balanced accuracy, spread": 0.02} | dict.fromkeys(AGE_GROUPS.values(), 0.4)
    methods = pd.DataFrame({"none": row, "count / total (published)": row | {"accuracy": 0.6}}).T
    shown = tables.method_table(methods)
    assert shown.loc["none", "accuracy"] == "50.0 ± 1.0%"
    assert shown.loc["none", "61+"] == "40%"
    assert "*count / total (published)*" in sentences.methods_sentence(methods)


@pytest.mark.parametrize(("accuracy", "hindered"), [(0.8, True), (0.9, False)])
def test_way_to_the_ideal_observer(accuracy, hindered):
    scores = rows(model=["face"], value=[accuracy], constant=[0.5])
    ceilings = rows(model=["image"], value=[0.95])
    text = sentences.ceiling_sentence(scores, "face", ceilings=ceilings, modality="image")
    assert f"{(accuracy - 0.5) / 0.45:.0%} of the way" in text
    assert ("stands in the way" in text) == hindered


def test_player_holds_the_sound_and_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    samples = np.sin(np.arange(8000) / 5).astype(np.float32)
    notebook.play(samples, 8000, "19-24 & <more>")
    page = shown[0].data
    assert 'aria-label="19-24 &amp; &lt;more&gt;"' in page
    assert "data:audio/mpeg;base64," in page
    assert len(page) < 8000
