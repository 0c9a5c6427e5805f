import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rubricate.judges.evidence import check_quotes
from rubricate.report.quotes import find, highlighted, segments

LETTERS = st.text(alphabet="aAbß İ\n\t“”\"'.…–-é", max_size=14)


@given(LETTERS, LETTERS)
@example("Straße", "STRASSE")
@example("a…b", "a...b")
@example("  a ", " A ")
def test_a_quote_is_marked_exactly_when_the_judge_counts_it_as_found(response, quote):
    found, _ = check_quotes([quote], response)
    spans = find(quote, response)
    assert bool(found) == bool(spans)
    for start, end in spans:
        assert 0 <= start < end <= len(response)
        assert check_quotes([quote], response[start:end])[0]


def test_that_check_is_not_empty():
    assert not find("cold pot", "Warm the pot.")
    assert check_quotes(["cold pot"], "Warm the pot.")[0] == ()


@pytest.mark.parametrize(
    ("quote", "response", "spans"),
    [
        ("warm  the\npot", "First, WARM the pot. Warm the pot!", [(7, 19), (21, 33)]),
        ('"good"', "a “good” pot", [(3, 7)]),
        ("ss", "Straße", [(4, 5)]),
        ("", "anything", []),
        ("...", "anything", []),
    ],
)
def test_places_by_hand(quote, response, spans):
    assert find(quote, response) == spans


SPANS = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda p: (p[0], p[0] + p[1])), st.sampled_from("abc")
    ),
    max_size=6,
)


@given(SPANS)
def test_segments_cover_the_text_and_name_every_character_as_a_plain_loop_does(marked):
    length = 18
    pieces = segments(marked, length)
    assert [p[0] for p in pieces[1:]] == [p[1] for p in pieces[:-1]]
    assert (pieces[0][0], pieces[-1][1]) == (0, length)
    for start, end, names, ended in pieces:
        for at in range(start, end):
            assert set(names) == {n for (a, b), n in marked if a <= at < b}
        assert set(ended) == {n for n in names if not any(a <= end < b for (a, b), m in marked if m == n)} & {
            n for n in names if any(b == end for (_, b), m in marked if m == n)
        }


def test_overlapping_quotes_are_both_marked_and_the_text_stays():
    page = highlighted("steep for four minutes <now>", [("1", "steep for four"), ("2", "four minutes")])
    assert page == (
        '<mark>steep for </mark><mark class="two" data-n="1">four</mark><mark data-n="2"> minutes</mark> &lt;now&gt;'
    )


def test_no_quotes_no_marks():
    assert highlighted("a < b", []) == "a &lt; b"
    assert highlighted("a", [("1", "b")]) == "a"
    assert highlighted("", [("1", "b")]) == ""
