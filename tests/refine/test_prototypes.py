"""User prototypes by hand; projections by hand; bad input."""

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.refine import UserPrototypes, anchored_ridge, average_chains

NAN = float("nan")
USERS = np.array([[0.0, 0.0], [0.2, 0.0], [10.0, 10.0], [10.0, 10.4]])


def fitted(**settings):
    return UserPrototypes(**{"k": 2, "neighbours": 0, **settings}).fit(USERS, np.random.default_rng(0))


def test_a_scheme_moves_towards_the_people_of_its_prototype():
    np.testing.assert_allclose(fitted(own=0.0).weights(USERS[:1]), [[0.1, 0.0]])
    np.testing.assert_allclose(fitted(own=0.5).weights(USERS[:1]), [[0.05, 0.0]])
    np.testing.assert_allclose(fitted(own=1.0).weights(USERS), USERS)
    np.testing.assert_allclose(fitted(own=0.0, neighbours=1).weights([[10.0, 10.3]]), [[10.0, 10.4]])


def test_a_new_user_is_placed_by_their_own_scheme_and_an_unknown_one_stays_unknown():
    out = fitted(own=0.0).weights([[9.0, 9.0], [NAN, 1.0]])
    np.testing.assert_allclose(out, [[10.0, 10.2], [NAN, NAN]])


def test_lost_chains_are_left_out():
    out = average_chains([[[1.0, 3.0], [NAN, NAN]], [[NAN, NAN], [NAN, NAN]]])
    np.testing.assert_array_equal(out, [[1.0, 3.0], [NAN, NAN]])
    with pytest.raises(ShapeError, match="lacks some criteria"):
        average_chains([[[1.0, NAN]]])


def test_what_is_outside_the_anchors_is_held_down():
    gap, label = np.eye(3) * 2.0, np.ones(3)
    plain = anchored_ridge(gap, label, np.eye(3)[:1], outside=0.0)
    np.testing.assert_allclose(plain, [0.4, 0.4, 0.4])  # 2 / (4 + 1)
    held = anchored_ridge(gap, label, np.eye(3)[:1], outside=95.0)
    np.testing.assert_allclose(held, [0.4, 0.02, 0.02])  # 2 / (4 + 1 + 95) outside


def test_bad_arguments():
    with pytest.raises(SettingError, match="own in"):
        UserPrototypes(own=2.0)
    with pytest.raises(ShapeError, match="at least 5 complete rows"):
        UserPrototypes(k=5).fit(USERS, np.random.default_rng(0))
    with pytest.raises(ShapeError):
        fitted().weights([[1.0, 2.0, 3.0]])
    with pytest.raises(SettingError, match="ridge > 0"):
        anchored_ridge(np.eye(2), np.ones(2), np.eye(2), ridge=0.0)
