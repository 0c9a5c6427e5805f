import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.judges import BradleyTerry, MLPReward
from rubricate.judges.learned.bradley_terry import sigmoid
from rubricate.judges.learned.network import _Pairs, info_nce, silu


def xor_pairs(rng, n):
    a, b = rng.normal(size=(2, n, 2))
    first = a.prod(1) > b.prod(1)
    return np.where(first[:, None], a, b), np.where(first[:, None], b, a)


def test_a_hidden_layer_learns_what_a_line_cannot():
    rng = np.random.default_rng(0)
    better, worse = xor_pairs(rng, 800)
    b, w = xor_pairs(rng, 1000)
    model, line = MLPReward(epochs=40).fit(better, worse), BradleyTerry().fit(better, worse)
    assert (model.score(b) > model.score(w)).mean() > 0.85
    assert (line.score(b) > line.score(w)).mean() < 0.65
    assert model == MLPReward(epochs=40).fit(better, worse)
    assert model != MLPReward(epochs=40, seed=1).fit(better, worse)


def loss(model, values, pairs, rng):
    """The loss that ``slopes`` should be the gradient of, written from the formula."""
    hb, hw = (silu(x @ values["w1"] + values["b1"]) for x in (pairs.better, pairs.worse))
    z = (hb - hw) @ values["w2"] - pairs.margin
    p = sigmoid(z)
    cross = -(pairs.target * np.log(p) + (1 - pairs.target) * np.log(1 - p))
    total = (pairs.weights * cross).mean() + model.ridge / 2 * sum((v**2).sum() for v in values.values())
    if model.contrast:
        views = []
        for _ in range(2):
            kept = (rng.random(pairs.better.shape) >= model.dropout) / (1 - model.dropout)
            sides = [silu(x * kept @ values["w1"] + values["b1"]) for x in (pairs.better, pairs.worse)]
            views.append(sides[0] - sides[1])
        total += model.contrast * info_nce(*views, model.temperature)[0]
    return total


@pytest.mark.parametrize("contrast", [0.0, 0.5])
def test_the_slopes_are_those_of_the_loss(contrast):
    rng = np.random.default_rng(0)
    model = MLPReward(contrast=contrast, ridge=0.1, dropout=0.3, temperature=0.5)
    values = {"w1": rng.normal(size=(3, 4)), "b1": rng.normal(size=4), "w2": rng.normal(size=4)}
    pairs = _Pairs(*rng.normal(size=(2, 6, 3)), rng.random(6), rng.random(6), rng.normal(size=6))
    slopes = model.slopes(values, pairs, np.random.default_rng(7))
    for name, array in values.items():
        for place in np.ndindex(array.shape):
            ends = []
            for h in (1e-6, -1e-6):
                moved = {k: v.copy() for k, v in values.items()}
                moved[name][place] += h
                ends.append(loss(model, moved, pairs, np.random.default_rng(7)))
            assert abs((ends[0] - ends[1]) / 2e-6 - slopes[name][place]) < 1e-6, (name, place)


def test_the_contrastive_term_pulls_views_together():
    rng = np.random.default_rng(0)
    better, worse = xor_pairs(rng, 300)
    same = np.eye(5)
    assert info_nce(same, same, 0.1)[0] < 0.01 < info_nce(same, same[::-1], 0.1)[0]
    plain, drawn = (MLPReward(epochs=10, contrast=c).fit(better, worse) for c in (0.0, 1.0))
    assert plain != drawn


def test_no_number_for_a_missing_feature_and_no_score_before_a_fit():
    rng = np.random.default_rng(0)
    model = MLPReward(epochs=2).fit(*xor_pairs(rng, 20))
    assert np.isnan(model.score([[np.nan, 0.0], [1.0, 0.0]])).tolist() == [True, False]
    assert model.represent([[1.0, 0.0]]).shape == (1, 32)
    for bad in ({"hidden": 0}, {"dropout": 1.0}, {"smoothing": 0.5}):
        with pytest.raises(SettingError):
            MLPReward(**bad)
    with pytest.raises(SettingError, match="not been fitted"):
        MLPReward().score([[1.0, 0.0]])
