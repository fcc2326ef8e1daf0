"""A fusion says of valid clips what fits without their users say."""

import numpy as np
import pandas as pd
import pytest
from helpers.experts import PRIOR, draw_experts, log_loss, mixed_up

from mmage_utils.fusion.cross_fit import cross_fit
from mmage_utils.fusion.late_fusion import apply_fusion, fit_fusion


@pytest.fixture(scope="module")
def drawn():
    return draw_experts(11, users=40, sharpness=1.5)[0]


@pytest.fixture(scope="module", params=["weighted", "stacking"])
def fitted(request, drawn):
    return fit_fusion(drawn, PRIOR, rules=[request.param], penalties=[1.0])


def test_only_valid_changes_and_gets_no_better(drawn, fitted):
    inside, outside = apply_fusion(fitted, drawn), cross_fit(fitted, drawn)
    here = inside["split"] == "valid"
    pd.testing.assert_frame_equal(inside[~here], outside[~here])
    assert log_loss(outside[here]) > log_loss(inside[here])
    assert (inside["VideoName"] == outside["VideoName"]).all()


def test_a_valid_clip_does_not_decide_its_own_answer(drawn, fitted):
    """Another truth of a user changes nothing in what is said of that user's clips."""
    before = cross_fit(fitted, drawn)
    user = before.loc[before["split"] == "valid", "UserID"].iloc[0]
    changed = {
        name: table.assign(ground_truth=table["ground_truth"].where(table["UserID"] != user, 7))
        for name, table in drawn.items()
    }
    after = cross_fit(fitted, changed)
    own = (before["UserID"] == user).to_numpy()
    columns = [f"p{k}" for k in range(1, 8)]
    np.testing.assert_allclose(before.loc[own, columns], after.loc[own, columns])
    others = (before["split"] == "valid").to_numpy() & ~own
    assert not np.allclose(before.loc[others, columns], after.loc[others, columns])


def test_order_does_not_matter(drawn, fitted):
    pd.testing.assert_frame_equal(cross_fit(fitted, drawn), cross_fit(fitted, mixed_up(drawn)))
