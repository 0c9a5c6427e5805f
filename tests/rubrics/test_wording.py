import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.rubrics.wording import content_words, grams, masked, near, normalised, script, sentences, stem, tokens


def test_normalised_folds_case_width_spaces_and_the_full_stop():
    assert normalised(" Ｍentions\u00a0the\n DOSE。") == "mentions the dose"


def test_tokens_are_words_or_single_characters():
    assert tokens("GPT-4's 81 mg 中产 x") == ["gpt-4's", "81", "mg", "中", "产", "x"]


def test_stems():
    words = ["mentions", "studies", "addresses", "boxes", "analysis", "gas", "bus", "class"]
    assert [stem(w) for w in words] == ["mention", "study", "address", "box", "analysis", "gas", "bus", "class"]


def test_content_words_pair_characters_inside_a_run_only():
    assert content_words("收入，支出") == ["收入", "支出"]
    assert content_words("States the doses of 中产阶") == ["state", "dose", "中产", "产阶"]


def test_script_is_that_of_most_letters():
    assert [script(t) for t in ("plain", "使用 Python", "Где", "123 ...")] == ["latin", "latin", "other", ""]
    assert script("使用这个 Python") == "cjk"


def test_sentences_are_not_cut_at_abbreviations_or_inside_brackets():
    text = "Names fruit (e.g. apples. Pears too) by Dr. Who. States it. 是否清晰。并且准确"
    assert sentences(text) == ["Names fruit (e.g. apples. Pears too) by Dr. Who.", "States it. 是否清晰。", "并且准确"]


def test_masked_keeps_the_length_and_apostrophes():
    text = 'The user\'s "a and b" list (x) such as p and q. Next'
    covered = masked(text, examples=True)
    assert len(covered) == len(text)
    assert covered == "The user's " + "#" * 9 + " list ### " + "#" * 15 + ". Next"


def test_grams_need_content_and_are_longer_for_characters():
    assert list(grams("in the case of the heart")) == []
    assert list(grams("founded in 1987 by")) == ["founded in 1987 by"]
    assert list(grams("warm the small pot")) == ["warm the small pot"]
    assert list(grams("一二三四五六七八九")) == ["一二三四五六七八", "二三四五六七八九"]


def plain_near(sets, threshold):
    return {
        (i, j)
        for i in range(len(sets))
        for j in range(i)
        if sets[i] and sets[j] and len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= threshold - 1e-12
    }


@given(
    st.lists(st.frozensets(st.sampled_from("abcdefghij"), max_size=8), max_size=25),
    st.sampled_from([0.3, 0.5, 0.7, 0.85, 1.0]),
)
def test_near_finds_what_a_plain_loop_finds(sets, threshold):
    found = list(near(sets, threshold, most=10**6))
    assert {(i, j) for i, j, _ in found} == plain_near(sets, threshold)
    for i, j, ratio in found:
        assert ratio == pytest.approx(len(sets[i] & sets[j]) / len(sets[i] | sets[j]))


def test_the_comparison_with_the_plain_loop_can_fail():
    sets = [frozenset("abcdefg"), frozenset("abcdefh"), frozenset("abcdefg")]
    assert {(i, j) for i, j, _ in near(sets, 0.7)} != plain_near(sets, 0.8)


def test_near_stops_at_the_limit():
    same = [frozenset("abc")] * 50
    found = [i for i, _, _ in near(same, 0.7, most=4)]
    assert max(found.count(i) for i in range(50)) == 4


def test_near_compares_only_sets_that_share_a_rare_word(monkeypatch):
    compared = []

    class Counting(frozenset):
        def __and__(self, other):
            compared.append(1)
            return frozenset.__and__(self, other)

    rng = random.Random(0)
    words = [f"w{k}" for k in range(2000)]
    sets = [Counting([*rng.sample(words, 12), "every", "one", "has", "these"]) for _ in range(400)]
    assert list(near(sets, 0.7)) == []
    assert len(compared) < 0.05 * 400 * 399 / 2
