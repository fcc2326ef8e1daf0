"""Experts drawn by hand, of whom everything is known: calibrated and independent by group."""

import numpy as np
import pandas as pd

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.predictions import logits, softmax, tabulate

PRIOR = np.array([0.02, 0.05, 0.2, 0.43, 0.22, 0.05, 0.03])
GROUPS = np.arange(N_GROUPS)


def draw_experts(seed, *, strengths=(1.2, 0.9, 0.9), users=76, sharpness=1.0):
    """Prediction tables of valid and test for image, audio and text.

    Each expert sees the group through a number that scatters around strength x group with
    standard deviation 1, most of it the user's, and answers by Bayes' rule. Its logits are then
    multiplied by `sharpness`, which is undone by that temperature.

    Returns
    -------
    tables : dict of str to pandas.DataFrame
    log_likelihoods : list of numpy.ndarray, shape (n clips, 7)
    """
    rng = np.random.default_rng([seed, 99])
    group = rng.choice(GROUPS, size=2 * users, p=PRIOR)
    user = np.repeat(np.arange(2 * users), rng.integers(1, 6, 2 * users))
    clips = pd.DataFrame(
        {
            "VideoName": [f"clip{k:04d}.mp4" for k in range(len(user))],
            "UserID": [f"user{k:04d}" for k in user],
            "split": np.where(user < users, "valid", "test"),
            "AgeGroup": group[user] + 1,
        }
    )
    tables, likelihoods = {}, []
    for name, strength in zip(("image", "audio", "text"), strengths, strict=True):
        scatter = 0.8 * rng.normal(size=2 * users)[user] + 0.6 * rng.normal(size=len(user))
        seen = strength * group[user] + scatter
        likelihood = -0.5 * (seen[:, None] - strength * GROUPS) ** 2
        p = softmax(sharpness * (likelihood + np.log(PRIOR)))
        tables[name] = tabulate(clips, p)
        likelihoods.append(likelihood)
    return tables, likelihoods


def mixed_up(tables, seed=3):
    """The same tables, the rows of each in an order of its own."""
    return {
        name: table.sample(frac=1, random_state=seed + k)
        for k, (name, table) in enumerate(tables.items())
    }


def with_other_test(tables, seed=4):
    """The same tables with other truths, answers and probabilities on test."""
    rng = np.random.default_rng(seed)
    changed = {}
    truth = None
    for name, table in tables.items():
        here = (table["split"] == "test").to_numpy()
        truth = rng.integers(1, 8, here.sum()) if truth is None else truth
        p = rng.dirichlet(np.ones(N_GROUPS), here.sum())
        other = tabulate(table[here].rename(columns={"ground_truth": "AgeGroup"}), p)
        changed[name] = pd.concat([table[~here], other.assign(ground_truth=truth)])
    return changed


def log_loss(table):
    """Mean negative log-probability of the true age group, in nats."""
    return -logits(table)[np.arange(len(table)), table["ground_truth"] - 1].mean()


def accuracy_of(table, split="test"):
    """Share of right clips of a split."""
    part = table[table["split"] == split]
    return (part["prediction"] == part["ground_truth"]).mean()
