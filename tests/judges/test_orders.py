import itertools

import pytest

from rubricate.errors import UnknownNameError
from rubricate.judges.orders import check_order, resolve_even, settle, swapped_by_chance
from rubricate.types import Message, Sample, State, Verdict


def verdict(value, **more):
    return Verdict("whole", State.SCORED, value, label="x", **more)


def test_settling_by_hand():
    table = {
        (1, 1): (1, 1), (1, 0): (0.5, 0), (1, -1): (0, 0), (0, 0): (0, 0), (-1, 0): (-0.5, 0), (-1, -1): (-1, -1),
        (0.5, 1): (0.75, 0.75), (-0.5, 1): (0.25, 0),
    }  # fmt: skip
    for (f, b), (net, strict) in table.items():
        assert settle("both_net", verdict(f), verdict(b)).value == net
        assert settle("both_strict", verdict(f), verdict(b)).value == strict
        assert settle("both_net", verdict(f), verdict(b)).spread == abs(f - b) / 2


def test_every_state_of_a_side_is_the_outcome():
    for state in State:
        if state is not State.SCORED:
            lost = Verdict("whole", state, reason="gone")
            for pair in ((lost, verdict(1)), (verdict(1), lost), (lost, lost)):
                found = settle("both_net", *pair)
                assert (found.state, found.value, found.order) == (state, None, "both_net")


def test_a_probability_needs_both_sides():
    assert settle("both_net", verdict(1, probability=0.9), verdict(1)).probability is None
    assert settle("both_net", verdict(1, probability=0.9), verdict(1, probability=0.7)).probability == pytest.approx(
        0.8
    )


def test_an_even_result_is_a_tie_or_missing():
    assert resolve_even(verdict(0.0), "tie").value == 0.0
    assert resolve_even(verdict(0.0), "missing").state is State.ABSTAINED
    assert resolve_even(verdict(0.5), "missing").value == 0.5


def test_the_coin_belongs_to_the_unordered_pair():
    samples = [Sample(f"{k}", (Message("user", "t"),), f"r{k}") for k in range(40)]
    coins = []
    for a, b in itertools.combinations(samples, 2):
        assert swapped_by_chance(a, b) != swapped_by_chance(b, a)
        coins.append(swapped_by_chance(a, b))
    assert 0.44 < sum(coins) / len(coins) < 0.56  # 780 coins, 3 standard errors are .054


def test_unknown_policies():
    with pytest.raises(UnknownNameError, match="as_is"):
        check_order("asis")
