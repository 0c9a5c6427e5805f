import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.judges import (
    EnsembleReward,
    MLPReward,
    MultiHeadReward,
    PolicyDiscriminator,
    ReferenceConditionedReward,
    join_reference,
    lower_bound,
)


def test_each_head_reads_its_own_labels_only():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ np.array([[1.0, 0.0], [0.0, -2.0], [0.0, 0.0]]) + [0.0, 5.0]
    some = y.copy()
    some[::2, 1] = np.nan
    full, part = (MultiHeadReward(ridge=1e-8).fit(x, t) for t in (y, some))
    np.testing.assert_allclose(full.score(x), y, atol=1e-6)
    np.testing.assert_allclose(part.score(x), y, atol=1e-6)
    assert np.isnan(full.score([[np.nan, 0.0, 0.0]])).all()
    with pytest.raises(ShapeError, match=r"dimensions \[1\]"):
        MultiHeadReward().fit(x, np.column_stack([y[:, 0], np.full(200, np.nan)]))
    with pytest.raises(ShapeError, match="missing features"):
        MultiHeadReward().fit([[np.nan]], [[1.0]])
    with pytest.raises(SettingError, match="ridge"):
        MultiHeadReward(ridge=0)


def test_the_ridge_of_a_head_is_the_closed_form():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 1))
    z = (x - x.mean(0)) / x.std(0)
    weights = np.linalg.solve(z.T @ z + 3 * np.eye(2), z.T @ (y - y.mean()))
    np.testing.assert_allclose(MultiHeadReward(ridge=3).fit(x, y).score(x), z @ weights + y.mean())


def test_right_by_the_reference():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(400, 4))
    right = rng.random(400) < 0.5
    answer = np.where(right[:, None], reference + 0.1 * rng.normal(size=(400, 4)), rng.normal(size=(400, 4)))
    labels = right.astype(float)
    labels[:50] = np.nan  # the two annotators disagree
    model = ReferenceConditionedReward().fit(answer, reference, labels)
    found = model.score(answer[:50], reference[:50])
    assert ((found > 0.5) == right[:50]).mean() > 0.9
    swapped = model.score(answer[:50], reference[50:100])  # the control: another question's reference
    assert (swapped > 0.5).mean() < 0.2
    assert np.isnan(model.score([[np.nan] * 4], reference[:1]))[0]


def test_the_discriminator_tells_policies_apart_that_it_has_not_seen():
    rng = np.random.default_rng(0)
    styles = rng.normal(size=(60, 6))

    def write(policy):
        return styles[policy] + 0.5 * rng.normal(size=(len(policy), 6))

    def accuracy(model, low, high):
        p = rng.integers(low, high, 500)
        q = low + (p - low + rng.integers(1, high - low, 500)) % (high - low)
        reference = write(p)
        return (model.score(write(p), reference) > model.score(write(q), reference)).mean()

    p, q = rng.integers(0, 40, 1000), rng.integers(0, 40, 1000)
    keep = p != q
    triples = write(p[keep]), write(p[keep]), write(q[keep])
    model = PolicyDiscriminator().fit(*triples)
    assert accuracy(model, 40, 60) > 0.9
    shuffled = PolicyDiscriminator().fit(triples[0], triples[2], triples[1])
    assert accuracy(shuffled, 40, 60) < 0.1


def test_joins():
    with pytest.raises(UnknownNameError, match="join"):
        join_reference([[1.0]], [[1.0]], "ful")
    with pytest.raises(ShapeError, match="reference"):
        join_reference([[1.0]], [[1.0, 2.0]])


def test_an_ensemble_is_its_members_on_one_scale():
    rng = np.random.default_rng(0)
    better, worse = rng.normal(0.5, 1, (100, 2)), rng.normal(-0.5, 1, (100, 2))
    model = EnsembleReward(size=3).fit(better, worse)
    scores = model.scores(better)
    both = np.concatenate([model.scores(better), model.scores(worse)], 1)
    np.testing.assert_allclose(both.std(1), 1)
    np.testing.assert_allclose(model.score(better), scores.mean(0))
    careful = EnsembleReward(size=3, caution=2.0).fit(better, worse).score(better)
    np.testing.assert_allclose(careful, scores.mean(0) - 2 * scores.std(0))
    assert len({m.theta for m in model.members}) == 3
    networks = EnsembleReward(MLPReward(epochs=2), size=2, share=1.0).fit(better, worse)
    assert [m.seed for m in networks.members] == [0, 1]
    assert np.isnan(lower_bound([[np.nan], [1.0]]))[0]
    for bad in ({"size": 0}, {"share": 0.0}, {"caution": -1}):
        with pytest.raises(SettingError):
            EnsembleReward(**bad)
    with pytest.raises(SettingError, match="not been fitted"):
        EnsembleReward().score(better)
