"""Diagrams name what they are given, and no box is cut."""

import pytest

from mmage_utils.display import plots
from mmage_utils.fusion.late_fusion import PUBLISHED_WEIGHTS
from mmage_utils.models import architecture, networks

STAGES = [
    {"name": "face crop", "output": (3, 80, 80), "weights": 0, "new": False},
    {"name": "blocks", "output": (512, 3, 3), "weights": 1234, "new": False},
    {"name": "head", "output": (7,), "weights": 3591, "new": True},
]


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def _whole(ax):
    """Whether all boxes lie on the axes, and no two of them on each other."""
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches]
    page = ax.get_window_extent().padded(1)
    apart = not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])
    corners = [(x, y) for box in boxes for x in (box.x0, box.x1) for y in (box.y0, box.y1)]
    return apart and all(page.contains(*corner) for corner in corners)


@pytest.fixture
def diagrams():
    layers = architecture.describe_head(networks.text_head(768))
    return {
        "face": plots.plot_face_network(STAGES),
        "text": plots.plot_text_head(layers, model="bert"),
        "fusion": plots.plot_fusion_scheme(PUBLISHED_WEIGHTS),
        "pipeline": plots.plot_pipeline(),
    }


@pytest.mark.parametrize("name", ["face", "text", "fusion", "pipeline"])
def test_boxes_are_whole_and_apart(diagrams, name):
    assert _whole(diagrams[name])


def test_boxes_on_each_other_are_noticed():
    ax = plots.plot_fusion_scheme(PUBLISHED_WEIGHTS)
    ax.add_patch(type(ax.patches[0])((0.1, 0.1), 0.5, 0.5))
    assert not _whole(ax)


def test_face_network_says_sizes_weights_and_what_is_new(diagrams):
    assert _texts(diagrams["face"])[0] == "face crop\n3 x 80 x 80"
    assert "head\n7\n3,591 weights" in _texts(diagrams["face"])
    edges = {tuple(patch.get_edgecolor()) for patch in diagrams["face"].patches}
    assert len(edges) == 2


def test_text_head_says_widths(diagrams):
    text = " ".join(_texts(diagrams["text"]))
    assert "768 wide" in text
    assert "512 wide" in text
    assert "frozen bert" in text


def test_fusion_scheme_has_the_weights_of_each_model(diagrams):
    texts = _texts(diagrams["fusion"])
    assert "7 logits, times\n1, 0.8, 0.8, 0" in texts
    assert any("image + text" in text for text in texts)
