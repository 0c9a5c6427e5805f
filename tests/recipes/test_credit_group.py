"""Each composition against a plain loop over rows, on 50 random data sets: groups of unequal size, missing verdicts."""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe

NAN = math.nan


def ragged(seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 7)), group_size=int(rng.integers(1, 9)), missing=0.15 * (seed % 2))
    env["group"] = rng.integers(0, 5, size=len(env["group"])) * 3
    env["duels"] = rng.uniform(0.0, 10.0, size=(len(env["group"]), len(env["group"]), 2))
    env["rng"] = np.random.default_rng(seed)
    return env


def members(group):
    return [[i for i in range(len(group)) if group[i] == k] for k in sorted(set(group.tolist()))]


def z(xs, group, ddof=1, eps=1e-6):
    out = []
    for x, k in zip(xs, group, strict=True):
        same = [y for y, other in zip(xs, group, strict=True) if other == k and not math.isnan(y)]
        flat = len(same) < 2 or max(same) == min(same)
        out.append(0.0 if flat or math.isnan(x) else (x - np.mean(same)) / (np.std(same, ddof=ddof) + eps))
    return out


def elimination(score):
    """Share of the others that end behind, by seeding against entrant 0, a bracket with byes, points within a round."""
    n = len(score)
    seed = [np.mean(score[0, 1:]) if i == 0 else score[i, 0] for i in range(n)]
    ranked = sorted(range(n), key=lambda i: -seed[i])
    points = [[*score[0, 1:]] if i == 0 else [score[i, 0]] for i in range(n)]
    order = [0]
    while len(order) < n:
        order = [s for i in order for s in (i, 2 * len(order) - 1 - i)]
    slots, lost = [ranked[s] if s < n else None for s in order], []
    while len(slots) > 1:
        after, out = [], []
        for a, b in zip(slots[::2], slots[1::2], strict=True):
            if a is None or b is None:
                after.append(b if a is None else a)
                continue
            points[a].append(score[a, b])
            points[b].append(score[b, a])
            after.append(a if score[a, b] >= score[b, a] else b)
            out.append(a + b - after[-1])
        slots = after
        lost.append(sorted(out, key=lambda i: -np.mean(points[i])))
    final = slots + [i for out in lost[::-1] for i in out]
    return [1 - final.index(i) / (n - 1) for i in range(n)]


def arena_rl(env):
    paid = np.full(len(env["group"]), NAN)
    for rows in members(env["group"]):
        if len(rows) > 1:
            paid[rows] = elimination(env["duels"][rows, : len(rows)].sum(2))
    return paid, z(paid, env["group"])


def writing_zero(env):
    paid = [NAN] * len(env["group"])
    for rows in members(env["group"]):
        at = int(env["rng"].integers(len(rows)))
        for k, i in enumerate(rows):
            ours, theirs = env["duels"][i, at], env["duels"][rows[at], k]
            paid[i] = 0.0 if (ours > theirs).any() and (ours < theirs).any() else float(np.sign(ours[0] - theirs[0]))
        if len(rows) == 1:
            paid[rows[0]] = NAN
    return paid, paid


def first(rows, keep, priority):
    return sorted(rows, key=lambda i: -priority[i])[:keep]


def prof(env):
    """The kept places are tried one by one for the largest product of right and wrong."""
    u, off, group = env["rng"].random(len(env["group"])), env["step_off"], env["group"]
    s = [np.mean(env["step_scores"][off[i] : off[i + 1]]) - 0.0 for i in range(len(group))]
    s = [(x, u[i]) if env["outcome"][i] else (-x, u[i]) for i, x in enumerate(s)]
    paid = np.full(len(group), NAN)
    for rows in members(group):
        right, wrong = ([i for i in rows if env["outcome"][i] == o] for o in (1, 0))
        room = min(3, len(rows))
        fits = [k for k in range(room + 1) if k <= len(right) and room - k <= len(wrong)]
        k = max(fits, key=lambda k: (k * (room - k), -k))
        best = sorted(right, key=s.__getitem__)[::-1][:k] + sorted(wrong, key=s.__getitem__)[::-1][: room - k]
        paid[best] = env["outcome"][best]
    return paid, z(paid, group)


def rstar2_agent(env):
    u, group, off = env["rng"].random(len(env["group"])), env["group"], env["turn_off"]
    priority = []
    for i in range(len(group)):
        valid = env["turn_valid"][off[i] : off[i + 1]]
        penalty = 1 - np.mean(valid) if env["called"][i] else 0.5
        penalty += min(max((env["answers"][i] - 1) / len(valid), 0), 1) if env["format"][i] else 1.0
        priority.append(math.log1p(-u[i]) * (penalty + 0.01) if env["outcome"][i] else u[i])
    paid = np.full(len(group), NAN)
    for rows in members(group):
        right, wrong = ([i for i in rows if env["outcome"][i] == o] for o in (1, 0))
        room = min(5, len(rows))
        k = math.floor(len(right) * room / len(rows) + 0.5)
        k = min(max(k, min(2, len(right))), room - min(2, len(wrong)))
        k = min(max(k, room - len(wrong)), len(right))
        chosen = first(right, k, priority) + first(wrong, room - k, priority)
        paid[chosen] = env["outcome"][chosen]
    return paid, z(paid, group)


def g2rpo(env):
    total = np.zeros(len(env["group"]))
    for column in env["rewards"].T:
        total += z(column, env["group"], ddof=0, eps=1e-8)
    return None, np.clip(total, -1.5, 1.5)


def noisy_rewards(env):
    ids = sorted(set(env["group"].tolist()))
    coin = dict(zip(ids, env["rng"].random(len(ids)), strict=True))
    paid = []
    for i, o in enumerate(env["outcome"]):
        seen = 1 - o if coin[env["group"][i]] < 0.4 else o
        paid.append(seen if seen else 0.5 * env["process"][i])
    return paid, z(paid, env["group"])


def w_reinforce(env):
    return None, [0.1 if o else -1.0 for o in env["outcome"]]


def t1(env):
    bad = ~env["format"] | (env["repetition"] >= 0.5)
    paid = np.where(bad, -1.0, env["outcome"])
    out = []
    for i, k in enumerate(env["group"]):
        rest = [x for j, x in enumerate(paid) if j != i and env["group"][j] == k]
        out.append(paid[i] - np.mean(rest) if rest else 0.0)
    return paid, out


def cleaner(env):
    return None, z(env["outcome"], env["group"])


LOOPS = {
    f.__name__: (f, settings)
    for f, settings in (
        (arena_rl, {}),
        (writing_zero, {}),
        (prof, {"keep": 3}),
        (rstar2_agent, {"keep": 5}),
        (g2rpo, {"bound": 1.5}),
        (noisy_rewards, {"rate": 0.4}),
        (w_reinforce, {}),
        (t1, {}),
        (cleaner, {}),
    )
}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    loop, settings = LOOPS[name]
    recipe = find_recipe(name)(**settings)
    paid, advantage = loop(ragged(seed))
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(ragged(seed)), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(ragged(seed)), advantage, rtol=0, atol=1e-9)


def test_the_recipe_of_writing_zero_drops_one_sided_groups():
    env = {"group": np.repeat([0, 1], 4), "reward": [1.0, 1.0, 1.0, 0.0, 1.0, -1.0, 1.0, 0.0]}
    chosen = find_recipe("writing_zero")().select(env)
    assert chosen.mask.tolist() == [False] * 4 + [True] * 4
    assert chosen.drop_rate == 0.5


def test_morec_keeps_the_most_consistent_candidate():
    env = {"group": [0, 0, 1, 1], "process": [0.2, 0.9, NAN, 0.1], "outcome": [1, 1, 1, 1]}
    env["rng"] = np.random.default_rng(0)
    assert find_recipe("morec")().select(env).mask.tolist() == [False, True, False, True]


def test_t1_keeps_prompts_that_are_rarely_right():
    env = {"group": np.repeat([0, 1], 4), "outcome": [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]}
    assert find_recipe("t1")().select(env).mask.tolist() == [True] * 4 + [False] * 4
