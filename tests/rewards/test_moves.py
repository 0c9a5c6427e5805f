"""Rules on steps: by hand, against loops, and under missing validity."""

import doctest

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import after_answer, by_kind, changed_after_failure, count_discount, first_time, moves

NAN = float("nan")


def test_examples_in_docstrings_run():
    assert doctest.testmod(moves).failed == 0


def test_by_kind_reads_its_own_value_only():
    assert by_kind([1, 0, 1], ([NAN, 2.0, NAN], 7.0)).tolist() == [7.0, 2.0, 7.0]
    assert by_kind([0, 1], np.array([0.1, 0.2])).tolist() == [0.1, 0.2]
    assert np.isnan(by_kind([0], ([NAN],))).all()
    with pytest.raises(SettingError):
        by_kind([0], ())
    for bad in ([2], [-1], [0.5]):
        with pytest.raises(ShapeError):
            by_kind(bad, (1.0, 2.0))


def test_new_and_changed_actions_by_hand():
    action, off = ["a", "b", "a", "a", "a"], [0, 3, 3, 5]
    assert first_time(action, np.ones(5), off).tolist() == [1, 1, 0, 1, 0]
    assert changed_after_failure(action, [0, 1, 1, 0, 1], off).tolist() == [0, 1, 0, 0, 0]


def test_unknown_validity_stays_unknown_where_it_matters():
    np.testing.assert_array_equal(first_time(["a", "a", "b"], [NAN, 1, 1], [0, 3]), [1, NAN, 1])
    np.testing.assert_array_equal(first_time(["a", "a", "a"], [1, NAN, 1], [0, 3]), [1, 0, 0])
    np.testing.assert_array_equal(changed_after_failure(["a", "a", "b"], [1, NAN, 1], [0, 3]), [0, 0, NAN])
    np.testing.assert_array_equal(changed_after_failure(["a", "a", "a"], [1, NAN, 1], [0, 3]), [0, 0, 0])


def test_steps_behind_the_answer_by_hand():
    got = after_answer([1, 0, 0, NAN, 1, 0, 0], [0, 3, 7])
    np.testing.assert_array_equal(got, [0, 1, 0, 0, NAN, 1, 0])
    assert after_answer([0, 0, 0], [0, 3]).tolist() == [0, 0, 0]
    assert after_answer([], [0, 0]).tolist() == []


@pytest.mark.parametrize("seed", range(50))
def test_against_loops(seed):
    rng = np.random.default_rng(seed)
    off = np.concatenate([[0], np.cumsum(rng.integers(0, 6, size=rng.integers(0, 8)))])
    n = int(off[-1])
    action, valid = rng.integers(0, 3, size=n) * 7, (rng.random(n) < 0.6).astype(float)
    new, changed, late = np.ones(n), np.zeros(n), np.zeros(n)
    for a, b in zip(off[:-1], off[1:], strict=True):
        for k in range(a, b):
            new[k] = not any(valid[j] and action[j] == action[k] for j in range(a, k))
            changed[k] = k > a and not valid[k - 1] and action[k] != action[k - 1]
            late[k] = any(valid[a:k]) and k < b - 1
    np.testing.assert_array_equal(first_time(action, valid, off), new)
    np.testing.assert_array_equal(changed_after_failure(action, valid, off), changed)
    np.testing.assert_array_equal(after_answer(valid, off), late)


def test_repeats_pay_by_how_often_the_row_met_the_id():
    rng = np.random.default_rng(0)
    for beta in (0.0, 0.5, 1.0):
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 7, size=8))])
        ids, x, want = rng.integers(0, 3, off[-1]), rng.random(off[-1]), []
        x[rng.random(len(x)) < 0.1] = NAN
        for a, b in zip(off, off[1:], strict=False):
            want += [x[t] / list(ids[a : t + 1]).count(ids[t]) ** beta for t in range(a, b)]
        np.testing.assert_allclose(count_discount(x, ids, off, beta=beta), want)
    with pytest.raises(SettingError):
        count_discount(x, ids, off, beta=-1.0)
