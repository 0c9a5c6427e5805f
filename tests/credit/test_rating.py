import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import Matches, drop_groups, grpo, play, quantile, rate, schedule
from rubricate.errors import SettingError, ShapeError, UnknownNameError

NAN = float("nan")


def matches(rows):
    i, j, a, b = zip(*rows, strict=True)
    return Matches(np.array(i), np.array(j), np.array(a, float), np.array(b, float), np.arange(len(rows)))


def noisy(quality, rng, noise, bias=0.4):
    """Margins of quality with noise, and a bias for whoever is shown first."""

    def judge(pairs):
        margin = quality[pairs[:, 0]] - quality[pairs[:, 1]] + bias + noise * rng.standard_normal(len(pairs))
        return np.stack([10 + margin, 10 - margin], axis=1)

    return judge


def kendall(a, b):
    upper = np.triu_indices(len(a), 1)
    return np.mean(np.sign(a[upper[0]] - a[upper[1]]) * np.sign(b[upper[0]] - b[upper[1]]))


def test_points_wins_and_rates_equal_a_plain_loop():
    rng = np.random.default_rng(0)
    for _ in range(50):
        pairs = np.array([rng.permutation(6)[:2] for _ in range(9)])
        scores = rng.integers(0, 4, (9, 2)).astype(float)
        scores[rng.random((9, 2)) < 0.1] = np.nan
        m = Matches(pairs[:, 0], pairs[:, 1], scores[:, 0], scores[:, 1], np.zeros(9, int))
        own, won = [[] for _ in range(6)], [[] for _ in range(6)]
        for (i, j), (a, b) in zip(pairs, scores, strict=True):
            if a == a and b == b:
                for side, x, y in ((i, a, b), (j, b, a)):
                    own[side].append(x)
                    won[side].append(1.0 if x > y else 0.5 if x == y else 0.0)
        np.testing.assert_allclose(rate(m, 6, "points"), [np.mean(v) if v else NAN for v in own])
        np.testing.assert_allclose(rate(m, 6, "wins"), [sum(v) if v else NAN for v in won])
        np.testing.assert_allclose(rate(m, 6, "win_rate"), [np.mean(v) if v else NAN for v in won])


def test_the_random_reference_is_the_baseline_card_33():
    quality = np.arange(16.0)
    totals, drops = [], []
    for ref in range(16):
        m = play(schedule("anchor", 16, anchor=ref), lambda pairs: quality[pairs])
        a = rate(m, 16, "sign_vs_reference")
        assert a[ref] == 0.0
        assert set(np.delete(a, ref)) <= {-1.0, 1.0}
        assert a.sum() == 15 - 2 * ref
        totals.append(a.sum())
        drops.append(not drop_groups(a, np.zeros(16), "skew", limit=0.6).mask.any())
    assert np.sum(totals) == 0  # every member is drawn equally often
    assert np.sum(totals[8:]) != 0  # a reference chosen by its quality is no baseline
    assert np.mean(drops) == 6 / 16  # the filter is a cost: 37.5 % under a perfect judge


def test_a_tie_against_the_reference():
    m = matches([(0, 1, 5, 5), (2, 1, 6, 5)])
    assert rate(m, 3, "sign_vs_reference").tolist() == [0.0, 0.0, 1.0]
    assert rate(m, 3, "sign_vs_reference", tie=-1.0).tolist() == [-1.0, 0.0, 1.0]
    unknown = matches([(0, 1, NAN, 5), (2, 1, 6, 5)])
    np.testing.assert_array_equal(rate(unknown, 3, "sign_vs_reference"), [NAN, 0.0, 1.0])
    with pytest.raises(ShapeError, match="several second sides"):
        rate(matches([(0, 1, 5, 5), (1, 2, 6, 5)]), 3, "sign_vs_reference")


def test_bracket_ranks_by_round_then_points_card_155():
    # 0 beats 3, 1 beats 2; then 0 beats 1. Losers of round one by mean points: 3 has 4, 2 has 6.
    m = Matches(
        np.array([0, 1, 0]), np.array([3, 2, 1]), np.array([9.0, 7, 8]), np.array([4.0, 6, 7]), np.array([0, 0, 1])
    )
    assert rate(m, 4, "bracket").tolist() == [3.0, 2.0, 1.0, 0.0]
    equal = m._replace(score_j=np.array([6.0, 6, 7]))
    assert rate(equal, 4, "bracket").tolist() == [3.0, 2.0, 0.0, 0.0]


def test_the_champion_of_sixteen():
    rng = np.random.default_rng(0)
    quality = rng.normal(size=16)
    m = play(schedule("seeded", 16), lambda pairs: quality[pairs])
    a = grpo(quantile(rate(m, 16, "bracket"), np.zeros(16)), np.zeros(16))
    assert a.max() == pytest.approx(1.575, abs=1e-3)
    assert a.min() == pytest.approx(-1.575, abs=1e-3)
    assert a[np.argmax(quality)] == a.max()


def test_least_squares_recovers_a_linear_truth_and_is_the_normal_equation():
    rng = np.random.default_rng(1)
    for _ in range(50):
        quality = rng.normal(size=7)
        m = play(schedule("seeded", 7), lambda pairs, q=quality: q[pairs])
        np.testing.assert_allclose(rate(m, 7), quality - quality.mean(), atol=1e-9)
        judged = play(schedule("swiss", 7, rng), noisy(quality, rng, 1.0))
        theta = rate(judged, 7, "least_squares")
        residual = (judged.score_i - judged.score_j) - (theta[judged.i] - theta[judged.j])
        gradient = np.bincount(judged.i, residual, 7) - np.bincount(judged.j, residual, 7)
        np.testing.assert_allclose(gradient, 0, atol=1e-9)
    split = rate(matches([(0, 1, 3, 1), (2, 3, 9, 9)]), 5)
    np.testing.assert_allclose(split, [1, -1, 0, 0, NAN], atol=1e-12)


def test_bradley_terry_is_the_maximum():
    rng = np.random.default_rng(2)
    for _ in range(20):
        m = play(schedule("round_robin", 6), noisy(rng.normal(size=6), rng, 1.0))
        theta = rate(m, 6, "bradley_terry", prior=0.5)
        p = 1 / (1 + np.exp(-(theta[m.i] - theta[m.j])))
        y = 0.5 + 0.5 * np.sign(m.score_i - m.score_j)
        gradient = np.bincount(m.i, y - p, 6) - np.bincount(m.j, y - p, 6) - 0.5 * theta
        np.testing.assert_allclose(gradient, 0, atol=1e-8)
    # One match, one win: theta_0 = -theta_1 = t with 1 - sigmoid(2 t) = prior t.
    t = rate(matches([(0, 1, 2, 1)]), 2, "bradley_terry", prior=0.1)[0]
    assert 1 / (1 + np.exp(2 * t)) == pytest.approx(0.1 * t)
    chain = matches([(k, k + 1, 9, 1) for k in range(40)] * 20)  # unbeaten, and still finite
    theta = rate(chain, 41, "bradley_terry", prior=1e-4)
    assert np.isfinite(theta).all()
    assert (np.diff(theta) < 0).all()
    with pytest.raises(SettingError, match="prior=0"):
        rate(chain, 41, "bradley_terry", prior=0.0)


def test_least_squares_beats_the_bracket_and_seeding_beats_chance_card_155():
    rng = np.random.default_rng(3)
    got = {"bracket": [], "least_squares": [], "unseeded": []}
    for _ in range(150):
        quality = rng.standard_normal(16)
        m = play(schedule("seeded", 16), noisy(quality, rng, 1.0))
        got["bracket"].append(kendall(rate(m, 16, "bracket"), quality))
        got["least_squares"].append(kendall(rate(m, 16), quality))
        m = play(schedule("elimination", 16, rng), noisy(quality, rng, 1.0))
        got["unseeded"].append(kendall(rate(m, 16, "bracket"), quality))
    mean = {k: np.mean(v) for k, v in got.items()}
    assert mean["least_squares"] > mean["bracket"] > mean["unseeded"] + 0.1
    assert mean["bracket"] == pytest.approx(0.69, abs=0.04)


@given(st.lists(st.tuples(st.integers(0, 5) | st.none(), st.integers(0, 3)), max_size=30))
def test_quantile_equals_a_plain_loop(rows):
    x = np.array([NAN if v is None else v for v, _ in rows], dtype=float)
    g = np.array([k for _, k in rows], dtype=int)
    expected = np.full(len(x), NAN)
    for i in range(len(x)):
        peers = x[(g == g[i]) & ~np.isnan(x)]
        if x[i] == x[i]:
            below, same = (peers < x[i]).sum(), (peers == x[i]).sum()
            expected[i] = (below + (same - 1) / 2) / (len(peers) - 1) if len(peers) > 1 else 0.5
    np.testing.assert_allclose(quantile(x, g), expected)


def test_quantile_depends_on_the_order_only():
    x, g = np.array([1.0, 5.0, 2.0]), np.zeros(3)
    np.testing.assert_array_equal(quantile(x, g), quantile(x**3, g))
    assert not np.array_equal(quantile(x, g), quantile(-x, g))


def test_bad_input_is_named():
    m = matches([(0, 1, 1, 2)])
    with pytest.raises(UnknownNameError, match="'elo'"):
        rate(m, 2, "elo")
    with pytest.raises(SettingError, match="no setting"):
        rate(m, 2, "points", prior=1.0)
    with pytest.raises(ShapeError, match="entrants outside"):
        rate(m, 1)
    with pytest.raises(ShapeError, match="entrants outside"):
        rate(matches([(1, 1, 1, 2)]), 2)
    with pytest.raises(ShapeError, match="score_j has shape"):
        rate(m._replace(score_j=np.zeros(2)), 2)
    none = play(schedule("anchor", 1), lambda pairs: pairs)
    for kind in ("points", "wins", "win_rate", "bracket", "least_squares", "bradley_terry", "sign_vs_reference"):
        assert np.isnan(rate(none, 1, kind)).all()
