"""Key words in the order of a reference: the numbers of the card, words in text, and a plain recursion."""

import doctest
import functools
import importlib

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.types import Message, Sample
from rubricate.verifiers.keyword_chain import chain_ratio, found_words, keyword_chain


def sample(text):
    return Sample("s", (Message("user", "?"),), text)


def test_the_examples_run():
    assert doctest.testmod(importlib.import_module("rubricate.verifiers.keyword_chain")).failed == 0


@pytest.mark.parametrize(
    ("answer", "value"), [("ABCDE", 1.0), ("EDCBA", 0.2), ("ABCDE" * 3, 1 / 3), ("ABC", 0.6), ("", 0.0)]
)
def test_order_counts_and_repeating_does_not_pay(answer, value):
    assert chain_ratio("ABCDE", answer) == pytest.approx(value)
    text, words = " ".join(answer), [list("ABCDE")]
    assert keyword_chain(sample(text), ["A B C D E"], words).value == pytest.approx(value)


def test_it_is_the_longest_common_subsequence():
    @functools.cache
    def longest(a, b):
        if not a or not b:
            return 0
        if a[0] == b[0]:
            return 1 + longest(a[1:], b[1:])
        return max(longest(a[1:], b), longest(a, b[1:]))

    rng = np.random.default_rng(0)
    for _ in range(100):
        a, b = (tuple(rng.integers(0, 4, size=rng.integers(0, 8)).tolist()) for _ in range(2))
        assert chain_ratio(a, b) == pytest.approx(longest(a, b) / max(len(a), len(b), 1))


def test_whole_words_any_case_phrases_and_scripts_without_spaces():
    assert found_words("Teapot, TEA; green\ntea, teas", ("tea", "green tea")) == ("tea", "green tea")
    assert found_words("我爱喝茶。", ("喝茶",)) == ("喝茶",)
    outcome = keyword_chain(sample("Milk, then tea"), ["tea then milk", "milk, tea"], [["tea", "milk"]] * 2)
    assert outcome.value == 1.0
    assert outcome.reason.startswith("reference 2")
    assert outcome.evidence == ("milk", "tea")


def test_settings_that_do_not_fit_are_named():
    with pytest.raises(SettingError, match="2 references and 1"):
        keyword_chain(sample("x"), ["a", "b"], [["a"]])
    with pytest.raises(SettingError, match="references"):
        keyword_chain(sample("x"), "a", ["a"])
    with pytest.raises(SettingError, match="key words"):
        keyword_chain(sample("x"), ["a"], [[" "]])
