"""Ablation, Shapley values, verdicts, and the chart whose order was lost."""

import gc

import numpy as np
import pandas as pd
import pytest
from helpers.experts import PRIOR, draw_experts, mixed_up, with_other_test

from mmage_utils.display import published
from mmage_utils.display.sentences import shuffled_sentence, verdict_sentence
from mmage_utils.fusion.ablation import ablate, mark_one_standard_error, shapley
from mmage_utils.fusion.late_fusion import add_logits, apply_fusion, fit_fusion
from mmage_utils.fusion.robustness import lose_modality, permute_users, shuffle_predictions
from mmage_utils.fusion.verdicts import judge_modalities, users_needed
from mmage_utils.predictions import P_COLUMNS
from mmage_utils.scores.evaluation import pick, select
from mmage_utils.scores.metrics import confusion, scores_of

MAJORITY = 4


def _accuracy(table, split="test"):
    part = table[table["split"] == split]
    return (part["prediction"] == part["ground_truth"]).mean()


@pytest.fixture(scope="module")
def drawn():
    return draw_experts(21)[0]


@pytest.fixture(scope="module")
def fitted(drawn):
    return fit_fusion(drawn, PRIOR, penalties=[0.1])


@pytest.fixture(scope="module")
def ablated(drawn, fitted):
    return ablate(fitted, drawn, majority=MAJORITY)


@pytest.fixture(scope="module")
def judged(drawn, fitted):
    return judge_modalities([fitted], [drawn], draws=400)


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
    assert rows["image + audio + text", "published weights"] == _accuracy(weighted)
    assert rows["audio", "alone"] == _accuracy(drawn["audio"])
    product = apply_fusion(fitted, drawn, use=["image", "text"], rule="product")
    assert rows["image + text", "product"] == _accuracy(product)


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
        worth[use] = _accuracy(apply_fusion(fitted, drawn, use=use))
    for use in (("image", "audio"), ("image", "text"), ("audio", "text")):
        worth[use] = _accuracy(apply_fusion(fitted, drawn, use=use))
    every = _accuracy(apply_fusion(fitted, drawn))
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
    everything = _accuracy(apply_fusion(fitted, drawn))
    assert values[:, 0].tolist() == pytest.approx([everything] * 3)
    for name in drawn:
        others = [other for other in drawn if other != name]
        left = _accuracy(apply_fusion(fitted, drawn, use=others))
        assert values[name, 1] == pytest.approx(left)
        assert min(left, everything) - 0.05 < values[name, 0.5] < max(left, everything) + 0.05


def test_order_of_rows_changes_nothing(drawn, fitted, ablated, judged):
    other = mixed_up(drawn)
    pd.testing.assert_frame_equal(ablate(fitted, other, majority=4), ablated)
    pd.testing.assert_frame_equal(judge_modalities([fitted], [other], draws=400), judged)
    values = [shapley(fitted, tables, majority=MAJORITY) for tables in (other, drawn)]
    pd.testing.assert_frame_equal(*values)
    some = {"shares": (0.5,), "repeats": 2, "draws": 20}
    first, second = lose_modality(fitted, other, **some), lose_modality(fitted, drawn, **some)
    pd.testing.assert_frame_equal(first, second)
    shuffled = [shuffle_predictions(tables["text"], draws=20) for tables in (other, drawn)]
    pd.testing.assert_frame_equal(*shuffled)
    pd.testing.assert_frame_equal(permute_users(other["text"]), permute_users(drawn["text"]))


def test_what_a_modality_is_added_to_is_chosen_on_valid(drawn, judged):
    other = with_other_test(drawn)
    refitted = fit_fusion(other, PRIOR, penalties=[0.1])
    result = judge_modalities([refitted], [other], draws=50)
    assert result["added_to"].tolist() == judged["added_to"].tolist()
    assert (result["value"] != judged["value"]).all()


def test_the_gain_of_a_verdict_by_hand(drawn, fitted, judged):
    row = pick(judged, modality="audio")
    base = row.added_to.split(" + ")
    both = [name for name in drawn if name in base or name == "audio"]
    gain = _accuracy(apply_fusion(fitted, drawn, use=both)) - _accuracy(
        apply_fusion(fitted, drawn, use=base)
    )
    assert row.value == pytest.approx(gain)
    assert row.low <= gain <= row.high
    assert row.p_holm >= row.p


def test_seeds_are_averaged_for_each_user(drawn, fitted):
    other = draw_experts(21, strengths=(1.2, 0.5, 0.9))[0]
    again = fit_fusion(other, PRIOR, penalties=[0.1])
    result = judge_modalities([fitted, again], [drawn, other], draws=50)
    for row in result.itertuples():
        assert len(row.by_seed) == 2
        assert row.value == pytest.approx(np.mean(row.by_seed))
    twice = judge_modalities([fitted, fitted], [drawn, drawn], draws=400)
    once = judge_modalities([fitted], [drawn], draws=400)
    numbers = ["value", "low", "high", "users_needed"]
    pd.testing.assert_frame_equal(twice[numbers], once[numbers])


def test_seeds_of_other_clips_are_refused(drawn, fitted):
    fewer = {name: table.iloc[:-1] for name, table in drawn.items()}
    with pytest.raises(ValueError, match="not of the same clips"):
        judge_modalities([fitted, fitted], [drawn, fewer])
    with pytest.raises(ValueError, match="one fitted fusion for each"):
        judge_modalities([fitted], [drawn, drawn])


def test_helpful_modalities_are_reported_to_help():
    tables = draw_experts(22, strengths=(1.2, 1.2, 1.2), users=600)[0]
    fitted = fit_fusion(tables, PRIOR, rules=["product"])
    for _, row in judge_modalities([fitted], [tables], draws=400).iterrows():
        assert row.helps
        assert verdict_sentence(row).startswith(f"**{row.modality}**: helps by +")


def test_no_help_is_reported_against_the_interval_or_holm():
    row = {"value": 0.02, "low": 0.001, "high": 0.04, "p_holm": 0.06, "helps": False}
    row |= {"added_to": "image", "by_seed": [0.01, 0.03], "users_needed": 9000, "users": 75}
    sentence = verdict_sentence(pd.Series({"modality": "text"} | row), test_users=612)
    assert sentence.startswith("**text**: no help shown, +2.0 points (+0.1 to +4.0) when added to")
    assert "9,000 users" in sentence
    assert "the real one 612" in sentence
    assert "+1.0 to +3.0 over 2 training seeds" in sentence


def test_a_changed_number_changes_the_sentence(judged):
    row = pick(judged, modality="image")
    before = verdict_sentence(row)
    for key, value in (("value", 0.123), ("users_needed", 123), ("p_holm", 0.123)):
        changed = row.copy()
        changed[key] = value
        assert "123" in verdict_sentence(changed).replace(".", "")
        assert verdict_sentence(changed) != before


def test_models_that_never_differ_have_no_test_size(drawn, fitted):
    assert np.isnan(users_needed([0, 0, 0], [2, 3, 1]))
    row = pick(judge_modalities([fitted], [drawn], draws=20), modality="text")
    row["users_needed"] = np.nan
    assert "never differ" in verdict_sentence(row)


def test_users_needed_by_hand():
    # Gains of -1, 0, 1 in equal parts, one clip each: variance 2/3, (1.960 + .842)^2 = 7.849.
    gains = np.tile([-1, 0, 1], 1000)
    expected = 7.849 * (2 / 3) / 0.01**2
    assert users_needed(gains, np.ones(3000)) == pytest.approx(expected, rel=1e-3)
    assert users_needed(gains, np.ones(3000), target=0.02) == pytest.approx(expected / 4, rel=1e-3)


def test_the_users_needed_show_the_gain_four_times_in_five():
    rng = np.random.default_rng(2)
    p = [0.15, 0.65, 0.2]  # a gain of 5 points
    pilot = rng.choice([-1, 0, 1], size=20000, p=p)
    n = users_needed(pilot, np.ones(len(pilot)), target=0.05)
    gains = rng.choice([-1, 0, 1], size=(2000, int(n)), p=p)
    z = gains.mean(1) / (gains.std(1, ddof=1) / np.sqrt(n))
    assert (z > 1.96).mean() == pytest.approx(0.8, abs=0.03)


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


@pytest.fixture
def _quick_collection():
    # statsmodels collects garbage at each call, which takes long with all libraries loaded.
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_quick_collection")
def test_a_permuted_modality_is_not_reported_to_help():
    """100 tables, in each of which one modality is permuted across users."""
    no_help, others = 0, 0
    for k in range(100):
        tables = draw_experts(1000 + k)[0]
        name = list(tables)[k % 3]
        tables[name] = permute_users(tables[name], seed=k)
        fitted = fit_fusion(tables, PRIOR, rules=["product", "weighted"])
        result = judge_modalities([fitted], [tables], draws=300, seed=k)
        verdict = pick(result, modality=name)
        no_help += "no help shown" in verdict_sentence(verdict)
        others += result["helps"].sum() - verdict.helps
    assert no_help >= 93
    assert others >= 50  # of 200: a test that never says "helps" would pass the line above


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
    assert result["like_best"].all()
    far = mark_one_standard_error({"a": 0.5, "b": 0.6, "c": 0.505}, 1975)
    assert far["like_best"].to_dict() == {"b": True, "c": False, "a": False}
    assert far["alike"].to_dict() == {"b": "", "c": "a", "a": "c"}
