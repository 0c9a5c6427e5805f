import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.refine import WEIGHINGS, PairedL1, Ridge, correlation_aware, cross_fitted, uniform, whole_folds

NAN = float("nan")


def made(n=400, seed=0):
    """Two criteria that matter (3 to 1), one clone of the first, one of noise; ratings in [0, 1]."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 4))
    x[:, 2] = x[:, 0]
    return x, 3 * x[:, 0] + x[:, 1] + 0.2 * rng.normal(size=n)


def test_folds_keep_groups_whole_and_are_of_like_size():
    group = np.repeat(np.arange(23), 3)
    fold = whole_folds(group, 5, np.random.default_rng(0))
    assert all(len(set(fold[group == g])) == 1 for g in range(23))
    assert sorted(np.bincount(fold) // 3) == [4, 4, 5, 5, 5]
    with pytest.raises(SettingError, match="k=4 with 3 groups"):
        whole_folds([0, 1, 2], 4, np.random.default_rng(0))


@pytest.mark.parametrize("name", WEIGHINGS)
def test_one_criterion_that_says_it_all_is_predicted_exactly_by_every_way(name):
    x = np.linspace(0, 1, 12)[:, None]
    found = cross_fitted(x, 2 * x[:, 0] + 1, np.arange(12) % 3, WEIGHINGS[name])
    assert found.predicted == pytest.approx(2 * x[:, 0] + 1)
    assert found.fitted.tolist() == [8, 8, 8]


def test_each_fold_is_predicted_by_a_fit_on_the_others():
    x, y = made(60)
    fold = np.arange(60) % 4
    found = cross_fitted(x, y, fold, Ridge())
    for k in range(4):  # by hand: normal equations on the rows of the other folds
        train = fold != k
        mean, spread = x[train].mean(0), x[train].std(0)
        z = (x - mean) / spread
        w = np.linalg.solve(z[train].T @ z[train] + np.eye(4), z[train].T @ (y[train] - y[train].mean()))
        assert found.weights[k] == pytest.approx(w / spread)
        slope, start = np.polyfit(z[train] @ w, y[train], 1)
        assert found.predicted[~train] == pytest.approx(start + slope * (z[~train] @ w))


def test_a_row_does_not_teach_its_own_prediction():
    x, y = made(40)
    fold = np.arange(40) % 4
    before = cross_fitted(x, y, fold, Ridge()).predicted
    y[0] += 100.0
    after = cross_fitted(x, y, fold, Ridge()).predicted
    assert np.array_equal(before[fold == 0], after[fold == 0])
    assert not np.allclose(before[fold == 1], after[fold == 1])


def test_apart_keeps_what_a_tested_item_says_elsewhere_out_of_the_fit():
    x, y = made(40)
    fold, item = np.arange(40) % 4, np.arange(40) // 2  # the two rows of an item stand in different folds
    before = cross_fitted(x, y, fold, Ridge(), apart=item)
    assert before.fitted.tolist() == [20, 20, 20, 20]
    y[1] += 100.0
    after = cross_fitted(x, y, fold, Ridge(), apart=item).predicted
    assert after[0] == before.predicted[0]
    assert cross_fitted(x, y, fold, Ridge()).predicted[0] != after[0]


def test_what_becomes_of_a_missing_verdict_is_named():
    x, y = np.array([[0.0], [1.0], [0.0], [1.0], [NAN]]), np.array([1.0, 3.0, 1.0, 3.0, NAN])
    filled = cross_fitted(x, y, [0, 0, 1, 1, 1], uniform, missing="train_mean")
    assert filled.predicted.tolist() == [1.0, 3.0, 1.0, 3.0, 2.0]
    assert filled.fitted.tolist() == [2, 2]
    plain = cross_fitted(x, y, [0, 0, 1, 1, 1], uniform)
    assert plain.predicted[:4].tolist() == [1.0, 3.0, 1.0, 3.0]
    assert np.isnan([plain.predicted[4], plain.score[4]]).all()
    with pytest.raises(ShapeError, match="fold 1 leaves 1 rows"):
        cross_fitted(x, y, [0, 1, 1, 1, 1], uniform)
    with pytest.raises(UnknownNameError, match="train_mean"):
        cross_fitted(x, y, [0, 0, 1, 1, 1], uniform, missing="mean")


def test_a_row_that_lacks_a_verdict_teaches_nothing_unless_that_is_asked_for():
    x, y = made(40)
    fold = np.arange(40) % 4
    x[0, 2] = NAN
    before, asked = (cross_fitted(x, y, fold, Ridge(), missing=m).predicted for m in ("drop_row", "train_mean"))
    y[0] += 100.0
    after, told = (cross_fitted(x, y, fold, Ridge(), missing=m).predicted for m in ("drop_row", "train_mean"))
    assert np.array_equal(before, after, equal_nan=True)
    assert not np.allclose(asked[fold == 1], told[fold == 1])


def test_a_criterion_without_a_verdict_to_fit_on_has_no_mean():
    x, y = made(12)
    x[:, 1] = NAN
    with pytest.raises(ShapeError, match=r"no verdict on the criteria \[1\]"):
        cross_fitted(x, y, np.arange(12) % 3, Ridge(), missing="train_mean")


def test_the_learned_ways_find_what_matters_and_the_others_do_not():
    x, y = made()
    w = {name: weigh(x, y) for name, weigh in WEIGHINGS.items()}
    ridge = w["ridge"]
    assert ridge[0] + ridge[2] == pytest.approx(3, abs=0.15)
    assert ridge[0] == pytest.approx(ridge[2])  # clones share it
    assert (ridge[1], abs(ridge[3]) < 0.05) == (pytest.approx(1, abs=0.1), True)
    assert w["L1"][1] < w["L1"][0] + w["L1"][2]
    assert w["L1"][3] == 0.0
    assert w["uniform"].tolist() == [0.25] * 4
    aware = w["correlation-aware"]
    assert aware[3] > 0.2  # no labels: noise is not told from what matters
    assert aware[0] < aware[1]  # but a clone is


def test_weights_of_ratings_that_hardly_vary_are_not_cut():
    x = 0.5 + 0.02 * made()[0]
    assert (correlation_aware(x, x[:, 0]) > 0).all()


def test_scores_do_not_hold_the_mean_of_the_training_rows():
    x, y = made()
    noise = np.random.default_rng(1).normal(size=400)
    fold = np.arange(400) % 8
    noise += fold  # folds differ in their level and the criteria say nothing
    found = cross_fitted(x, noise, fold, Ridge())
    assert np.corrcoef(found.predicted, noise)[0, 1] < -0.5
    assert abs(np.corrcoef(found.score, noise)[0, 1]) < 0.15
    assert cross_fitted(x, y, fold, uniform).score == pytest.approx(x.mean(1))


def test_all_weights_zero_predict_the_mean():
    x, y = made(80)
    found = cross_fitted(x, y, np.arange(80) % 2, PairedL1(penalty=10.0))
    assert not found.weights.any()
    assert found.predicted[:2] == pytest.approx([y[1::2].mean(), y[::2].mean()])
