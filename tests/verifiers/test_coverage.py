from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Sample, Step
from rubricate.verifiers.coverage import entity_coverage, waypoint_coverage


def say(text, *steps):
    return Sample("s", (), text, steps=tuple(map(Step, steps)))


def test_entities_by_hand():
    found = entity_coverage(
        say("The CURIE family; Marie-Curie, of Paris."), ["Marie Curie", ["Paname", "Paris"], "Rome"]
    )
    assert (found.value, found.reason) == (pytest.approx(2 / 3), '2 of 3 named; missing "rome"')
    assert entity_coverage(say("A party."), ["art"]).value == 0
    assert entity_coverage(say("A party."), ["art"], whole_words=False).value == 1
    assert entity_coverage(say("居里夫人在巴黎"), ["巴黎"]).value == 1


def test_reasoning_is_read_where_asked():
    sample = say("<think>Paris?</think>Rome.")
    assert entity_coverage(sample, ["Paris"]).value == 0
    assert entity_coverage(sample, ["Paris"], reasoning=True).value == 1


def test_waypoints_are_looked_for_in_steps_and_reasoning():
    sample = say("<think>then Rome</think>Oslo", "search Paris", "read")
    assert waypoint_coverage(sample, ["Paris", "Rome", "Oslo", "Bern"]).value == 0.75


def test_the_order_counts_where_asked():
    sample = say("c a b")
    assert waypoint_coverage(sample, ["a", "b", "c"]).value == 1
    found = waypoint_coverage(sample, ["a", "b", "c"], ordered=True)
    assert (found.value, found.reason) == (pytest.approx(2 / 3), "2 of 3 waypoints in order")


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.permutations("abcd"))
def test_the_chain_is_the_longest_of_all(text, wanted):
    places = [text.index(w) if w in text else -1 for w in wanted]
    chains = (c for n in range(5) for c in combinations(range(4), n))
    longest = max(
        len(c) for c in chains
        if all(places[i] >= 0 for i in c) and all(places[i] < places[j] for i, j in zip(c, c[1:], strict=False))
    )  # fmt: skip
    assert waypoint_coverage(say(" ".join(text)), list(wanted), ordered=True).value == longest / 4


@pytest.mark.parametrize("wrong", ["Paris", [], [[]], ["!"], ["a", ["b", " "]]])
def test_wrong_names(wrong):
    with pytest.raises(SettingError):
        entity_coverage(say("x"), wrong)
    with pytest.raises(SettingError):
        waypoint_coverage(say("x"), wrong)
