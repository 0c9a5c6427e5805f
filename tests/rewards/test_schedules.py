"""Coefficients over training."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, UnknownNameError
from rubricate.rewards import schedule, stage


@pytest.mark.parametrize(
    ("kind", "at_start", "at_half", "at_end"),
    [
        ("constant", 1.0, 1.0, 1.0),
        ("linear", 1.0, 0.6, 0.2),
        ("cosine", 1.0, 0.6, 0.2),
        ("exponential", 1.0, 0.2 + 0.8 * math.exp(-0.5), 0.2 + 0.8 * math.exp(-1)),
        ("sigmoid", 0.2 + 0.8 / (1 + math.exp(-5)), 0.6, 0.2 + 0.8 / (1 + math.exp(5))),
    ],
)
def test_values_by_hand(kind, at_start, at_half, at_end):
    got = schedule([0, 50, 100], kind=kind, start=1.0, end=0.2, total=100)
    np.testing.assert_allclose(got, [at_start, at_half, at_end])


@pytest.mark.parametrize("kind", ["linear", "cosine", "exponential", "sigmoid"])
def test_it_never_turns_back_nor_passes_the_end(kind):
    got = schedule(np.linspace(0, 3, 100), kind=kind, start=0.5, end=0.1)
    assert (np.diff(got) <= 1e-12).all()
    assert got.min() >= 0.1


def test_annealing_of_published_systems():
    assert schedule(0.25, start=0.5) == 0.375
    assert schedule(1500, kind="exponential", start=0.3, total=12000) / 0.3 == pytest.approx(0.88, abs=0.003)


def test_stages_by_hand():
    edges, tiers = (0.2, 0.4, 0.6), ((1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0), (1, 1, 1, 1))
    assert [stage(p, edges, tiers).sum() for p in (0.0, 0.2, 0.59, 0.6, 1.0)] == [1, 2, 3, 4, 4]
    assert float(stage(31, (30,), (1 / 3, 1.0))) == 1.0
    assert stage(0.0, (), ((True, False),)).dtype == bool


def test_bad_settings_are_refused():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'linear'"):
        schedule(0.1, kind="liner")
    with pytest.raises(SettingError, match="total=0"):
        schedule(0.1, total=0)
    with pytest.raises(SettingError, match=r"progress=-0\.1"):
        schedule(-0.1)
    with pytest.raises(SettingError, match="2 edges and 2 stages"):
        stage(0.1, (0.2, 0.4), (1, 2))
