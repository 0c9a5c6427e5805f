import numpy as np
import pytest

from rubricate.credit import fuse, mix, multi_advantage, vote, z_score
from rubricate.errors import PolicyError, SettingError, ShapeError, UnknownNameError

NAN = float("nan")


def test_mix_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    for _ in range(50):
        parts, w = rng.normal(size=(3, 11)), rng.normal(size=3)
        parts[rng.random(parts.shape) < 0.2] = np.nan
        kept = np.zeros(11)
        expected = {"nan": np.zeros(11), "zero_advantage": np.zeros(11), "renormalise": np.zeros(11)}
        for i in range(11):
            for k in range(3):
                if parts[k, i] == parts[k, i]:
                    kept[i] += abs(w[k])
                    for values in expected.values():
                        values[i] += w[k] * parts[k, i]
            if np.isnan(parts[:, i]).any():
                expected["nan"][i] = NAN
                expected["renormalise"][i] *= np.abs(w).sum() / kept[i] if kept[i] else NAN
        for missing, values in expected.items():
            np.testing.assert_allclose(mix(tuple(parts), tuple(w), missing=missing), values, atol=1e-9)


def test_what_mix_makes_of_missing_and_of_weight_zero():
    a, b = [1.0, NAN], [3.0, 4.0]
    assert mix((a, b), (0.5, 0.5), missing="renormalise").tolist() == [2.0, 4.0]
    assert mix((a, b), (0.5, 0.5), missing="zero_advantage").tolist() == [2.0, 2.0]
    assert mix((a, b), (0.0, 1.0)).tolist() == [3.0, 4.0]  # a source of weight 0 is not read
    with pytest.raises(PolicyError, match="1 of 2"):
        mix((a, b), (0.5, 0.5), missing="raise")
    with pytest.raises(SettingError, match="2 advantages and 1 weights"):
        mix((a, b), (1.0,))
    with pytest.raises(ShapeError, match=r"advantages\[1\]"):
        mix(([1.0], [1.0, 2.0]), (1.0, 1.0))
    with pytest.raises(UnknownNameError, match="'skip'"):
        mix((a, b), (1.0, 1.0), missing="skip")


def test_a_sum_of_standardised_sources_is_not_ruled_by_the_largest_scale_card_112():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(200, 12))
    noisy = [s * (truth + rng.normal(size=truth.shape)) for s in (1.0, 5.0, 0.1)]
    group = np.repeat(np.arange(200), 12)
    flat = [x.ravel() for x in noisy]

    def agreement(a):
        return np.mean([np.corrcoef(x, q)[0, 1] for x, q in zip(a.reshape(200, 12), truth, strict=True)])

    one, raw = agreement(flat[0]), agreement(sum(flat))
    whole = agreement(np.clip(mix([z_score(x, group) for x in flat], (1, 1, 1)), -5, 5))
    assert one == pytest.approx(0.69, abs=0.03)
    assert raw == pytest.approx(0.75, abs=0.03)
    assert whole == pytest.approx(0.85, abs=0.03)


def test_multi_advantage_equals_a_plain_loop():
    rng = np.random.default_rng(2)
    for _ in range(50):
        s, g, w = rng.normal(size=(14, 3)), rng.integers(0, 4, 14) * 3, rng.normal(size=3)
        asked = rng.random(s.shape) < 0.8
        columns = [z_score(np.where(asked[:, k], s[:, k], np.nan), g, missing="zero_advantage") for k in range(3)]
        expected = sum(w[k] * columns[k] for k in range(3))
        expected[~asked.any(1)] = np.nan
        np.testing.assert_allclose(multi_advantage(s, g, w, asked), expected, atol=1e-9)
        mass = (np.abs(w) * asked).sum(1)
        normalised = np.divide(expected, mass, out=np.full(14, np.nan), where=mass > 0)
        np.testing.assert_allclose(multi_advantage(s, g, w, asked, normalise=True), normalised, atol=1e-9)
    centred = multi_advantage([[1.0, 10.0], [0.0, 0.0]], [0, 0], how="none")
    assert centred.tolist() == [5.5, -5.5]


def test_multi_advantage_says_what_was_unknown():
    s = np.array([[1.0, NAN], [0.0, 1.0], [0.5, 0.0]])
    assert np.isnan(multi_advantage(s, [0, 0, 0])[0])
    z = z_score(s[:, 0], [0, 0, 0])[0]
    assert multi_advantage(s, [0, 0, 0], missing="zero_advantage")[0] == pytest.approx(z)
    assert multi_advantage(s, [0, 0, 0], missing="renormalise")[0] == pytest.approx(2 * z)
    with pytest.raises(ShapeError, match="weights has shape"):
        multi_advantage(s, [0, 0, 0], [1.0])
    with pytest.raises(ShapeError, match="asked has shape"):
        multi_advantage(s, [0, 0, 0], None, [True])
    with pytest.raises(UnknownNameError, match="'z'"):
        multi_advantage(s, [0, 0, 0], how="z")


def test_fuse_adds_the_row_to_its_steps():
    rng = np.random.default_rng(3)
    for _ in range(50):
        off = np.concatenate([[0], np.cumsum(rng.integers(0, 4, 6))])
        row, steps = rng.normal(size=6), rng.normal(size=off[-1])
        expected = [row[i] + 0.3 * steps[t] for i in range(6) for t in range(off[i], off[i + 1])]
        np.testing.assert_allclose(fuse(row, steps, off, beta=0.3), expected, atol=1e-12)
    with pytest.raises(ShapeError, match="off has shape"):
        fuse([1.0, 2.0], [1.0], [0, 1])


def test_votes():
    flags = [[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, NAN], [0, NAN, NAN], [NAN, NAN, NAN], [1, 0, NAN]]
    expected = {
        "all": [1, 0, 0, NAN, 0, NAN, 0],
        "majority": [1, 1, 0, 1, 0, NAN, 0],
        "mean": [1, 2 / 3, 0, 1, 0, NAN, 0.5],
        "both_orders": [1, 0.5, 0, NAN, NAN, NAN, NAN],
    }
    for rule, values in expected.items():
        np.testing.assert_allclose(vote(flags, rule), values)
    assert np.isnan(vote(np.zeros((1, 0)), "all")[0])
    with pytest.raises(UnknownNameError, match="'any'"):
        vote(flags, "any")
    with pytest.raises(ShapeError, match="flags has shape"):
        vote([1, 0])


def test_intersection_buys_precision_with_recall_card_127():
    rng = np.random.default_rng(4)
    for n, all_rates, majority_rates in ((1, (0.2, 0.8), (0.2, 0.8)), (8, (0.0, 0.17), (0.01, 0.945))):
        false, true = rng.random((20000, n)) < 0.2, rng.random((20000, n)) >= 0.2
        for rule, rates in (("all", all_rates), ("majority", majority_rates)):
            got = vote(false, rule).mean(), vote(true, rule).mean()
            np.testing.assert_allclose(got, rates, atol=0.015)
    same = np.repeat(rng.random((20000, 1)) < 0.2, 8, axis=1)  # critiques that err together gain nothing
    assert vote(same, "all").mean() == pytest.approx(0.2, abs=0.01)
