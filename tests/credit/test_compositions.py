"""Published systems as compositions, against plain loops; what splitting a step may change; steps that go through JSON."""

import numpy as np
import pytest

from rubricate.credit import (
    backup,
    belief_gain,
    center,
    difference,
    drop_groups,
    edge,
    following,
    fuse,
    grpo,
    key,
    mix,
    modulate,
    place,
    play,
    pool,
    position,
    quantile,
    rate,
    scale,
    schedule,
    spread,
    suffix,
    vote,
    whiten,
    z_score,
)
from rubricate.rewards import renorm, soften, step_penalty
from rubricate.steps import chain, from_json, ref, step, to_json


class World:
    """Two prompts, responses in mixed order, 1-4 turns of 2-6 tokens each."""

    def __init__(self, seed):
        r = np.random.default_rng(seed)
        self.n = 8
        self.group = r.permutation([0, 0, 0, 0, 9, 9, 9, 9])
        self.turns = np.concatenate([[0], np.cumsum(r.integers(1, 5, self.n))])
        count = int(self.turns[-1])
        self.tokens = np.concatenate([[0], np.cumsum(r.integers(2, 7, count))])
        self.size = np.diff(self.tokens).astype(float)
        self.outcome = (r.random(self.n) < 0.5).astype(float)
        self.process = r.random(count)
        self.by_turn = spread(self.group, self.turns)
        self.row = spread(np.arange(self.n), self.turns)
        self.random = r

    def span(self, i):
        return range(self.turns[i], self.turns[i + 1])


@pytest.fixture(params=range(50))
def w(request):
    return World(request.param)


def zs(values, eps=1e-6):
    values = np.asarray(values, dtype=float)
    return (values - values.mean()) / (values.std(ddof=1) + eps) if np.ptp(values) > 0 else values * 0


def grouped(w, values):
    out = np.zeros(len(values))
    for g in np.unique(w.group):
        out[w.group == g] = zs(np.asarray(values)[w.group == g])
    return out


def test_ppr_23(w):
    got = suffix(renorm(w.outcome, w.process, w.turns), w.turns)
    for i in range(w.n):
        r = [w.process[t] + w.outcome[i] - 1 for t in w.span(i)]
        r[-1] = w.outcome[i]
        np.testing.assert_allclose(got[list(w.span(i))], np.cumsum(r[::-1])[::-1], atol=1e-9)


def test_prime_49(w):
    tokens = w.random.normal(size=w.tokens[-1])
    off = w.tokens[w.turns]
    n = 4
    m = pool(tokens, off, "mean")
    others = m - center(m, w.group, "loo")
    got = tokens - spread(others, off) + (tokens - spread(m, off)) / (n - 1)
    for i in range(w.n):
        total = m[w.group == w.group[i]].sum()
        own = tokens[off[i] : off[i + 1]]
        np.testing.assert_allclose(got[off[i] : off[i + 1]], own * n / (n - 1) - total / (n - 1), atol=1e-9)
    bound = scale(suffix(tokens, off), "batch", "maxabs")
    assert np.abs(bound).max() == pytest.approx(1.0)


def test_igpo_66(w):
    s, s0 = -w.random.random(len(w.process)), -w.random.random(w.n)
    gain = z_score(belief_gain(s, w.turns, s0), w.by_turn)
    last = place(np.ones(w.n), w.turns) > 0
    got = suffix(np.where(last, place(z_score(w.outcome, w.group), w.turns), gain), w.turns)
    gains = [s[t] - (s[t - 1] if t > w.turns[i] else s0[i]) for i in range(w.n) for t in w.span(i)]
    z = np.zeros(len(gains))
    for g in (0, 9):
        z[w.by_turn == g] = zs(np.array(gains)[w.by_turn == g])
    z_outcome = grouped(w, w.outcome)
    for i in range(w.n):
        r = [z[t] for t in w.span(i)]
        r[-1] = z_outcome[i]
        np.testing.assert_allclose(got[list(w.span(i))], np.cumsum(r[::-1])[::-1], atol=1e-9)


def test_pure_67(w):
    soft = suffix(soften(w.process, w.turns), w.turns)
    strict = suffix(w.process, w.turns, "min")
    for i in range(w.n):
        r = w.process[list(w.span(i))]
        weight = np.exp(-r / 0.1) / np.exp(-r / 0.1).sum()
        assert soft[w.turns[i]] == pytest.approx((weight * r).sum())
        assert strict[w.turns[i]] == pytest.approx(r.min())
        assert r.min() - 1e-12 <= soft[w.turns[i]] <= r.min() + 0.1 * np.log(len(r)) + 1e-12


def test_capo_127_and_prorag_131(w):
    flags = (w.random.random((len(w.process), 4)) < 0.5).astype(float)
    reward = step_penalty(w.outcome, 1 - vote(flags, "all"), w.turns)
    got = z_score(reward, w.by_turn, row_weights=w.size, eps=0.0)
    two = fuse(z_score(w.outcome, w.group), z_score(w.process, w.by_turn, row_weights=w.size), w.turns, beta=0.3)
    for g in (0, 9):
        here = np.flatnonzero(w.by_turn == g)
        r = np.array([2 * w.outcome[w.row[t]] - flags[t].all() for t in here])
        copies = np.repeat(r, w.size[here].astype(int))
        if np.ptp(r) > 0:
            np.testing.assert_allclose(got[here], (r - copies.mean()) / copies.std(ddof=1), atol=1e-9)
        copies = np.repeat(w.process[here], w.size[here].astype(int))
        steps = (w.process[here] - copies.mean()) / (copies.std(ddof=1) + 1e-6)
        outcome = grouped(w, w.outcome)[w.row[here]]
        np.testing.assert_allclose(two[here], outcome + 0.3 * steps, atol=1e-9)


def test_oprl_153(w):
    got = fuse(z_score(w.outcome, w.group), z_score(w.process, w.by_turn), w.turns, beta=1.0)
    for g in (0, 9):
        here = np.flatnonzero(w.by_turn == g)
        np.testing.assert_allclose(got[here], grouped(w, w.outcome)[w.row[here]] + zs(w.process[here]), atol=1e-9)


def test_mapo_158(w):
    returns = suffix(w.process, w.turns)
    cell = key((w.by_turn, position(w.turns).astype(int)))
    turn = z_score(returns, cell, ddof=0, eps=1e-8, singleton="nan")
    whole = z_score(w.process, w.by_turn, ddof=0, eps=1e-8)
    got = mix((turn, whole), (0.5, 0.5), missing="renormalise")
    index = [t - w.turns[w.row[t]] for t in range(len(w.process))]
    for t in range(len(w.process)):
        peers = [u for u in range(len(index)) if w.by_turn[u] == w.by_turn[t] and index[u] == index[t]]
        g = w.process[w.by_turn == w.by_turn[t]]
        alone = (w.process[t] - g.mean()) / (g.std() + 1e-8)
        rest = [sum(w.process[v] for v in range(u, w.turns[w.row[u] + 1])) for u in peers]
        expected = alone
        if len(peers) > 1:
            own = rest[peers.index(t)]
            expected = 0.5 * (own - np.mean(rest)) / (np.std(rest) + 1e-8) + 0.5 * alone
        assert got[t] == pytest.approx(expected, abs=1e-7)


def test_empg_166(w):
    entropy = w.random.random(len(w.process))
    low, high = entropy.min(), entropy.max()
    norm = scale(entropy, "batch", "minmax", eps=1e-8)
    g = scale(np.exp(-norm), "batch", "meanone")
    bonus = following(np.exp(-norm), w.turns)
    got = modulate(spread(z_score(w.outcome, w.group), w.turns) * g, 0.1 * bonus, "add", recenter="batch")
    h = (entropy - low) / (high - low + 1e-8)
    f = np.exp(-h)
    last = w.turns[1:] - 1
    raw = [
        grouped(w, w.outcome)[w.row[t]] * f[t] / f.mean() + (0.0 if t in last else 0.1 * f[t + 1])
        for t in range(len(h))
    ]
    np.testing.assert_allclose(got, np.array(raw) - np.mean(raw), atol=1e-9)


def test_segment_advantages_123(w):
    value, start = w.random.random(len(w.process)), w.random.random(w.n)
    a = difference(value, w.turns, start)
    np.testing.assert_allclose(pool(a, w.turns, "sum"), pool(value, w.turns, "last") - start, atol=1e-9)
    parent = np.array([-1, 0, 0, 1, 1, 2, 2])
    leaf = np.where(np.arange(7) < 3, np.nan, np.round(w.random.random(7)))
    e = edge(backup(leaf, parent, "children"), parent, scale="siblings")
    assert ((e == 0) | (np.abs(e) > 0.5)).all()  # pairs of siblings are at +1 and -1, or dropped


def test_arena_155_and_brpo_33():
    quality = np.array([0.3, 2.0, -1.0, 0.9, 1.4])
    rng = np.random.default_rng(0)
    m = play(schedule("seeded", 5), lambda pairs: quality[pairs])
    a = grpo(quantile(rate(m, 5, "bracket"), "batch"), "batch")
    assert np.argmax(a) == 1
    assert a.sum() == pytest.approx(0.0, abs=1e-9)
    m = play(schedule("random_reference", 5, rng), lambda pairs: quality[pairs])
    sign = rate(m, 5, "sign_vs_reference")
    assert drop_groups(sign, np.zeros(5), "skew").mask.all() == (abs(sign.sum()) / 5 <= 0.6)


def split(x, off, row, times):
    """Cut the first step of a row into several of the same score."""
    return np.insert(x, off[row], [x[off[row]]] * (times - 1)), off + (np.arange(len(off)) > row) * (times - 1)


def test_which_forms_do_not_change_when_a_step_is_split():
    rng = np.random.default_rng(0)
    for _ in range(50):
        off = np.concatenate([[0], np.cumsum(rng.integers(2, 5, 4))])
        x, start = rng.random(off[-1]), rng.random(4)
        first, (y, cut) = off[:-1], split(x, off, 1, 3)
        kept = cut[:-1]
        same = {
            "min": (suffix(x, off, "min")[first], suffix(y, cut, "min")[kept]),
            "difference": (
                suffix(difference(x, off, start), off)[first], suffix(difference(y, cut, start), cut)[kept]
            ),
        }  # fmt: skip
        for before, after in same.values():
            np.testing.assert_allclose(before, after, atol=1e-12)
        changed = {
            "sum": (pool(x, off, "sum"), pool(y, cut, "sum")),
            "softmin": (pool(x, off, "softmin"), pool(y, cut, "softmin")),
            "mean over all steps": (center(x, "batch")[first], center(y, "batch")[kept]),
        }
        for name, (before, after) in changed.items():
            assert not np.allclose(before, after, atol=1e-9), name


def test_the_order_of_normalising_and_accumulating_is_the_composition():
    off, r = np.array([0, 3, 4]), np.array([0.2, 0.9, 0.1, 0.5])
    first = suffix(z_score(r, "batch"), off)
    then = z_score(suffix(r, off), "batch")
    assert (np.sign(first) != np.sign(then)).any()


def test_compositions_are_steps_with_a_json_form():
    env = {
        "group": np.array(["a", "a", "b", "b"]), "reward": np.array([1.0, 0.0, 1.0, np.nan]),
        "outcome": np.array([1.0, 1.0, 0.0, 1.0]), "length": np.array([1.0, 3.0, 2.0, 2.0]),
        "process": np.array([0.1, 0.9, 0.5, 0.5, 0.2]), "off": np.array([0, 1, 3, 4, 5]),
    }  # fmt: skip
    half = 0.5**0.5
    close = dict(atol=1e-5)
    np.testing.assert_allclose(step(grpo)(env), [half, -half, 0, 0], **close)
    composed = chain(step(center, ref("reward")), step(scale, group="batch"), step(whiten, missing="zero_advantage"))
    assert composed(env)[3] == 0.0
    mapo = step(
        mix,
        advantages=(
            step(
                z_score, step(suffix, ref("process")), step(key, columns=(step(spread, ref("group")), step(position)))
            ),
            step(z_score, ref("process"), "batch"),
        ),
        weights=(0.5, 0.5),
    )
    assert len(mapo(env)) == 5
    two = step(fuse, step(grpo, missing="zero_advantage"), step(z_score, ref("process"), "batch"), beta=0.3)
    for part in (composed, mapo, two, step(drop_groups, ref("reward"))):
        assert from_json(to_json(part)) == part
        part(env)
    assert two.name == "credit.fuse"
