"""Recipes of the trial set whose reward is an array stage, each against a plain loop on 50 ragged data sets with gaps.

RULERS (197) and DMoERM (103) have judge and audit stages only: tests/judges/test_learned.py and test_calibration.py.
"""

import math

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import find_recipe
from rubricate.structure import Structure

NAN = math.nan


def tree(rng):
    """Random parents, at most twelve nodes; only critical children under a critical node."""
    n = int(rng.integers(1, 12))
    parent = [int(rng.integers(-1, k)) for k in range(n)]
    critical = []
    for p in parent:
        critical.append(bool(rng.random() < 0.4) or (p >= 0 and critical[p]))
    return Structure.of(parent, critical=critical, sequential=rng.random(n) < 0.4)


def ragged(seed):
    """Unequal groups, criteria that do not apply, weights of both signs, all negative in every seventh data set."""
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 6)), group_size=int(rng.integers(1, 7)), missing=0.15 * (seed % 2))
    n = len(env["group"])
    env["group"] = rng.integers(0, 4, size=n) * 7
    env["structure"] = tree(rng)
    width = env["structure"].width
    gaps = rng.random((n, width)) < 0.1 * (seed % 2)
    env["scores"] = np.where(gaps, NAN, rng.choice([0.0, 0.5, 1.0, 1.0], (n, width)))
    env["asked"] = rng.random((n, width)) < 0.85
    env["weights"] = rng.choice([-2.0, -1.0, 1.0, 2.0, 3.0], width) if seed % 7 else -np.ones(width)
    env["category"], env["gate_mask"] = np.zeros(width, int), np.zeros(width, bool)
    env["rewards"] = np.where(rng.random((n, 4)) < 0.2, NAN, rng.integers(0, 5, (n, 4)) * 25.0)
    return env


def z(xs, group):
    out = []
    for x, g in zip(xs, group, strict=True):
        same = [y for y, h in zip(xs, group, strict=True) if h == g and not math.isnan(y)]
        flat = len(same) < 2 or max(same) == min(same) or math.isnan(x)
        out.append(0.0 if flat else (x - np.mean(same)) / (np.std(same, ddof=1) + 1e-6))
    return out


def points(env, i):
    """(sum of w v, sum of positive w, sum of |w|) over what was asked; v NaN when one is missing."""
    row = [(w, v) for w, v, a in zip(env["weights"], env["scores"][i], env["asked"][i], strict=True) if a]
    return sum(w * v for w, v in row), sum(max(w, 0) for w, _ in row), sum(abs(w) for w, _ in row)


def ruscarl(env):
    paid = []
    for i in range(len(env["group"])):
        earned, positive, _ = points(env, i)
        paid.append(earned / positive if positive else NAN)
    return paid, z(paid, env["group"])


def automated_medical_rubrics(env):
    paid = []
    for i in range(len(env["group"])):
        earned, positive, mass = points(env, i)
        paid.append(earned / positive if positive else earned / mass if mass else NAN)
    return paid, paid


def root(env, i, unknown):
    """Score of the tree where lost verdicts are all good (1) or all bad (0); None when nothing in it was asked."""
    s = env["structure"]

    def node(k):
        c = s.column[k]
        if c >= 0:
            v = 1 - env["scores"][i, c] if env["weights"][c] < 0 else env["scores"][i, c]
            return (unknown if math.isnan(v) else v) if env["asked"][i, c] else None
        return over([x for x in range(len(s)) if s.parent[x] == k], s.sequential[k])

    def over(children, sequential):
        found = [(k, node(k)) for k in children]
        found = [(k, v) for k, v in found if v is not None]
        if sequential:
            failed = [p for p, (_, v) in enumerate(found) if v < 1]
            found = [(k, 0.0 if failed and p > failed[0] else v) for p, (k, v) in enumerate(found)]
        if any(s.critical[k] and v < 1 for k, v in found):
            return 0.0
        free = [v for k, v in found if not s.critical[k]]
        return (sum(free) / len(free) if free else 1.0) if found else None

    top = [k for k in range(len(s)) if s.parent[k] < 0]
    return node(top[0]) if len(top) == 1 else over(top, False)


def mind2web2(env):
    """Lost verdicts leave no reward unless the score is the same whatever they were; it never falls with a verdict."""
    paid = []
    for i in range(len(env["group"])):
        low, high = root(env, i, 0.0), root(env, i, 1.0)
        paid.append(NAN if low is None or low != high else low)
    return paid, paid


def retro_star(env):
    """Exact in integers: samples are multiples of 25, distances are compared times their number."""
    out = []
    for i, row in enumerate(env["rewards"]):
        known = [x for x in row if not math.isnan(x)]
        far = [abs(len(known) * x - sum(known)) for x in row]
        reach = [d for d in far if not math.isnan(d)]
        intra = [NAN if math.isnan(x) else 0.0 for x in row]
        if reach and max(reach) > min(reach):
            intra[far.index(min(reach))], intra[far.index(max(reach))] = 1.0, -1.0
        right = env["outcome"][i] == 1
        mates = [j for j in range(len(env["group"])) if env["group"][j] == env["group"][i]]
        rest = [x for j in mates if (env["outcome"][j] == 1) != right for x in env["rewards"][j] if not math.isnan(x)]
        share = [sum(x > y if right else x < y for y in rest) / len(rest) if rest else NAN for x in row]
        out.append([0.75 * a + 0.25 * b for a, b in zip(intra, share, strict=True)])
    return out, out


LOOPS = {f.__name__: f for f in (ruscarl, automated_medical_rubrics, mind2web2, retro_star)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_is_the_loop(name, seed):
    env, recipe = ragged(seed), find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    np.testing.assert_allclose(recipe.reward(env), paid, rtol=0, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, rtol=0, atol=1e-9)


def test_the_data_sets_hold_what_they_should():
    envs = [ragged(k) for k in range(50)]
    assert any(np.isnan(mind2web2(e)[0]).any() and np.isfinite(mind2web2(e)[0]).any() for e in envs)
    assert any((np.asarray(ruscarl(e)[0]) < 0).any() for e in envs)
    assert any(len(e["structure"].top) > 1 for e in envs)
    assert any(e["structure"].sequential.any() and e["structure"].critical.any() for e in envs)
