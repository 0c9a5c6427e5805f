"""Written items against an expert's, and what hiding items does to a judge."""

import math

import numpy as np
import pytest

from rubricate.audit import item_alignment, masking_sensitivity
from rubricate.errors import SettingError


def test_alignment_agrees_with_a_plain_loop():
    rng = np.random.default_rng(0)
    for seed in range(50):
        grid = rng.random((int(rng.integers(1, 6)), int(rng.integers(1, 6))))
        grid[rng.random(grid.shape) < 0.3 * (seed % 2)] = np.nan
        rows = [max(v for v in r if v == v) for r in grid if not np.isnan(r).all()]
        columns = [max(v for v in c if v == v) for c in grid.T if not np.isnan(c).all()]
        found = item_alignment(grid)
        if rows:
            precision, recall = np.mean(rows), np.mean(columns)
            assert found == pytest.approx((precision, recall, 2 * precision * recall / (precision + recall)))
        else:
            assert math.isnan(found.f1)


def test_nothing_alike_is_zero_and_numbers_off_the_scale_are_refused():
    assert item_alignment(np.zeros((2, 3))) == (0.0, 0.0, 0.0)
    with pytest.raises(SettingError, match=r"\[0, 1\]"):
        item_alignment([[9.0]])


def test_hiding_costs_an_independent_judge_and_not_a_halo_judge():
    rng = np.random.default_rng(0)
    independent = np.where(rng.random((20_000, 7)) < 0.72, 1.0, -1.0)
    found = masking_sensitivity(independent, hide=3, rng=rng)
    assert found.full == pytest.approx(0.895, abs=0.01)
    assert found.hidden == pytest.approx(0.804, abs=0.01)
    halo = np.repeat(independent[:, :1], 7, axis=1)
    assert masking_sensitivity(halo, hide=3, rng=rng).drop == 0.0


def test_missing_votes_are_left_out():
    votes = [[1.0, np.nan, np.nan], [np.nan, np.nan, np.nan], [-1.0, -1.0, np.nan], [1.0, -1.0, np.nan]]
    found = masking_sensitivity(votes, hide=1, rng=np.random.default_rng(0))
    assert found.full == pytest.approx((1 + 0 + 0.5) / 3)


@pytest.mark.parametrize("hide", [0, 3, 4])
def test_there_must_be_items_left(hide):
    with pytest.raises(SettingError, match="0 < hide < C"):
        masking_sensitivity(np.ones((2, 3)), hide=hide, rng=np.random.default_rng(0))
