import math

import numpy as np
import pytest

from rubricate.audit import agreement_vs
from rubricate.errors import SettingError


def test_by_hand():
    found = agreement_vs([1.0, 5.0, math.nan], [2.0, 5.0, 3.0], [4.0, 4.0, 3.0], np.random.default_rng(0))
    assert (found.judge, found.peer, found.gain, found.n) == (0.5, 1.5, 1.0, 2)
    assert (found.low, found.high) == (1.0, 1.0)


def test_the_interval_covers_the_truth_and_a_wrong_truth_is_missed():
    hits = wrong = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        human = rng.normal(size=60)
        found = agreement_vs(human + rng.normal(0, 0.5, 60), human, human + rng.normal(0, 0.8, 60), rng, resamples=300)
        true = 0.3 * math.sqrt(2 / math.pi)
        hits += found.low <= true <= found.high
        wrong += found.low <= -true <= found.high
    assert hits >= 88
    assert wrong <= 5


def test_nothing_to_compare_and_bad_settings():
    empty = agreement_vs([math.nan], [1.0], [1.0], np.random.default_rng(0))
    assert empty.n == 0
    assert math.isnan(empty.gain)
    with pytest.raises(SettingError, match="resamples"):
        agreement_vs([1.0], [1.0], [1.0], np.random.default_rng(0), resamples=0)
