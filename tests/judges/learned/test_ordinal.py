import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.judges import OrdinalProbReward, rating_preference
from rubricate.judges.learned.ordinal import _slopes, softmax


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_the_three_outcomes_of_a_pair_add_up_to_one(seed, ratings):
    p, q = softmax(np.random.default_rng(seed).normal(size=(2, 4, ratings)))
    equal = (p * q).sum(1)
    np.testing.assert_allclose(rating_preference(p, q) + rating_preference(q, p) + equal, 1)
    loop = [sum(p[i, a] * q[i, b] for a in range(ratings) for b in range(a)) for i in range(4)]
    np.testing.assert_allclose(rating_preference(p, q), loop)
    assert np.abs(rating_preference(p, q) + rating_preference(q, p) - 1).min() > 1e-6  # the ties are real


@pytest.mark.parametrize("region", ["triangle", "block", "flooded"])
def test_the_slopes_are_those_of_the_masked_loss(region):
    rng = np.random.default_rng(0)
    model = OrdinalProbReward(ratings=6, region=region)
    levels = np.array([2.0, 1.0, 2.0, np.nan]), np.array([0.0, 1.0, 2.0, 1.0])
    cells, kept = model._cells(*levels, 4)
    masks = np.tile(np.tril(np.ones((6, 6)), -1), (4, 1, 1))
    masks[cells.rows] = cells.masks
    assert len(cells.rows) == (0 if region == "triangle" else 3)
    weights, target = rng.random(4) * kept, np.array([1.0, 1.0, 0.7, 1.0])
    zb, zw = rng.normal(size=(2, 4, 6))

    def loss(zb, zw):
        joint = softmax(zb)[:, :, None] * softmax(zw)[:, None, :]
        win = (joint * masks).sum((1, 2))
        lose = (joint * masks.transpose(0, 2, 1)).sum((1, 2))
        return -(weights * (target * np.log(win) + (1 - target) * np.log(lose))).sum()

    slopes = _slopes(softmax(zb), softmax(zw), cells, target, weights)
    for side, slope in enumerate(slopes):
        for place in np.ndindex(slope.shape):
            ends = []
            for h in (1e-6, -1e-6):
                z = [zb.copy(), zw.copy()]
                z[side][place] += h
                ends.append(loss(*z))
            assert abs((ends[0] - ends[1]) / 2e-6 - slope[place]) < 1e-6


def test_regions_are_what_they_say():
    good, bad, none = np.array([2.0]), np.array([0.0]), np.array([np.nan])
    triangle = np.tril(np.ones((9, 9)), -1)
    block = OrdinalProbReward(region="block")._cells(good, bad, 1)[0].masks[0]
    assert block.sum() == 9
    assert block[6:, :3].all()
    same = OrdinalProbReward(region="block")._cells(good, good, 1)[0].masks[0]
    assert same.sum() == 3  # the triangle inside one block
    flooded = OrdinalProbReward(region="flooded")._cells(np.array([1.0]), bad, 1)[0].masks[0]
    assert (flooded == triangle * (np.arange(9)[:, None] < 6)).all()
    assert not len(OrdinalProbReward(region="flooded")._cells(good, none, 1)[0].rows)
    assert OrdinalProbReward(region="block")._cells(bad, good, 1)[1].tolist() == [0.0]


def test_it_prefers_and_knows_how_sure_it_is():
    rng = np.random.default_rng(0)
    better, worse = rng.normal(1, 1, (300, 1)), rng.normal(-1, 1, (300, 1))
    model = OrdinalProbReward(steps=200).fit(better, worse)
    assert model.prefers([[2.0]], [[-2.0]])[0] > 0.9
    x = np.linspace(-2, 2, 9)[:, None]
    assert (np.diff(model.score(x)) > 0).all()
    assert ((model.score(x) > 1) & (model.score(x) < 9)).all()
    np.testing.assert_allclose(model.score(x, k=1.5), model.score(x) - 1.5 * model.spread(x))
    p = model.probabilities(x)
    np.testing.assert_allclose(model.spread(x) ** 2, p @ np.arange(1, 10) ** 2 - (p @ np.arange(1, 10)) ** 2)
    assert np.isnan(model.score([[np.nan]])[0])
    softened = OrdinalProbReward(steps=200).fit(better, worse, labels=np.full(300, 0.6))
    assert softened.prefers([[2.0]], [[-2.0]])[0] < model.prefers([[2.0]], [[-2.0]])[0]


def test_wrong_use_is_refused():
    with pytest.raises(UnknownNameError, match="region"):
        OrdinalProbReward(region="blok")
    with pytest.raises(SettingError, match="blocks"):
        OrdinalProbReward(ratings=8)
    with pytest.raises(ShapeError, match="levels that are not offered"):
        OrdinalProbReward(region="block").fit([[1.0]], [[0.0]], better_level=[3.0], worse_level=[0.0])
    with pytest.raises(SettingError, match="margin"):
        OrdinalProbReward().fit([[1.0]], [[0.0]], margin=1.0)
