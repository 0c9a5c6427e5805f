"""Fits to an outcome against closed forms, and a search that finds the columns that matter."""

import math

import numpy as np
import pytest

from rubricate.errors import PolicyError, SettingError, UnknownNameError
from rubricate.refine import ExternalFit, RubricSearch

NAN = math.nan


def test_linear_is_ridge_regression():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    z = (x - x.mean(0)) / x.std(0)
    own = np.linalg.solve(z.T @ z / 40 + 0.3 * np.eye(3), z.T @ (y - y.mean()) / 40)
    fitted = ExternalFit("linear", ridge=0.3).fit(x, y)
    np.testing.assert_allclose(fitted.coef, [y.mean(), *own], atol=1e-4)
    np.testing.assert_allclose(fitted.loss(x, y), ((fitted.predict(x) - y) ** 2).mean())


def test_logit_and_counts_without_a_signal_give_the_rate():
    x = np.zeros((8, 1))
    logit = ExternalFit("logit").fit(x, [1, 0, 0, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(logit.predict(x), 0.25, atol=1e-4)
    np.testing.assert_allclose(
        logit.loss(x, np.repeat([1, 0], [2, 6])), -0.25 * math.log(0.25) - 0.75 * math.log(0.75), atol=1e-6
    )
    counts = ExternalFit("negbin").fit(x, [0, 1, 2, 9, 0, 1, 2, 1])
    np.testing.assert_allclose(counts.predict(x), 2.0, atol=1e-3)


def test_missing_rows_are_left_out_and_stay_missing():
    x, y = [[0.0], [1.0], [2.0], [NAN]], [0.0, 2.0, 4.0, 100.0]
    fitted = ExternalFit(ridge=0.0).fit(x, y)
    np.testing.assert_allclose(fitted.predict(x), [0, 2, 4, NAN], atol=1e-4)
    with pytest.raises(PolicyError, match="no row"):
        ExternalFit().fit([[NAN]], [1.0])
    with pytest.raises(PolicyError, match="0 and 1"):
        ExternalFit("logit").fit([[1.0]], [0.5])
    with pytest.raises(PolicyError, match="counts"):
        ExternalFit("negbin").fit([[1.0]], [-1.0])
    with pytest.raises(UnknownNameError, match="logit"):
        ExternalFit("probit")


def world(seed, n=200):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 12))
    return rng, x, x[:, 0] + x[:, 1] + 0.3 * rng.normal(size=n)


def mutate(rubric, rng):
    return [*[c for c in rubric if rng.random() < 0.8], str(rng.integers(12))]


def test_the_search_finds_what_predicts():
    rng, x, y = world(0)
    found = RubricSearch(steps=40).run(["5"], mutate, lambda r: x[:, [int(c) for c in r]], y, rng)
    assert {"0", "1"} <= set(found.best)
    assert found.losses[0] > 1 > found.losses.min()
    assert found.test[1] < 0.5 * found.test[0]
    assert found.parent[0] == -1
    assert (found.parent[1:] < np.arange(1, len(found.parent))).all()


def test_on_noise_the_validation_loss_flatters_and_the_test_loss_says_so():
    gaps = []
    for seed in range(8):
        rng, x, _ = world(seed, n=80)
        found = RubricSearch(steps=30).run(
            ["5"], mutate, lambda r, x=x: x[:, [int(c) for c in r]], rng.normal(size=80), rng
        )
        gaps.append([found.losses[0] - found.losses.min(), found.test[0] - found.test[1]])
    seen, unseen = np.mean(gaps, 0)
    assert seen > 0.02
    assert unseen < seen


def test_steps_without_a_node():
    rng, x, y = world(1)
    found = RubricSearch(steps=5).run(["0"], lambda r, g: ["0", " "], lambda r: x[:, :1], y, rng)
    assert (found.best, len(found.losses)) == (("0",), 1)
    with pytest.raises(SettingError, match="valid"):
        RubricSearch(valid=0.5, test=0.5)
