import math

import pytest

from rubricate.audit.proportions import two_proportion_z, wilson_interval
from rubricate.errors import SettingError


def test_figures_by_hand():
    low, high = wilson_interval(0, 10)
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(1.96**2 / (10 + 1.96**2))
    assert two_proportion_z(60, 100, 55, 100) == pytest.approx(0.715, abs=0.001)
    assert math.isnan(two_proportion_z(5, 5, 3, 3))


def test_impossible_counts_are_refused():
    with pytest.raises(SettingError, match="5 of 3"):
        wilson_interval(5, 3)
