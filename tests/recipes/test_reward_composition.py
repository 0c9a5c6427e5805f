"""Every composition against a plain loop, on ragged random data with gaps."""

import math
import statistics

import numpy as np
import pytest

from rubricate.lab.environment import draw
from rubricate.recipes import reward_composition

NAN = float("nan")


def ragged(seed):
    """An environment with unequal groups, rows without turns, criteria that do not apply, and missing verdicts."""
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 5)), group_size=int(rng.integers(1, 7)), missing=0.1)
    n = len(env["group"])
    env["group"], env["progress"] = rng.integers(0, 4, size=n) * 7, float(rng.random())
    env["asked"], env["links"] = rng.random((n, 6)) < 0.8, rng.random((6, 5)) < 0.4
    env["gate_mask"], env["weights"] = rng.random(6) < 0.4, rng.integers(0, 5, size=6).astype(float)
    for name in ("turn", "step"):
        env[f"{name}_off"] = np.concatenate([[0], np.cumsum(rng.integers(0, 5, size=n))])
    turns, steps = env["turn_off"][-1], env["step_off"][-1]
    env["turn_verdicts"] = np.where(rng.random((turns, 6)) < 0.05, NAN, rng.integers(0, 2, (turns, 6)))
    env["step_scores"] = np.where(rng.random(steps) < 0.1, NAN, rng.random(steps))
    env["step_valid"] = rng.random(steps) < 0.8
    return env


def mates(e, i):
    return [j for j in range(len(e["group"])) if e["group"][j] == e["group"][i]]


def known(values):
    return [v for v in values if not math.isnan(v)]


def mean(pairs):
    """Weighted mean of (weight, score) with positive weights; NaN when nothing is there."""
    mass = sum(w for w, _ in pairs)
    return sum(w * s for w, s in pairs) / mass if mass else NAN


def others(e, i):
    pairs = zip(e["weights"] * ~e["gate_mask"], e["scores"][i], e["asked"][i], strict=True)
    return mean([(w, s) for w, s, asked in pairs if asked and w])


def evidence(e, i):
    asked = [j for j in range(6) if e["asked"][i, j]]
    if not asked or any(math.isnan(e["scores"][i, j]) for j in asked):
        return NAN
    entities, found, size = {0}, set(), -1
    while len(found) > size:
        size = len(found)
        for j in asked:
            if e["scores"][i, j] >= 0.5 and any(e["links"][j, x] for x in entities):
                found.add(j)
                entities |= {x for x in range(5) if e["links"][j, x]}
    return len(found) / len(asked)


def rrm(e, i):
    return e["process"][i]


def carr(e, i):
    if not (e["format"][i] and e["outcome"][i]):
        return 0.0
    s, top = evidence(e, i), max(known(evidence(e, j) for j in mates(e, i)), default=NAN)
    return 0.7 + 0.3 * (s / top if top else s)


def stitchcuda(e, i):
    fatal = [e["scores"][i, j] for j in range(6) if e["gate_mask"][j]]
    veto = NAN if len(known(fatal)) < len(fatal) else min(fatal, default=1.0)
    return veto * (min(e["speedup"][i], 4.0) + 0.5 * others(e, i) if e["outcome"][i] else 0.0)


def job_application(e, i):
    return (1.0 if e["outcome"][i] else -0.25) if e["decision"][i] else 0.0


def atom_searcher(e, i):
    a = 0.5 * (1 - e["progress"])
    return a * e["process"][i] + (1 - a) * e["outcome"][i] if e["format"][i] else -1.0


def searchllm(e, i):
    lines = [e["scores"][i, j] for j in range(6) if e["gate_mask"][j] and e["asked"][i, j]]
    base = math.exp(sum(math.log((s + 0.01) / 1.01) for s in lines) / len(lines)) if lines else NAN
    return base * others(e, i)


def rlvrr(e, i):
    checks = [e["weights"][j] * e["scores"][i, j] for j in range(6) if e["asked"][i, j] and e["weights"][j]]
    return e["process"][i] + sum(checks)


def harmo(e, i):
    right = [e["length"][j] for j in mates(e, i) if e["outcome"][j]]
    gap = abs(e["length"][i] / (sum(right) / len(right)) - 1) if right else 0.0
    score = e["outcome"][i] if e["checkable"][i] else e["process"][i]
    return score + e["format"][i] - min(max(gap - 0.1, 0.0), 1.0)


def argument_rewriting(e, i):
    return 0.4 * e["process"][i] + 0.6 * e["outcome"][i]


def centred(reward, e, i, scale=False):
    """Advantage in the group: 0 where the reward is missing or alone."""
    values = known(reward[j] for j in mates(e, i))
    if math.isnan(reward[i]) or len(values) < 2:
        return 0.0
    spread = statistics.stdev(values) + 1e-6 if scale else 1.0
    return (reward[i] - statistics.fmean(values)) / spread


def grpo(reward, e, i):
    return centred(reward, e, i, scale=True)


def same(reward, e, i):
    return reward[i]


ROWS = {
    rrm: same,
    carr: grpo,
    stitchcuda: grpo,
    job_application: grpo,
    atom_searcher: grpo,
    searchllm: grpo,
    rlvrr: grpo,
    harmo: centred,
    argument_rewriting: same,
}


@pytest.mark.parametrize("loop", ROWS, ids=lambda f: f.__name__)
def test_a_reward_per_row_equals_a_plain_loop(loop):
    recipe = getattr(reward_composition, loop.__name__)()
    for seed in range(50):
        e = ragged(seed)
        expected = [loop(e, i) for i in range(len(e["group"]))]
        np.testing.assert_allclose(recipe.reward(e), expected, atol=1e-9)
        expected = [ROWS[loop](expected, e, i) for i in range(len(expected))]
        np.testing.assert_allclose(recipe.advantages(e), expected, atol=1e-9)


def steps(e, name, i):
    return range(e[f"{name}_off"][i], e[f"{name}_off"][i + 1])


def returns(rewards):
    return [sum(rewards[k:]) for k in range(len(rewards))]


def r3_rag(e, i):
    row = steps(e, "step", i)
    paid = [e["step_scores"][k] + (e["outcome"][i] if k == row[-1] else 0.0) for k in row]
    return returns([p if e["step_valid"][k] else -1.0 for p, k in zip(paid, row, strict=True)])


def clip_delta(e, i):
    p = [e["step_scores"][k] for k in steps(e, "step", i)]
    if not p:
        return []
    q = [NAN if math.isnan(x) else min(x - 0.9, 0.0) for x in p[:-1]] + [0.0]
    return returns([a - b for a, b in zip(q[:-1], q[1:], strict=True)] + [e["outcome"][i]])


def verpo(e, i):
    """Advantage of each turn of row i, from all turns of its group."""
    turns = [(j, t) for j in mates(e, i) for t in steps(e, "turn", j)]

    def rate(c):
        seen = known(e["turn_verdicts"][t, c] for j, t in turns if e["asked"][j, c])
        return sum(seen) / len(seen) if seen else NAN

    rates = [rate(c) for c in range(6)]
    density = [sum(math.exp(-((a - b) ** 2) / 0.02) for b in known(rates)) for a in rates]
    weights = [math.exp(-2 * a) / (d + 1e-3) for a, d in zip(rates, density, strict=True)]
    tests = {t: sum(weights[c] * e["turn_verdicts"][t, c] for c in range(6) if e["asked"][j, c]) for j, t in turns}
    reward = {j: e["outcome"][j] * 0.95 ** len(steps(e, "turn", j)) for j in mates(e, i)}
    whole = reward[i] - statistics.fmean(reward.values()) if len(reward) > 1 else 0.0
    seen = known(tests.values())
    return [whole + (tests[t] - statistics.fmean(seen) if len(seen) > 1 else tests[t] * 0) for t in steps(e, "turn", i)]


@pytest.mark.parametrize("loop", [r3_rag, clip_delta, verpo], ids=lambda f: f.__name__)
def test_advantages_per_step_equal_a_plain_loop(loop):
    recipe = getattr(reward_composition, loop.__name__)()
    for seed in range(50):
        e = ragged(seed)
        expected = [x for i in range(len(e["group"])) for x in loop(e, i)]
        np.testing.assert_allclose(recipe.advantages(e), expected, atol=1e-9)


def test_audits_of_the_recipes():
    lint = reward_composition.job_application(penalty=1.0).audit({})
    assert (lint.ok, lint.value) == (False, 0.5)
    e = {"outcome": [1, 1, 0, 0], "group": [0] * 4, "sound": [0, 1, 1, 1]}
    np.testing.assert_allclose(reward_composition.rrm(k=2).audit(e), [0.5])
