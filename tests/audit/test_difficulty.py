import numpy as np
import pytest

from rubricate.audit import binary_report, precision_by_difficulty
from rubricate.errors import SettingError


def test_precision_falls_with_the_rate_of_right_answers():
    rng = np.random.default_rng(0)
    rate = np.repeat([0.03, 0.5, 1.0], 20000)
    truth = rng.random(60000) < rate
    verdict = (rng.random(60000) < np.where(truth, 0.9, 0.5)).astype(float)
    rows = precision_by_difficulty(verdict, truth, rate)
    assert [(r.low, r.high, r.n) for r in rows] == [(0.0, 0.1, 20000), (0.5, 0.7, 20000), (0.7, 1.0, 20000)]
    assert [r.report.precision for r in rows] == pytest.approx([0.0527, 0.643, 1.0], abs=0.02)
    assert rows[1].report == binary_report(verdict[20000:40000], truth[20000:40000])


def test_rates_outside_and_bad_edges():
    assert precision_by_difficulty([1.0], [1], [2.0]) == ()
    with pytest.raises(SettingError, match="rising"):
        precision_by_difficulty([1.0], [1], [0.5], edges=(0.0, 0.0))
