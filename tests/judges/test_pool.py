"""Pooling verdicts: each way by hand, missing ones, ties, floors, the pessimistic bound and its direction."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError, UnknownNameError
from rubricate.judges.pool import HOW, check_pool, pool
from rubricate.rewards import closest_to_mean, integrate
from rubricate.rubrics import Criterion
from rubricate.types import State, Usage, Verdict

LEVEL = Criterion(id="a", text="t", scale="points 0-100")
BAD = Criterion(id="a", text="t", scale="points 0-100", weight=-1)


def scored(*values, **more):
    return [Verdict("a", State.SCORED, float(v), f"{v}", f"because {v}", usage=Usage(calls=1), **more) for v in values]


def lost(state=State.UNREADABLE):
    return Verdict("a", state, reason="no JSON", raw="hm", usage=Usage(calls=2))


@pytest.mark.parametrize(
    ("how", "value"), [("mean", 50.0), ("median", 60.0), ("closest", 60.0), ("lower", 50.0 - math.sqrt(1300.0))]
)
def test_by_hand(how, value):
    found = pool(LEVEL, scored(10, 60, 80), how=how)
    assert found.value == pytest.approx(value)
    assert found.spread == pytest.approx(statistics.stdev([10, 60, 80]))
    assert found.usage.calls == 3
    assert found.attempts == 3


def test_the_reason_is_that_of_the_nearest_and_the_label_only_of_an_equal_one():
    found = pool(LEVEL, scored(10, 60, 80))
    assert (found.reason, found.label) == ("because 60", None)
    assert pool(LEVEL, scored(10, 60, 80), how="median").label == "60"


def test_the_bound_of_a_bad_criterion_goes_up_and_stays_on_the_scale():
    assert pool(BAD, scored(10, 60, 80), how="lower").value == pytest.approx(50 + math.sqrt(1300))
    assert pool(BAD, scored(0, 100, 100), how="lower", penalty=9).value == 100.0
    assert pool(LEVEL, scored(0, 0, 100), how="lower", penalty=9).value == 0.0


def test_a_vote_has_its_share_and_a_tie_has_no_value():
    found = pool(LEVEL, scored(10, 10, 80), how="vote")
    assert (found.value, found.probability) == (10.0, pytest.approx(2 / 3))
    tied = pool(LEVEL, [*scored(10, 80), lost()], how="vote")
    assert (tied.state, tied.value) == (State.ABSTAINED, None)
    assert "tied: 10 x1, 80 x1" in tied.reason


def test_agreement_gives_the_value_and_a_difference_none():
    assert pool(LEVEL, [*scored(80, 80), lost()], how="agreed").value == 80.0
    parted = pool(LEVEL, scored(80, 80, 79), how="agreed", judge="j")
    assert (parted.state, parted.value, parted.judge) == (State.ABSTAINED, None, "j")
    assert parted.reason == "they do not agree: 80 x2, 79 x1"
    assert parted.spread == pytest.approx(statistics.stdev([80, 80, 79]))
    alone = pool(LEVEL, [*scored(80), lost()], how="agreed", floor=2)  # one voice is no agreement where two are needed
    assert (alone.state, alone.value) == (State.UNREADABLE, None)


def test_the_lower_one_of_two_is_a_penalty_of_half_the_root_of_two():
    assert pool(LEVEL, scored(30, 80), how="lower", penalty=math.sqrt(0.5)).value == pytest.approx(30.0)
    assert pool(BAD, scored(30, 80), how="lower", penalty=math.sqrt(0.5)).value == pytest.approx(80.0)


def test_weights_enter_the_mean():
    assert pool(LEVEL, scored(0, 100), weights=(3.0, 1.0)).value == pytest.approx(25.0)


def test_weighted_is_by_the_precision_of_each_and_leaves_out_those_without():
    sure, unsure = scored(0, spread=0.0), scored(100, spread=12.0)
    w0, w1 = 1 / 5**2, 1 / (12**2 + 5**2)
    assert pool(LEVEL, sure + unsure, how="weighted").value == pytest.approx(100 * w1 / (w0 + w1))
    assert pool(LEVEL, sure + scored(100), how="weighted").value == pytest.approx(0.0)
    none = pool(LEVEL, scored(100, 90), how="weighted")
    assert (none.state, none.value) == (State.UNREADABLE, None)
    assert "without a spread x2" in none.reason


def test_missing_verdicts_lower_the_number_and_never_enter():
    assert pool(LEVEL, [*scored(80, 90), lost()]).value == pytest.approx(85.0)
    found = pool(LEVEL, [*scored(80), lost(), lost(), lost(State.FAILED)], floor=2)
    assert (found.state, found.value, found.raw) == (State.UNREADABLE, None, "hm")
    assert "1 of 4 verdicts can be used, 2 needed (unreadable x2, failed x1)" in found.reason
    assert found.usage.calls == 7
    assert pool(LEVEL, [*scored(80)]).spread is None


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=9),
    st.sampled_from([h for h in HOW if h != "weighted"]),
)
def test_against_a_plain_loop(values, how):
    verdicts = [lost() if v is None else scored(v)[0] for v in values]
    found, known = pool(LEVEL, verdicts, how=how), [v for v in values if v is not None]
    if not known:
        assert not found.scored
        return
    mean = sum(known) / len(known)
    if how == "vote":
        counts = sorted(((known.count(v), v) for v in set(known)), reverse=True)
        if len(counts) > 1 and counts[0][0] == counts[1][0]:
            assert found.state is State.ABSTAINED
            return
        expected = counts[0][1]
    elif how == "agreed":
        if len(set(known)) > 1:
            assert found.state is State.ABSTAINED
            return
        expected = known[0]
    else:
        deviation = statistics.stdev(known) if len(known) > 1 else 0.0
        expected = {
            "mean": mean,
            "median": statistics.median(known),
            "closest": next(v for v in known if abs(v - mean) == min(abs(u - mean) for u in known)),
            "lower": max(0.0, mean - deviation),
        }[how]
    assert found.value == pytest.approx(expected)


@given(st.lists(st.one_of(st.none(), st.sampled_from([0, 25, 30, 100])), min_size=1, max_size=7))
def test_mean_median_vote_and_closest_are_those_of_the_pure_functions(values):
    verdicts = [lost() if v is None else scored(v)[0] for v in values]
    row = [[math.nan if v is None else v for v in values]]
    for how in ("mean", "median", "vote"):
        found, expected = pool(LEVEL, verdicts, how=how), integrate(row, how)[0]
        assert found.value == pytest.approx(expected) if found.scored else found.state is not State.SCORED
    if any(v is not None for v in values):
        assert pool(LEVEL, verdicts, how="closest").value == values[closest_to_mean(row)[0]]


def permutes(fn):
    verdicts = [*scored(10, 60, 80), lost()]
    return fn(verdicts).value == pytest.approx(fn(verdicts[::-1]).value)


def test_order_does_not_matter_and_a_careless_mean_is_caught():
    assert permutes(lambda v: pool(LEVEL, v))
    assert not permutes(lambda v: Verdict("a", State.SCORED, v[0].value))


def test_what_cannot_be_is_refused():
    with pytest.raises(UnknownNameError, match="median"):
        check_pool("meen", 3, 1)
    with pytest.raises(SettingError, match="odd number"):
        check_pool("vote", 4, 1)
    for size, floor in ((0, 1), (3, 0), (3, 4)):
        with pytest.raises(SettingError, match="floor"):
            check_pool("mean", size, floor)
