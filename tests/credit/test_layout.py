import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import cutpoints, key, place, pool, position
from rubricate.credit.layout import as_mask, finite, group_codes, or_zero
from rubricate.errors import PolicyError, SettingError, ShapeError, UnknownNameError


def ragged(rng, missing=0.2):
    off = np.concatenate([[0], np.cumsum(rng.integers(0, 6, size=12))])
    x = rng.normal(size=off[-1])
    x[rng.random(len(x)) < missing] = np.nan
    return x, off, rng.random(len(x)) < 0.7


def softmin(row, temperature=0.1):
    weight = np.exp(-(row - row.min()) / temperature)
    return (weight * row).sum() / weight.sum()


def test_pool_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    fns = {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max, "count": len, "softmin": softmin}
    for _ in range(50):
        x, off, mask = ragged(rng)
        for how, fn in fns.items():
            expected = []
            for a, b in zip(off[:-1], off[1:], strict=True):
                row = x[a:b][mask[a:b] & ~np.isnan(x[a:b])]
                empty = 0.0 if how == "count" or (how == "sum" and not mask[a:b].any()) else np.nan
                expected.append(fn(row) if len(row) else empty)
            np.testing.assert_allclose(pool(x, off, how, mask=mask), expected, atol=1e-9)
        for how, index in (("first", 0), ("last", -1)):
            rows = [x[a:b][mask[a:b]] for a, b in zip(off[:-1], off[1:], strict=True)]
            np.testing.assert_array_equal(pool(x, off, how, mask=mask), [r[index] if len(r) else np.nan for r in rows])


@pytest.mark.parametrize(("how", "decides"), [("any", True), ("all", False)])
def test_any_and_all_know_when_a_missing_item_matters(how, decides):
    rng = np.random.default_rng(1)
    for _ in range(50):
        x, off, mask = ragged(rng)
        x = np.where(np.isnan(x), np.nan, x > 0)
        for row, got in enumerate(pool(x, off, how, mask=mask)):
            items = [v for v, m in zip(x[off[row] : off[row + 1]], mask[off[row] : off[row + 1]], strict=True) if m]
            worlds = {
                (any if how == "any" else all)([bool(v) if v == v else fill for v in items]) for fill in (True, False)
            }
            expected = float(worlds.pop()) if items and len(worlds) == 1 else np.nan
            np.testing.assert_equal(got, expected)
    # Negative control: leaving the missing one out would call this "all met".
    assert np.isnan(pool([1.0, float("nan")], [0, 2], "all")[0])
    assert pool([float(decides), float("nan")], [0, 2], how)[0] == float(decides)


def test_place_puts_one_value_on_a_generated_token():
    rng = np.random.default_rng(2)
    for _ in range(50):
        _, off, mask = ragged(rng)
        row = rng.normal(size=len(off) - 1)
        for at, pick in (("last", -1), ("first", 0), (0, 0), (-1, -1)):
            expected = np.zeros(off[-1])
            for i, (a, b) in enumerate(zip(off[:-1], off[1:], strict=True)):
                items = np.flatnonzero(mask[a:b])
                if len(items):
                    expected[a + items[pick]] = row[i]
            np.testing.assert_array_equal(place(row, off, at, mask), expected)
    assert place([5.0], [0, 3], 1).tolist() == [0.0, 5.0, 0.0]
    assert np.isnan(place([float("nan")], [0, 2])[1])
    with pytest.raises(ShapeError, match="row 1 has 1 items"):
        place([1.0, 1.0], [0, 2, 3], 1)
    with pytest.raises(UnknownNameError, match="'middle'"):
        place([1.0], [0, 1], "middle")


@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("abc")), max_size=30))
def test_a_key_is_equal_where_all_columns_are(rows):
    a, b = np.array([r[0] for r in rows], dtype=np.int64), np.array([r[1] for r in rows], dtype=str)
    codes = key((a, b))
    assert all((codes[i] == codes[j]) == (rows[i] == rows[j]) for i in range(len(rows)) for j in range(len(rows)))
    assert set(codes.tolist()) == set(range(len(set(rows))))


def test_a_key_of_one_column_does_not_split_by_the_other():
    assert key(([0, 0], [1, 2])).tolist() == [0, 1]
    assert key(([0, 0],)).tolist() == [0, 0]
    with pytest.raises(SettingError, match="no columns"):
        key(())
    with pytest.raises(ShapeError, match=r"columns\[1\]"):
        key(([0, 1], [0]))


def test_positions():
    assert position([0, 0, 1, 4]).tolist() == [0, 0, 1, 2]
    assert position([0, 0, 1, 4], relative=True).tolist() == [0, 0, 0.5, 1]
    assert position([0]).tolist() == []


def test_cutpoints_end_a_segment_at_every_second_uncertain_token():
    p = [0.1, 1.0, 0.1, 0.95, 0.1, float("nan"), 0.1, 0.5]
    tokens, rows = cutpoints(p, [0, 4, 4, 8], every=2)
    assert tokens.tolist() == [0, 3, 4, 7, 8]  # the count starts anew in each row
    assert rows.tolist() == [0, 2, 2, 4]
    rng = np.random.default_rng(3)
    for _ in range(50):
        p = rng.random(40)
        off = np.array([0, 10, 10, 40])
        tokens, rows = cutpoints(p, off, threshold=0.5, every=3)
        expected = [0]
        for a, b in zip(off[:-1], off[1:], strict=True):
            seen = 0
            for t in range(a, b):
                seen += p[t] < 0.5
                if t == b - 1 or (p[t] < 0.5 and seen % 3 == 0):
                    expected.append(t + 1)
        assert tokens.tolist() == expected
        assert tokens[rows].tolist() == off.tolist()
    with pytest.raises(SettingError, match="every=0"):
        cutpoints([0.5], [0, 1], every=0)


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match="x has shape"):
        pool([[1.0]], [0, 1])
    with pytest.raises(ShapeError, match="off runs"):
        pool([1.0, 2.0], [0, 3])
    with pytest.raises(ShapeError, match="and falls"):
        pool([1.0, 2.0], [0, 2, 1, 2])
    with pytest.raises(ShapeError, match="off has shape"):
        position([])
    with pytest.raises(ShapeError, match="infinite"):
        finite([1.0, float("inf")], "reward")
    with pytest.raises(ShapeError, match="other values than 0 and 1"):
        as_mask([0, 2], 2)
    with pytest.raises(ShapeError, match="mask has shape"):
        as_mask([0], 2)
    with pytest.raises(SettingError, match="group='prompt'"):
        group_codes("prompt", 2)
    with pytest.raises(UnknownNameError, match="'modus'"):
        pool([1.0], [0, 1], "modus")
    with pytest.raises(SettingError, match="temperature=0"):
        pool([1.0], [0, 1], "softmin", temperature=0.0)


def test_the_policies_for_missing_advantages():
    x = np.array([1.0, np.nan])
    assert or_zero(x, "zero_advantage").tolist() == [1.0, 0.0]
    assert np.isnan(or_zero(x, "nan")[1])
    with pytest.raises(PolicyError, match="1 of 2 values are missing"):
        or_zero(x, "raise")
    with pytest.raises(UnknownNameError, match="zero_advantage"):
        or_zero(x, "zero")
