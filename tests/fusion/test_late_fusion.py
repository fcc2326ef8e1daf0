"""Late fusion: the report's sum of logits, and rules that are chosen on valid."""

import numpy as np
import pandas as pd
import pytest
from helpers.experts import PRIOR, draw_experts, log_loss, mixed_up, with_other_test

from mmage_utils.fusion.late_fusion import (
    C_GRID,
    RULES,
    add_logits,
    align,
    apply_fusion,
    fit_fusion,
    subsets,
)
from mmage_utils.fusion.robustness import drop_modality, permute_users
from mmage_utils.fusion.rules import fit_weights, multiply
from mmage_utils.predictions import P_COLUMNS, logits, softmax
from mmage_utils.runs import load_results, save_results


@pytest.fixture
def models(rng, tabled):
    truth = rng.integers(1, 8, 30)
    return [tabled(truth, p=rng.dirichlet(np.ones(7), 30)) for _ in range(3)]


@pytest.mark.parametrize("which", range(3))
def test_one_hot_weights_give_that_model_back(models, which):
    result = add_logits(models, np.eye(3)[which])
    pd.testing.assert_frame_equal(result, models[which], atol=1e-9)


def test_adding_logits_multiplies_probabilities(tabled):
    first = tabled([3], p=[[0, 0, 0.5, 0.4, 0.1, 0, 0]])
    second = tabled([3], p=[[0, 0, 0.1, 0.6, 0.3, 0, 0]])
    result = add_logits([first, second], (1, 1))
    # Products .05, .24, .03 of .32.
    expected = [0, 0, 5 / 32, 24 / 32, 3 / 32, 0, 0]
    assert result.loc[0, P_COLUMNS].tolist() == pytest.approx(expected, abs=1e-9)
    assert result["prediction"].tolist() == [4]


def test_weights_are_powers_of_the_probabilities(models):
    result = add_logits(models, (1.2, 0.8, 0.5))
    first, second, third = (model[P_COLUMNS].to_numpy() for model in models)
    expected = first**1.2 * second**0.8 * third**0.5
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(result[P_COLUMNS], expected, atol=1e-9)
    assert (result["prediction"] == expected.argmax(1) + 1).all()


@pytest.mark.parametrize("which", range(3))
def test_order_of_rows_does_not_matter(models, which):
    expected = add_logits(models, (1.2, 0.8, 0.8)).sort_values("VideoName", ignore_index=True)
    models[which] = models[which].sample(frac=1, random_state=5)
    result = add_logits(models, (1.2, 0.8, 0.8)).sort_values("VideoName", ignore_index=True)
    pd.testing.assert_frame_equal(result, expected)


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1, 1), (1, 1, -0.1)])
def test_wrong_weights_are_refused(models, weights):
    with pytest.raises(ValueError, match="one weight, not negative, for each model"):
        add_logits(models, weights)


@pytest.mark.parametrize("which", range(3))
def test_clips_that_one_model_lacks_are_left_out(models, which):
    expected = add_logits(models, (1, 1, 1)).iloc[4:].reset_index(drop=True)
    models[which] = models[which].iloc[4:]
    pd.testing.assert_frame_equal(add_logits(models, (1, 1, 1)), expected)


@pytest.fixture(scope="module")
def drawn():
    return draw_experts(5)[0]


@pytest.fixture(scope="module")
def fitted(drawn):
    return fit_fusion(drawn, PRIOR)


def _same(first, second):
    """Whether two fitted fusions have chosen the very same numbers."""
    np.testing.assert_equal(first._asdict(), second._asdict())
    return True


def test_product_of_independent_experts_is_bayes_rule():
    tables, likelihoods = draw_experts(6)
    joint = softmax(np.log(PRIOR) + sum(likelihoods))
    log_p = np.stack([logits(table) for table in tables.values()])
    np.testing.assert_allclose(multiply(log_p, PRIOR), joint, atol=1e-6)


def test_the_prior_counts_once_by_hand():
    # Two experts without evidence give the prior, and so do both together.
    log_p = np.log(np.stack([PRIOR[None], PRIOR[None]]))
    np.testing.assert_allclose(multiply(log_p, PRIOR)[0], PRIOR)
    # Where the prior is even, each doubles the odds of group 3 against group 4: 2 x 2 = 4.
    even = np.full(7, 1 / 7)
    p = np.array([1, 1, 2, 1, 1, 1, 1]) / 8
    odds = multiply(np.log(np.stack([p[None], p[None]])), even)[0]
    assert odds[2] / odds[3] == pytest.approx(4)


def test_a_group_that_train_lacks_is_not_answered():
    prior = np.array([0, 0.1, 0.2, 0.3, 0.2, 0.1, 0.1])
    p = np.array([[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]])
    assert multiply(np.log(np.stack([p, p, p])), prior)[0, 0] < 1e-9


@pytest.mark.parametrize("which", range(3))
def test_one_hot_weights_of_the_evidence_give_that_model_back(drawn, which):
    log_p = np.stack([logits(table) for table in drawn.values()])
    result = multiply(log_p, PRIOR, np.eye(3)[which])
    np.testing.assert_allclose(result, np.exp(log_p[which]), atol=1e-9)


def test_weights_of_calibrated_independent_experts_are_about_one():
    tables = draw_experts(7, users=1500)[0]
    valid = {name: table[table["split"] == "valid"] for name, table in tables.items()}
    clips, log_p = align(valid)
    assert fit_weights(log_p, clips["ground_truth"], PRIOR) == pytest.approx(np.ones(3), abs=0.2)


def test_an_expert_without_evidence_gets_no_weight():
    tables = draw_experts(8, strengths=(1.2, 0.9, 0), users=600)[0]
    tables["text"] = permute_users(draw_experts(8, users=600)[0]["text"])
    result = fit_fusion(tables, PRIOR, rules=["weighted"])
    assert result.weights["image + audio + text"]["text"] < 0.1


def test_sharpened_experts_are_cooled():
    result = fit_fusion(draw_experts(9, users=600, sharpness=2.5)[0], PRIOR, rules=["product"])
    assert list(result.temperatures.values()) == pytest.approx([2.5] * 3, rel=0.2)


def test_fusing_beats_each_expert_on_test(drawn, fitted):
    truth = drawn["image"].query("split == 'test'")
    for rule in RULES:
        fused = apply_fusion(fitted, drawn, rule=rule).query("split == 'test'")
        alone = [log_loss(table.query("split == 'test'")) for table in drawn.values()]
        assert log_loss(fused) < min(alone)
        assert len(fused) == len(truth)


def test_probabilities_and_answers_of_every_rule_and_subset(drawn, fitted):
    for rule in RULES:
        for use in subsets(drawn):
            p = apply_fusion(fitted, drawn, use=use, rule=rule)
            np.testing.assert_allclose(p[P_COLUMNS].sum(axis=1), 1)
            assert (p[P_COLUMNS].to_numpy().argmax(1) + 1 == p["prediction"]).all()


def test_one_modality_alone_keeps_its_answers(drawn, fitted):
    for name, table in drawn.items():
        for rule in ("product", "weighted"):
            result = apply_fusion(fitted, drawn, use=[name], rule=rule)
            assert result["prediction"].tolist() == table["prediction"].tolist()


def test_choosing_never_looks_at_test(drawn, fitted):
    assert _same(fit_fusion(with_other_test(drawn), PRIOR), fitted)
    valid = {name: table.query("split == 'valid'") for name, table in drawn.items()}
    assert _same(fit_fusion(valid, PRIOR), fitted)


def test_choosing_looks_at_valid(drawn, fitted):
    other = {name: table.assign(ground_truth=table["prediction"]) for name, table in drawn.items()}
    other = {name: other["image"].assign(**drawn[name][P_COLUMNS]) for name in drawn}
    assert fit_fusion(other, PRIOR).temperatures != fitted.temperatures


def test_order_of_rows_changes_nothing(drawn, fitted):
    other = mixed_up(drawn)
    assert _same(fit_fusion(other, PRIOR), fitted)
    pd.testing.assert_frame_equal(apply_fusion(fitted, other), apply_fusion(fitted, drawn))


def test_rule_and_penalty_have_the_least_held_out_loss(drawn, fitted):
    every = {rule: losses["image + audio + text"] for rule, losses in fitted.held_out.items()}
    assert fitted.rule == min(every, key=every.get)
    others = [c for c in C_GRID if c != fitted.C]
    worse = fit_fusion(drawn, PRIOR, rules=["stacking"], penalties=others)
    assert worse.held_out["stacking"]["image + audio + text"] >= every["stacking"]


def test_held_out_users_are_not_in_the_fit():
    # Every user has a private code that the stacking could memorise, and no other evidence.
    rng = np.random.default_rng(0)
    tables = draw_experts(10, strengths=(0.0, 0.0, 0.0))[0]
    codes = {user: rng.dirichlet(np.full(7, 0.5)) for user in tables["image"]["UserID"].unique()}
    coded = np.stack([codes[user] for user in tables["image"]["UserID"]])
    tables = {name: table.copy() for name, table in tables.items()}
    for table in tables.values():
        table[P_COLUMNS] = coded
    result = fit_fusion(tables, PRIOR, rules=["stacking"], penalties=[100.0])
    fused = apply_fusion(result, tables)
    in_sample = log_loss(fused[fused["split"] == "valid"])
    assert result.held_out["stacking"]["image + audio + text"] > in_sample + 0.2


@pytest.mark.parametrize("rule", RULES)
def test_a_clip_is_scored_from_what_it_has(drawn, fitted, rule):
    name = drawn["image"].query("split == 'test'")["VideoName"].iloc[0]
    gone = {m: t[t["VideoName"] != name] if m != "text" else t for m, t in drawn.items()}
    result = apply_fusion(fitted, gone, rule=rule).set_index("VideoName")
    only_text = apply_fusion(fitted, drawn, use=["text"], rule=rule).set_index("VideoName")
    everything = apply_fusion(fitted, drawn, rule=rule).set_index("VideoName")
    pd.testing.assert_series_equal(result.loc[name], only_text.loc[name])
    pd.testing.assert_frame_equal(result.drop(name), everything.drop(name))


def test_missing_probabilities_count_as_a_missing_row(drawn, fitted):
    name = drawn["audio"]["VideoName"].iloc[-1]
    gone = {**drawn, "audio": drawn["audio"][drawn["audio"]["VideoName"] != name]}
    blank = drawn["audio"].copy()
    blank.loc[blank["VideoName"] == name, P_COLUMNS] = np.nan
    pd.testing.assert_frame_equal(
        apply_fusion(fitted, {**drawn, "audio": blank}), apply_fusion(fitted, gone)
    )


def test_a_clip_without_anything_gets_the_prior(drawn, fitted):
    blank = {name: table.copy() for name, table in drawn.items()}
    for table in blank.values():
        table.loc[0, P_COLUMNS] = np.nan
    result = apply_fusion(fitted, blank)
    np.testing.assert_allclose(result.loc[0, P_COLUMNS].to_numpy(float), PRIOR)
    assert result.loc[0, "prediction"] == PRIOR.argmax() + 1


def test_a_whole_table_may_lack(drawn, fitted):
    result = apply_fusion(fitted, {"text": drawn["text"]})
    pd.testing.assert_frame_equal(result, apply_fusion(fitted, drawn, use=["text"]))


def test_fitting_on_gaps_uses_what_is_there(drawn):
    gappy = drop_modality(drawn, "audio", 0.4, split="valid")
    result = fit_fusion(gappy, PRIOR)
    whole = fit_fusion(drawn, PRIOR)
    assert result.temperatures["image"] == whole.temperatures["image"]
    assert result.temperatures["audio"] != whole.temperatures["audio"]
    assert result.weights["image + text"] == whole.weights["image + text"]


def test_a_group_that_valid_lacks_stays_possible():
    tables = draw_experts(11)[0]
    kept = {
        name: table[(table["split"] == "test") | (table["ground_truth"] != 3)]
        for name, table in tables.items()
    }
    fused = apply_fusion(fit_fusion(kept, PRIOR), kept, rule="stacking")
    assert fused["p3"].between(1e-9, 0.5).all()


def test_dropping_is_nested_and_only_on_its_split(drawn):
    half, most = (drop_modality(drawn, "text", share)["text"] for share in (0.5, 0.8))
    test = drawn["text"].query("split == 'test'")
    assert len(drawn["text"]) - len(half) == round(len(test) / 2)
    assert set(most["VideoName"]) < set(half["VideoName"])
    assert (half["split"] == "valid").sum() == (drawn["text"]["split"] == "valid").sum()
    other = drop_modality(mixed_up(drawn), "text", 0.5)["text"]
    assert set(other["VideoName"]) == set(half["VideoName"])
    assert drop_modality(drawn, "text", 0.5)["image"] is drawn["image"]


def test_contradicting_and_repeated_clips_are_refused(drawn):
    wrong = drawn["text"].assign(ground_truth=drawn["text"]["ground_truth"] % 7 + 1)
    with pytest.raises(ValueError, match="contradict each other"):
        align({**drawn, "text": wrong})
    with pytest.raises(ValueError, match="listed twice in the predictions of text"):
        align({**drawn, "text": pd.concat([drawn["text"], drawn["text"].iloc[:1]])})


def test_what_was_not_fitted_is_refused(drawn):
    with pytest.raises(ValueError, match="fusion rules are"):
        fit_fusion(drawn, PRIOR, rules=["vote"])
    with pytest.raises(ValueError, match="at least 5 valid users"):
        fit_fusion({name: table.iloc[:3] for name, table in drawn.items()}, PRIOR)
    result = fit_fusion(drawn, PRIOR, rules=["product"])
    with pytest.raises(ValueError, match="not among those that were fitted"):
        apply_fusion(result, drawn, rule="stacking")
    with pytest.raises(ValueError, match="not among those that were fitted"):
        apply_fusion(result, drawn, use=["smell"])


def test_the_record_goes_into_results(fitted, run):
    save_results(run, "g", {"fusion": fitted.record()}, headline="")
    result = load_results(run, "g", "07")["fusion"]
    assert result["rule"] == fitted.rule
    assert result["weights"]["image + audio"] == fitted.weights["image + audio"]
    assert result["held_out"]["product"]["text"] == fitted.held_out["product"]["text"]
