import numpy as np
import pytest

from rubricate.credit import belief_gain, log_ratio, loss_weights, modulate, pool, prefix, scale, z_score
from rubricate.errors import SettingError, ShapeError, UnknownNameError


def test_loss_weights_equal_a_plain_loop():
    rng = np.random.default_rng(0)
    for _ in range(50):
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 5, 8))])
        mask, loss = rng.random(off[-1]) < 0.7, rng.normal(size=off[-1])
        rows = [loss[a:b][mask[a:b]] for a, b in zip(off[:-1], off[1:], strict=True)]
        rows = [r for r in rows if len(r)]
        if not rows:
            continue
        flat = np.concatenate(rows)
        expected = {
            "token_mean": flat.sum() / len(flat),
            "seq_mean_token_sum": np.mean([r.sum() for r in rows]),
            "seq_mean_token_mean": np.mean([r.mean() for r in rows]),
            "seq_mean_token_sum_norm": flat.sum() / 50,
        }
        for mode, total in expected.items():
            w = loss_weights(mask, off, mode, constant=50)
            assert (w[~mask] == 0).all()
            assert w @ loss == pytest.approx(total, abs=1e-9)
    assert loss_weights([0, 0], [0, 2], "token_mean").tolist() == [0.0, 0.0]


def test_a_long_wrong_response_is_punished_less_per_token_in_the_classic_mode():
    off, mask = [0, 2, 10], np.ones(10)
    classic, constant = (
        loss_weights(mask, off, "seq_mean_token_mean"),
        loss_weights(mask, off, "seq_mean_token_sum_norm", constant=8),
    )
    assert classic[0] == 4 * classic[-1]
    assert constant[0] == constant[-1]


def test_prefix_sums_of_log_ratios_are_soft_values_of_the_prefix_cards_49_149():
    depth, beta = 5, 0.5
    rng = np.random.default_rng(1)
    n = 2**depth
    reward = rng.normal(size=n)
    policy = np.exp(reward / beta) / np.exp(reward / beta).sum()  # the optimum of reward - beta KL to uniform
    paths = [np.arange(n) >> (depth - t) for t in range(depth + 1)]
    mass = np.stack([np.bincount(p, policy)[p] for p in paths], axis=1)
    logp, off = np.log(mass[:, 1:] / mass[:, :-1]).ravel(), np.arange(0, n * depth + 1, depth)
    q = prefix(log_ratio(logp, np.full(n * depth, np.log(0.5)), beta=beta), off).reshape(n, depth)
    soft = np.stack([np.bincount(p, np.exp(reward / beta))[p] / np.bincount(p)[p] for p in paths], axis=1)
    np.testing.assert_allclose(q, beta * np.log(soft[:, 1:]) - beta * np.log(soft[:, :1]), atol=1e-12)
    np.testing.assert_allclose(q[:, -1], reward - beta * np.log(soft[:, 0]), atol=1e-12)


def test_belief_gain_telescopes_in_both_forms_card_66():
    rng = np.random.default_rng(2)
    off = np.array([0, 3, 3, 7])
    s, s0 = -rng.random(7) * 5, -rng.random(3) * 5
    some = np.diff(off) > 0
    for form, f in (("log", lambda v: v), ("probability", np.exp)):
        total = pool(belief_gain(s, off, s0, form=form), off, "sum")
        np.testing.assert_allclose(total[some], (f(pool(s, off, "last")) - f(s0))[some], atol=1e-12)
    assert belief_gain([-4.0], [0, 1], -8.0, form="probability")[0] == pytest.approx(0.018, abs=1e-3)
    assert belief_gain([-0.5], [0, 1], -1.0, form="probability")[0] == pytest.approx(0.24, abs=2e-3)
    assert belief_gain([-0.5], [0, 1], -1.0)[0] == 0.5
    # A group that is wrong as a whole still has a gradient.
    assert np.abs(z_score(belief_gain(s, off, s0), "batch")).mean() > 0.5


def test_modulate_equals_a_plain_loop():
    rng = np.random.default_rng(3)
    for _ in range(50):
        a, g, group = rng.normal(size=12), rng.random(12), rng.integers(0, 3, 12)
        by = {
            "mul": [x * y for x, y in zip(a, g, strict=True)],
            "add": [x + y for x, y in zip(a, g, strict=True)],
            "add_signed": [x + (y if x > 0 else -y) for x, y in zip(a, g, strict=True)],
        }
        for mode, expected in by.items():
            np.testing.assert_allclose(modulate(a, g, mode), expected)
            centred = [
                expected[i] - np.mean([expected[j] for j in range(12) if group[j] == group[i]]) for i in range(12)
            ]
            np.testing.assert_allclose(modulate(a, g, mode, recenter=group), centred, atol=1e-12)
    a, g = rng.normal(size=50), rng.random(50)
    assert (np.sign(modulate(a, g, "add_signed")) == np.sign(a)).all()
    assert not (np.sign(modulate(a, g, "add")) == np.sign(a)).all()
    assert np.isnan(modulate([1.0], [np.nan])[0])


def test_the_entropy_weight_of_card_166_has_mean_one():
    entropy = np.random.default_rng(4).gamma(2, 0.5, 200)
    g = scale(np.exp(-scale(entropy, "batch", "minmax", eps=1e-8)), "batch", "meanone")
    assert g.mean() == pytest.approx(1.0, abs=1e-12)
    assert g.min() < 0.6 < 1.1 < g.max()
    a = modulate(z_score(entropy > 1, "batch"), g, recenter="batch")
    assert a.mean() == pytest.approx(0.0, abs=1e-12)


def test_bad_input_is_named():
    with pytest.raises(SettingError, match="constant=None"):
        loss_weights([1], [0, 1], "seq_mean_token_sum_norm")
    with pytest.raises(UnknownNameError, match="'mean'"):
        loss_weights([1], [0, 1], "mean")
    with pytest.raises(ShapeError, match="off runs"):
        loss_weights([1, 1], [0, 1])
    with pytest.raises(ShapeError, match="logp_ref has shape"):
        log_ratio([1.0], [1.0, 2.0])
    with pytest.raises(UnknownNameError, match="'prob'"):
        belief_gain([1.0], [0, 1], 0.0, form="prob")
    with pytest.raises(ShapeError, match="by has shape"):
        modulate([1.0], [1.0, 2.0])
    with pytest.raises(UnknownNameError, match="'times'"):
        modulate([1.0], [1.0], "times")
