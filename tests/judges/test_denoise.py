import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.judges import (
    BradleyTerry,
    agreement_filter,
    agreement_labels,
    implicit_preference,
    margin_scaled_beta,
    rank_consistency,
    small_loss_peer_review,
    treat_weak,
    vote_strength,
)

NAN = float("nan")


def noisy_pairs(rng, n, flips, d=10):
    theta = rng.normal(size=d)
    gap = rng.normal(size=(n, d))
    gap = gap * np.sign(gap @ theta)[:, None]
    wrong = rng.random(n) < flips
    return np.where(wrong[:, None], -gap, gap), np.zeros((n, d)), wrong


def test_votes_find_wrong_labels():
    rng = np.random.default_rng(0)
    better, worse, wrong = noisy_pairs(rng, 400, 0.2)
    strength = vote_strength(better, worse, rng=rng)
    low = np.argsort(strength.mean)[:80]
    assert wrong[low].mean() > 0.6 > 3 * wrong[np.argsort(strength.mean)[-80:]].mean()
    assert (strength.std > 0).all()
    with pytest.raises(SettingError, match="size"):
        vote_strength(better, worse, rng=rng, size=0)


def test_votes_are_those_of_models_on_subsets():
    rng = np.random.default_rng(3)
    better, worse, _ = noisy_pairs(rng, 40, 0.2, 3)
    found = vote_strength(better, worse, rng=np.random.default_rng(1), size=4, share=0.25)
    again, gaps = np.random.default_rng(1), []
    for _ in range(4):
        rows = again.permutation(40)[:10]
        gaps.append((better - worse) @ np.array(BradleyTerry().fit(better[rows], worse[rows]).theta))
    np.testing.assert_allclose(found.mean, np.mean(gaps, 0))
    np.testing.assert_allclose(found.std, np.std(gaps, 0))


def test_treatments():
    strength = [2.0, -1.0, NAN, 0.1, 3.0]
    assert treat_weak(strength, bottom=0.5, how="flip").labels.tolist() == [1, 0, 1, 0, 1]
    assert treat_weak(strength, bottom=0.5, how="flip").pair_weights.tolist() == [1, 1, 0, 1, 1]
    assert treat_weak(strength, bottom=0.5, how="drop").pair_weights.tolist() == [1, 0, 0, 0, 1]
    assert treat_weak(strength, bottom=0.25, how="smooth").labels.tolist() == [1, 0.7, 1, 1, 1]
    found = treat_weak(strength, bottom=0.0, margin=0.5)
    assert found.margin.tolist() == [1.0, 0.0, 0.0, 0.05, 1.5]
    assert set(found.as_settings) == {"labels", "pair_weights", "margin"}
    with pytest.raises(UnknownNameError, match="treatment"):
        treat_weak(strength, how="flop")
    with pytest.raises(SettingError, match="bottom"):
        treat_weak(strength, bottom=1.5)


def test_a_treatment_is_what_a_model_is_fitted_on():
    rng = np.random.default_rng(0)
    better, worse, _ = noisy_pairs(rng, 60, 0.2, 3)
    strength = rng.normal(size=60)
    weak = np.argsort(strength)[:12]
    dropped = BradleyTerry().fit(better, worse, **treat_weak(strength).as_settings)
    kept = np.delete(np.arange(60), weak)
    np.testing.assert_allclose(dropped.theta, BradleyTerry().fit(better[kept], worse[kept]).theta, atol=1e-7)
    flipped = BradleyTerry().fit(better, worse, **treat_weak(strength, how="flip").as_settings)
    turned = better.copy()
    turned[weak] *= -1
    np.testing.assert_allclose(flipped.theta, BradleyTerry().fit(turned, worse).theta, atol=1e-7)


@pytest.mark.parametrize("peer", [True, False])
def test_each_model_gets_the_pairs_that_the_other_finds_easy(peer):
    rng = np.random.default_rng(0)
    better, worse, wrong = noisy_pairs(rng, 100, 0.2, 4)
    found = small_loss_peer_review(better, worse, rng=np.random.default_rng(5), rounds=3, peer=peer)
    order = np.random.default_rng(5).permutation(100)
    kept = [order[::2], order[1::2]]
    for t in (1, 2, 3):
        models = [BradleyTerry().fit(better[k], worse[k]) for k in kept]
        count = round((1 - 0.2 * t / 3) * 100)
        easy = [np.argsort(-(better - worse) @ np.array(m.theta), kind="stable")[:count] for m in models]
        kept = easy[::-1] if peer else easy
    for side in (0, 1):
        assert set(np.flatnonzero(found.kept[side])) == set(kept[side])
    assert found.kept.sum(1).tolist() == [80, 80]
    assert wrong[found.kept[0]].mean() < wrong.mean()
    both = [m.score(better) for m in found.models]
    np.testing.assert_allclose(found.score(better), (both[0] + both[1]) / 2)
    with pytest.raises(SettingError, match="noise"):
        small_loss_peer_review(better, worse, rng=rng, noise=1.0)


@pytest.mark.parametrize("seed", range(50))
def test_rank_consistency_equals_scipy_prompt_by_prompt(seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 6, 25)
    now, before = rng.integers(0, 6, (2, 25)).astype(float)
    now[rng.random(25) < 0.03] = NAN
    for how, other in (("kendall", kendalltau), ("spearman", spearmanr)):
        found = rank_consistency(now, before, group, how=how)
        for k, g in enumerate(np.unique(group)):
            a, b = now[group == g], before[group == g]
            if len(a) < 2 or np.isnan(a).any() or np.ptp(a) == 0 or np.ptp(b) == 0:
                assert np.isnan(found[k])
            else:
                np.testing.assert_allclose(found[k], (other(a, b)[0] + 1) / 2, atol=1e-12)


def test_toporder_compares_the_best_and_worst_responses_not_list_positions():
    """CREAM's release compares ranks at list positions 0 and -1; on this list it would see no difference."""
    now, before = [5.0, 9.0, 1.0, 4.0], [5.0, 1.0, 9.0, 4.0]  # best and worst change places in the middle
    assert rank_consistency(now, before, [0] * 4, how="toporder").tolist() == [0.0]
    same = rank_consistency([5.0, 9.0, 1.0, 4.0], [4.0, 9.0, 1.0, 5.0], [0] * 4, how="toporder")
    assert same.tolist() == [1.0]  # positions 0 and -1 differ, the best and the worst do not
    assert rank_consistency([1, 2, 3], [2, 1, 3], [0] * 3, how="toporder").tolist() == [0.5]
    assert rank_consistency([1, 2, 2], [1, 1, 2], [0] * 3, how="toporder").tolist() == [0.5]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_agreement_ignores_the_order_of_the_list_and_any_rising_change_of_scale(seed):
    rng = np.random.default_rng(seed)
    now, before = rng.normal(size=(2, 12))
    group = np.repeat([0, 1, 2], 4)
    order = rng.permutation(12)
    for how in ("kendall", "spearman", "toporder"):
        base = rank_consistency(now, before, group, how=how)
        np.testing.assert_allclose(rank_consistency(now[order], before[order], group[order], how=how), base)
        np.testing.assert_allclose(rank_consistency(np.exp(now), before, group, how=how), base)
    np.testing.assert_allclose(rank_consistency(-now, before, group), 1 - rank_consistency(now, before, group))
    assert rank_consistency(now, now, group).tolist() == [1, 1, 1] != rank_consistency(-now, now, group).tolist()


def test_labels_from_agreement():
    each = agreement_labels([0.8, 0.6, NAN], [0, 1, 2, 0], scope="each")
    assert each.labels.tolist() == [0.8, 0.6, 0.5, 0.8]
    assert each.pair_weights.tolist() == [1, 1, 0, 1]
    mean = agreement_labels([0.8, 0.6, NAN], [0, 1, 2, 0])
    np.testing.assert_allclose(mean.labels, (0.8 + 0.6 + 0.8) / 3)
    with pytest.raises(UnknownNameError, match="scope"):
        agreement_labels([0.5], [0], scope="mean")
    with pytest.raises(UnknownNameError, match="agreement"):
        rank_consistency([1], [1], [0], how="kendal")


def test_the_loss_of_soft_labels_is_creams():
    better, worse = np.random.default_rng(0).normal(size=(2, 8, 2))
    c = np.linspace(0.5, 1, 8)
    theta = np.array(BradleyTerry(ridge=0.5).fit(better, worse, labels=c).theta)
    gap = better - worse

    def loss(t):
        z = gap @ t
        return (c * np.logaddexp(0, -z) + (1 - c) * np.logaddexp(0, z)).sum() + 0.25 * t @ t

    for step in ([1e-3, 0], [0, 1e-3], [-1e-3, 0], [0, -1e-3]):
        assert loss(theta + np.array(step)) > loss(theta)


def test_agreeing_judges():
    found = agreement_filter([[0.9, 0.9, 0.5, 0.2, NAN], [0.6, 0.4, 0.9, 0.1, 0.9]])
    assert found.pair_weights.tolist() == [1, 0, 0, 1, 0]
    assert found.labels.tolist()[3] == 0.0
    assert agreement_filter([[0.6], [0.9]], confidence=0.2).pair_weights.tolist() == [0.0]
    with pytest.raises(SettingError, match="confidence"):
        agreement_filter([[0.5]], confidence=0.5)
    with pytest.raises(ShapeError, match="preference"):
        agreement_filter([0.5])


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 0.95), st.floats(0, 0.95))
def test_what_agreement_is_worth_falls_with_the_correlation_of_errors(accuracy, rho):
    """With n(1 - n) = a(1 - a): share right among agreed pairs = (a^2 + rho a(1-a)) / (1 - 2(1 - rho) a(1-a))."""
    rng = np.random.default_rng(0)
    n, var = 40_000, accuracy * (1 - accuracy)
    shared = rng.random(n) < rho
    right = rng.random((2, n)) < accuracy
    right[1, shared] = right[0, shared]
    found = agreement_filter(np.where(right, 0.8, 0.2))
    kept = found.pair_weights == 1
    expected = (accuracy**2 + rho * var) / (1 - 2 * (1 - rho) * var)
    assert abs(found.labels[kept].mean() - expected) < 0.015
    assert abs(kept.mean() - (1 - 2 * (1 - rho) * var)) < 0.015


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 50), min_size=2, max_size=8), st.floats(0.01, 2), st.floats(0, 3))
def test_the_margin_scaled_beta_rises_within_its_bounds(gaps, beta, weight):
    found = margin_scaled_beta(sorted(gaps), beta=beta, weight=weight)
    assert (np.diff(found) >= 0).all()
    assert (found >= beta).all()
    assert (found <= beta * (1 + weight) * (1 + 1e-12)).all()


def test_beta_by_hand():
    np.testing.assert_allclose(margin_scaled_beta([-3.0, 0.0, 2.0]), [0.1, 0.1, 0.1 * (1 + 0.5 * (1 - np.exp(-1)))])
    with pytest.raises(SettingError):
        margin_scaled_beta([0.0], beta=0)


def test_implicit_preference_by_hand():
    found = implicit_preference([[-10.0, -12.0]], [[-11.0, -11.0]], beta=0.5)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-0.5 * 2)))
    assert np.isnan(implicit_preference([[NAN, 0.0]], [[0.0, 0.0]])[0])
