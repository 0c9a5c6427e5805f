import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import ShapeError
from rubricate.loops import filtered_vote

ROW = st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.4, 0.5, 1.0, math.nan]), st.sampled_from(["b", "a"]))


def loop(rows):
    out = []
    for g in sorted({r[2] for r in rows}):
        own = [k for k, r in enumerate(rows) if r[2] == g]
        used = [k for k in own if rows[k][1] >= 0.5] or own
        votes = {a: sum(rows[k][0] == a for k in used) for a in {rows[k][0] for k in own}}
        best = max(votes.values())
        out.append(next(k for k in own if votes[rows[k][0]] == best))
    return out


@given(st.lists(ROW, max_size=12))
def test_as_in_a_plain_loop(rows):
    answer, accepted, group = ([r[k] for r in rows] for k in range(3))
    assert filtered_vote(answer, accepted, group).tolist() == loop(rows)


def test_control_the_plain_vote_differs():
    rows = [(1, 0.0, "a"), (1, 0.0, "a"), (2, 1.0, "a")]
    assert loop(rows) == [2]
    assert loop([(a, 1.0, g) for a, _, g in rows]) == [0]


def test_lengths_are_checked():
    with pytest.raises(ShapeError):
        filtered_vote([1], [1.0, 0.0], [0, 0])
