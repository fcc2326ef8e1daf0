"""Verdicts: power first, what helps and what harms, and controls of which the truth is known."""

import gc

import numpy as np
import pandas as pd
import pytest
from helpers.experts import PRIOR, accuracy_of, draw_experts, mixed_up, with_other_test

from mmage_utils.display.fusion_sentences import verdict_sentence
from mmage_utils.fusion.late_fusion import apply_fusion, fit_fusion
from mmage_utils.fusion.robustness import permute_users
from mmage_utils.fusion.verdicts import (
    HARMS,
    HELPS,
    NO_HELP,
    detectable_gain,
    judge_modalities,
    users_needed,
)
from mmage_utils.predictions import of_split
from mmage_utils.scores.comparison import difference, holm, sign_flip
from mmage_utils.scores.evaluation import pick


@pytest.fixture(scope="module")
def judged(drawn, fitted):
    return judge_modalities([fitted], [drawn], draws=400)


def test_order_of_rows_changes_no_verdict(drawn, fitted, judged):
    again = judge_modalities([fitted], [mixed_up(drawn)], draws=400)
    pd.testing.assert_frame_equal(again, judged)


def test_the_gain_of_one_seed_is_a_paired_difference(drawn, fitted, judged):
    row, test = pick(judged, modality="text"), of_split(drawn, "test")
    base = row.added_to.split(" + ")
    both = [name for name in drawn if name in base or name == "text"]
    gap = difference(apply_fusion(fitted, test, use=both), apply_fusion(fitted, test, use=base))
    # A group can move its share of accuracy, if not all answers are ever given.
    assert row.value == pytest.approx(gap["value"])
    assert row.low == pytest.approx(gap["low"], abs=2e-3)
    assert row.high == pytest.approx(gap["high"], abs=2e-3)


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
    gain = accuracy_of(apply_fusion(fitted, drawn, use=both)) - accuracy_of(
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
    numbers = ["value", "low", "high", "users_needed", "detectable"]
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
        assert row.verdict == "helps"
        assert row.value > row.detectable > 0
        text = verdict_sentence(row)
        assert text.startswith(f"**{row.modality}**: This split can show a gain of ")
        assert "with 80% probability" in text
        assert ". Helps by +" in text


def test_no_help_is_reported_against_the_interval_or_holm():
    row = {"value": 0.02, "low": 0.001, "high": 0.04, "p_holm": 0.06, "verdict": "no help shown"}
    row |= {"added_to": "image", "by_seed": [0.01, 0.03], "users_needed": 9000, "users": 75}
    row |= {"users_low": 7000, "users_high": 12000}
    row |= {"detectable": 0.051, "detectable_low": 0.042, "detectable_high": 0.063}
    sentence = verdict_sentence(pd.Series({"modality": "text"} | row), test_users=612)
    assert sentence.startswith("**text**: This split can show a gain of 5.1 points or more with")
    assert "(4.2 to 6.3). No help shown, +2.0 points (+0.1 to +4.0) when added to" in sentence
    assert "9,000 users (7,000 to 12,000)" in sentence
    assert "the real one 612" in sentence
    assert "+1.0 to +3.0 over 2 training seeds" in sentence


def test_a_changed_number_changes_the_sentence(judged):
    row = pick(judged, modality="image")
    before = verdict_sentence(row)
    changes = [("value", 0.123), ("users_needed", 123), ("p_holm", 0.123), ("detectable", 0.123)]
    for key, value in changes:
        changed = row.copy()
        changed[key] = value
        assert "123" in verdict_sentence(changed).replace(".", "")
        assert verdict_sentence(changed) != before


def test_models_that_never_differ_have_no_test_size(drawn, fitted):
    assert np.isnan(users_needed([0, 0, 0], [2, 3, 1])).all()
    assert np.isnan(detectable_gain([0, 0, 0], [2, 3, 1])).all()
    row = pick(judge_modalities([fitted], [drawn], draws=20), modality="text")
    row["detectable"] = np.nan
    assert "never differ" in verdict_sentence(row)


def test_users_needed_by_hand():
    # Gains of -1, 0, 1 in equal parts, one clip each: variance 2/3, (1.960 + .842)^2 = 7.849.
    gains = np.tile([-1, 0, 1], 1000)
    expected = 7.849 * (2 / 3) / 0.01**2
    assert users_needed(gains, np.ones(3000))[0] == pytest.approx(expected, rel=1e-3)
    twice = users_needed(gains, np.ones(3000), target=0.02)
    assert twice[0] == pytest.approx(expected / 4, rel=1e-3)
    # As many users as are needed for a gain can show it.
    least = detectable_gain(gains, np.ones(3000))[0]
    assert users_needed(gains, np.ones(3000), target=least)[0] == pytest.approx(3000, rel=1e-3)
    # Of three gains judged together, each stands at a third of the level.
    together = detectable_gain(gains, np.ones(3000), tests=3)[0]
    assert together / least == pytest.approx((2.394 + 0.842) / (1.960 + 0.842), rel=1e-3)


def test_the_users_needed_show_the_gain_four_times_in_five():
    rng = np.random.default_rng(2)
    p = [0.15, 0.65, 0.2]  # a gain of 5 points
    pilot = rng.choice([-1, 0, 1], size=20000, p=p)
    n, _, _ = users_needed(pilot, np.ones(len(pilot)), target=0.05)
    gains = rng.choice([-1, 0, 1], size=(2000, int(n)), p=p)
    z = gains.mean(1) / (gains.std(1, ddof=1) / np.sqrt(n))
    assert (z > 1.96).mean() == pytest.approx(0.8, abs=0.03)


def test_detectable_gains_are_shown_four_times_in_five(rng):
    """With the p-value of the verdicts, at the level of the strictest of three."""
    users, clips = 300, np.ones(300)
    pilot = rng.choice([-1, 0, 1], size=20000, p=[0.1, 0.8, 0.1])
    promised = detectable_gain(pilot, np.ones(20000), tests=3)[0] * (20000 / users) ** 0.5
    p = [0.1 - promised / 2, 0.8, 0.1 + promised / 2]
    shown = 0
    for seed in range(400):
        gains = rng.choice([-1, 0, 1], size=users, p=p)
        shown += sign_flip(gains, draws=600, seed=seed) < 0.05 / 3
    assert shown / 400 == pytest.approx(0.8, abs=0.07)
    own = detectable_gain(gains, clips, tests=3)[0]
    assert own == pytest.approx(promised, rel=0.25)


def test_intervals_of_power_hold_the_power(rng):
    p, truth = [0.06, 0.86, 0.08], 0.14 - 0.02**2
    exact = users_needed(np.tile([-1, 1], 10**4), np.ones(2 * 10**4))[0] * truth
    held = []
    for _ in range(500):
        gains = rng.choice([-1, 0, 1], size=612, p=p)
        value, low, high = users_needed(gains, np.ones(612))
        assert low < value < high
        held.append(low <= exact <= high)
        least = detectable_gain(gains, np.ones(612))
        assert least[1] < least[0] < least[2]
    assert 0.92 <= np.mean(held) <= 0.98


def test_help_and_harm_are_told_apart():
    tables = draw_experts(22, strengths=(1.2, 1.2, 1.2), users=400)[0]
    fitted = fit_fusion(tables, PRIOR, rules=["product"])
    assert pick(judge_modalities([fitted], [tables], draws=400), modality="text").verdict == HELPS
    # On test the text is of others, and believed as on valid.
    test = tables["text"]["split"] == "test"
    lost = pd.concat([tables["text"][~test], permute_users(tables["text"][test])])
    row = pick(judge_modalities([fitted], [tables | {"text": lost}], draws=400), modality="text")
    assert row.verdict == HARMS
    assert row.high < 0
    assert ". Harms by -" in verdict_sentence(row)


def verdicts_on(name, tables, seed):
    fitted = fit_fusion(tables, PRIOR, rules=["product", "weighted"])
    return pick(judge_modalities([fitted], [tables], draws=500, seed=seed), modality=name)


@pytest.fixture
def _quick_collection():
    # statsmodels collects garbage at each call, which takes long with all libraries loaded.
    gc.freeze()
    yield
    gc.unfreeze()


COUNTS = [20, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.usefixtures("_quick_collection")
@pytest.mark.parametrize("count", COUNTS)
def test_positive_control_real_evidence_helps(count):
    """Tables in which the voice knows as much as the face, beyond the gain that is promised."""
    rows = []
    for k in range(count):
        tables = draw_experts(1000 + k, strengths=(1.2, 1.2, 0.9), users=300)[0]
        rows.append(verdicts_on("audio", tables, k))
    assert np.mean([row.value for row in rows]) > np.mean([row.detectable for row in rows])
    assert sum(row.verdict == HELPS for row in rows) >= 0.8 * count


@pytest.mark.usefixtures("_quick_collection")
@pytest.mark.parametrize("count", COUNTS)
def test_null_control_dealt_out_answers_do_not_help(count):
    """Tables in which one modality is permuted across users, on valid and on test."""
    rows = []
    for k in range(count):
        tables = draw_experts(1000 + k, users=150)[0]
        name = list(tables)[k % 3]
        tables[name] = permute_users(tables[name], seed=k)
        rows.append(verdicts_on(name, tables, k))
    helps = [row.verdict == HELPS for row in rows]
    assert sum(helps) <= max(0.06 * count, 2)
    assert sum(NO_HELP in verdict_sentence(row).lower() for row in rows) >= 0.9 * count


@pytest.mark.usefixtures("_quick_collection")
def test_the_family_of_verdicts_keeps_its_level(rng):
    """Three gains that are nothing but chance: seldom is any of them called help or harm."""
    wrong = 0
    for seed in range(300):
        shared = rng.choice([-1, 0, 1], size=200)
        p = [
            sign_flip(shared + rng.choice([-1, 0, 1], size=200), draws=400, seed=seed)
            for _ in range(3)
        ]
        wrong += (holm(p) < 0.05).any()
    assert wrong / 300 <= 0.08
