from hypothesis import given
from hypothesis import strategies as st

from rubricate.judges.evidence import check_quotes


def test_spacing_case_and_typographic_marks_do_not_matter():
    found, unfound = check_quotes(["“Warm the POT” –", "warm  the\npot", "warm a pot", ""], "Warm the pot - first")
    assert found == ("“Warm the POT” –", "warm  the\npot")
    assert unfound == ("warm a pot", "")


@given(st.text(min_size=1, max_size=60), st.integers(0, 50), st.integers(1, 20))
def test_every_real_piece_of_a_response_is_found_unless_it_is_only_marks(text, start, length):
    piece = text[start : start + length]
    found, unfound = check_quotes([piece], text)
    assert len(found) + len(unfound) == 1
    if any(c.isalnum() and c.isascii() for c in piece) and piece.isascii():
        assert found == (piece,)
