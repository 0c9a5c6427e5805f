"""Sparse selection: the figures of card 187, the conditions of an L1 optimum, order of presentation, missing verdicts."""

import math

import numpy as np
import pytest

from rubricate.errors import PolicyError, SettingError, UnknownNameError
from rubricate.refine import SparseSelector


def world(seed, n=256, test=4000):
    """60 candidates: 8 informative, 12 correlated or reversed, 40 noise."""
    rng = np.random.default_rng(seed)
    worth = rng.uniform(0.5, 1.2, 8)
    z = rng.normal(size=(n + test, 8))
    x = 0.6 * rng.normal(size=(n + test, 60))
    x[:, :8] = z
    x[:, 8:20] = -0.5 * z[:, rng.integers(0, 8, 12)] * rng.choice([1, 0], 12) + 0.6 * rng.normal(size=(n + test, 12))
    first = rng.random(n + test) < 1 / (1 + np.exp(-1.2 * (z @ worth)))
    gap = np.where(first[:, None], x, -x)
    return gap[:n], gap[n:]


def test_it_finds_the_informative_ones():
    rows = []
    for seed in range(5):
        train, test = world(seed)
        found = SparseSelector().fit(train)
        rows.append(
            [(test.sum(1) > 0).mean(), (test @ found.weights > 0).mean(), len(set(found.kept[:8]) & set(range(8)))]
        )
    uniform, selected, informative = np.mean(rows, 0)
    assert uniform == pytest.approx(0.616, abs=0.03)
    assert selected == pytest.approx(0.817, abs=0.02)
    assert informative >= 7


def test_the_weights_are_the_optimum_of_the_penalised_loss():
    """Subgradient conditions: |mean gradient| = penalty on kept criteria and <= penalty elsewhere."""
    train, _ = world(3)
    found = SparseSelector(sign="any", top=60).fit(train)
    gradient = (train / (1 + np.exp(train @ found.weights))[:, None]).mean(0)
    on = found.weights != 0
    assert 5 < on.sum() < 40
    np.testing.assert_allclose(gradient[on], 0.03 * np.sign(found.weights[on]), atol=2e-4)
    assert (abs(gradient[~on]) <= 0.03 + 2e-4).all()


def test_reversed_criteria_are_reported_and_dropped_unless_asked_for():
    rng = np.random.default_rng(0)
    good = rng.normal(0.8, 1, 400)
    gap = np.column_stack([good, -rng.normal(0.8, 1, 400), rng.normal(size=400)])
    positive, either = (SparseSelector(sign=s).fit(gap) for s in ("positive", "any"))
    assert positive.reversed.tolist() == [False, True, False]
    assert positive.weights[1] == 0
    assert either.weights[1] < 0
    assert sorted(either.kept.tolist()) == [0, 1]


def test_scaling_of_pairs_and_top():
    train, _ = world(1)
    found = SparseSelector(top=3).fit(train)
    assert len(found.kept) == 3 == (found.weights != 0).sum()
    doubled = SparseSelector(top=3).fit(np.concatenate([train, train]))
    np.testing.assert_allclose(doubled.weights, found.weights, atol=1e-3)


def test_missing_verdicts():
    train, _ = world(2)
    gaps = train.copy()
    gaps[::2, 5] = math.nan
    assert SparseSelector().fit(gaps).pairs == 128
    np.testing.assert_allclose(SparseSelector().fit(gaps).weights, SparseSelector().fit(train[1::2]).weights)
    assert SparseSelector(missing="no_difference").fit(gaps).pairs == 256
    with pytest.raises(PolicyError, match="no_difference"):
        SparseSelector().fit([[math.nan, 1.0]])


def test_nothing_to_tell_apart_and_bad_settings():
    assert SparseSelector().fit(np.zeros((4, 3))).kept.tolist() == []
    with pytest.raises(SettingError, match="not unique"):
        SparseSelector(penalty=0)
    with pytest.raises(UnknownNameError, match="positive"):
        SparseSelector(sign="negative")
    with pytest.raises(UnknownNameError, match="drop_pair"):
        SparseSelector(missing="zero")
