import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError
from rubricate.judges import debias_pairs, quality_sampling

NAN = float("nan")


def test_a_cold_draw_is_top_k_and_a_hot_one_is_even():
    rating = np.array([0.0, 1.0, 2.0, 3.0, NAN])
    rng = np.random.default_rng(0)
    assert quality_sampling(rating, 2, rng=rng, tau=1e-6).tolist() == [3, 2]
    hot = np.bincount([quality_sampling(rating, 1, rng=rng, tau=1e6)[0] for _ in range(4000)], minlength=5) / 4000
    np.testing.assert_allclose(hot, [0.25] * 4 + [0.0], atol=0.03)


def test_the_first_draw_has_softmax_chances():
    rating = np.array([0.0, 1.0, 5.0])
    z = (rating - rating.mean()) / rating.std()
    rng = np.random.default_rng(1)
    found = np.bincount([quality_sampling(rating, 1, rng=rng)[0] for _ in range(6000)], minlength=3) / 6000
    np.testing.assert_allclose(found, np.exp(z / 2) / np.exp(z / 2).sum(), atol=0.025)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 8))
def test_nothing_is_drawn_twice_and_a_prefix_is_a_smaller_sample(seed, count):
    rating = np.random.default_rng(seed).normal(size=8)
    drawn = quality_sampling(rating, count, rng=np.random.default_rng(seed))
    assert len(set(drawn.tolist())) == count
    assert quality_sampling(rating, 8, rng=np.random.default_rng(seed))[:count].tolist() == drawn.tolist()
    other = quality_sampling(rating, 8, rng=np.random.default_rng(seed + 1))
    assert sorted(other) == list(range(8))


def test_wrong_draws_are_refused():
    for count, tau in ((3, 1.0), (1, 0.0), (-1, 1.0)):
        with pytest.raises(SettingError, match="tau"):
            quality_sampling([1.0, 2.0, NAN], count, rng=np.random.default_rng(0), tau=tau)
    assert quality_sampling([1.0, 1.0], 2, rng=np.random.default_rng(0)).shape == (2,)


def biased_pairs(rng, n):
    """Gaps of length and time that both predict the label, beside quality."""
    quality, length, time = rng.normal(size=(3, n))
    sign = np.sign(quality + length + 0.8 * time)
    return quality * sign, np.column_stack([length * sign, time * sign])


def test_after_matching_no_nuisance_predicts_the_label():
    rng = np.random.default_rng(0)
    quality, nuisance = biased_pairs(rng, 4000)
    assert ((nuisance > 0).mean(0) > 0.62).all()
    keep = debias_pairs(nuisance, rng=rng)
    assert keep.mean() > 0.3
    assert np.abs((nuisance[keep] > 0).mean(0) - 0.5).max() < 0.02
    assert (quality[keep] > 0).mean() > (quality > 0).mean()
    assert abs(((nuisance[keep] @ [1.0, 0.8]) > 0).mean() - 0.5) < 0.02  # nor do both together
    random = rng.permutation(keep)  # the control: as many pairs at random
    assert ((nuisance[random] > 0).mean(0) > 0.6).all()


def test_matching_holds_for_each_size_of_the_gap():
    rng = np.random.default_rng(1)
    _, nuisance = biased_pairs(rng, 3000)
    kept = nuisance[debias_pairs(nuisance[:, :1], rng=rng)][:, 0]
    large = np.abs(kept) > np.median(np.abs(kept))
    assert abs((kept[large] > 0).mean() - 0.5) < 0.03
    assert abs((kept[~large] > 0).mean() - 0.5) < 0.03


def test_matching_is_exact_for_one_nuisance_and_keeps_equal_sides():
    gap = np.array([1.0, 1.0, 1.0, -1.0, 0.0, NAN])[:, None]
    keep = debias_pairs(gap, rng=np.random.default_rng(0), bins=1)
    assert keep[:3].sum() == 1
    assert keep[3:].tolist() == [True, True, False]


def test_controlled_pairs_differ_in_nothing_else():
    gaps = [[0.05, 0.0], [0.2, 0.0], [0.0, -0.3], [NAN, 0.0]]
    assert debias_pairs(gaps, rng=np.random.default_rng(0), tolerance=0.1).tolist() == [True, False, False, False]
    with pytest.raises(ShapeError, match="no pair"):
        debias_pairs([[NAN]], rng=np.random.default_rng(0))
    with pytest.raises(SettingError, match="bins"):
        debias_pairs([[1.0]], rng=np.random.default_rng(0), bins=0)
