import math

import numpy as np
import pytest

from rubricate.audit import claim_graph
from rubricate.errors import ShapeError

REPORT = {
    "answered": [1, 0, 1, 1], "side": [0, 0, 1, 1], "edges": [[0, 1], [1, 2], [2, 1]],
    "stated": [[0, 1], [1, 0], [2, 1], [3, 0]], "valid": [1, 0, 1], "supports": [1, 1, 0],
}  # fmt: skip


def test_by_hand():
    """Only (1, 0) is held the other way round alone; (2, 1) is held both ways; (3, 0) is new."""
    assert claim_graph(**REPORT) == (0.75, 0.75, 1.0, 1 / 3)


@pytest.mark.parametrize("seed", range(30))
def test_shares_equal_a_loop(seed):
    rng = np.random.default_rng(seed)
    v, k = 6, 5
    e = {
        "answered": rng.integers(0, 2, v), "side": rng.integers(0, 3, v), "edges": rng.integers(0, v, (7, 2)),
        "stated": rng.integers(0, v, (5, 2)), "valid": rng.integers(0, 2, k), "supports": rng.integers(0, 2, k),
    }  # fmt: skip
    known, said = [set(map(tuple, e["edges"].tolist())), list(map(tuple, e["stated"].tolist()))]
    wrong = sum((b, a) in known and (a, b) not in known for a, b in said)
    sides = {s for s, a in zip(e["side"], e["answered"], strict=True) if a}
    expected = [
        e["answered"].mean(), 1 - wrong / 5, len(sides) / len(set(e["side"].tolist())),
        sum(a and b for a, b in zip(e["valid"], e["supports"], strict=True)) / k,
    ]  # fmt: skip
    np.testing.assert_allclose(claim_graph(**e), expected, atol=1e-12)


def test_what_is_missing_is_no_number_where_it_could_matter():
    found = claim_graph(**REPORT | {"answered": [1, math.nan, 1, 1], "supports": [1, math.nan, 0]})
    assert math.isnan(found.coverage)
    assert found.objectivity == 1.0  # both sides are there without it
    assert found.citation_health == 1 / 3  # the link is dead
    assert math.isnan(claim_graph(**REPORT | {"answered": [1, 1, math.nan, 0]}).objectivity)
    assert math.isnan(claim_graph(**REPORT | {"stated": []}).consistency)


def test_edges_to_nowhere_are_refused():
    with pytest.raises(ShapeError, match="not there"):
        claim_graph(**REPORT | {"stated": [[0, 9]]})
