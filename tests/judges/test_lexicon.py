import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.judges.lexicon import FRAME, keys, lexicon_digest, plain, read, scan, stem, weight


@pytest.mark.parametrize(
    "family",
    [
        ["refund", "refunds", "refunded", "refunding"],
        ["apology", "apologies", "apologise", "apologises", "apologized", "apologizing"],
        ["emergency", "emergencies"],
        ["stop", "stops", "stopped", "stopping"],
        ["recommend", "recommends", "recommended", "recommendation", "recommendations"],
        ["allergy", "allergic", "allergies"],
        ["happy", "happier", "happiness"],
        ["recipe", "recipes"],
        ["name", "names", "named", "naming"],
        ["add", "adds", "added", "adding"],
    ],
)
def test_a_family_of_words_shares_its_stem(family):
    assert len({stem(w) for w in family}) == 1


@pytest.mark.parametrize(("a", "b"), [("water", "wat"), ("photosynthesis", "photograph"), ("sentence", "sent")])
def test_strangers_do_not(a, b):
    assert stem(a) != stem(b)


def test_numbers_have_one_form():
    assert keys("1,000") == keys("1000") == ("1000",)
    assert keys("5.0") == keys("five") == keys("5") == ("5",)
    assert keys("1,2") == ("1,2",)
    assert keys("3.10") == ("3.1",)
    assert keys("one") == keys("the") == keys(",") == ()


def test_characters_go_in_pairs():
    assert keys("北京大学") == ("北京", "京大", "大学")
    assert keys("的") == keys("了的") == ()
    assert keys("茶") == ("茶",)


def negated(text):
    return {w for _, n, w in scan(text) if n}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Surgery is not recommended, rest is.", {"surgery", "recommended"}),
        ("He can't drive but she drives", {"drive"}),
        ("No milk or sugar, only tea", {"milk", "sugar"}),
        ("Tea without milk. Milk helps", {"milk"}),
        ("Do not wait", {"wait"}),
        ("Not only tea helps", set()),
        ("no aa bb cc dd ee", {"aa", "bb", "cc", "dd"}),
        ("It’s never late", {"late"}),
        ("", set()),
    ],
)
def test_negation_reaches_its_clause_or_the_next_words(text, words):
    assert negated(text) == words


def test_a_reading_knows_the_sentences():
    text = "Call 112 now. Do not call me. Tea, “warm  Tea”."
    found = read(text)
    assert found.sentences == ("Call 112 now.", "Do not call me.", "Tea, “warm  Tea”.")
    assert found.places["call"] == [0, 3]
    assert found.places["tea"] == [4, 4]
    assert found.size == len(found.places) == 5
    assert found.plain == plain(text)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    found = read(text)
    assert all(0 <= p >> 1 < len(found.sentences) for places in found.places.values() for p in places)
    assert all(0.3 < weight(k, found.surface[k]) <= 1.5 for k in found.places)


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_new_paragraph_takes_nothing_away(first, second):
    before, after = read(first).places, read(f"{first}\n\n{second}").places
    assert all(set(p) <= set(after[k]) for k, p in before.items() if first == first.strip())


def test_weights_and_the_vocabulary_of_rubrics():
    assert [weight(*x) for x in (("5", "five"), ("tea", "tea"), ("北京", "北京"))] == [1.5, pytest.approx(0.6), 0.5]
    assert weight("photosynthesis", "photosynthesis") == 1
    assert {stem(w) for w in ("mentions", "clear", "responses", "explained", "accurately")} <= FRAME
    assert not {stem(w) for w in ("kettle", "call", "wait", "refund", "customer")} & FRAME
    assert len(lexicon_digest()) == 16
