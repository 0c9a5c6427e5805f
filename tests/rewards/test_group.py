"""Operations inside groups, each against a plain loop on ragged, unsorted data with gaps."""

import math

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import (
    column_norm,
    criterion_rate,
    criterion_stats,
    group_norm,
    group_softmax,
    pareto_mask,
    pass_covariance,
    rank_penalty,
    sample_quantile,
    spread_groups,
)
from rubricate.rewards.group import pairs_in_groups

NAN = float("nan")


def members(d, i, where=True):
    """Rows of the group of row i, those in ``where`` with a value."""
    inside = np.broadcast_to(where, d.n)
    return [j for j in range(d.n) if d.group[j] == d.group[i] and inside[j] and not math.isnan(d.x[j])]


@pytest.mark.parametrize("where", [False, True])
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("scale", [None, "std", "max"])
def test_group_norm_equals_a_plain_loop(ragged, center, scale, where):
    mask = ragged.where if where else np.ones(ragged.n, dtype=bool)
    expected = []
    for i in range(ragged.n):
        v = [ragged.x[j] for j in members(ragged, i, mask)]
        if not v or math.isnan(ragged.x[i]):
            expected.append(NAN)
            continue
        y = ragged.x[i] - sum(v) / len(v) if center else ragged.x[i]
        unit = {None: 1.0, "max": max(v), "std": float(np.std(v)) if max(v) > min(v) else 0.0}[scale]
        if unit == 0:
            expected.append(0.0 if abs(y) < 1e-12 else NAN)
        else:
            expected.append(y / (unit + (1e-6 if scale == "std" else 0.0)) if unit > 0 else NAN)
    got = group_norm(ragged.x, ragged.group, center=center, scale=scale, where=mask if where else None)
    np.testing.assert_allclose(got, expected, atol=1e-9, rtol=1e-9)


def test_group_norm_by_hand():
    np.testing.assert_allclose(group_norm([1.0, 3.0], [0, 0], eps=0.0), [-1.0, 1.0])
    np.testing.assert_allclose(group_norm([0.1, 0.1, 0.1], [0, 0, 0]), [0.0, 0.0, 0.0])
    np.testing.assert_allclose(group_norm([5.0], [0]), [0.0])


def test_the_largest_of_right_rows_only():
    s, o = [0.4, 0.2, 0.8], [1, 1, 0]
    np.testing.assert_allclose(group_norm(s, [0] * 3, center=False, scale="max"), [0.5, 0.25, 1.0])
    np.testing.assert_allclose(group_norm(s, [0] * 3, center=False, scale="max", where=o), [1.0, 0.5, 2.0])


def test_a_group_without_spread_never_blows_up():
    got = group_norm([0.3, 0.3, 0.9], [0, 0, 0], where=[True, True, False])
    np.testing.assert_allclose(got, [0.0, 0.0, NAN])
    np.testing.assert_allclose(group_norm([0.3, 0.3], [0, 0], center=False), [NAN, NAN])
    np.testing.assert_allclose(group_norm([0.0, 0.0], [0, 0], center=False, scale="max"), [0.0, 0.0])
    np.testing.assert_allclose(group_norm([-1.0, -2.0], [0, 0], center=False, scale="max"), [NAN, NAN])


def test_small_groups_are_undefined_on_request():
    got = group_norm([1.0, 3.0, 5.0, NAN], [0, 0, 1, 1], scale=None, min_count=2)
    np.testing.assert_allclose(got, [-1.0, 1.0, NAN, NAN])


def test_group_softmax_equals_a_plain_loop(ragged):
    expected = []
    for i in range(ragged.n):
        rows = members(ragged, i, ragged.where)
        if not ragged.where[i]:
            expected.append(0.0)
        elif math.isnan(ragged.x[i]):
            expected.append(NAN)
        else:
            expected.append(math.exp(ragged.x[i] / 0.3) / sum(math.exp(ragged.x[j] / 0.3) for j in rows))
    got = group_softmax(ragged.x, ragged.group, temperature=0.3, where=ragged.where)
    np.testing.assert_allclose(got, expected, atol=1e-9)


def test_length_preference_inside_the_correct_rollouts():
    length = np.array([200, 400, 900, 1600, 2600, 4000, 5000, 5200])
    correct = np.arange(8) < 6
    got = group_softmax(1 - length / 8192, np.zeros(8, int), temperature=0.1, where=correct)
    np.testing.assert_allclose(got, [0.41, 0.32, 0.17, 0.07, 0.02, 0.004, 0, 0], atol=0.006)


def test_a_softmax_of_large_numbers_is_finite():
    np.testing.assert_allclose(group_softmax([1e4, 0.0], [0, 0]), [1.0, 0.0])


def test_pareto_mask_equals_a_plain_loop(ragged):
    s = ragged.scores
    expected = []
    for i in range(ragged.n):
        rivals = [j for j in range(ragged.n) if ragged.group[j] == ragged.group[i] and not np.isnan(s[j]).any()]
        beaten = any((s[j] >= s[i]).all() and (s[j] > s[i]).any() for j in rivals)
        expected.append(not beaten and not np.isnan(s[i]).any())
    assert pareto_mask(s, ragged.group).tolist() == expected


def test_duplicates_do_not_dominate_each_other():
    assert pareto_mask([[1, 1], [1, 1], [0, 2]], [0, 0, 0]).tolist() == [True, True, True]


def test_pairs_come_complete_in_blocks_of_any_size(ragged):
    codes = np.unique(ragged.group, return_inverse=True)[1]
    expected = {(i, j) for i in range(ragged.n) for j in range(ragged.n) if codes[i] == codes[j]}
    for block in (1, 7, 1 << 18):
        found = [p for i, j in pairs_in_groups(codes, block) for p in zip(i.tolist(), j.tolist(), strict=True)]
        assert len(found) == len(set(found))
        assert set(found) == expected


def test_criterion_stats_equal_a_plain_loop(ragged):
    stats = criterion_stats(ragged.scores, ragged.group, ragged.asked)
    for p, g in enumerate(sorted(set(ragged.group.tolist()))):
        rows = [i for i in range(ragged.n) if ragged.group[i] == g]
        assert stats.rows[p] == len(rows)
        for j in range(ragged.scores.shape[1]):
            v = [ragged.scores[i, j] for i in rows if ragged.asked[i, j] and not math.isnan(ragged.scores[i, j])]
            assert stats.n[p, j] == len(v)
            np.testing.assert_allclose(stats.rate[p, j], np.mean(v) if v else NAN, atol=1e-9)
            np.testing.assert_allclose(stats.var[p, j], np.var(v) if v else NAN, atol=1e-9)


def test_two_passes_see_through_independent_flips():
    rng = np.random.default_rng(0)
    truth = (rng.random((20000, 2)) < [0.5, 1.0]).astype(float)
    passes = [np.where(rng.random(truth.shape) < 0.15, 1 - truth, truth) for _ in range(2)]
    group = np.zeros(len(truth), int)
    noisy = criterion_stats(passes[0], group).var[0]
    clean = pass_covariance(*passes, group)[0]
    np.testing.assert_allclose(noisy, [0.25, 0.15 * 0.85], atol=0.01)
    np.testing.assert_allclose(clean, [0.25 * 0.7**2, 0.0], atol=0.01)


def test_two_passes_by_hand():
    got = pass_covariance([[1.0], [0.0], [1.0]], [[1.0], [0.0], [NAN]], [0, 0, 0])
    np.testing.assert_allclose(got, [[0.25]])
    np.testing.assert_allclose(pass_covariance([[1.0], [0.0]], [[0.0], [1.0]], [0, 0]), [[0.0]])


def test_rank_penalty_equals_a_plain_loop(ragged):
    hit = np.where(ragged.rng.random(ragged.n) < 0.1, NAN, ragged.outcome * (ragged.rng.random(ragged.n) < 0.3))
    rank = ragged.rng.integers(0, 9, size=ragged.n)
    expected = []
    for i in range(ragged.n):
        rows = [j for j in range(ragged.n) if ragged.group[j] == ragged.group[i]]
        total = sum(1 / math.log2(rank[j] + 2) for j in rows)
        any_hit = any(hit[j] == 1 for j in rows)
        if math.isnan(hit[i]) or (not any_hit and any(math.isnan(hit[j]) for j in rows)):
            expected.append(NAN)
        else:
            expected.append(-1 / math.log2(rank[i] + 2) / total if any_hit and hit[i] == 0 else 0.0)
    np.testing.assert_allclose(rank_penalty(rank, hit, ragged.group), expected, atol=1e-9)


def test_penalties_of_sixteen_beams():
    hit = np.arange(16) == 15
    got = rank_penalty(np.arange(16), hit, np.zeros(16, int))
    full = -1 / np.log2(np.arange(16) + 2)
    np.testing.assert_allclose((full / -full.sum())[:4], [-0.164, -0.103, -0.082, -0.071], atol=0.0006)
    np.testing.assert_allclose(got[:15], (full / -full.sum())[:15])
    assert (np.diff(got[:15]) > 0).all()
    assert rank_penalty(np.arange(16), np.zeros(16), np.zeros(16, int)).tolist() == [0.0] * 16


def test_spread_groups_follows_sorted_ids(ragged):
    ids = sorted(set(ragged.group.tolist()))
    table = ragged.rng.random((len(ids), 2))
    expected = np.array([table[ids.index(g)] for g in ragged.group.tolist()])
    np.testing.assert_allclose(spread_groups(table, ragged.group), expected)


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"group has shape \(2,\)"):
        group_norm([1.0], [0, 0])
    with pytest.raises(ShapeError, match=r"where has shape \(2,\)"):
        group_softmax([1.0], [0], where=[True, False])
    with pytest.raises(ShapeError, match=r"scores has shape \(1,\)"):
        pareto_mask([1.0], [0])
    with pytest.raises(ShapeError, match=r"second has shape \(2, 1\)"):
        pass_covariance([[1.0]], [[1.0], [1.0]], [0])
    with pytest.raises(ShapeError, match=r"hit has shape \(2,\)"):
        rank_penalty([0], [1, 0], [0])
    with pytest.raises(ShapeError, match=r"table has shape \(1,\)"):
        spread_groups([1.0], [0, 1])
    with pytest.raises(ShapeError, match=r"asked has shape \(2,\)"):
        criterion_stats([[1.0]], [0], [True, True])
    with pytest.raises(SettingError, match="scale='var'"):
        group_norm([1.0], [0], scale="var")
    with pytest.raises(SettingError, match="temperature=0"):
        group_softmax([1.0], [0], temperature=0)
    with pytest.raises(SettingError, match="rank -1"):
        rank_penalty([-1], [1], [0])


def test_the_rate_of_each_criterion_reaches_the_rows(ragged):
    expected = np.full(ragged.scores.shape, NAN)
    for i in range(ragged.n):
        for j in range(ragged.scores.shape[1]):
            same = [k for k in range(ragged.n) if ragged.group[k] == ragged.group[i] and ragged.asked[k, j]]
            seen = [ragged.scores[k, j] for k in same if not math.isnan(ragged.scores[k, j])]
            if seen:
                expected[i, j] = sum(seen) / len(seen)
    np.testing.assert_allclose(criterion_rate(ragged.scores, ragged.group, ragged.asked), expected, atol=1e-9)


def test_quantiles_of_samples_equal_numpy_on_what_is_known():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3, 7))
    x[rng.random(x.shape) < 0.4] = NAN
    x[0, 0] = NAN
    expected = [[np.quantile(v[~np.isnan(v)], 0.85) if (~np.isnan(v)).any() else NAN for v in row] for row in x]
    np.testing.assert_allclose(sample_quantile(x, 0.85), expected)
    assert sample_quantile([2.0, 4.0], 0.5) == 3.0
    with pytest.raises(ShapeError, match="single number"):
        sample_quantile(1.0, 0.5)


def test_column_norm_is_group_norm_of_each_column(ragged):
    table = column_norm(ragged.scores, ragged.group)
    for k in range(table.shape[1]):
        np.testing.assert_allclose(table[:, k], group_norm(ragged.scores[:, k], ragged.group), atol=1e-12)
