import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.judges import BradleyTerry, Logistic


def pairs(rng, n, theta):
    a, b = rng.normal(size=(2, n, len(theta)))
    first = rng.random(n) < 1 / (1 + np.exp(-(a - b) @ theta))
    return np.where(first[:, None], a, b), np.where(first[:, None], b, a)


def test_bradley_terry_recovers_its_parameters_and_its_slope_is_zero():
    theta = np.array([1.5, -1.0, 0.0])
    better, worse = pairs(np.random.default_rng(0), 8000, theta)
    model = BradleyTerry(ridge=1e-3).fit(better, worse)
    np.testing.assert_allclose(model.theta, theta, atol=0.1)
    gap = better - worse
    p = 1 / (1 + np.exp(-gap @ np.array(model.theta)))
    np.testing.assert_allclose(gap.T @ (p - 1) + 1e-3 * np.array(model.theta), 0, atol=1e-6)


def test_weights_of_zero_leave_pairs_out_and_smoothing_shrinks():
    rng = np.random.default_rng(1)
    better, worse = pairs(rng, 400, np.array([2.0, 0.0]))
    kept = rng.random(400) < 0.5
    by_weight = BradleyTerry().fit(better, worse, pair_weights=kept.astype(float))
    np.testing.assert_allclose(by_weight.theta, BradleyTerry().fit(better[kept], worse[kept]).theta, atol=1e-6)
    plain, smooth = (BradleyTerry(smoothing=s).fit(better, worse).theta[0] for s in (0.0, 0.2))
    assert 0 < smooth < plain


def test_bad_settings_and_data_are_refused():
    with pytest.raises(SettingError, match="ridge"):
        BradleyTerry(ridge=0)
    with pytest.raises(ShapeError, match="missing features"):
        BradleyTerry().fit([[np.nan]], [[1.0]])
    with pytest.raises(ShapeError, match="labels outside"):
        BradleyTerry().fit([[1.0]], [[0.0]], labels=[1.5])
    with pytest.raises(ShapeError, match="below 0"):
        BradleyTerry().fit([[1.0]], [[0.0]], pair_weights=[-1.0])
    with pytest.raises(ShapeError, match="margin"):
        BradleyTerry().fit([[1.0]], [[0.0]], margin=[1.0, 2.0])
    with pytest.raises(SettingError, match="not been fitted"):
        BradleyTerry().score([[1.0]])
    with pytest.raises(SettingError, match="not been fitted"):
        Logistic().score([[1.0]])
    with pytest.raises(SettingError, match="ridge"):
        Logistic(ridge=0)


def test_a_missing_feature_gives_no_score():
    model = BradleyTerry().fit([[1.0, 0.0]], [[0.0, 0.0]])
    assert np.isnan(model.score([[np.nan, 1.0], [1.0, 0.0]])).tolist() == [True, False]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_label_of_zero_is_the_swapped_pair_and_a_missing_label_is_no_pair(seed):
    rng = np.random.default_rng(seed)
    better, worse = rng.normal(size=(2, 30, 3))
    swap, lost = rng.random((2, 30)) < 0.3
    labels = np.where(lost, np.nan, np.where(swap, 0.0, 1.0))
    b, w = np.where(swap[:, None], worse, better)[~lost], np.where(swap[:, None], better, worse)[~lost]
    found = BradleyTerry().fit(better, worse, labels=labels).theta
    np.testing.assert_allclose(found, BradleyTerry().fit(b, w).theta, atol=1e-7)
    if swap[~lost].any():  # the control: without the labels it is another model
        assert np.abs(np.subtract(found, BradleyTerry().fit(better, worse).theta)).max() > 1e-4


def test_one_label_of_seven_tenths_is_seven_wins_and_three_losses():
    by_label = BradleyTerry().fit([[1.0]], [[0.0]], labels=[0.7], pair_weights=[10.0])
    wins = BradleyTerry().fit([[1.0]] * 7 + [[0.0]] * 3, [[0.0]] * 7 + [[1.0]] * 3)
    np.testing.assert_allclose(by_label.theta, wins.theta, atol=1e-9)


def test_a_margin_asks_for_more():
    better, worse = [[1.0], [2.0]], [[0.0], [0.0]]
    plain, wide = (BradleyTerry(ridge=0.1).fit(better, worse, margin=m).theta[0] for m in (0.0, [2.0, 2.0]))
    assert wide > plain + 0.5


def test_large_features_do_not_diverge():
    rng = np.random.default_rng(0)
    better, worse = pairs(rng, 200, np.array([1.0, -1.0]))
    model = BradleyTerry(ridge=1e-6).fit(1000 * better, 1000 * worse)
    gap = 1000 * (better - worse)
    assert np.isfinite(model.theta).all()
    assert (gap @ np.array(model.theta) > 0).mean() > 0.7


def test_references_get_mean_zero_and_no_comparison_changes():
    rng = np.random.default_rng(0)
    model = BradleyTerry().fit(*pairs(rng, 100, np.array([1.0, 2.0])))
    x, references = rng.normal(size=(20, 2)), rng.normal(3, 1, size=(10, 2))
    shifted = model.zero_mean_on_reference(references)
    assert abs(shifted.score(references).mean()) < 1e-12
    assert abs(model.score(references).mean()) > 1
    np.testing.assert_allclose(np.diff(shifted.score(x)), np.diff(model.score(x)), atol=1e-12)
    assert shifted.zero_mean_on_reference(references) == shifted
    for bad in ([[np.nan, 0.0]], np.zeros((0, 2))):
        with pytest.raises(ShapeError):
            model.zero_mean_on_reference(bad)


def test_the_logistic_model_fits_rates_and_leaves_unlabelled_rows_out():
    x = np.repeat([[0.0], [1.0]], 50, axis=0)
    y = np.r_[np.arange(50) < 10, np.arange(50) < 40].astype(float)  # rates .2 and .8
    model = Logistic(ridge=1e-6).fit(x, y)
    np.testing.assert_allclose(model.score([[0.0], [1.0]]), [0.2, 0.8], atol=1e-4)
    more = Logistic(ridge=1e-6).fit(np.r_[x, [[9.0]]], np.r_[y, np.nan])
    np.testing.assert_allclose(more.theta, model.theta, atol=1e-7)
    assert np.isnan(model.score([[np.nan]])[0])
