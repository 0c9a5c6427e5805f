import numpy as np
import pytest
from scipy.stats import spearmanr

from rubricate.audit import held_out, spearman
from rubricate.errors import SettingError

NAN = float("nan")


def data(n=120, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(1, 6, n).astype(float)
    return np.stack([y + rng.normal(0, 2, n), y + rng.normal(0, 0.5, n), rng.normal(0, 1, n)]), y, np.arange(n) // 4


def test_values_are_those_of_scipy_and_of_a_plain_mean():
    p, y, cluster = data()
    found = held_out(p, y, np.random.default_rng(0), cluster=cluster, resamples=20)
    assert found.rank == pytest.approx([spearmanr(row, y).statistic for row in p])
    assert found.error == pytest.approx(
        [np.sqrt(np.mean([(a - b) ** 2 for a, b in zip(row, y, strict=True)])) for row in p]
    )
    assert found.rank_gain == pytest.approx(found.rank - found.rank[0])
    assert (found.n, found.clusters) == (120, 30)


def test_intervals_draw_whole_clusters():
    p, y, cluster = data()
    found = held_out(p, y, np.random.default_rng(7), cluster=cluster, resamples=200)
    rng, ranks = np.random.default_rng(7), []
    for _ in range(200):
        rows = [r for c in rng.integers(0, 30, 30) for r in range(4 * c, 4 * c + 4)]
        ranks.append([spearmanr(row[rows], y[rows]).statistic for row in p])
    ranks = np.array(ranks)
    assert found.rank_interval == pytest.approx(np.quantile(ranks, [0.025, 0.975], axis=0).T)
    assert found.rank_gain_interval == pytest.approx(np.quantile(ranks - ranks[:, :1], [0.025, 0.975], axis=0).T)
    # four equal rows in each cluster: rows as their own clusters would feign certainty
    same, target = p[:, ::4].repeat(4, axis=1), y[::4].repeat(4)
    wide, narrow = (
        held_out(same, target, np.random.default_rng(0), cluster=c, resamples=200).rank_interval[0]
        for c in (cluster, None)
    )
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


def test_a_better_prediction_gains_and_an_equal_one_gains_nothing():
    p, y, _ = data()
    found = held_out(np.stack([p[0], p[1], p[0]]), y, np.random.default_rng(0))
    assert found.rank_gain_interval[1, 0] > 0 > found.error_gain_interval[1, 1]
    assert found.rank_gain_interval[2].tolist() == found.error_gain_interval[2].tolist() == [0.0, 0.0]


def test_rows_with_a_gap_are_left_out_for_all():
    p, y, cluster = data()
    p[1, 3], y[7] = NAN, NAN
    keep = ~np.isin(np.arange(120), [3, 7])
    left = held_out(p[:, keep], y[keep], np.random.default_rng(0), cluster=cluster[keep], resamples=20)
    found = held_out(p, y, np.random.default_rng(0), cluster=cluster, resamples=20)
    assert found.n == 118
    assert found.rank.tolist() == left.rank.tolist()
    assert found.error_interval.tolist() == left.error_interval.tolist()


def test_rows_are_ranked_by_the_score_where_there_is_one():
    p, y, _ = data()
    found = held_out(p, y, np.random.default_rng(0), score=p[::-1], resamples=20)
    assert found.rank == pytest.approx([spearmanr(row, y).statistic for row in p[::-1]])
    assert found.error[0] == pytest.approx(np.sqrt(((p[0] - y) ** 2).mean()))


def test_rounding_breaks_no_tie():
    thirds = np.array([[0.1 + 0.2, 0.3, 0.5, 0.2]])
    assert thirds[0, 0] != thirds[0, 1]
    assert spearman(thirds, [1.0, 2.0, 3.0, 0.0])[0] == spearman([[0.3, 0.3, 0.5, 0.2]], [1.0, 2.0, 3.0, 0.0])[0]


def test_no_spread_has_no_rank():
    assert np.isnan(spearman([[1.0, 1.0]], [1.0, 2.0])[0])
    assert np.isnan(held_out([[1.0, 1.0]], [1.0, 2.0], np.random.default_rng(0), resamples=5).rank_interval).all()
    with pytest.raises(SettingError, match="against=2"):
        held_out([[1.0]], [1.0], np.random.default_rng(0), against=2)
