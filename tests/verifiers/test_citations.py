"""Citations: what is cited, whether it is allowed, which claims cite, rates from given verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.citations import (
    citation_rates,
    citation_support,
    cited_claims,
    cited_sources,
    claim_sources,
    covers,
)


def say(text, documents=(), **metadata):
    return Sample("s", (), text, documents=documents, metadata=metadata)


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("Tea is old [1].", ["1"]),
        ("Tea is old [1, 2][3].", ["1", "2", "3"]),
        ("Tea is old.[^4]", ["4"]),
        ("Tea is old (https://a.org/b).", ["https://a.org/b"]),
        ("See [the page](https://a.org/b_(c)), please.", ["https://a.org/b_(c)"]),
        ("Bare https://a.org/b?x=1#y, then more.", ["https://a.org/b?x=1#y"]),
        ("A [name] and a [see below] are no ids.", []),
        ("A [TODO: 3 words here] is none.", []),
        ("[doc-7] opens.", ["doc-7"]),
        ("mailto:a@b.org and ftp://a.org", []),
    ],
)
def test_sources_as_they_are_written(text, sources):
    assert [s for claim in claim_sources(text) for s in claim.sources] == sources


def test_a_mark_behind_the_full_stop_goes_with_its_sentence():
    claims = claim_sources("Tea is old. [1] Pots are new. [2][3]\nCups?")
    assert [c.sources for c in claims] == [("1",), ("2", "3"), ()]


@pytest.mark.parametrize(
    ("entry", "source", "want"),
    [
        ("a.org", "https://a.org", True),
        ("a.org", "http://www.A.org/x/y?z#q", True),
        ("a.org", "https://docs.a.org/x", True),
        ("a.org", "https://nota.org", False),
        ("a.org", "https://a.org.evil.com", False),
        ("a.org", "https://a.org@evil.com/", False),
        ("a.org", "https://evil.com/a.org", False),
        ("https://a.org/x", "https://a.org/x/", True),
        ("https://a.org/x", "https://a.org/x/y", True),
        ("https://a.org/x", "https://a.org/xy", False),
        ("https://a.org/x", "https://docs.a.org/x", False),
        ("3", "3", True),
        ("3", "https://3", True),
        ("https://[bad", "https://a.org", False),
        ("a.org", "https://[bad", False),
    ],
)
def test_what_an_entry_covers(entry, source, want):
    assert covers(entry, source) is want


def test_allowed_and_blocked_by_hand():
    text = "One https://a.org/1. Two https://b.org/2. Three https://a.org/1."
    found = cited_sources(say(text), allowed=["a.org"])
    assert (found.value, found.evidence) == (0.5, ("https://a.org/1",))
    assert found.reason == '1 of 2 sources allowed; not allowed: "https://b.org/2"'
    blocked = cited_sources(say(text), blocked=["b.org"])
    assert (blocked.value, blocked.reason) == (0.0, 'cites a blocked source: "https://b.org/2"')
    assert cited_sources(say(text)).value == 1
    assert cited_sources(say(text), min_count=3).value == 0
    assert cited_sources(say("None.")).value == 0
    assert cited_sources(say("None."), min_count=0).value == 1


def test_ids_must_be_numbers_of_documents():
    documents = ("first", "second")
    assert cited_sources(say("Old [1]. New [2]. Odd [3].", documents)).value == pytest.approx(2 / 3)
    assert cited_sources(say("Old [1]. New [7].")).value == 1  # without documents any id will do
    assert cited_sources(say("Old [1]. New [7]."), allowed=["7"]).value == 0.5


def test_claims_that_cite():
    text = "# Tea\nTea is a very old drink [1]. Nobody knows how old it is. Short one."
    found = cited_claims(say(text))
    assert (found.value, found.evidence) == (0.5, ("Tea is a very old drink [1].",))
    assert cited_claims(say(text), min=0.5).value == 1
    assert cited_claims(say(text), min=0.6).value == 0
    assert cited_claims(say("Short one.")).value is None
    assert cited_claims(say("[1] [2] [3] [4] [5] [6]")).value is None  # marks are no words


def test_rates_by_hand():
    claims = [[True, False], [True], [], [False]]
    assert citation_support(say("", claims=claims), "precision").value == 0.5
    assert citation_support(say("", claims=claims), "recall").value == 0.5
    assert citation_support(say("", claims=claims)).value == 0.5
    assert citation_support(say("", claims=[[]])).value == 0
    assert citation_support(say("", claims=[[]]), "precision").value is None


@pytest.mark.parametrize("claims", [None, [], "x", [True], [[True, None]], [[True], [0.5]]])
def test_without_every_verdict_there_is_none(claims):
    assert citation_support(say("", claims=claims)).value is None


@given(st.lists(st.lists(st.booleans(), max_size=4), min_size=1, max_size=5))
def test_rates_are_those_of_the_loop(claims):
    cited = supporting = held = 0
    for marks in claims:
        held += any(marks)
        for mark in marks:
            cited += 1
            supporting += mark
    precision, recall = citation_rates(claims)
    assert recall == held / len(claims)
    assert precision == (supporting / cited if cited else None)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (cited_sources, {"allowed": "a.org"}),
        (cited_sources, {"blocked": [""]}),
        (cited_sources, {"form": "x"}),
        (cited_claims, {"min_words": 0}),
        (citation_support, {"measure": "x"}),
    ],
)
def test_wrong_settings(check, wrong):
    with pytest.raises(SettingError):
        check(say("x"), **wrong)
