"""Ablation, Shapley values, and the chart whose order was lost."""

import pandas as pd
import pytest
from helpers.experts import PRIOR, accuracy_of, mixed_up

from mmage_utils.display import published
from mmage_utils.display.fusion_sentences import shuffled_sentence
from mmage_utils.fusion.ablation import ablate, mark_one_standard_error, shapley
from mmage_utils.fusion.late_fusion import RULES, add_logits, apply_fusion, fit_fusion
from mmage_utils.fusion.robustness import lose_modality, permute_users, shuffle_predictions
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.comparison import difference
from mmage_utils.scores.evaluation import pick, select
from mmage_utils.scores.metrics import confusion, scores_of

MAJORITY = 4


@pytest.fixture(scope="module")
def ablated(drawn, fitted):
    return ablate(fitted, drawn, majority=MAJORITY)


def test_every_subset_rule_and_unit_is_listed_once(ablated):
    keys = ablated[["modalities", "rule", "unit", "metric"]]
    assert not keys.duplicated().any()
    assert ablated["modalities"].nunique() == 7
    pairs = ablated.drop_duplicates(["modalities", "rule"])
    # 3 alone and stacked; 4 larger ones by sum and three rules; 3 with image by its weights.
    assert len(pairs) == 3 * 2 + 4 * 4 + 3
    assert len(ablated) == 2 * 2 * len(pairs)
    assert ablated.loc[ablated["chosen"], "modalities"].unique() == ["image + audio + text"]


def test_the_table_is_sorted_and_its_rows_are_scored(ablated, drawn, fitted):
    per_clip = ablated[ablated["unit"].eq("clip") & ablated["metric"].eq("accuracy")]
    assert per_clip["value"].is_monotonic_decreasing
    assert ablated["value"].between(ablated["low"], ablated["high"]).all()
    rows = per_clip.set_index(["modalities", "rule"])["value"]
    tables = list(drawn.values())
    weighted = add_logits(tables, (1.2, 0.8, 0.8))
    assert rows["image + audio + text", "published weights"] == accuracy_of(weighted)
    assert rows["audio", "alone"] == accuracy_of(drawn["audio"])
    product = apply_fusion(fitted, drawn, use=["image", "text"], rule="product")
    assert rows["image + text", "product"] == accuracy_of(product)


def test_each_row_is_paired_with_the_chosen_one(ablated, drawn, fitted):
    chosen = ablated[ablated["chosen"]]
    assert chosen[["gap", "gap_low", "gap_high"]].eq(0).all(axis=None)
    test = {name: table[table["split"] == "test"] for name, table in drawn.items()}
    best = apply_fusion(fitted, test)
    for unit, metric in (("clip", "balanced_accuracy"), ("user", "accuracy")):
        row = pick(ablated, modalities="audio", rule="alone", unit=unit, metric=metric)
        own = pick(chosen, unit=unit, metric=metric)
        assert row.gap == pytest.approx(row.value - own.value)
        by_hand = difference(test["audio"], best, metric, unit=unit)
        assert [row.gap, row.gap_low, row.gap_high] == pytest.approx([*by_hand.values()])


def test_paired_intervals_of_like_models_are_narrower(ablated):
    rows = select(ablated, metric="accuracy", unit="clip", modalities="image + audio + text")
    others = rows[rows["rule"].isin(RULES) & ~rows["chosen"]]
    assert len(others) == 2
    assert (others["gap_high"] - others["gap_low"] < others["high"] - others["low"]).all()


def test_gaps_are_on_the_clips_that_both_score(drawn, fitted):
    fewer = drawn | {"audio": drawn["audio"].iloc[::2]}
    ablated = ablate(fitted, fewer, majority=MAJORITY)
    row = pick(ablated, modalities="audio", rule="alone")
    assert row.clips < ablated["clips"].max()
    test = {name: table[table["split"] == "test"] for name, table in fewer.items()}
    best = apply_fusion(fitted, test).merge(test["audio"][["VideoName"]])
    assert row.gap == pytest.approx(difference(test["audio"], best)["value"])


def test_units_differ_only_in_their_weights(ablated, drawn):
    row = pick(ablated, modalities="text", rule="alone", unit="user")
    test = drawn["text"].query("split == 'test'")
    right = (test["prediction"] == test["ground_truth"]).groupby(test["UserID"]).mean()
    assert row.value == pytest.approx(right.mean())


def test_shapley_values_add_up_to_the_gain(drawn, fitted):
    result = shapley(fitted, drawn, majority=MAJORITY)
    test = apply_fusion(fitted, drawn).query("split == 'test'")
    for metric in ("accuracy", "balanced_accuracy"):
        all_three = scores_of(confusion(test))[metric]
        constant = scores_of(confusion(test.assign(prediction=MAJORITY)))[metric]
        rows = select(result, metric=metric).set_index("modality")
        assert rows.loc[list(drawn), "value"].sum() == pytest.approx(all_three - constant)
        assert rows.loc["all", "value"] == pytest.approx(all_three - constant)
        assert rows["constant"].tolist() == pytest.approx([constant] * 4)
        assert rows["value"].between(rows["low"], rows["high"]).all()


def test_shapley_value_by_hand(drawn, fitted):
    worth = {(): (drawn["text"].query("split == 'test'")["ground_truth"] == MAJORITY).mean()}
    for use in (("image",), ("audio",), ("text",)):
        worth[use] = accuracy_of(apply_fusion(fitted, drawn, use=use))
    for use in (("image", "audio"), ("image", "text"), ("audio", "text")):
        worth[use] = accuracy_of(apply_fusion(fitted, drawn, use=use))
    every = accuracy_of(apply_fusion(fitted, drawn))
    by_hand = (
        2 * (worth["text",] - worth[()])
        + (worth["image", "text"] - worth["image",])
        + (worth["audio", "text"] - worth["audio",])
        + 2 * (every - worth["image", "audio"])
    ) / 6
    result = shapley(fitted, drawn, majority=MAJORITY)
    assert pick(result, modality="text").value == pytest.approx(by_hand)


def test_equal_modalities_share_the_gain_and_a_constant_one_gets_none(drawn):
    same = {"image": drawn["image"], "audio": drawn["image"], "text": drawn["text"]}
    prior = drawn["text"].copy()
    prior[P_COLUMNS] = PRIOR
    prior["prediction"] = MAJORITY
    same["text"] = prior
    result = fit_fusion(same, PRIOR, rules=["product"])
    # At temperature 1 it answers the prior itself, which has no evidence to add.
    result = result._replace(temperatures={**result.temperatures, "text": 1.0})
    result = shapley(result, same, majority=MAJORITY)
    columns = ["value", "low", "high"]
    image, audio = (pick(result, modality=name)[columns].tolist() for name in ("image", "audio"))
    assert image == audio
    assert pick(result, modality="text").value == pytest.approx(0, abs=1e-12)


def test_losing_a_modality(drawn, fitted):
    result = lose_modality(fitted, drawn, shares=(0, 0.5, 1), repeats=3, draws=50)
    values = result.set_index(["modality", "share"])["accuracy"]
    everything = accuracy_of(apply_fusion(fitted, drawn))
    assert values[:, 0].tolist() == pytest.approx([everything] * 3)
    for name in drawn:
        others = [other for other in drawn if other != name]
        left = accuracy_of(apply_fusion(fitted, drawn, use=others))
        assert values[name, 1] == pytest.approx(left)
        assert min(left, everything) - 0.05 < values[name, 0.5] < max(left, everything) + 0.05


def test_order_of_rows_changes_nothing(drawn, fitted, ablated):
    other = mixed_up(drawn)
    pd.testing.assert_frame_equal(ablate(fitted, other, majority=4), ablated)
    values = [shapley(fitted, tables, majority=MAJORITY) for tables in (other, drawn)]
    pd.testing.assert_frame_equal(*values)
    some = {"shares": (0.5,), "repeats": 2, "draws": 20}
    first, second = lose_modality(fitted, other, **some), lose_modality(fitted, drawn, **some)
    pd.testing.assert_frame_equal(first, second)
    shuffled = [shuffle_predictions(tables["text"], draws=20) for tables in (other, drawn)]
    pd.testing.assert_frame_equal(*shuffled)
    pd.testing.assert_frame_equal(permute_users(other["text"]), permute_users(drawn["text"]))


def test_permuted_files_stay_together_and_leave_their_user(drawn):
    table = drawn["text"]
    named = table.assign(p1=pd.factorize(table["UserID"])[0], prediction=1)
    permuted = permute_users(named)
    givers = permuted.groupby("UserID")["p1"]
    assert (givers.min() == givers.max()).all()
    before = named.set_index("VideoName")["p1"]
    assert (permuted.set_index("VideoName")["p1"] != before).all()
    by_split = named.groupby("split")["p1"].agg(set)
    for split, part in permuted.groupby("split"):
        assert set(part["p1"]) == by_split[split]
    assert permuted["ground_truth"].tolist() == table["ground_truth"].tolist()


def test_a_lost_order_by_hand(tabled):
    table = tabled([3, 3, 4, 4], [3, 4, 4, 4])
    result = shuffle_predictions(table, draws=4000)
    # Shares 1/2, 1/2 and 1/4, 3/4: 1/8 + 3/8.
    assert result.loc["accuracy", ["joined", "expected"]].tolist() == [0.75, 0.5]
    assert result.loc["accuracy", "mean"] == pytest.approx(0.5, abs=0.02)
    assert result.loc["kappa", "mean"] == pytest.approx(0, abs=0.05)


def test_orders_scatter_around_what_is_expected(drawn):
    result = shuffle_predictions(drawn["image"], draws=500)
    row = result.loc["accuracy"]
    assert row["mean"] == pytest.approx(row.expected, abs=0.005)
    assert row.low < row.expected < row.high < row.joined
    text = shuffled_sentence(result, 0.4218, 0.5489)
    assert "42.18%" in text
    assert f"{row.expected:.1%}" in text


def test_published_rows_within_one_standard_error():
    rows = {name: value for name, (value, _) in published.FUSION.items()}
    result = mark_one_standard_error(rows, published.TEST_CLIPS)
    assert result["accuracy"].is_monotonic_decreasing
    assert result["marginal standard error"].iloc[0] == pytest.approx(0.0112, abs=1e-4)
    assert result["within one error of the best"].all()
    far = mark_one_standard_error({"a": 0.5, "b": 0.6, "c": 0.505}, 1975)
    assert far["within one error of the best"].to_dict() == {"b": True, "c": False, "a": False}
    assert far["within one error of"].to_dict() == {"b": "", "c": "a", "a": "c"}
