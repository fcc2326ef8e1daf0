"""Experts drawn by hand, and their fusion, for all tests of the room."""

import pytest
from helpers.experts import PRIOR, draw_experts

from mmage_utils.fusion.late_fusion import fit_fusion


@pytest.fixture(scope="session")
def drawn():
    return draw_experts(21)[0]


@pytest.fixture(scope="session")
def fitted(drawn):
    return fit_fusion(drawn, PRIOR, penalties=[0.1])
