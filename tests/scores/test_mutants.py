"""Properties that intervals, null distributions and verdicts have, and mutants that lack them."""

import numpy as np
import pandas as pd
import pytest
from helpers.experts import PRIOR, draw_experts
from helpers.mutants import mutant

from mmage_utils.fusion import verdicts
from mmage_utils.fusion.late_fusion import fit_fusion
from mmage_utils.fusion.robustness import permute_users
from mmage_utils.scores import bootstrap, comparison, groups


def draw_people(rng, users=60):
    """Clips of users whose gender says nothing of how often they are right, and another model."""
    clips = rng.integers(1, 6, users)
    user = np.repeat(np.arange(users), clips)
    right = [rng.random(len(user)) < rng.beta(2, 2, users)[user] for _ in range(2)]
    truth = rng.integers(3, 6, users)[user]
    table = pd.DataFrame(
        {
            "VideoName": [f"{k:05d}.mp4" for k in range(len(user))],
            "UserID": [f"user{k:03d}" for k in user],
            "ground_truth": truth,
            "Gender": rng.integers(1, 3, users)[user],
            "Ethnicity": rng.integers(1, 4, users)[user],
        }
    )
    return [table.assign(prediction=np.where(own, truth, 7)) for own in right]


def intervals_of_categories_cover(module, rng):
    """Of users who are right with a probability of their own, 0.2 on average, or never."""
    held = []
    for _ in range(300):
        counts = rng.integers(1, 6, (40, 1))
        hits = rng.binomial(counts, rng.beta(0.6, 2.4, (40, 1)))
        _, low, high = module.proportion_interval(hits, counts)
        held.append(low[0] <= 0.2 <= high[0])
    assert 0.92 <= np.mean(held) <= 0.99
    _, low, high = module.proportion_interval(0 * counts, counts)
    assert low[0] == 0
    assert high[0] > 0.02  # 0 of some 100 clips of 40 users


def null_of_bias_is_chance(module, rng):
    """Its 95th percentile is passed when p is below 5%, and that is so in 5% of all cases."""
    rows = pd.concat(
        module.biases(draw_people(rng)[0], draws=200, seed=seed) for seed in range(120)
    )
    rows = rows[rows["attribute"].isin(["Gender", "Ethnicity"])]
    assert (rows["null50"] < rows["null95"]).all()
    passed = rows["value"] > rows["null95"]
    clear = ~rows["p"].between(0.04, 0.06)
    assert (passed == (rows["p"] < 0.05))[clear].all()
    assert 0.02 <= passed.mean() <= 0.09
    assert 0.4 <= (rows["value"] > rows["null50"]).mean() <= 0.6
    assert 0.06 <= rows["p"].between(0.06, 0.2).mean() <= 0.24  # there are cases between


def differences_of_bias_are_chance(module, rng):
    """Of two models that are alike, the difference lies within 95% of the swaps 95 times of 100."""
    rows = pd.concat(
        module.compare_biases(*draw_people(rng), draws=200, seed=seed) for seed in range(100)
    )
    assert (rows["null_low"] < rows["null_high"]).all()
    inside = rows["value"].between(rows["null_low"], rows["null_high"])
    assert 0.9 <= inside.mean() <= 0.99


def p_values_of_chance_are_uniform(module, rng):
    """Under the null every p is as likely as any other."""
    from scipy.stats import kstest

    shared = rng.choice([-2, -1, 0, 1, 2], size=(600, 80)) + rng.normal(0, 0.3, (600, 80))
    p = [module.sign_flip(gains, draws=400, seed=seed) for seed, gains in enumerate(shared)]
    assert kstest(p, "uniform").pvalue > 0.001
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.08


def help_is_help_and_harm_is_harm(module, rng):
    tables = draw_experts(22, strengths=(1.2, 1.2, 1.2), users=400)[0]
    fitted = fit_fusion(tables, PRIOR, rules=["product"])
    helped = module.judge_modalities([fitted], [tables], draws=300).set_index("modality")
    assert helped.loc["text", "value"] > 0
    assert helped.loc["text", "verdict"] == "helps"
    test = tables["text"]["split"] == "test"
    dealt = pd.concat([tables["text"][~test], permute_users(tables["text"][test])])
    harmed = module.judge_modalities([fitted], [tables | {"text": dealt}], draws=300)
    harmed = harmed.set_index("modality")
    assert harmed.loc["text", "value"] < 0
    assert harmed.loc["text", "verdict"] == "harms"


PROPERTIES = {
    intervals_of_categories_cover: bootstrap,
    null_of_bias_is_chance: groups,
    differences_of_bias_are_chance: groups,
    p_values_of_chance_are_uniform: comparison,
    help_is_help_and_harm_is_harm: verdicts,
}
MUTANTS = {
    "category intervals of zero width": (
        intervals_of_categories_cover,
        'proportion_confint(value[known] * effective, effective, method="beta")',
        "value[known]",
    ),
    "bias null of zero width": (
        null_of_bias_is_chance,
        "null = bias(right / all_clips)",
        "null = np.repeat(bias(hits.sum(0) / clips.sum(0)), draws)",
    ),
    "bias differences of zero width": (
        differences_of_bias_are_chance,
        "np.vstack([np.zeros_like(moves[:1]), moves])",
        "np.vstack([np.zeros_like(moves[:1]), 0 * moves])",
    ),
    "bias null95 at the 88th percentile": (
        null_of_bias_is_chance,
        "interval(null, (50, 95))",
        "interval(null, (50, 88))",
    ),
    "sign-flip null shrunk by 30%": (
        p_values_of_chance_are_uniform,
        "np.abs(2 * kept - gains.sum())",
        "np.abs(0.7 * (2 * kept - gains.sum()))",
    ),
    "harm and help swapped": (
        help_is_help_and_harm_is_harm,
        "np.select(cases, [HELPS, HARMS]",
        "np.select(cases, [HARMS, HELPS]",
    ),
}


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
def test_the_property_holds(check, rng):
    check(PROPERTIES[check], rng)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_noticed(name, rng):
    check, old, new = MUTANTS[name]
    changed = mutant(PROPERTIES[check], old, new)
    with pytest.raises(AssertionError):
        check(changed, rng)


def test_a_mutant_out_of_date_is_reported():
    with pytest.raises(ValueError, match="has 0 times"):
        mutant(groups, "what is not there", "")
