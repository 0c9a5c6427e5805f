"""Perturbed twins against a plain loop."""

import numpy as np
import pytest

from rubricate.audit import perturbation_delta
from rubricate.errors import ShapeError


def test_it_agrees_with_a_plain_loop():
    rng = np.random.default_rng(0)
    for seed in range(50):
        base, twins = rng.random(6), rng.random((6, 3))
        base[rng.random(6) < 0.2 * (seed % 2)] = np.nan
        twins[rng.random((6, 3)) < 0.4 * (seed % 2)] = np.nan
        drops = [
            b - np.mean([x for x in t if x == x])
            for b, t in zip(base, twins, strict=True)
            if b == b and any(x == x for x in t)
        ]
        found = perturbation_delta(base, twins)
        assert found.n == len(drops)
        assert found.delta == pytest.approx(np.mean(drops))
        assert found.error == pytest.approx(np.std(drops, ddof=1) / np.sqrt(len(drops)))
        assert found.delta == pytest.approx(found.base - found.twin)


def test_nothing_known_is_no_number_and_one_question_has_no_error():
    assert perturbation_delta([np.nan], [[1.0]]).n == 0
    assert np.isnan(perturbation_delta([1.0], [[np.nan]]).delta)
    assert np.isnan(perturbation_delta([1.0], [[0.0]]).error)
    with pytest.raises(ShapeError):
        perturbation_delta([1.0, 2.0], [[1.0]])
