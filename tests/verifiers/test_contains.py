import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers import contains, ends_with, not_contains, starts_with


def say(text):
    return Sample("s", (), text)


TEA = say("Warm the\n pot first. Then warm the cup, and THE teapot.")


def test_all_any_and_the_share():
    assert contains(TEA, "warm the pot").value == 1
    assert contains(TEA, ["warm", "kettle"]).value == 0
    assert contains(TEA, ["warm", "kettle"], mode="any").value == 1
    assert contains(TEA, ["warm", "kettle", "x y"], partial=True).value == pytest.approx(1 / 3)
    assert contains(TEA, ["kettle", "spoon"], mode="any").value == 0


def test_counts_case_and_whole_words():
    assert contains(TEA, "warm", min_count=2, max_count=2).value == 1
    assert contains(TEA, "warm", min_count=3).value == 0
    assert contains(TEA, "warm", max_count=1).value == 0
    assert contains(TEA, "warm", ignore_case=False, max_count=1).value == 1
    assert contains(TEA, "pot", min_count=2).value == 1
    assert contains(TEA, "pot", min_count=2, whole_words=True).value == 0
    assert contains(TEA, "warm", min_count=3).reason == '0 of 1 as expected: "warm" 2x; expected at least 3 times'


def test_whole_words_know_marks_and_scripts_without_spaces():
    assert contains(say("I write C++."), "C++", whole_words=True).value == 1
    assert contains(say("I write C++x."), "++", whole_words=True).value == 1
    assert contains(say("我爱北京。"), "北京", whole_words=True).value == 1
    assert contains(say("Ölofen"), "öl", whole_words=True).value == 0
    assert contains(say("cafe\u0301 au lait"), "CAFÉ", whole_words=True).value == 1


def test_evidence_is_verbatim():
    assert contains(TEA, "WARM THE POT").evidence == ("Warm the\n pot",)
    assert not_contains(TEA, ["warm", "cup", "x"]).evidence == ("Warm", "cup")


def test_not_contains():
    assert not_contains(TEA, ["kettle", "spoon"]).value == 1
    assert not_contains(TEA, ["kettle", "cup"]).value == 0
    assert not_contains(TEA, ["kettle", "cup"]).reason == 'found "cup"; expected none'
    assert not_contains(say("<think>microwave?</think>No."), "microwave").value == 1


def test_ends():
    assert starts_with(TEA, ["Hello", "warm the pot"]).value == 1
    assert starts_with(TEA, "warm the pot", ignore_case=False).value == 0
    assert ends_with(TEA, "the teapot.").value == 1
    assert ends_with(TEA, "the teapot").value == 0
    assert ends_with(TEA, "the teapot", ignore_punctuation=True).value == 1
    assert ends_with(say("So long"), "bye").reason == 'ends with "so long"; expected "bye"'


@pytest.mark.parametrize("bad", [{"mode": "most"}, {"min_count": -1}, {"min_count": 2, "max_count": 1}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(SettingError):
        contains(TEA, "a", **bad)


@given(st.text("ab c", max_size=30), st.text("ab", min_size=1, max_size=3))
def test_counts_equal_a_plain_count(text, wanted):
    count = text.strip().count(wanted)
    assert contains(say(text), wanted, min_count=count, max_count=count).value == 1
    assert contains(say(text), wanted, min_count=count + 1).value == 0
    assert not_contains(say(text), wanted).value == (count == 0)
