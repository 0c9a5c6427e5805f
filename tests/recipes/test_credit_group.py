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
    n = len(env["group"])
    env["group"] = rng.integers(0, 5, size=n) * 3 - 2
    env["rating"] = rng.integers(-1, 2, size=n).astype(float)
    env["rng"] = np.random.default_rng(seed)
    return env


def members(group):
    return [[i for i in range(len(group)) if group[i] == k] for k in sorted(set(group.tolist()))]


def known(xs):
    return [float(x) for x in xs if not math.isnan(x)]


def z(xs, group):
    """z-score among the known values of the group; 0 for a missing, a lone and an ordinary one."""
    out = []
    for x, k in zip(xs, group, strict=True):
        same = known(y for y, other in zip(xs, group, strict=True) if other == k)
        flat = len(same) < 2 or max(same) == min(same)
        out.append(0.0 if flat or math.isnan(x) else (x - np.mean(same)) / (np.std(same, ddof=1) + 1e-6))
    return out


def whole_groups(xs, group, good):
    """Rows with a value whose group is good, by the list of its known values."""
    out = [False] * len(xs)
    for rows in members(group):
        same = known(xs[i] for i in rows)
        for i in rows:
            out[i] = bool(same) and good(same) and not math.isnan(xs[i])
    return out


def arena_rl(env):
    paid = []
    for x, k in zip(env["rating"], env["group"], strict=True):
        same = [y for y, other in zip(env["rating"], env["group"], strict=True) if other == k]
        below = sum(y < x for y in same) + 0.5 * (sum(y == x for y in same) - 1)
        paid.append(below / (len(same) - 1) if len(same) > 1 else 0.5)
    return {"reward": paid, "advantages": z(paid, env["group"])}


def writing_zero(env):
    chosen = whole_groups(env["rating"], env["group"], lambda xs: abs(sum(xs)) / len(xs) <= 0.6)
    return {"reward": env["rating"], "advantages": env["rating"], "select": chosen}


def paid_if(chosen, env):
    return [o if c else NAN for o, c in zip(env["outcome"], chosen, strict=True)]


def best(rows, keep, priority):
    return sorted(rows, key=lambda i: priority[i], reverse=True)[:keep]


def by_sign(env, keep, split, priority):
    """Rows kept of each group: ``split(right, wrong, room)`` says how many are to be right ones."""
    chosen = [False] * len(env["group"])
    for rows in members(env["group"]):
        rows = [i for i in rows if priority[i] is not None]
        right, wrong = ([i for i in rows if env["outcome"][i] == side] for side in (1, 0))
        room = min(keep, len(rows))
        k = split(len(right), len(wrong), room)
        for i in best(right, k, priority) + best(wrong, room - k, priority):
            chosen[i] = True
    return chosen


def prof(env):
    """Sizes are tried one by one for the largest product of right and wrong; ties in the score are drawn."""
    draw_of, off, score = env["rng"].random(len(env["group"])), env["step_off"], []
    for i, right in enumerate(env["outcome"]):
        steps = env["step_scores"][off[i] : off[i + 1]].tolist()
        s = sum(steps) / len(steps) - 0.3 * (len(steps) == 1)
        score.append((s if right else -s, draw_of[i]))

    def split(right, wrong, room):
        fits = [k for k in range(room + 1) if k <= right and room - k <= wrong]
        return max(fits, key=lambda k: (k * (room - k), -k))

    chosen = by_sign(env, 3, split, score)
    return {"select": chosen, "advantages": z(paid_if(chosen, env), env["group"])}


def rstar2_agent(env):
    draw_of, off, priority = env["rng"].random(len(env["group"])), env["turn_off"], []
    for i, right in enumerate(env["outcome"]):
        valid = env["turn_valid"][off[i] : off[i + 1]]
        penalty = sum(not v for v in valid) / len(valid) if env["called"][i] else 0.5
        penalty += min(max((env["answers"][i] - 1) / len(valid), 0), 1) if env["format"][i] else 1.0
        priority.append(math.log1p(-draw_of[i]) * (penalty + 0.01) if right else draw_of[i])

    def split(right, wrong, room):
        k = math.floor(right * room / (right + wrong) + 0.5)
        low, high = min(2, right), room - min(2, wrong)
        k = min(max(k, low), high) if low <= high else k
        return min(max(k, room - wrong), right)

    chosen = by_sign(env, 5, split, priority)
    return {"select": chosen, "advantages": z(paid_if(chosen, env), env["group"])}


def g2rpo(env):
    total = np.zeros(len(env["group"]))
    for column in env["rewards"].T:
        for rows in members(env["group"]):
            own = column[rows]
            total[rows] += (own - own.mean()) / (own.std(ddof=1) + 1e-8) if len(rows) > 1 else 0.0
    return {"advantages": np.clip(total, -1.5, 1.5)}


def morec(env):
    draw_of, chosen = env["rng"].random(len(env["group"])), [False] * len(env["group"])
    for rows in members(env["group"]):
        fit = [i for i in rows if not math.isnan(env["process"][i])]
        for i in best(fit, 2, [(p, u) for p, u in zip(env["process"], draw_of, strict=True)]):
            chosen[i] = True
    return {"select": chosen}


def cleaner(env):
    return {"advantages": z(env["outcome"], env["group"])}


def noisy_rewards(env):
    paid = [o if o else 0.5 * p for o, p in zip(env["outcome"], env["process"], strict=True)]
    return {"reward": paid, "advantages": z(paid, env["group"])}


def w_reinforce(env):
    return {"advantages": [0.1 if o else -1.0 for o in env["outcome"]]}


def t1(env):
    rows = zip(env["format"], env["repetition"], env["outcome"], strict=True)
    paid, out = [o if ok and r < 0.5 else -1.0 for ok, r, o in rows], []
    for i, k in enumerate(env["group"]):
        rest = [x for j, x in enumerate(paid) if j != i and env["group"][j] == k]
        out.append(paid[i] - np.mean(rest) if rest else 0.0)
    chosen = whole_groups(env["outcome"], env["group"], lambda xs: sum(xs) / len(xs) <= 0.3)
    return {"reward": paid, "advantages": out, "select": chosen}


LOOPS = {
    f.__name__: (f, settings)
    for f, settings in (
        (arena_rl, {}),
        (writing_zero, {}),
        (prof, {"keep": 3, "penalty": 0.3}),
        (rstar2_agent, {"keep": 5}),
        (g2rpo, {"bound": 1.5}),
        (morec, {"keep": 2}),
        (noisy_rewards, {}),
        (w_reinforce, {}),
        (t1, {}),
        (cleaner, {}),
    )
}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    loop, settings = LOOPS[name]
    recipe, want = find_recipe(name)(**settings), loop(ragged(seed))
    if recipe.reward is not None:
        np.testing.assert_allclose(recipe.reward(ragged(seed)), want["reward"], rtol=0, atol=1e-9)
    if recipe.select is not None:
        np.testing.assert_array_equal(recipe.select(ragged(seed)).mask, want["select"])
    if "advantages" in want:
        np.testing.assert_allclose(recipe.advantages(ragged(seed)), want["advantages"], rtol=0, atol=1e-9)


def oversampled():
    """Four right rows and two wrong ones in one group; row 1 is right by bad steps, row 4 wrong by good ones."""
    return {
        "group": np.zeros(6, int),
        "outcome": np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
        "step_scores": np.repeat([0.9, 0.2, 0.8, 0.7, 0.9, 0.1], 2),
        "step_off": np.arange(7) * 2,
        "rng": np.random.default_rng(0),
    }


def test_prof_normalises_over_what_it_keeps_by_hand():
    """Kept: rows 0 and 2 (right, .9 and .8), rows 4 and 5 (wrong): mean 1/2, std sqrt(1/3), so +-.866."""
    recipe = find_recipe("prof")(keep=4)
    assert recipe.select(oversampled()).mask.tolist() == [True, False, True, False, True, True]
    a = math.sqrt(3) / 2
    np.testing.assert_allclose(recipe.advantages(oversampled()), [a, 0, a, 0, -a, -a], atol=1e-5)
    # the control: over all six rows the mean is 2/3 and right rows would get (1/3) / sqrt(4/15) = .645
    whole = recipe.credited(oversampled() | {"selection": find_recipe("prof")(keep=6).select(oversampled())})
    np.testing.assert_allclose(whole[0], (1 / 3) / math.sqrt(4 / 15), atol=1e-5)


def test_rstar2_agent_penalties_by_hand():
    """Order 'best' keeps, of four right rows, the two of least penalty; the wrong ones keep their share of two places.

    Penalties: 0 errors of 2 turns: 0; no call: .5; 2 of 2 turns: 1; bad format 1 + 0; the last two are wrong rows.
    """
    env = {
        "group": np.zeros(8, int),
        "outcome": np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        "turn_off": np.arange(9) * 2,
        "turn_valid": np.array([1, 1, 0, 0, 0, 0, 1, 1] + [1] * 8, bool),
        "called": np.array([1, 0, 1, 1, 1, 1, 1, 1], bool),
        "format": np.array([1, 1, 1, 0, 1, 1, 1, 1], bool),
        "answers": np.ones(8, int),
        "rng": np.random.default_rng(0),
    }
    recipe = find_recipe("rstar2_agent")(keep=4, order="best")
    kept = recipe.select(env).mask
    assert kept[:4].tolist() == [True, True, False, False]
    assert kept[4:].sum() == 2
    a = recipe.credited(env | {"selection": recipe.select(env)})
    np.testing.assert_allclose(np.abs(a).sum(), 4 * math.sqrt(3) / 2, atol=1e-5)
    # a second answer in two turns costs (2 - 1) / 2, so row 0 now stands level with row 1 and behind neither of 2, 3
    worse = recipe.select(env | {"answers": np.array([3, 1, 1, 1, 1, 1, 1, 1])}).mask
    assert worse[1]


def test_what_is_logged_is_what_is_trained_on():
    """Rows are drawn, so a second call keeps others; a selection made before is taken as it is."""
    env = ragged(8) | {"group": np.zeros(len(ragged(8)["group"]), int)}
    recipe = find_recipe("rstar2_agent")()
    chosen = recipe.select(env)
    trained = np.flatnonzero(recipe.credited(env | {"selection": chosen}))
    assert set(trained) <= set(np.flatnonzero(chosen.mask))
    assert (recipe.select(env).mask != chosen.mask).any()


def test_the_recipe_of_writing_zero_drops_one_sided_groups():
    env = {"group": np.repeat([0, 1], 4), "rating": [1.0, 1.0, 1.0, 0.0, 1.0, -1.0, 1.0, 0.0]}
    chosen = find_recipe("writing_zero")().select(env)
    assert chosen.mask.tolist() == [False] * 4 + [True] * 4
    assert chosen.drop_rate == 0.5
