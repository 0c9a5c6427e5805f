import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.report.figures import bar, bins, histogram, series, shade, zero_bar


def test_shades_run_from_worst_to_best():
    assert [shade(x / 8) for x in range(9)] == ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8"]


def test_bars_stay_inside_their_track():
    assert "width:50.0%" in bar(0.5)
    assert "width:100.0%" in bar(1.7)
    assert "width:0.0%" in bar(-1.0)
    assert "width:0.0%" in bar(float("nan"))


def test_bars_around_zero():
    assert 'class="neg" style="left:25.0%;width:25.0%"' in zero_bar(-0.5, -1.0, 1.0)
    assert 'class="pos" style="left:50.0%;width:25.0%"' in zero_bar(0.5, -1.0, 1.0)
    assert "style" not in zero_bar(float("nan"), -1.0, 1.0)
    assert "style" not in zero_bar(0.0, 0.0, 0.0)


def test_few_values_have_a_bar_each():
    assert bins(np.array([1.0, 0.0, 1.0, 0.25])) == (["0", "0.25", "1"], [1, 1, 2])


def test_many_values_fall_into_round_bins():
    labels, counts = bins(np.linspace(0.0, 1.0, 101))
    assert labels[0] == "0 to 0.05"
    assert len(labels) == 20
    assert counts == [5] * 19 + [6]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=80))
def test_every_value_is_counted_once(values):
    labels, counts = bins(np.array(values))
    assert sum(counts) == len(values)
    assert len(labels) == len(counts) <= 27


def test_the_histogram_says_its_numbers():
    page = histogram(np.array([0.0, 1.0, 1.0]), "rewards")
    assert 'aria-label="3 rewards, from 0.000 to 1.000, most of them at 1"' in page
    assert re.findall(r"<b>(\d*)</b>", page) == ["1", "2"]
    assert re.findall(r"\* ([\d.]+)\)", page) == ["0.500", "1.000"]


def test_the_count_would_be_wrong_if_a_value_were_lost():
    _, counts = bins(np.linspace(0.0, 1.0, 101)[:-1])
    with pytest.raises(AssertionError):
        assert sum(counts) == 101


def test_a_series_keeps_its_scale_and_leaves_gaps():
    page = series(np.array([0.25, float("nan"), 1.0]), ["a", "b", "c"], "said")
    assert re.findall(r"\* ([\d.]+)\)", page) == ["0.250", "0.000", "1.000"]  # of 0 to 1
    assert re.findall(r'title="([^"]+)"', page) == ["a: 0.25", "b: none", "c: 1.00"]
    below = series(np.array([-1.0, 3.0]), ["a", "b"], "said")
    assert re.findall(r"\* ([\d.]+)\)", below) == ["0.000", "1.000"]  # of -1 to 3
    assert "height:calc" in series(np.array([float("nan")]), ["a"], "said")
