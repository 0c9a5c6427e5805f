import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import center, columnwise_group_norm, key, position, scale, spread, whiten, z_score
from rubricate.errors import PolicyError, SettingError, ShapeError, UnknownNameError

groups = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-8, 8), st.integers(1, 5)), min_size=1, max_size=25
)  # group, value, weight


def data(rng, missing=0.15):
    n = int(rng.integers(1, 60))
    x = rng.normal(size=n) * 10
    x[rng.random(n) < missing] = np.nan
    return x, rng.integers(0, 9, size=n) * 5 - 7, rng.integers(1, 6, size=n).astype(float)


def loop(x, group, weights, fn, least=2):
    """``fn(k, values, weights)`` for row k of the known rows of each group; NaN rows stay NaN, small groups are 0."""
    out = np.full(len(x), np.nan)
    for i in range(len(x)):
        rows = [j for j in range(len(x)) if group[j] == group[i] and x[j] == x[j]]
        if i in rows:
            out[i] = fn(rows.index(i), x[rows], weights[rows]) if len(rows) >= least else 0.0
    return out


def less_others(k, v, w):
    rest = np.arange(len(v)) != k
    return v[k] - np.average(v[rest], weights=w[rest])


def over_std(k, v, w):
    return v[k] / (np.repeat(v, w.astype(int)).std(ddof=1) + 1e-6)


def standardised(k, v, w):
    copies = np.repeat(v, w.astype(int))
    return (v[k] - copies.mean()) / (copies.std(ddof=1) + 1e-6)


CENTERS = {
    "mean": lambda k, v, w: v[k] - np.average(v, weights=w),
    "loo": less_others,
    "max": lambda k, v, w: v[k] - v.max(),
}
SCALES = {
    "std": over_std,
    "maxabs": lambda k, v, w: v[k] / np.abs(v).max(),
    "minmax": lambda k, v, w: (v[k] - v.min()) / (np.ptp(v) + 1e-6),
    "meanone": lambda k, v, w: v[k] / np.average(v, weights=w),
}


@pytest.mark.parametrize("how", CENTERS)
def test_center_equals_a_plain_loop(how):
    rng = np.random.default_rng(0)
    for _ in range(50):
        x, g, w = data(rng)
        np.testing.assert_allclose(center(x, g, how, row_weights=w), loop(x, g, w, CENTERS[how]), atol=1e-9)


@pytest.mark.parametrize("how", SCALES)
def test_scale_equals_a_plain_loop(how):
    rng = np.random.default_rng(1)
    for _ in range(50):
        x, g, w = data(rng)
        x = np.abs(x) + 0.1 if how == "meanone" else x
        np.testing.assert_allclose(scale(x, g, how, row_weights=w), loop(x, g, w, SCALES[how]), atol=1e-9)


def test_the_settings_without_a_statistic():
    x, b = np.array([1.0, 4.0]), np.array([0.5, 5.0])
    assert center(x, "batch", "value", baseline=b).tolist() == [0.5, -1.0]
    assert center(x, "batch", "none").tolist() == scale(x, "batch", "none").tolist() == [1.0, 4.0]
    assert scale(x, "batch", "const", constant=4.0).tolist() == [0.25, 1.0]


def test_z_score_and_whiten_equal_a_plain_loop():
    rng = np.random.default_rng(2)
    for _ in range(50):
        x, g, w = data(rng)
        np.testing.assert_allclose(z_score(x, g, row_weights=w), loop(x, g, w, standardised), atol=1e-9)
        np.testing.assert_allclose(
            z_score(x, g, row_weights=w), scale(center(x, g, row_weights=w), g, row_weights=w), atol=1e-12
        )
        mask = rng.random(len(x)) < 0.7
        known = x[mask & ~np.isnan(x)]
        expected = np.where(np.isnan(x), np.nan, 0.0)
        if len(known) > 1:
            expected = (x - known.mean()) / np.sqrt(known.var(ddof=1) + 1e-8)
        np.testing.assert_allclose(whiten(x, mask), np.where(mask, expected, 0.0), atol=1e-9)


@given(groups, st.integers(-5, 5), st.sampled_from([0.5, 2.0, 3.0]))
def test_laws_of_the_z_score(rows, shift, factor):
    g, x, w = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    z = z_score(x, g)
    np.testing.assert_allclose(z_score(x + shift, g), z, atol=1e-9)
    np.testing.assert_allclose(z_score(x * factor, g), z, atol=1e-5)
    np.testing.assert_allclose(np.bincount(g.astype(int), z), 0, atol=1e-9)
    turn = np.random.default_rng(len(x)).permutation(len(x))
    np.testing.assert_allclose(z_score(x[turn], g[turn], row_weights=w[turn]), z_score(x, g, row_weights=w)[turn])


def test_the_laws_can_fail():
    x, g = np.array([0.0, 1.0, 5.0]), np.zeros(3)
    assert not np.allclose(center(x, g) * 2, center(x, g))  # a centre alone is not invariant to scale
    assert not np.allclose(scale(x, g), scale(x + 1, g))  # a scale alone is not invariant to shift
    assert not np.isclose(center(x, g, row_weights=[1, 1, 9]).sum(), 0)  # a weighted centre has no plain zero sum


@pytest.mark.parametrize("value", [0.1, 1 / 3, -7.7, 1e15 + 0.3])
@pytest.mark.parametrize("n", [2, 3, 6, 7, 10])
def test_a_group_of_equal_values_is_exactly_zero(value, n):
    x = np.full(n, value)
    for a in (
        center(x, "batch"), center(x, "batch", "loo"), center(x, "batch", row_weights=np.arange(n) + 0.1),
        z_score(x, "batch", eps=0.0), z_score(x, "batch", row_weights=np.arange(1, n + 1)), whiten(x, eps=0.0),
        scale(center(x, "batch"), "batch", eps=0.0), scale(x, "batch", "std"), scale(x, "batch", "minmax"),
    ):  # fmt: skip
        assert (a == 0.0).all()


def test_the_textbook_formula_is_not_exactly_zero():
    x = np.full(3, 0.1)
    assert (x - x.sum() / 3 != 0).any()


def test_missing_values_enter_nothing_and_follow_the_policy():
    x = np.array([1.0, np.nan, 0.0])
    assert z_score(x, "batch", missing="zero_advantage")[1] == 0.0
    np.testing.assert_array_equal(z_score(x, "batch")[[0, 2]], z_score([1.0, 0.0], "batch"))
    assert np.isnan(center(x, "batch")[1])
    assert np.isnan(scale(x, "batch", "maxabs")[1])
    assert np.isnan(whiten(x)[1])
    assert whiten(x, missing="zero_advantage")[1] == 0.0
    with pytest.raises(PolicyError, match="1 of 3"):
        center(x, "batch", missing="raise")
    empty = np.full(2, np.nan)  # a group of which nothing is known
    for fn in (center, scale, z_score):
        assert np.isnan(fn(empty, "batch")).all()
        assert fn(empty, "batch", missing="zero_advantage").tolist() == [0.0, 0.0]
        assert fn(np.zeros(0), np.zeros(0)).tolist() == []
    # Negative control: with 0 in the place of the missing value the others move.
    assert not np.allclose(z_score([1.0, 0.0, 0.0], "batch")[[0, 2]], z_score(x, "batch")[[0, 2]])


def test_groups_of_one_follow_an_explicit_policy():
    x, g = [3.0, 1.0, 2.0], [0, 1, 1]
    for fn in (center, z_score):
        assert fn(x, g)[0] == 0.0
        assert fn(x, g, singleton="raw")[0] == 3.0
        assert np.isnan(fn(x, g, singleton="nan")[0])
        with pytest.raises(PolicyError, match="1 groups have too few values"):
            fn(x, g, singleton="raise")
        np.testing.assert_array_equal(fn(x, g, min_count=3, singleton="raw"), x)
    x = [3.0, np.nan]  # a group is small when few of its values are known
    assert center(x, [0, 0], singleton="raw", missing="zero_advantage").tolist() == [3.0, 0.0]
    # A statistic can be undefined in a larger group too: no weight, or not more values than ddof.
    assert center([1.0, 2.0], "batch", row_weights=[0, 0]).tolist() == [0.0, 0.0]
    assert z_score([1.0, 2.0], "batch", ddof=2, singleton="raw").tolist() == [1.0, 2.0]


@pytest.mark.parametrize("ids", [[0, 1, 2, 3, 4, 5], [-3, 1, 7, 8, 40, 41], [9, 2, 7, 4, 5, 0], list("fedcba")])
@pytest.mark.parametrize("size", [2, 3, 8])
def test_groups_in_equal_blocks_are_no_special_case(ids, size):
    rng = np.random.default_rng(size)
    x, g = rng.normal(size=6 * size), np.repeat(ids, size)
    x[: 2 * size] = 0.1  # two groups without spread
    turn = rng.permutation(len(x))
    in_blocks = z_score(x, g)
    np.testing.assert_allclose(in_blocks[turn], z_score(x[turn], g[turn]), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(in_blocks, z_score(x, g.tolist()), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(in_blocks, loop(x, g, np.ones(len(x)), standardised), atol=1e-9)
    assert (in_blocks[: 2 * size] == 0).all()
    assert np.isfinite(z_score(x, g, eps=0.0)).all()
    x[-1] = np.nan  # a missing value ends the short way, and the rest stays as it was
    np.testing.assert_allclose(z_score(x, g)[:-size], in_blocks[:-size], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(z_score(x, g, min_count=size + 1), np.where(np.isnan(x), np.nan, 0.0))


@pytest.mark.parametrize("level", [0.0, 1.0, 1e6, -1e9])
@pytest.mark.parametrize("spread_of", [1.0, 1e-3, 1e-6])
def test_blocks_far_from_zero_keep_their_digits(level, spread_of):
    """Against the formula in 80 bits; the plain float64 formula loses what the rounding of the mean takes."""
    rng = np.random.default_rng(0)
    x = level + spread_of * rng.normal(size=(50, 8))
    x[::5] = level + 0.1  # groups without spread
    wide = x.astype(np.longdouble)
    wide -= wide.mean(1, keepdims=True)
    unit = np.sqrt((wide * wide).sum(1, keepdims=True) / 7)
    exact = np.divide(wide, unit, out=np.zeros_like(wide), where=(np.arange(50) % 5 > 0)[:, None]).astype(float)
    got = z_score(x.ravel(), np.repeat(np.arange(50), 8), eps=0.0).reshape(50, 8)
    np.testing.assert_allclose(got, exact, rtol=1e-9, atol=1e-9)
    assert (got[::5] == 0).all()


def test_the_plain_formula_loses_digits_far_from_zero():
    x = -1e9 + 1e-6 * np.arange(8.0) + np.zeros((1, 8))
    plain = (x - x.mean()) / x.std(ddof=1)
    assert np.abs(plain - z_score(x.ravel(), np.zeros(8, int), eps=0.0)).max() > 1e-9


@pytest.mark.parametrize("group", [[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0], [0, 1, 0, 1]])
def test_what_looks_like_blocks_and_is_none(group):
    """Blocks that share an id, blocks of unequal size, blocks that fall, rows in turn."""
    x, group = np.array([1.0, 2.0, 5.0, 7.0]), np.array(group)
    np.testing.assert_allclose(z_score(x, group), loop(x, group, np.ones(4), standardised), atol=1e-9)


def test_token_weights_are_the_token_level_z_score():
    rng = np.random.default_rng(3)
    for _ in range(50):
        steps = int(rng.integers(4, 20))
        size = rng.integers(1, 9, size=steps)
        off = np.concatenate([[0], np.cumsum(size)])
        x, g = rng.normal(size=steps), rng.integers(0, 3, size=steps)
        by_token = z_score(spread(x, off), spread(g, off), eps=0.0)
        weighted = spread(z_score(x, g, row_weights=size, eps=0.0, min_count=1), off)
        lone = spread(np.bincount(g, minlength=3)[g] == 1, off)  # one step: its tokens are equal, so 0 either way
        np.testing.assert_allclose(by_token, np.where(lone, 0.0, weighted), atol=1e-9)
    assert not np.allclose(z_score([0.0, 1.0], "batch"), z_score([0.0, 1.0], "batch", row_weights=[1, 9]))


def test_turn_cells_reached_once_fall_back_card_158():
    off = np.array([0, 2, 4, 7])
    turns = position(off).astype(int)
    cell = key((spread(np.zeros(3, int), off), turns))
    r = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 0.0, 9.0])
    assert z_score(r, cell)[6] == 0.0  # nobody else reached turn 2
    assert np.isnan(z_score(r, cell, singleton="nan")[6])


def test_columns_with_a_reference_past_the_end_card_147():
    lengths, prefix = np.array([300, 400, 600, 800]), 300
    off = np.concatenate([[0], np.cumsum(lengths)])
    t = position(off)
    redundant = t >= prefix
    x = np.where(redundant, 1 + 0.1 * (1 - spread(lengths, off) / 16000), 1.1)
    a = columnwise_group_norm(x, off, np.zeros(4), past_end=1.1)
    assert (a[t == 10] == 0).all()
    at_350 = columnwise_group_norm(x, off, np.zeros(4), past_end=1.1, eps=0.0)[t == 350]
    np.testing.assert_allclose(at_350, [0.15, -0.44, -1.02], atol=0.006)  # the ended row holds +1.32
    plain = columnwise_group_norm(x, off, np.zeros(4), eps=0.0)[t == 350]
    assert plain[0] == pytest.approx(1.0)  # without it, the shortest row that goes on would be praised


def test_columns_equal_a_plain_loop():
    rng = np.random.default_rng(4)
    for _ in range(50):
        size = rng.integers(0, 5, size=9)
        off = np.concatenate([[0], np.cumsum(size)])
        x, g, end = rng.normal(size=off[-1]), rng.integers(0, 3, size=9), rng.normal(size=9)
        mask = rng.random(len(x)) < 0.8
        for past_end in (None, end):
            expected = np.zeros(len(x))
            for i in range(9):
                for t in range(size[i]):
                    column = []
                    for j in np.flatnonzero(g == g[i]):
                        if t < size[j]:
                            column += [x[off[j] + t]] if mask[off[j] + t] else []
                        elif past_end is not None:
                            column.append(past_end[j])
                    if mask[off[i] + t] and len(column) > 1:
                        own = x[off[i] + t]
                        expected[off[i] + t] = (own - np.mean(column)) / (np.std(column, ddof=1) + 1e-6)
            got = columnwise_group_norm(x, off, g, past_end=past_end, mask=mask)
            np.testing.assert_allclose(got, expected, atol=1e-9)


def test_padding_cannot_enter():
    short = columnwise_group_norm([1.0, 5.0, 2.0], [0, 2, 3], [0, 0])
    assert short[1] == 0.0  # only one row reaches that position
    tokens = np.array([1.0, 3.0, 0.0, 0.0])
    assert not np.allclose(whiten(tokens, [1, 1, 0, 0])[:2], whiten(tokens)[:2])
    np.testing.assert_array_equal(whiten(tokens, [1, 1, 0, 0])[:2], whiten(tokens[:2]))


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match=r"group has shape \(1,\)"):
        center([1.0, 2.0], [0])
    with pytest.raises(ShapeError, match="row_weights has shape"):
        center([1.0, 2.0], "batch", row_weights=[1.0])
    with pytest.raises(ShapeError, match="row_weights holds negative"):
        z_score([1.0, 2.0], "batch", row_weights=[1.0, -1.0])
    with pytest.raises(ShapeError, match="infinite"):
        z_score([1.0, np.inf], "batch")
    with pytest.raises(SettingError, match="without a baseline"):
        center([1.0], "batch", "value")
    with pytest.raises(ShapeError, match="baseline has shape"):
        center([1.0], "batch", "value", baseline=[1.0, 2.0])
    with pytest.raises(UnknownNameError, match="'avg'"):
        center([1.0], "batch", "avg")
    with pytest.raises(UnknownNameError, match="'keep'"):
        z_score([1.0], "batch", singleton="keep")
    with pytest.raises(SettingError, match="constant=0"):
        scale([1.0], "batch", "const", constant=0.0)
    with pytest.raises(PolicyError, match="mean of 0 or less"):
        scale([1.0, -1.0], "batch", "meanone")
    with pytest.raises(ShapeError, match="past_end has shape"):
        columnwise_group_norm([1.0], [0, 1], [0], past_end=[1.0, 2.0])
