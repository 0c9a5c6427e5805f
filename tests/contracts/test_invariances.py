"""Rule 7 of the credit algebra: a composition says what may be done to its input, and that is exactly what holds.

``permutation`` rows in another order, with their turns, steps and tokens; ``shift`` and ``scale`` of all outcomes, for
recipes that read them; ``zero_sum`` advantages of a group add up to 0; ``sign`` no right row is lowered and no wrong
one raised; ``split`` a step or turn cut in two of the same score moves no other advantage, nor that of its first half.
"""

import numpy as np
import pytest

from rubricate import registry
from rubricate.lab.environment import VOCABULARY, draw
from rubricate.recipes.card import INVARIANCES
from rubricate.steps import needs

SEEDS = range(6)
CREDIT = {
    name: entry for name, entry in registry.items("recipe")
    if entry.fn.__module__.startswith("rubricate.recipes.credit_") and (entry().reward or entry().credit)
}  # fmt: skip
UNITS = {"S": "step", "T": "turn", "L": "token"}


def axes(name):
    return VOCABULARY[name][0].split()


def advantages(entry, env):
    env = env | {"rng": np.random.default_rng(0)}
    return np.asarray(entry().advantages(env), dtype=float)


def reads(entry):
    return needs(entry().reward) | needs(entry().credit)


def items(env, length):
    """Offsets of the level that has so many items; None for rows."""
    if length == len(env["group"]):
        return None
    return next((env[f"{unit}_off"] for unit in UNITS.values() if env[f"{unit}_off"][-1] == length), "other")


def gathered(order, off):
    return np.concatenate([np.arange(off[i], off[i + 1]) for i in order])


def shuffled(env, order):
    """Rows in another order; what hangs on them goes along, cuts inside tokens included."""
    out = dict(env)
    place = {letter: gathered(order, env[f"{unit}_off"]) for letter, unit in UNITS.items()} | {"N": order}
    for unit in UNITS.values():
        out[f"{unit}_off"] = np.r_[0, np.cumsum(np.diff(env[f"{unit}_off"])[order])]
    for name in env:
        first = axes(name)[:1]
        if first and first[0] in place and isinstance(env[name], np.ndarray):
            out[name] = env[name][place[first[0]]]
        elif first and first[0] in ("S+1", "T+1"):
            out[name] = np.r_[0, np.cumsum(np.diff(env[name])[place[first[0][0]]])]
    members = [np.flatnonzero(env["group"] == g) for g in env["group"]]
    rank = np.argsort(order)  # where a row has gone
    duels = np.array(env["duels"])
    for i, own in enumerate(members):
        duels[i, : len(own)] = env["duels"][i][np.argsort(rank[own])]
    out["duels"] = duels[order]
    return out


def cut(env, unit, at):
    """The item ``at`` of a level cut in two of the same score; its tokens are shared out."""
    letter = next(k for k, v in UNITS.items() if v == unit)
    out = dict(env)
    row = int(np.searchsorted(env[f"{unit}_off"], at, side="right")) - 1
    out[f"{unit}_off"] = env[f"{unit}_off"] + (np.arange(len(env["group"]) + 1) > row)
    for name in env:
        first = axes(name)[:1]
        if first == [letter]:
            out[name] = np.insert(env[name], at, env[name][at], axis=0)
        elif first == [f"{letter}+1"]:
            middle = (env[name][at] + env[name][at + 1] + 1) // 2
            out[name] = np.insert(env[name], at + 1, middle)
    return out


def permutation(entry, env):
    order = np.random.default_rng(1).permutation(len(env["group"]))
    before, after = advantages(entry, env), advantages(entry, shuffled(env, order))
    off = items(env, len(before))
    if isinstance(off, str):
        return np.allclose(before, after, atol=1e-8)
    return np.allclose(after, before[order if off is None else gathered(order, off)], atol=1e-8)


def shift(entry, env):
    return np.allclose(advantages(entry, env | {"outcome": env["outcome"] + 2.0}), advantages(entry, env), atol=1e-6)


def scale(entry, env):
    return np.allclose(advantages(entry, env | {"outcome": env["outcome"] * 3.0}), advantages(entry, env), atol=1e-4)


def zero_sum(entry, env):
    a = advantages(entry, env)
    return len(a) == len(env["group"]) and np.allclose(np.bincount(env["group"], a), 0.0, atol=1e-6)


def sign(entry, env):
    a = advantages(entry, env)
    off = items(env, len(a))
    if isinstance(off, str):
        return False
    right = env["outcome"] if off is None else np.repeat(env["outcome"], np.diff(off))
    return bool((a[right == 1] >= -1e-9).all() and (a[right == 0] <= 1e-9).all())


def split(entry, env):
    a = advantages(entry, env)
    unit = next((u for u in ("step", "turn") if len(a) == env[f"{u}_off"][-1]), None)
    if unit is None:
        return False
    at = int(np.random.default_rng(2).integers(len(a)))
    after = advantages(entry, cut(env, unit, at))
    return np.allclose(np.delete(after, at + 1), a, atol=1e-8)


TESTS = {f.__name__: f for f in (permutation, shift, scale, zero_sum, sign, split)}


def holding(entry):
    """What holds on all of the drawn environments; outcomes count only where they are read."""
    envs = [draw(np.random.default_rng(seed), prompts=3, group_size=5) for seed in SEEDS]
    envs = [env | {"length": env["length"] * 600} for env in envs]  # long enough for limits on length to matter
    asked = [k for k in TESTS if k not in ("shift", "scale") or "outcome" in reads(entry)]
    return {k for k in asked if all(TESTS[k](entry, env) for env in envs)}


@pytest.mark.parametrize("name", CREDIT)
def test_what_a_composition_says_is_exactly_what_holds(name):
    entry = CREDIT[name]
    assert set(entry.card.invariances) == holding(entry)


def test_the_words_are_known_and_each_holds_somewhere_and_fails_somewhere():
    assert set(INVARIANCES) == set(TESTS)
    for word in INVARIANCES:
        says = [word in entry.card.invariances for entry in CREDIT.values()]
        assert any(says), word
        assert not all(says), word


def test_the_cards_of_split_steps():
    """Thoughts and differences do not change; sums of step rewards and soft minima do.

    A z-score weighted by tokens does not either, as long as the halves share the tokens of the step (127, 131).
    """
    says = {name for name, entry in CREDIT.items() if "split" in entry.card.invariances}
    assert {"tp_grpo", "pav", "capo", "prorag"} <= says
    assert not {"pure", "ppr", "oni"} & says
