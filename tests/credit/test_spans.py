import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import first_error, on_tokens, selective, token_segments
from rubricate.errors import ShapeError
from rubricate.verifiers import sentence_spans

NAN = math.nan


def pieces(text, rng):
    """Starts of tokens that cut the text at random places; a space goes to the token behind it, as tokenizers do."""
    cuts = sorted({0} | set(rng.choice(len(text), size=min(len(text), 12)).tolist()))
    return [c for c in cuts if c == 0 or not (text[c - 1].isspace() and not text[c].isspace())]


def loop(text, starts):
    """The part of each token in a plain loop: the first one that any of its characters lies in."""
    spans, out = sentence_spans(text), []
    for k, begin in enumerate(starts):
        stop = starts[k + 1] if k + 1 < len(starts) else len(text)
        hits = [i for i, (a, b) in enumerate(spans) if max(a, begin) < min(b, stop)]
        out.append(hits[0] if hits else -1)
    return out


TEXTS = [
    'He said "Stop." Then he left. Dr. Wu stayed…',
    "“Ça va?” dit-elle. 我爱茶。你呢?好! 😀 Fin.",
    "1. First item\n2. Second item\n\n  Ünï cödé e\u0301nd! ",
]


@pytest.mark.parametrize("seed", range(50))
def test_tokens_find_their_sentence_as_in_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    rows = [TEXTS[k] for k in rng.integers(0, 3, size=4)]
    starts = [pieces(t, rng) for t in rows]
    spans = [sentence_spans(t) for t in rows]
    off = np.cumsum([0, *map(len, spans)])
    found = token_segments(
        np.concatenate(starts), np.cumsum([0, *map(len, starts)]),
        [a for row in spans for a, _ in row], [b for row in spans for _, b in row], off,
    )  # fmt: skip
    expected = [k if k < 0 else k + base for t, s, base in zip(rows, starts, off, strict=False) for k in loop(t, s)]
    assert found.tolist() == expected


def test_control_the_loop_tells_a_shifted_cut():
    text = TEXTS[0]
    starts = [0, 16, 30]
    assert loop(text, starts) == [0, 1, 2]
    assert loop(text, [0, 14, 29]) != [0, 1, 1]


def test_only_the_wrong_sentence_is_punished():
    text = "Tea is “hot”. It is blue. Drink it."
    spans = sentence_spans(text)
    starts = [k for k in range(len(text)) if k == 0 or text[k] == " "]  # tokens as words with the space before them
    index = token_segments(starts, [0, len(starts)], [a for a, _ in spans], [b for _, b in spans], [0, 3])
    credit = on_tokens([1.0, -1.0, 1.0], index)
    words = text.split(" ")
    assert [w for w, c in zip(words, credit, strict=True) if c < 0] == ["It", "is", "blue."]


def test_rows_without_parts_or_tokens():
    assert token_segments([0, 5], [0, 2, 2], [0], [3], [0, 0, 1]).tolist() == [-1, -1]
    assert token_segments(np.zeros(0, int), [0, 0], [0], [3], [0, 1]).tolist() == []


def test_overlaps_and_wrong_lengths_are_refused():
    with pytest.raises(ShapeError, match="overlap"):
        token_segments([0], [0, 1], [0, 2], [3, 4], [0, 2])
    with pytest.raises(ShapeError, match="whole numbers"):
        token_segments([0.5], [0, 1], [0], [3], [0, 1])
    with pytest.raises(ShapeError):
        token_segments([0], [0, 1], [0], [3], [0, 1, 1])
    with pytest.raises(ShapeError, match="names no part"):
        on_tokens([1.0], [1])


def test_first_error_by_hand():
    rows = [[1, 1], [1, 0, 0], [], [NAN, 0], [0, NAN], [1, NAN], [1, NAN, 1]]
    off = np.cumsum([0, *map(len, rows)])
    found = first_error([x for r in rows for x in r], off)
    np.testing.assert_array_equal(found, [-1, 1, -1, NAN, 0, NAN, NAN])


@given(st.lists(st.lists(st.sampled_from([0.0, 0.4, 0.5, 1.0, NAN]), max_size=4), min_size=1, max_size=5), st.data())
def test_first_error_and_selective_as_in_a_plain_loop(rows, data):
    flat, off = [x for r in rows for x in r], np.cumsum([0, *map(len, rows)])
    advantage = data.draw(st.lists(st.sampled_from([-1.0, 0.0, 2.0, NAN]), min_size=len(rows), max_size=len(rows)))
    errors, kept = [], []
    for row, a in zip(rows, advantage, strict=True):
        bad = [k for k, x in enumerate(row) if not x >= 0.5]
        errors.append(-1.0 if not bad else NAN if math.isnan(row[bad[0]]) else bad[0])
        for x in row:
            known = not (math.isnan(x) or math.isnan(a))
            kept.append((a if (a >= 0) == (x >= 0.5) else 0.0) if known else NAN)
    np.testing.assert_array_equal(first_error(flat, off), errors)
    np.testing.assert_array_equal(selective(advantage, flat, off), kept)


def test_control_the_sum_of_shares_is_not_selective():
    kept = selective([1.0], [1, 0], [0, 2])
    assert kept.tolist() == [1.0, 0.0]
    assert (np.array([1.0, 1.0]) * [1, 0] + 0.1).tolist() != kept.tolist()
