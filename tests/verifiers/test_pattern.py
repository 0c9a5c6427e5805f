import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.rubrics.model import Criterion
from rubricate.types import Sample
from rubricate.verifiers import check_settings, pattern, regex


def say(text):
    return Sample("s", (), text)


MAIL = say("Dear [NAME],\nwrite to [OFFICE].")


def test_counts():
    assert regex(MAIL, r"\[[A-Z]+\]").value == 1
    assert regex(MAIL, r"\[[A-Z]+\]", min_count=2, max_count=2).value == 1
    assert regex(MAIL, r"\[[A-Z]+\]", max_count=1).value == 0
    assert regex(MAIL, r"\d", min_count=0, max_count=0).value == 1
    assert regex(MAIL, r"\w", min_count=0, max_count=0).value == 0
    assert regex(MAIL, r"\[[A-Z]+\]", min_count=2).evidence == ("[NAME]", "[OFFICE]")


def test_flags_and_whole():
    assert regex(MAIL, "^WRITE").value == 0
    assert regex(MAIL, "^WRITE", flags="im").value == 1
    assert regex(MAIL, "dear.*", flags="i", whole=True).value == 0
    assert regex(MAIL, "dear.*", flags="is", whole=True).value == 1


def test_a_long_response_is_not_searched():
    assert regex(say("a" * 30), "a", max_chars=29).value is None
    assert regex(say("a" * 30), "a", max_chars=30).value == 1


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(a*)*b",
        r"(?:a|a)*b",
        r"(a|ab)*c",
        r"(?:\w+\s?)+$",
        r"((a{1,3}))+$",
        r"(a?){50}b",
        r"(?:x(?=(a+)+$))",
        r"(?:\w\w|\d)*z",
        r"(q)?(?(1)(a+)+|b)",
        r"(?i:(?:a|A)+)+",
        r"(?:.*\n)+?x",
    ],
)
def test_patterns_that_can_explode_are_refused_at_once(pattern):
    criterion = Criterion(id="c", text="t", verifier={"name": "regex", "pattern": pattern})
    with pytest.raises(SettingError, match="several ways"):
        check_settings(criterion)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d+ minutes?",
        r"(?:foo|bar)+",
        r"(?:\d{1,3}\.){3}\d{1,3}",
        r"(?:\w++\s)+",
        r"(?>a+b?)+",
        r"(?:a+)++b",
        r"(a+)?b*",
        r"(?:a|b|[cd])*",
        r"^(?:Yes|No)[.!]?$",
        r"(?:ab){2,}",
        r"",
    ],
)
def test_patterns_that_cannot_are_taken(pattern):
    check_settings(Criterion(id="c", text="t", verifier={"name": "regex", "pattern": pattern}))


@pytest.mark.parametrize("settings", [{"flags": "q"}, {"min_count": -1}, {"max_count": 0}, {"pattern": "("}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError):
        regex(MAIL, **{"pattern": "a"} | settings)


def test_the_guard_stands_between_us_and_a_real_explosion():
    # The negative control: the refused pattern does explode. Steps double with each letter; 18 are still quick.
    assert re.search(r"^(a+)+$", "a" * 18 + "b") is None
    with pytest.raises(SettingError):
        regex(say("a" * 5000 + "b"), r"^(a+)+$")
    assert regex(say("a" * 5000 + "b"), r"^(?:a++)+$").value == 0


POWER = r".*a.*a.*a.*a.*[cd]"  # no nested repeat, yet some power of the length


def test_a_search_that_takes_a_power_of_the_length_is_cut_off(monkeypatch):
    monkeypatch.setattr(pattern, "SECONDS", 0.05)
    found = regex(say("a" * 19_000), POWER)
    assert found.value is None
    assert found.reason == "the search took longer than 0.05 s"


@given(
    st.text(alphabet="ab1 \n", max_size=60), st.sampled_from([r"a*\s*b+", r"(?:ab|b)+\d*", r".*a.*b", r"^\w+\s\w+$"])
)
def test_the_limited_search_finds_what_re_finds(text, source):
    free = regex(say(text), source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pattern, "STEPS", -1.0)
        assert regex(say(text), source) == free
        assert regex(say(text), source, whole=True).value == float(re.fullmatch(source, text.strip()) is not None)


def test_without_the_package_it_cannot_tell(monkeypatch):
    monkeypatch.setattr(pattern, "_limited", lambda *_: None)
    assert regex(say("a" * 20_000), POWER).value is None
    assert regex(say("a" * 30), POWER).value == 0
