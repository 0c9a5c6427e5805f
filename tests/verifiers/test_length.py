import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers import length


def words(n):
    return Sample("s", (), " ".join(["word"] * n))


def test_both_ends_belong_to_the_range():
    assert [length(words(n), min=2, max=4).value for n in range(7)] == [0, 0, 1, 1, 1, 0, 0]
    assert length(words(143), max=120).reason == "143 words; expected at most 120"
    assert length(words(1), min=2).reason == "1 word; expected at least 2"
    assert length(words(1), min=1, max=1).reason == "1 word; expected 1"


def test_soft_edges_fall_in_a_line():
    assert [length(words(n), max=10, soft=5).value for n in (10, 11, 13, 15, 20)] == pytest.approx([1, 0.8, 0.4, 0, 0])
    assert [length(words(n), min=10, soft=5).value for n in (10, 8, 5)] == pytest.approx([1, 0.6, 0])


@pytest.mark.parametrize(
    ("unit", "count"), [("words", 6), ("characters", 30), ("sentences", 3), ("paragraphs", 2), ("lines", 3)]
)
def test_units(unit, count):
    text = Sample("s", (), "<think>not counted</think> One two. Thre\u0301e\nfour.\n\nfive six ")
    assert length(text, unit, min=count, max=count).value == 1
    assert length(text, unit, min=count + 1).value == 0
    assert length(Sample("s", (), ""), unit, max=0).value == 1


@pytest.mark.parametrize("bad", [{}, {"min": 3, "max": 2}, {"max": 2, "soft": -1}, {"unit": "pages", "max": 1}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(SettingError):
        length(words(3), **bad)


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0, 20))
def test_the_share_never_rises_with_the_excess(n, limit, soft):
    now, next_ = (length(words(k), max=limit, soft=soft).value for k in (n, n + 1))
    assert 0 <= next_ <= now <= 1
