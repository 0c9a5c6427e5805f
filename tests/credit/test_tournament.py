"""Tournaments from tables of judged pairs: worked tables, cells that no match reads, votes, missing judgements."""

import numpy as np
import pytest

from rubricate.credit import tournament
from rubricate.errors import ShapeError, UnknownNameError

NAN = float("nan")


def levels(quality, judgements=1):
    return np.repeat(np.asarray(quality, float)[:, None, None], len(quality), 1).repeat(judgements, 2)


def test_groups_play_apart_in_any_order_of_rows():
    group, quality = np.array([7, 3, 7, 3, 7]), np.array([1.0, 9.0, 3.0, 8.0, 2.0])
    duels = np.repeat(quality[:, None, None], 3, 1)
    assert tournament(duels, group, kind="seeded", rating="bracket").tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]


def test_only_the_pairs_of_the_plan_are_read():
    duels = np.full((3, 3, 1), NAN)
    duels[1:, 0, 0], duels[0, 1:, 0] = [5.0, 1.0], [4.0, 2.0]
    assert tournament(duels, "batch", kind="anchor", rating="sign_vs_reference").tolist() == [0.0, 1.0, -1.0]
    assert np.isnan(tournament(duels, "batch", kind="round_robin", rating="wins")).sum() == 0
    duels[2, 0] = NAN
    got = tournament(duels, "batch", kind="anchor", rating="sign_vs_reference")
    assert got[:2].tolist() == [0.0, 1.0]
    assert np.isnan(got[2])


@pytest.mark.parametrize(("votes", "want"), [("sum", 1.0), ("both_orders", 0.0), ("majority", 0.0), ("all", -1.0)])
def test_votes_that_disagree(votes, want):
    # row 1 wins the first judgement by 3 and is level or behind in the second
    duels = np.zeros((2, 2, 2))
    duels[1, 0], duels[0, 1] = [4.0, 1.0], [1.0, 2.0]
    if votes == "all":
        duels[1, 0, 0] = 1.0  # level once, behind once
    assert tournament(duels, "batch", kind="anchor", rating="sign_vs_reference", votes=votes)[1] == want


def test_a_group_of_one_has_no_rating_and_a_large_one_is_refused():
    assert np.isnan(tournament(levels([1.0]), [0])[0])
    with pytest.raises(ShapeError):
        tournament(levels([1.0, 2.0])[:, :1], [0, 0])
    with pytest.raises(UnknownNameError):
        tournament(levels([1.0, 2.0]), [0, 0], votes="none")
