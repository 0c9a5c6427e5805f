"""Learning coefficients against a trusted return."""

import doctest

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.rewards import blend, learn_blend


def test_examples_run():
    assert doctest.testmod(blend).failed == 0


def test_it_climbs_by_central_differences_and_stays_in_the_ball():
    once = learn_blend(lambda p: 3 * p[0] - 2 * p[1], (0.0, 0.0), steps=1, rate=0.1, radius=10.0)
    np.testing.assert_allclose(once, [0.3, -0.2])
    far = learn_blend(lambda p: 3 * p[0] - 4 * p[1], (0.0, 0.0), steps=50, radius=2.0)
    np.testing.assert_allclose(far, [1.2, -1.6], atol=1e-6)
    np.testing.assert_array_equal(learn_blend(lambda p: 0.0, (0.0, 0.0), steps=3), [0.0, 0.0])


def test_bad_settings_and_an_unknown_return_are_refused():
    with pytest.raises(SettingError, match="rate"):
        learn_blend(lambda p: 0.0, (1.0,), rate=0.0)
    with pytest.raises(SettingError, match="NaN"):
        learn_blend(lambda p: float("nan"), (1.0,))
