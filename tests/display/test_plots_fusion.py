"""Figures of fusion and ablation return their axes, and draw the numbers they are given."""

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers.experts import PRIOR, draw_experts

from mmage_utils.display import plots
from mmage_utils.fusion import ablation, robustness, verdicts
from mmage_utils.fusion.late_fusion import apply_fusion, fit_fusion
from mmage_utils.scores import calibration, selective
from mmage_utils.scores.evaluation import select


@pytest.fixture(autouse=True)
def _style():
    """The style of the notebooks, in which the figures are laid out."""
    with mpl.rc_context():
        plots.use_style()
        yield


@pytest.fixture(scope="module")
def drawn():
    return draw_experts(31)[0]


@pytest.fixture(scope="module")
def fitted(drawn):
    return fit_fusion(drawn, PRIOR, rules=["product", "weighted"])


@pytest.fixture(scope="module")
def fused(drawn, fitted):
    return apply_fusion(fitted, drawn)


def _texts(ax):
    return [text.get_text() for text in ax.texts]


def _legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def _shown(texts):
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def _readable(ax):
    """Whether no label of an axis lies on its neighbour, and none far outside the figure."""
    figure = ax.figure
    figure.canvas.draw()
    ticks = []
    for k, axis in enumerate((ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        inside = [x for x in axis.get_ticklabels() if low <= x.get_position()[k] <= high]
        boxes = [label.get_window_extent() for label in _shown(inside)]
        if any(one.overlaps(two) for one, two in pairwise(boxes)):
            return False
        ticks += inside
    page = figure.bbox.padded(0.15 * figure.bbox.width)  # saving cuts the page to what is drawn
    texts = _shown([*ax.texts, *ticks, ax.xaxis.label, ax.yaxis.label, ax.title])
    boxes = [text.get_window_extent() for text in texts]
    return all(page.containsx(x) for box in boxes for x in (box.x0, box.x1))


def test_labels_that_cannot_be_read_are_noticed():
    ax = plt.subplots(figsize=(7, 3))[1]
    ax.set_xticks([0, 1], ["image", "audio"])
    assert _readable(ax)
    ax.set_xticks([0, 1, 1.02], ["image", "audio", "text"])
    assert not _readable(ax)
    ax = plt.subplots(figsize=(7, 3))[1]
    ax.text(1.5, 0.5, "far away", transform=ax.transAxes).set_in_layout(False)
    assert not _readable(ax)


def test_reliability(fused):
    bins = calibration.reliability(fused.query("split == 'test'"), draws=50)
    ax = plots.plot_reliability({"before": bins, "after": bins})
    assert _legend(ax) == ["before", "after"]
    shown = np.asarray(ax.collections[-1].get_offsets())
    kept = bins[bins["users"] >= 5]
    np.testing.assert_allclose(shown, kept[["confidence", "accuracy"]])
    assert _readable(ax)


def test_reliability_panels(fused):
    bins = calibration.reliability(fused, draws=50)
    axes = plots.plot_reliability_panels(
        {"image": {"before": bins, "after": bins}, "fusion": {"after": bins}}
    )
    assert [ax.get_title(loc="left") or ax.get_title() for ax in axes] == ["image", "fusion"]
    assert len({ax.figure for ax in axes}) == 1


def test_risk_coverage(drawn, fused):
    test = fused.query("split == 'test'")
    curves = {"image": selective.risk_coverage(drawn["image"], draws=20)}
    curves["fusion"] = selective.risk_coverage(test, draws=20)
    chosen = {"fusion": selective.answer_above(test, 0.6, draws=20)}
    ax = plots.plot_risk_coverage(curves, chosen=chosen)
    assert _legend(ax)[:3] == ["image", "fusion", "70% right"]
    dot = next(line for line in ax.get_lines() if line.get_marker() == "o")
    assert dot.get_xydata().tolist() == [
        [chosen["fusion"]["coverage"], chosen["fusion"]["accuracy"]]
    ]
    assert _readable(ax)


def test_missing(drawn, fitted):
    table = robustness.lose_modality(fitted, drawn, shares=(0, 1), draws=20)
    ax = plots.plot_missing(table, constant=0.4)
    assert _legend(ax) == ["image missing", "audio missing", "text missing", "constant predictor"]
    heights = np.concatenate([line.get_ydata() for line in ax.get_lines()[:3]])
    assert heights.tolist() == table["accuracy"].tolist()
    assert _readable(ax)


def test_ablation(drawn, fitted):
    table = ablation.ablate(fitted, drawn, majority=4)
    ax = plots.plot_ablation(table, ceiling=0.9)
    rows = table.drop_duplicates(["modalities", "rule"])
    labels = ax.get_yticklabels()
    assert [label.get_text() for label in labels] == list(rows["modalities"] + ", " + rows["rule"])
    assert sum(label.get_fontweight() == "bold" for label in labels) == 1
    per_clip = select(table, unit="clip", metric="accuracy")["value"]
    assert _texts(ax) == [f"{value:.1%}" for value in per_clip]
    assert "ideal observer" in _legend(ax)
    assert _readable(ax)


def test_shapley(drawn, fitted):
    worth = ablation.shapley(fitted, drawn, majority=4)
    ax = plots.plot_shapley(worth)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == (100 * worth["value"]).tolist()
    assert _readable(ax)


@pytest.mark.parametrize("seeds", [1, 2])
def test_verdicts(drawn, fitted, seeds):
    judged = verdicts.judge_modalities([fitted] * seeds, [drawn] * seeds, draws=100)
    judged["verdict"] = ["helps", "harms", "no help shown"]
    ax = plots.plot_verdicts(judged)
    assert _texts(ax)[0].startswith("helps\n+")
    assert _texts(ax)[1].startswith("harms\n")
    assert _texts(ax)[2].startswith("no help shown\n")
    assert ("training seeds" in ax.get_xlabel()) == (seeds > 1)
    assert _readable(ax)


def test_axes_that_are_given_are_drawn_on(drawn, fitted):
    ax = plt.subplots()[1]
    judged = verdicts.judge_modalities([fitted], [drawn], draws=20)
    assert plots.plot_verdicts(judged, ax=ax) is ax
