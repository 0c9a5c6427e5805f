import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate.credit import drop_groups, grpo, kept, select
from rubricate.errors import SettingError, ShapeError, UnknownNameError

NAN = float("nan")


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("quota", ["balanced", "proportional", "top"])
def test_quotas_equal_a_plain_loop(quota):
    r = np.random.default_rng(1)
    for _ in range(50):
        n = int(r.integers(1, 60))
        score, group, outcome = r.permutation(n) / n, r.integers(0, 4, n) * 3 - 1, (r.random(n) < 0.6).astype(float)
        keep, minimum = int(r.integers(1, 9)), int(r.integers(0, 3))
        got = select(score, group, outcome, r, keep=keep, quota=quota, minimum=minimum).mask
        for g in np.unique(group):
            rows = sorted(np.flatnonzero(group == g), key=lambda i: -score[i])
            sides = [[i for i in rows if outcome[i] == 1], [i for i in rows if outcome[i] == 0]]
            kept = [int(got[side].sum()) for side in sides]
            room = min(keep, len(rows))
            assert sum(kept) == room
            if quota == "top":
                assert set(np.flatnonzero(got & (group == g))) == set(rows[:room])
                continue
            for side, k in zip(sides, kept, strict=True):
                assert set(np.flatnonzero(got)) & set(side) == set(side[:k])  # the best of each sign
            choices = [k for k in range(room + 1) if k <= len(sides[0]) and room - k <= len(sides[1])]
            if quota == "balanced":
                assert kept[0] * kept[1] == max(k * (room - k) for k in choices)
            else:
                share = len(sides[0]) * room / len(rows)
                floor = [k for k in choices if all(
                    c >= min(minimum, len(s)) for c, s in zip((k, room - k), sides, strict=True)
                )] or choices  # fmt: skip
                assert abs(kept[0] - share) <= min(abs(k - share) for k in floor) + 1e-9


@given(st.integers(0, 32))
def test_half_of_32_always_is_16_card_175(right):
    outcome = np.repeat([1.0, 0.0], [right, 32 - right])
    report = select(np.zeros(32), np.zeros(32), outcome, rng(), keep=16, quota="proportional", minimum=2)
    assert report.mask.sum() == 16
    assert report.kept_positive >= min(2, right)
    assert report.kept_negative >= min(2, 32 - right)


def test_ties_are_drawn_and_never_first_in_first_out():
    outcome = np.zeros(40)
    first = np.mean([
        select(np.zeros(40), np.zeros(40), outcome, np.random.default_rng(k), keep=20, order=order).mask[:20].mean()
        for k in range(200) for order in ("best", "random", "weighted")
    ])  # fmt: skip
    assert first == pytest.approx(0.5, abs=0.02)
    same = [select(np.zeros(40), np.zeros(40), outcome, rng(), keep=20).mask for _ in range(2)]
    assert (same[0] == same[1]).all()


def test_kept_negatives_do_not_depend_on_how_the_generator_sorts():
    r = np.random.default_rng(2)
    gap, fifo = [], []
    for _ in range(300):
        length = np.sort(r.random(32))  # a generator that returns short rollouts first
        kept = select(np.zeros(32), np.zeros(32), np.zeros(32), r, keep=16, order="random").mask
        gap.append(length[kept].mean() - length.mean())
        fifo.append(length[:16].mean() - length.mean())
    assert abs(np.mean(gap)) < 0.01
    assert np.mean(fifo) < -0.2


def test_orders_of_the_positives_card_175():
    r = np.random.default_rng(3)
    shares = {"random": [], "weighted": [], "best": []}
    for _ in range(400):
        outcome, error = (r.random(32) < 0.5).astype(float), r.beta(1, 3, 32)
        for order, found in shares.items():
            got = select(1 / (error + 1e-2), np.zeros(32), outcome, r, keep=16, quota="proportional",
                         order=(order, "random")).mask  # fmt: skip
            found.append(error[got & (outcome == 1)].mean())
    means = [np.mean(v) for v in shares.values()]
    np.testing.assert_allclose(means, [0.244, 0.163, 0.102], atol=0.02)


def test_weighted_sampling_is_in_proportion():
    weight = np.array([4.0, 2.0, 1.0, 0.0])
    counts = sum(
        select(weight, np.zeros(4), np.zeros(4), np.random.default_rng(k), keep=1, order="weighted").mask.astype(int)
        for k in range(7000)
    )
    np.testing.assert_allclose(counts / 7000, weight / 7, atol=0.02)


def flawed_shares(noise, right=0.5):
    """Flawed rows among the kept right ones, and share of right ones: by sign, and by one joint ranking."""
    r = np.random.default_rng(4)
    out = []
    for _ in range(200):
        outcome = r.random(64) < right
        flawed = outcome & (r.random(64) < 0.26)
        quality = np.where(outcome, np.where(flawed, 0.4, 0.8), np.where(r.random(64) < 0.3, 0.7, 0.3))
        score = (quality + noise * r.standard_normal(64)) * np.where(outcome, 1, -1)
        row = []
        for quota in ("balanced", "top"):
            kept = select(score, np.zeros(64), outcome, r, keep=32, quota=quota).mask
            row += [flawed[kept].sum() / max(outcome[kept].sum(), 1), outcome[kept].mean()]
        out.append(row)
    return np.mean(out, axis=0)


def test_splitting_by_sign_keeps_the_balance_card_111():
    np.testing.assert_allclose(flawed_shares(0.05), [0.002, 0.5, 0.23, 0.95], atol=0.02)
    np.testing.assert_allclose(flawed_shares(0.4)[[0, 1, 3]], [0.122, 0.5, 0.89], atol=0.02)
    assert flawed_shares(0.2, right=0.8)[1] == pytest.approx(0.6, abs=0.03)


def test_a_row_that_cannot_be_ranked_is_dropped_and_counted():
    report = select([1.0, NAN, 2.0, 3.0], [0, 0, 0, 0], [1, 1, 0, NAN], rng(), keep=4)
    assert report.mask.tolist() == [True, False, True, False]
    assert (report.missing, report.kept_positive, report.kept_negative) == (2, 1, 1)
    random = select([NAN] * 4, [0, 0, 0, 0], [1, 1, 0, 0], rng(), keep=2, order="random")
    assert (random.missing, random.mask.sum()) == (0, 2)  # this order does not read the score


def test_the_report_adds_up():
    r = np.random.default_rng(5)
    outcome, group = (r.random(60) < 0.7).astype(float), r.integers(0, 8, 60)
    outcome[:5] = NAN
    report = select(r.random(60), group, outcome, r, keep=3)
    counts = (report.kept_positive, report.kept_negative, report.dropped_positive, report.dropped_negative)
    assert sum(counts) + report.missing == 60
    assert report.kept_positive + report.dropped_positive == (outcome == 1).sum()
    assert (report.groups, report.dropped_groups, report.drop_rate) == (8, 0, 0.0)


def test_rules_for_whole_groups():
    x = [1.0, 1.0, 0.0, 1.0, 0.1, 0.1, NAN, 5.0, NAN]
    group = ["a", "a", "b", "b", "c", "c", "c", "d", "e"]
    report = drop_groups(x, group)
    assert np.flatnonzero(report.mask).tolist() == [2, 3]
    assert (report.groups, report.dropped_groups, report.drop_rate) == (5, 4, 0.8)
    assert (report.kept_positive, report.kept_negative, report.missing) == (1, 1, 2)
    rates = drop_groups([1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 2, 2], "range", low=0.2, high=0.8)
    assert rates.mask.tolist() == [False, False, True, True, False, False]
    easy = drop_groups([1, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1], "range", high=0.3)
    assert easy.mask.tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize("rule", ["zero_std", "skew", "range"])
def test_rules_equal_a_plain_loop(rule):
    r = np.random.default_rng(6)
    for _ in range(50):
        x, group = r.integers(-1, 2, 40).astype(float), r.integers(0, 12, 40)
        x[r.random(40) < 0.2] = NAN
        expected = np.zeros(40, bool)
        for i in range(40):
            known = x[(group == group[i]) & ~np.isnan(x)]
            if len(known):
                good = {
                    "zero_std": known.max() > known.min(),
                    "skew": abs(known.sum()) / len(known) <= 0.6,
                    "range": -0.3 <= known.mean() <= 0.3,
                }[rule]
                expected[i] = good and x[i] == x[i]
        np.testing.assert_array_equal(drop_groups(x, group, rule, low=-0.3, high=0.3).mask, expected)


def test_what_is_not_kept_enters_no_statistic():
    """Kept: 1 and 0, mean 1/2, std sqrt(1/2); the 9 would move both, and its row gets no gradient."""
    chosen = select([0.0, 1.0, 9.0], [0, 0, 0], [0, 1, 0], rng(), keep=2, order=("best", "best"))
    assert chosen.mask.tolist() == [False, True, True]
    chosen = drop_groups([1.0, 0.0, 5.0, 5.0], [0, 0, 1, 1])
    np.testing.assert_array_equal(kept([1.0, 0.0, 5.0, 5.0], chosen), [1.0, 0.0, NAN, NAN])
    a = grpo(kept([1.0, 0.0, 9.0], select([3, 2, 1], [0] * 3, [0] * 3, rng(), keep=2)), [0, 0, 0], eps=0.0)
    np.testing.assert_allclose(a, [0.5**0.5, -(0.5**0.5), 0.0])
    assert abs(grpo([1.0, 0.0, 9.0], [0, 0, 0])[1] + 0.5**0.5) > 0.01  # the control: over all rows
    with pytest.raises(SettingError, match="selection is a list"):
        kept([1.0], [True])
    with pytest.raises(ShapeError, match="x has shape"):
        kept([1.0], chosen)


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match="outcome has shape"):
        select([1.0], [0], [1.0, 0.0], rng(), keep=1)
    with pytest.raises(SettingError, match="keep=0"):
        select([1.0], [0], [1.0], rng(), keep=0)
    with pytest.raises(UnknownNameError, match="'half'"):
        select([1.0], [0], [1.0], rng(), keep=1, quota="half")
    with pytest.raises(UnknownNameError, match="'fifo'"):
        select([1.0], [0], [1.0], rng(), keep=1, order="fifo")
    with pytest.raises(SettingError, match="negative scores"):
        select([-1.0], [0], [1.0], rng(), keep=1, order="weighted")
    with pytest.raises(UnknownNameError, match="'dead'"):
        drop_groups([1.0], [0], "dead")
    with pytest.raises(ShapeError, match="group has shape"):
        drop_groups([1.0], [0, 1])
    assert np.isnan(drop_groups([], []).drop_rate)
    assert select([], [], [], rng(), keep=1).mask.tolist() == []
