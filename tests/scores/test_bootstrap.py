"""Draws over users: the exact distribution, at a cost that does not grow with the users."""

import numpy as np
import pandas as pd
import pytest

from mmage_utils.scores import bootstrap


def test_sums_over_users_are_those_of_a_loop(rng):
    table = pd.DataFrame({"UserID": rng.choice(list("edcba"), 60)})
    values = rng.normal(size=(60, 2, 3))
    loop = [values[table["UserID"] == user].sum(0) for user in "abcde"]
    np.testing.assert_allclose(bootstrap.sum_per_user(table, values), loop)
    codes, weights = rng.integers(0, 4, 60), rng.random(60)
    expected = bootstrap.sum_per_user(table, np.eye(4)[codes] * weights[:, None])
    np.testing.assert_allclose(bootstrap.counts_per_user(table, codes, 4, weights), expected)


def test_blocks_draw_the_same_users(monkeypatch, rng):
    sums = rng.random((50, 2))
    whole = bootstrap.drawn_sums(sums, draws=40, seed=3)
    monkeypatch.setattr(bootstrap, "BLOCK", 333)
    np.testing.assert_allclose(bootstrap.drawn_sums(sums, draws=40, seed=3), whole)
    np.testing.assert_allclose(whole[0], sums.sum(0))


def test_random_halves_are_those_of_coins(rng):
    values = rng.integers(-1, 2, (30, 2)).astype(float)
    drawn = bootstrap.halved_sums(values, draws=20_000, seed=1)
    coins = (rng.random((20_000, 30)) < 0.5) @ values
    np.testing.assert_allclose(drawn.mean(0), values.sum(0) / 2, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(coins.T), atol=0.3)


def test_random_pairs_are_those_of_permutations(rng):
    one, other = rng.choice(3, 40, p=[0.5, 0.3, 0.2]), rng.choice(3, 40)
    tables = bootstrap.paired_at_random(np.bincount(one), np.bincount(other), draws=20_000, seed=2)
    assert (tables.sum(2) == np.bincount(one)).all()
    assert (tables.sum(1) == np.bincount(other)).all()
    hits = [(one == rng.permutation(other)).sum() for _ in range(20_000)]
    drawn = np.trace(tables, axis1=1, axis2=2)
    assert drawn.mean() == pytest.approx(np.mean(hits), abs=0.1)
    assert drawn.std() == pytest.approx(np.std(hits), abs=0.1)
