"""What valid says of a confidence is that of its tenth, if valid has clips there."""

import pandas as pd
import pytest

from mmage_utils.fusion.trust import accuracy_at

ROWS = [
    {"from": 0.2, "to": 0.3, "clips": 5, "accuracy": 0.4, "low": 0.1, "high": 0.7},
    {"from": 0.9, "to": 1.0, "clips": 8, "accuracy": 0.9, "low": 0.8, "high": 1.0},
]


@pytest.mark.parametrize("rows", [ROWS, pd.DataFrame(ROWS)])
@pytest.mark.parametrize(
    ("confidence", "clips"), [(0.2, 5), (0.25, 5), (0.2999, 5), (0.9, 8), (0.95, 8), (1.0, 8)]
)
def test_a_confidence_has_the_accuracy_of_its_tenth(rows, confidence, clips):
    found = accuracy_at({"reliability": rows}, confidence)
    assert found["clips"] == clips
    assert found["low"] < found["accuracy"] <= found["high"]


@pytest.mark.parametrize("confidence", [0.0, 0.1999, 0.3, 0.5, 0.8999])
def test_a_confidence_that_valid_never_had_has_none(confidence):
    assert accuracy_at({"reliability": ROWS}, confidence) is None
