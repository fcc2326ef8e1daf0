"""The nine errors: the report's numbers follow from its own counts, and ours from the run."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.display import errors_here, errors_shown, plots, published
from mmage_utils.features.voices.definition import FEATURES
from mmage_utils.models import class_balance
from mmage_utils.scores import evaluation, groups


def test_facts_of_the_label_lists_are_those_that_the_report_got_wrong(labels):
    facts = errors_shown.facts(labels)
    assert (facts["train"], facts["copies"]) == (6006, 6920)
    assert sum(published.CLASS_COUNTS) == facts["copies"]
    assert published.COUNTED["train images with copies"][0] == facts["copies"] + 5
    assert facts["share"] == pytest.approx(0.67, abs=0.005)
    assert facts["fair"] == pytest.approx(1 / 7)


@pytest.mark.parametrize("number", published.ERRATA)
def test_every_error_has_a_table_that_sets_the_right_beside_the_wrong(labels, number):
    table = errors_shown.report_table(number, labels)
    assert list(table.columns) == list(errors_shown.COLUMNS)
    assert len(table)
    assert (table["the report says"] != table["right"]).any()


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (1, ("6,011", "6,006", "6,925", "6,920", "67.3%")),
        (2, ("975 of 1,975", "972 of 1,975", "1,049 of 1,936", "121 batches")),
        (3, ("0.4218", "0.4258")),
        (4, ("0.5256 per clip", "0.5180 per user", "0.5322 per clip")),
        (5, ("0.1299", "0.1145", "0.3305")),
        (6, ("0.8 points", "1.1 points")),
        (9, ("0.2906",)),
    ],
)
def test_the_known_numbers_are_shown(labels, number, texts):
    table = errors_shown.report_table(number, labels)
    shown = " | ".join([*table.index, *table.to_numpy().ravel()])
    assert [text for text in texts if text not in shown] == []


def test_figure_has_a_panel_for_each_error_with_a_number(labels):
    rows = errors_shown.figure_rows(labels)
    axes = plots.plot_report_errors(rows, note="whose numbers")
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in axes]
    assert [title[0] for title in titles] == list("1234569")
    lines = [line for line in axes[2].get_lines() if line.get_marker() == "D"]
    fused = published.FUSION["fusion, published sum"][0]
    assert [float(line.get_xdata()[0]) for line in lines] == [fused]
    low, high = axes[5].get_xlim()
    ends = [x for line in axes[5].get_lines() for x in np.ravel(line.get_xdata())]
    assert low < np.nanmin(ends) < np.nanmax(ends) < high
    assert any(text.get_text() == "whose numbers" for text in axes[0].figure.texts)


def test_measured_loss_is_shared_out_by_the_weights(tabled):
    p = np.full((30, 7), 1 / 7)
    table = tabled([4] * 20 + [6] * 10, p=p, split="train")
    counts = class_balance.group_counts(table["ground_truth"])
    weights = {"published": class_balance.published_weights(counts)}
    weights["inverse"] = class_balance.inverse_weights(counts)
    losses = class_balance.measured_loss(table, weights)
    assert losses["clips"].sum() == 30
    assert losses.loc["25-32", "log-loss"] == pytest.approx(np.log(7))
    assert losses.loc["25-32", "share, published"] == pytest.approx(400 / 500)
    assert losses.loc["46-60", "share, inverse"] == pytest.approx(1 / 2)
    heights = [bar.get_height() for bar in plots.plot_loss_shares(losses).containers[0]]
    assert heights[3] == pytest.approx(0.8)
    assert "25-32 carries 80.0%" in errors_here.loss_sentence(losses)


def test_units_are_compared_like_for_like(tabled):
    table = tabled([4, 4, 4, 5], [4, 4, 4, 4], users=["a", "a", "a", "b"])
    ways = {"each clip": table, "added": table}
    scores = evaluation.score_models(ways, majority=4, units=("clip", "user"))
    text = errors_here.unit_sentence(scores, *ways)
    assert "reads -25.0 points" in text
    assert text.count("+0.0") == 2


def test_bias_is_read_beside_the_constants(tabled):
    table = tabled([3, 4] * 10, [4] * 20)
    table[["Gender", "Ethnicity"]] = np.column_stack([[1, 2] * 10, [2] * 20])
    answers = {"model": table, "constant": table.assign(prediction=4)}
    biases = groups.stack_biases(answers, draws=20)
    assert set(biases["model"]) == set(answers)
    text = errors_here.bias_sentence(biases, "model", "constant", data="drawn by hand")
    assert "drawn by hand" in text
    assert "above the model" in text or "below the model" in text or "equal" in text


def test_silence_is_fed_as_zeros():
    silence = dict.fromkeys(FEATURES, np.nan)
    assert (errors_here.silence_table(silence)["into the network"] == 0).all()


def test_a_wrong_checkpoint_is_named():
    checked = pd.DataFrame(
        {"valid": [0.6, 0.2], "test": [0.6, 0.25], "off": [0, -0.4], "belongs": [True, False]},
        index=["its own", "never trained"],
    )
    text = errors_here.checkpoint_sentence(checked, 0.6)
    assert "*never trained* has a test accuracy of 25.0%" in text
    same = errors_here.checkpoint_sentence(checked.assign(belongs=True), 0.6)
    assert "too little was trained" in same
