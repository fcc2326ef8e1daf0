"""The dial is swept until its best points lie inside, and is set on valid."""

import numpy as np
import pytest
from helpers.experts import PRIOR, draw_experts

from mmage_utils.predictions import logits, with_logits
from mmage_utils.scores.metrics import confusion, scores_of
from mmage_utils.scores.prior_dial import at_points, choose_dial

COUNTS = 1000 * PRIOR


@pytest.fixture(scope="module")
def table():
    return draw_experts(3, users=200)[0]["image"]


@pytest.mark.parametrize("shift", [0, 5])
def test_points_lie_inside_the_sweep(table, shift):
    """A prior that was taken off five times over is found and put back."""
    moved = with_logits(table, logits(table) - shift * np.log(PRIOR))
    frontiers, points = choose_dial(moved, COUNTS)
    taus = frontiers["valid"]["tau"]
    assert set(frontiers) == {"valid", "test"}
    for tau in points.values():
        assert taus.min() < tau < taus.max()
    assert points["accuracy"] == pytest.approx(-shift, abs=1)
    assert points["balanced accuracy"] == pytest.approx(1 - shift, abs=1)


def test_points_are_the_best_on_valid_whatever_test_says(table):
    _, points = choose_dial(table, COUNTS)
    other = table.assign(ground_truth=table["ground_truth"].where(table["split"] == "valid", 1))
    assert choose_dial(other, COUNTS)[1] == points
    tables = at_points("image, corrected", table, COUNTS, points)
    assert list(tables) == [
        f"image, corrected: best {aim} on valid, tau {tau:+.1f}" for aim, tau in points.items()
    ]
    valid = [one[one["split"] == "valid"] for one in (*tables.values(), table)]
    values = [scores_of(confusion(one)) for one in valid]
    assert values[0]["accuracy"] >= max(values[1]["accuracy"], values[2]["accuracy"])
    balanced = [one["balanced_accuracy"] for one in values]
    assert balanced[1] >= max(balanced[0], balanced[2])
