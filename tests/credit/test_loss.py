import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import cispo_weight, kl_estimate, ppo_clip, ppo_weight, sapo_weight, sequence_ratio
from rubricate.errors import SettingError, ShapeError, UnknownNameError

numbers = st.tuples(st.floats(0.01, 5), st.floats(-3, 3))


def test_sequence_ratio_is_the_geometric_mean():
    rng = np.random.default_rng(0)
    for _ in range(50):
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 5, 6))])
        ratio, mask = rng.random(off[-1]) + 0.5, rng.random(off[-1]) < 0.8
        expected = []
        for a, b in zip(off[:-1], off[1:], strict=True):
            kept = ratio[a:b][mask[a:b]]
            expected.append(np.prod(kept) ** (1 / len(kept)) if len(kept) else np.nan)
        np.testing.assert_allclose(sequence_ratio(np.log(ratio), np.zeros(off[-1]), off, mask), expected, atol=1e-12)


@given(numbers)
def test_the_clipped_loss_and_its_weight_agree(pair):
    ratio, a = pair
    for dual in (None, 3.0):
        plain = -min(ratio * a, np.clip(ratio, 0.8, 1.2) * a)
        expected = min(plain, -3.0 * a) if dual and a < 0 else plain
        assert ppo_clip([ratio], [a], dual=dual)[0] == pytest.approx(expected)
        # The weight is minus the derivative of the loss by log ratio, away from the kinks.
        if min(abs(ratio - k) for k in (0.8, 1.2, 3.0)) > 1e-4:
            up, down = (ppo_clip([ratio * np.exp(s)], [a], dual=dual)[0] for s in (1e-6, -1e-6))
            assert ppo_weight([ratio], [a], dual=dual)[0] == pytest.approx((down - up) / 2e-6, abs=1e-4)


def test_worked_numbers():
    assert ppo_clip([0.5], [-1.0]).tolist() == [0.8]  # a bad token that is rarer already
    assert ppo_weight([0.5], [-1.0]).tolist() == [0.0]
    assert ppo_clip([10.0], [-1.0]).tolist() == [10.0]
    assert ppo_clip([10.0], [-1.0], dual=3.0).tolist() == [3.0]
    assert ppo_weight([10.0], [-1.0], dual=3.0).tolist() == [0.0]
    assert ppo_clip([1.25], [1.0], low=0.2, high=0.28).tolist() == [-1.25]
    assert cispo_weight([0.1, 1.0, 9.0], low=0.2, high=0.28).tolist() == [0.8, 1.0, 1.28]
    slope = (sapo_weight([1 + 1e-6], tau=2.0) - sapo_weight([1 - 1e-6], tau=2.0)) / 2e-6
    assert slope[0] == pytest.approx(1.0)


def test_kl_estimators():
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(6), size=2)
    logp, logq = np.log(p), np.log(q)
    kl = p @ (logp - logq)
    assert p @ kl_estimate(logp, logq, "k1") == pytest.approx(kl)
    assert p @ kl_estimate(logp, logq, "k3", limit=1e9) == pytest.approx(kl)  # both unbiased
    assert p @ kl_estimate(logp, logq, "k2") != pytest.approx(kl)
    assert (kl_estimate(logp, logq, "k3") >= 0).all()
    assert (kl_estimate(logp, logq, "k1") < 0).any()
    np.testing.assert_allclose(kl_estimate(logp, logq, "k2"), (logp - logq) ** 2 / 2)
    assert kl_estimate([-800.0], [-1.0]).tolist() == [10.0]


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match="advantage has shape"):
        ppo_clip([1.0], [1.0, 2.0])
    with pytest.raises(SettingError, match=r"dual=0\.5"):
        ppo_clip([1.0], [1.0], dual=0.5)
    with pytest.raises(SettingError, match="low=2"):
        ppo_weight([1.0], [1.0], low=2.0)
    with pytest.raises(SettingError, match="tau=0"):
        sapo_weight([1.0], tau=0.0)
    with pytest.raises(UnknownNameError, match="'k4'"):
        kl_estimate([1.0], [1.0], "k4")
    with pytest.raises(ShapeError, match="logp_ref has shape"):
        kl_estimate([1.0], [1.0, 2.0])
