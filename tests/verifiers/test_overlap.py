"""Overlap with other texts: by hand, beside plain loops, and the laws of common subsequences and runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Message, Sample
from rubricate.verifiers.overlap import copied_run, lcs_length, lcs_overlap, longest_common_run, ngram_overlap

LETTERS = st.lists(st.sampled_from("abc"), max_size=14)


def say(text, **more):
    return Sample("s", (Message("user", "How do I make a good tea?"),), text, **more)


def plain_lcs(a, b):
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def plain_run(a, b):
    return max((n for n in range(len(a) + 1) for i in range(len(a) - n + 1) for j in range(len(b) - n + 1)
                if a[i : i + n] == b[j : j + n]), default=0)  # fmt: skip


@given(LETTERS, LETTERS)
def test_lcs_is_that_of_the_table(a, b):
    assert lcs_length(a, b) == lcs_length(b, a) == plain_lcs(a, b)


@given(LETTERS, LETTERS)
def test_the_longest_run_is_that_of_the_loop(a, b):
    start, length = longest_common_run(a, b)
    assert length == plain_run(a, b)
    assert any(b[j : j + length] == a[start : start + length] for j in range(len(b) - length + 1))


def test_control_a_run_is_no_subsequence():
    assert (plain_lcs("axbxc", "abc"), plain_run("axbxc", "abc")) == (3, 1)
    assert (lcs_length("axbxc", "abc"), longest_common_run("axbxc", "abc")[1]) == (3, 1)


def test_ngrams_by_hand():
    sample = say("Warm the pot and wait.", reference="First, warm the pot. Then wait.")
    found = ngram_overlap(sample, n=2)  # warm the, the pot | pot and, and wait
    assert (found.value, found.reason) == (0.5, "50% of 4 2-grams shared")
    assert ngram_overlap(sample, n=2, of="texts").value == 0.4  # of five: warm the, the pot
    assert ngram_overlap(sample, n=2, max=0.4).value == 0
    assert ngram_overlap(sample, n=2, max=0.5).value == 1
    assert ngram_overlap(sample, ["nothing of it"], n=1).value == 0
    assert ngram_overlap(sample, n=9).value is None


def test_the_leak_of_a_reference_into_the_reasoning_is_seen_where_asked():
    sample = say("<think>the answer is forty two</think>Hm.", reference="The answer is forty-two.")
    assert ngram_overlap(sample, n=3, max=0.1, reasoning=True).value == 0
    assert copied_run(sample, 4, reasoning=True).value == 0
    assert lcs_overlap(sample, max=0.5, reasoning=True).value == 0
    assert copied_run(sample, 4).value == 1


def test_copied_runs_by_hand():
    sample = say("So: how do I MAKE a, good tea? Like this.")
    found = copied_run(sample, 6, source="prompt")
    assert (found.value, found.evidence) == (0.0, ("how do I MAKE a, good tea",))
    assert found.reason == '7 words in a row are copied: "how do I MAKE a, good tea"; expected at most 6'
    assert copied_run(sample, 7, source="prompt").value == 1
    assert copied_run(sample, 0, ["other words"]).value == 1
    assert copied_run(say("", reference="x"), 0).value == 1


def test_common_order_by_hand():
    sample = say("warm pot then tea", reference="warm the pot and then the tea")
    assert lcs_overlap(sample).value == pytest.approx(4 / 7)
    assert lcs_overlap(sample, of="response").value == 1
    assert lcs_overlap(sample, ["tea", "cold"]).value == 1  # the best of several


@pytest.mark.parametrize("check", [ngram_overlap, lcs_overlap, lambda s: copied_run(s, 3)])
def test_without_a_text_it_cannot_tell(check):
    assert check(say("Tea.")).value is None


@pytest.mark.parametrize("settings", [{"n": 0}, {"of": "x"}, {"source": "x"}, {"max": -0.1}, {"texts": []}])
def test_wrong_settings(settings):
    with pytest.raises(SettingError):
        ngram_overlap(say("Tea."), **settings)
