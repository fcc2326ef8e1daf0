"""Three readings of the modalities are brought together in words."""

import pandas as pd
import pytest

from mmage_utils.display.fusion_sentences import reconcile_sentence
from mmage_utils.fusion.verdicts import HELPS, NO_HELP

GAP = {"value": 0.07, "low": 0.05, "high": 0.09}


def readings(verdict, low=0.02):
    row = {"metric": "accuracy", "modality": "text", "value": 0.05, "low": low, "high": 0.08}
    return pd.DataFrame([row]), pd.DataFrame([{"modality": "text", "verdict": verdict}])


@pytest.mark.parametrize(
    ("verdict", "low", "text"),
    [
        (HELPS, 0.02, "They agree"),
        (NO_HELP, -0.02, "They agree"),
        (NO_HELP, 0.02, "For text they seem to disagree and do not"),
    ],
)
def test_worth_and_verdict_are_reconciled(verdict, low, text):
    said = reconcile_sentence(*readings(verdict, low), GAP, "image, corrected")
    assert text in said
    assert "text +5.0 points" in said
    assert f"shown to help: {'text' if verdict == HELPS else 'none'}." in said
    assert "better than image, corrected alone is shown (+7.0 points" in said


def test_a_gap_that_may_be_nothing_is_not_shown():
    said = reconcile_sentence(*readings(HELPS), GAP | {"low": -0.01}, "image, corrected")
    assert "alone is not shown" in said
