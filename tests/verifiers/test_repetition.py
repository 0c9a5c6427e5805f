from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.repetition import distinct_n, repeated_window


def say(text):
    return Sample("s", (), text)


def test_windows_by_hand():
    line = "one two three four five six seven eight nine ten. "
    assert repeated_window(say(line * 9)).value == 1
    found = repeated_window(say(line * 10))
    assert (found.value, found.evidence) == (0.0, ("one two three four five six seven eight nine ten",))
    assert found.reason == '"one two three four five six seven eight nine ten" 10 times; expected less than 10'
    assert repeated_window(say("ha " * 18)).value == 1  # 9 windows of ten
    assert repeated_window(say("ha " * 19)).value == 0
    assert repeated_window(say("too short")).value == 1


def test_reasoning_counts_unless_told_otherwise():
    text = f"<think>{'ha ' * 30}</think>Fine."
    assert repeated_window(say(text)).value == 0
    assert repeated_window(say(text), reasoning=False).value == 1


@given(st.lists(st.sampled_from("abC"), max_size=30), st.integers(1, 3), st.integers(2, 4))
def test_windows_are_those_of_the_loop(letters, size, times):
    low = [x.lower() for x in letters]
    counts = Counter(tuple(low[k : k + size]) for k in range(len(low) - size + 1))
    assert repeated_window(say(" ".join(letters)), size, times).value == float(max(counts.values(), default=0) < times)


def test_distinct_by_hand():
    assert distinct_n(say("a b a b a"), n=2).value == 0.5  # ab ba ab ba
    assert distinct_n(say("a b c d"), n=3).value == 1
    assert distinct_n(say("A b, a B"), n=2).value == pytest.approx(2 / 3)
    assert distinct_n(say("a b"), n=3).value is None
    assert distinct_n(say("a b a b a"), n=2, min=0.5).value == 1
    assert distinct_n(say("a b a b a"), n=2, min=0.6).value == 0


@pytest.mark.parametrize("wrong", [{"words": 0}, {"times": 1}])
def test_wrong_settings(wrong):
    with pytest.raises(SettingError):
        repeated_window(say("x"), **wrong)
    with pytest.raises(SettingError):
        distinct_n(say("x"), n=0)
