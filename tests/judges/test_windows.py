import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.errors import SettingError
from rubricate.judges.windows import align, overlapping, spread


@given(st.integers(1, 40), st.integers(2, 8), st.data())
def test_windows_cover_everything_and_overlap(n, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    windows = overlapping(n, size, overlap)
    assert sorted(set().union(*windows)) == list(range(n))
    assert all(len(w) == min(n, size) for w in windows)
    for a, b in itertools.pairwise(windows):
        assert len(set(a) & set(b)) >= overlap


def test_windows_by_hand():
    assert overlapping(5, 5, 2) == [range(5)]
    assert [list(w) for w in overlapping(6, 5, 2)] == [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]]
    assert [list(w) for w in overlapping(9, 4, 1)] == [[0, 1, 2, 3], [3, 4, 5, 6], [5, 6, 7, 8]]
    with pytest.raises(SettingError):
        overlapping(4, 3, 3)


def test_complete_calls_are_averaged():
    scores = np.array([[1.0, 5.0, 3.0], [2.0, 4.0, 5.0]])
    np.testing.assert_allclose(align(scores), [1.5, 4.5, 4.0])
    np.testing.assert_allclose(spread(scores), [0.5, 0.5, 1.0])


def test_a_generous_call_is_told_from_good_responses():
    """Qualities 1 2 3 | 3 4 5 in two windows that share the third; the second call gives 2 too little."""
    scores = np.array([[1, 2, 3, np.nan, np.nan], [np.nan, np.nan, 1, 2, 3.0]])
    np.testing.assert_allclose(np.diff(align(scores)), [1, 1, 1, 1], atol=1e-9)
    plain = np.nanmean(scores, axis=0)
    assert plain[2] < plain[1] + 1e-9  # the control: means alone place the third with the second


@pytest.mark.parametrize("seed", range(20))
def test_against_a_solver_with_all_unknowns(seed):
    rng = np.random.default_rng(seed)
    calls, n = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    scores = np.where(rng.random((calls, n)) < 0.3, np.nan, rng.integers(1, 6, (calls, n)).astype(float))
    w, i = np.nonzero(~np.isnan(scores))
    design = np.zeros((len(w), calls + n))
    design[np.arange(len(w)), w] = design[np.arange(len(w)), calls + i] = 1.0
    found = align(scores)
    known = ~np.isnan(found)
    assert known.tolist() == (~np.isnan(scores)).any(0).tolist()
    if not len(w):
        return
    best = np.linalg.lstsq(design, scores[w, i], rcond=None)[0]
    fitted = scores[w, i] - found[i]
    offsets = np.array([fitted[w == k].mean() if (w == k).any() else 0.0 for k in range(calls)])
    left = float(((fitted - offsets[w]) ** 2).sum())
    assert left == pytest.approx(float(((scores[w, i] - design @ best) ** 2).sum()), abs=1e-9)


def test_nothing_scored_is_nan():
    assert np.isnan(align(np.full((2, 3), np.nan))).all()
    assert np.isnan(spread(np.full((2, 3), np.nan))).all()
