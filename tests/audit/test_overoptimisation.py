from itertools import combinations

import numpy as np
import pytest

from rubricate.audit import overoptimisation_curve
from rubricate.errors import SettingError

NAN = float("nan")


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_mean_over_all_subsets(seed):
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat([3, 7], [5, 6]))
    proxy, truth = rng.integers(0, 4, 11).astype(float), rng.normal(size=11)
    n = (1, 2, 5)
    found = overoptimisation_curve(proxy, truth, group, n)
    for k, size in enumerate(n):
        means = []
        for g in (3, 7):
            rows = np.flatnonzero(group == g)
            picks = []
            for subset in combinations(rows, size):
                best = [i for i in subset if proxy[i] == max(proxy[list(subset)])]
                picks.append((proxy[best].mean(), best))
            means.append((np.mean([p for p, _ in picks]), picks))
        assert abs(found.proxy[k] - np.mean([m for m, _ in means])) < 1e-9


def test_truth_is_that_of_the_pick_with_ties_shared():
    found = overoptimisation_curve([1.0, 1.0, 0.0], [4.0, 0.0, 9.0], [0, 0, 0], n=(1, 3))
    np.testing.assert_allclose(found.truth, [13 / 3, 2.0])


def test_the_divergence_and_the_height():
    found = overoptimisation_curve(np.arange(8.0), [0, 1, 2, 3, 4, 5, 0, -9], [0] * 8, n=(1, 2, 8))
    np.testing.assert_allclose(found.kl, [0, np.log(2) - 0.5, np.log(8) - 7 / 8])
    assert found.truth[-1] == -9
    assert found.best_n == 1 + (found.truth[1] > found.truth[0])
    assert found.loss == max(found.truth) + 9
    rising = overoptimisation_curve(np.arange(8.0), np.arange(8.0), [0] * 8, n=(1, 2, 8))
    assert rising.loss == 0


def test_missing_values_leave_a_response_out_and_small_prompts_a_prompt():
    proxy, truth = [1.0, 2.0, NAN, 5.0, 5.0], [1.0, 2.0, 8.0, NAN, 3.0]
    found = overoptimisation_curve(proxy, truth, [0, 0, 0, 1, 1], n=(1, 2))
    np.testing.assert_allclose(found.truth, [1.5, 2.0])
    with pytest.raises(SettingError, match="expected n up to 2"):
        overoptimisation_curve(proxy, truth, [0, 0, 0, 1, 1], n=(3,))
    with pytest.raises(SettingError, match="sizes"):
        overoptimisation_curve(proxy, truth, [0, 0, 0, 1, 1], n=())
