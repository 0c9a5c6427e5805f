"""Flipped outcomes: whole groups or single rows, the rate, missing outcomes."""

import numpy as np
import pytest

from rubricate.audit import flip
from rubricate.errors import SettingError, UnknownNameError


def test_prompts_flip_whole_and_samples_alone():
    group = np.repeat(np.arange(400), 5)
    outcome = np.ones(2000)
    whole = flip(outcome, group, np.random.default_rng(0), rate=0.3).reshape(400, 5)
    assert (whole == whole[:, :1]).all()
    alone = flip(outcome, group, np.random.default_rng(0), rate=0.3, unit="sample").reshape(400, 5)
    assert not (alone == alone[:, :1]).all()
    for got, n in ((whole[:, 0], 400), (alone.ravel(), 2000)):
        assert abs(1 - got.mean() - 0.3) < 4 * np.sqrt(0.21 / n)


def test_missing_stays_missing_and_settings_are_checked():
    rng = np.random.default_rng(0)
    got = flip([np.nan, 0.25], [0, 0], rng, rate=1.0)
    assert np.isnan(got[0])
    assert got[1] == 0.75
    with pytest.raises(SettingError):
        flip([1.0], [0], rng, rate=1.5)
    with pytest.raises(UnknownNameError):
        flip([1.0], [0], rng, unit="token")
