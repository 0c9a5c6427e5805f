"""Sums, products and ratios of whole terms."""

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import combine, multiply, ratio

NAN = float("nan")


def test_combine_by_hand():
    got = combine(([1.0, 0.0], [0.2, 0.4], 2.0), (1.0, [5.0, 10.0], 0.5), constant=-1.0)
    np.testing.assert_allclose(got, [1 + 1 + 1 - 1, 0 + 4 + 1 - 1])


def test_combine_without_coefficients_adds_up():
    np.testing.assert_allclose(combine((np.ones((2, 2)), np.full((2, 2), 0.5))), np.full((2, 2), 1.5))


def test_a_term_with_coefficient_zero_is_not_read_and_others_propagate():
    assert combine(([NAN], [1.0]), (0.0, 1.0)).tolist() == [1.0]
    assert np.isnan(combine(([NAN], [1.0]))).all()


def test_multiply_and_ratio():
    np.testing.assert_allclose(multiply(([0.5, 2.0], [4.0, 0.0])), [2.0, 0.0])
    np.testing.assert_allclose(ratio([1.0, 3.0, 1.0], [2.0, 0.0, NAN]), [0.5, NAN, NAN])
    np.testing.assert_allclose(ratio([1.0, 3.0], 2.0), [0.5, 1.5])


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"terms\[1\] has shape \(3,\)"):
        combine(([1.0, 2.0], [1.0, 2.0, 3.0]))
    with pytest.raises(ShapeError, match=r"terms\[1\] has shape \(1,\)"):
        multiply(([1.0, 2.0], [1.0]))
    with pytest.raises(ShapeError, match=r"by has shape \(2,\)"):
        ratio([1.0], [1.0, 2.0])
    with pytest.raises(SettingError, match="2 terms and 1 coefficients"):
        combine((1.0, 2.0), (1.0,))
    with pytest.raises(SettingError, match="no terms"):
        multiply(())
