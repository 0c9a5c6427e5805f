"""The result of a recovery test by hand: shares, ties, hidden answers, criteria."""

import numpy as np
import pytest

from rubricate.errors import ShapeError
from rubricate.refine import PreferenceConsistency, found_again, wilson_share

NAN = float("nan")


def test_by_hand():
    found = found_again([0.5, -0.25, 0.0, NAN, 0.75], [[1, 0], [-1, 0], [0, NAN], [NAN, NAN], [1, 0]])
    assert (found.share, found.known, found.asked, found.ties) == (0.5, 4, 5, 1)
    assert found.margin == pytest.approx(0.25)
    assert not found.keep
    assert found.criteria.share[0] == pytest.approx(2 / 3)
    assert found.criteria.n.tolist() == [3, 0]
    assert np.isnan(found.criteria.share[1])


def test_ties_by_their_name():
    margin = [1.0, 0.0, 0.0]
    assert found_again(margin, ties="miss").share == pytest.approx(1 / 3)
    assert found_again(margin, ties="half").share == pytest.approx(2 / 3)
    assert (found_again(margin, ties="missing").share, found_again(margin, ties="missing").known) == (1.0, 1)


def test_the_interval_is_that_of_wilson():
    """10 of 20: p + z^2/2n = .5 + .09604, over 1 + z^2/n = 1.19208; half width sqrt(.0125 + .0024)."""
    found = wilson_share([[1.0] * 10 + [0.0] * 10])
    assert (found.low[0], found.high[0]) == (pytest.approx(0.2993, abs=1e-4), pytest.approx(0.7007, abs=1e-4))


def test_a_rubric_that_gives_its_answer_away_is_not_kept():
    margin = np.ones(20)
    honest = found_again(margin, neutral=np.zeros(20))
    leaking = found_again(margin, neutral=margin)
    assert (honest.keep, honest.leaking, honest.neutral) == (True, False, 0.5)
    assert (leaking.keep, leaking.leaking, leaking.neutral) == (False, True, 1.0)


def test_the_rule_is_that_of_the_setting():
    margin = [1.0, 1.0, 1.0, -1.0]
    assert found_again(margin).keep
    assert not found_again(margin, rule=PreferenceConsistency(min_pairs=5)).keep
    assert not found_again(margin, rule=PreferenceConsistency("wilson", 0.6)).keep


def test_lengths_must_agree():
    with pytest.raises(ShapeError, match="neutral"):
        found_again([1.0, 1.0], neutral=[1.0])
    with pytest.raises(ShapeError, match="criteria"):
        found_again([1.0, 1.0], [[1.0]])
