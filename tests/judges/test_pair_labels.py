import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.judges import consensus_label, judgement_pairs

NAN = float("nan")


def test_consensus_by_hand():
    gap = [[1, 1], [2, 0], [2, -1], [0.5, 0.4], [-1, -1], [NAN, 2], [0, 0]]
    np.testing.assert_array_equal(consensus_label(gap), [1, NAN, NAN, NAN, -1, NAN, NAN])
    np.testing.assert_array_equal(consensus_label(gap, min_gap=0.0)[3], 1)
    assert consensus_label(np.zeros((2, 0))).tolist()[0] != 0.0  # no judges, no label
    with pytest.raises(SettingError):
        consensus_label(gap, min_gap=-1)


def test_judgement_pairs_need_both_and_balance_the_letter():
    right = [1, 1, 0, 0, 1, 0, NAN, 1, 1, 0]
    item = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    side = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    pairs = judgement_pairs(right, item, side, rng=np.random.default_rng(0))
    assert pairs.tolist() == [[4, 5], [8, 9]]
    assert judgement_pairs([1, 0], [0, 0], [0, 0], rng=np.random.default_rng(0)).shape == (0, 2)  # one letter only
    assert judgement_pairs([], [], [], rng=np.random.default_rng(0)).shape == (0, 2)


def test_every_member_is_drawn_now_and_then():
    right, item, side = [1, 1, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1]
    drawn = [judgement_pairs(right, item, side, rng=np.random.default_rng(k)) for k in range(60)]
    assert {int(p[p[:, 0] < 5][0, 0]) for p in drawn} == {0, 1, 2}
    assert {int(p[p[:, 0] < 5][0, 1]) for p in drawn} == {3, 4}
