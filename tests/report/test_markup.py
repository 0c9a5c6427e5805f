from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.report.markup import Markup, clip, join, plain, tag, text

ANY = st.text(alphabet=st.characters(), max_size=60)
HIDDEN = "\x00\x1b\x7f\x85\u202a\u202e\u2066\u2069\u200b\u200e\u061c\ufeff\u2028\U000e0041\ud800"


class Words(HTMLParser):
    """Texts and elements as a browser would take them."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.words, self.found = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attributes):
        self.found.append((name, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


def breaks_out(page):
    """Whether the page has another element than the div around the text and the marks of hidden characters."""
    return [name for name, _ in Words(page).found if name not in ("div", "i")] != []


@given(ANY)
def test_no_text_breaks_out(value):
    assert not breaks_out(tag("div", value))
    assert not breaks_out(tag("div", "x", title=value))


def test_the_check_sees_what_breaks_out():
    assert breaks_out(tag("div", Markup("<b>raw</b>")))


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=60))
def test_harmless_text_comes_back_as_it_was(value):
    assert "".join(Words(f"<div>{text(value)}</div>").words) == value
    assert Words(tag("div", title=value)).found == [("div", {"title": value})]


@pytest.mark.parametrize("character", HIDDEN)
def test_hidden_characters_are_shown_by_code_point(character):
    assert text(f"a{character}b") == f"a<i class=c>U+{ord(character):04X}</i>b"
    assert plain(f"a{character}b") == f"a[U+{ord(character):04X}]b"


def test_runs_of_hidden_characters_are_counted():
    assert text("\u202e" * 3 + "\u202c") == "<i class=c>U+202E ×3</i><i class=c>U+202C</i>"


@pytest.mark.parametrize("kept", ["a\tb\nc", "م \u200d\u200c", "👩\u200d🔬", "שלום"])
def test_what_writing_needs_stays(kept):
    assert text(kept) == kept == plain(kept)


def test_elements_and_attributes():
    assert tag("input", type="search", hidden=True, title=None, disabled=False) == '<input type="search" hidden>'
    assert tag("td", 3, ["a", ("<", None)], cls="n", data_v='"') == '<td class="n" data-v="&quot;">3a&lt;</td>'
    assert isinstance(join([]), Markup)


@given(ANY, st.integers(min_value=0, max_value=80))
def test_clip_keeps_a_prefix_within_the_limit_and_counts_the_rest(value, limit):
    kept, left = clip(value, limit)
    assert value.startswith(kept)
    assert len(kept) + left == len(value)
    size = len(kept.encode("utf-8", "surrogatepass"))
    assert size <= max(limit, 0)
    assert not left or size + 4 > limit
