"""Recipes of judges that are asked again: rewards against plain loops, judges once from end to end."""

import asyncio
import itertools
import json
import math

import numpy as np
import pytest

import rubricate as rb
from rubricate.judges import Panel
from rubricate.lab.environment import draw
from rubricate.llm.client import Reply, Token
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.recipes import find_recipe
from rubricate.recipes import judge_turns as recipes
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

NAN = math.nan


def data(seed):
    """A drawn environment with unequal groups and, in every second one, gaps."""
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 6)), group_size=int(rng.integers(1, 7)), missing=0.1 * (seed % 2))
    n = len(env["group"])
    env["group"] = rng.integers(0, 4, size=n) * 7
    env["progress"] = float(rng.random())
    for name in ("outcome", "rewards"):
        env[name][rng.random(env[name].shape) < 0.15 * (seed % 2)] = NAN
    return env


def z(xs, group):
    out = []
    for x, g in zip(xs, group, strict=True):
        same = [y for y, h in zip(xs, group, strict=True) if h == g and not math.isnan(y)]
        if math.isnan(x):
            out.append(NAN)
        elif len(same) < 2 or max(same) == min(same):
            out.append(0.0)
        else:
            mean = sum(same) / len(same)
            out.append((x - mean) / (math.sqrt(sum((y - mean) ** 2 for y in same) / len(same)) + 1e-6))
    return out


def scirm(env):
    rows = []
    for i in range(len(env["group"])):
        right, first = env["outcome"][i], env["first_outcome"][i]
        if env["progress"] < 0.5:
            rungs = [env["format"][i], env["readable"][i], env["on_scale"][i]]
            if not all(rungs):
                rows.append((-0.5, 0.0, 0.25)[rungs.index(False)])
            else:
                rows.append(NAN if math.isnan(right) else 1.5 if right else 0.5)
        elif math.isnan(right) or math.isnan(first):
            rows.append(NAN)
        else:
            rows.append({(0, 1): 1.0, (1, 0): -1.0, (1, 1): 0.5, (0, 0): -0.5}[int(first), int(right)])
    return z(rows, env["group"])


def libra(env):
    return [y if f else 0.0 for f, y in zip(env["format"], env["outcome"], strict=True)]


def rm_r1(env):
    return z([2 * y - 1 if f else -1.0 for f, y in zip(env["format"], env["outcome"], strict=True)], env["group"])


def br_rm(env):
    return z([y - 1 if f else -1.0 for f, y in zip(env["format"], env["outcome"], strict=True)], env["group"])


def ctrl_u(env):
    out = []
    for row in env["rewards"]:
        known = [x for x in row if not math.isnan(x)]
        pairs = list(itertools.combinations(known, 2))
        if not pairs:
            out.append(NAN)
            continue
        u = sum(abs(a - b) for a, b in pairs) / len(pairs)
        out.append(sum(known) / len(known) * math.exp(-u) - u)
    return out


def self_rag(env):
    out = []
    for rel, sup, use in zip(env["relevance_mass"], env["support_mass"], env["use_mass"], strict=True):
        useful = sum(v * p for v, p in zip((-1, -0.5, 0, 0.5, 1), use, strict=True)) / sum(use)
        out.append(rel[0] / sum(rel) + (sup[0] + 0.5 * sup[1]) / sum(sup) + 0.5 * useful)
    return out


LOOPS = {f.__name__: f for f in (scirm, libra, rm_r1, br_rm, ctrl_u, self_rag)}


@pytest.mark.parametrize("name", LOOPS)
def test_the_composition_equals_a_plain_loop(name):
    for seed in range(50):
        env = data(seed)
        np.testing.assert_allclose(
            getattr(recipes, name)().advantages(env), LOOPS[name](env), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}"
        )


def test_a_format_error_does_not_drown_right_and_wrong():
    """The defect of the released code (card 90): -100 in a z-scored group."""
    env = {"format": np.arange(8) > 0, "outcome": np.array([0, 1, 1, 1, 1, 0, 0, 0.0]), "group": np.zeros(8)}
    ours, released = recipes.br_rm().advantages(env), recipes.br_rm(format_error=-100.0).advantages(env)
    assert ours[1] - ours[5] == pytest.approx(2.0, abs=1e-5)
    assert released[1] - released[5] == pytest.approx(0.03, abs=0.005)


RUBRIC = Rubric(id="r", criteria=[{"id": "a", "text": "Right.", "scale": "0-9"}])
SAMPLES = [Sample(name, (Message("user", "2 + 2?"),), name) for name in ("4", "5")]
TRUTH = JudgeScript(lambda response, name, text: 9 if response == "4" else 0)


def writer(request):
    asked = request.messages[-1].content
    if "Before you see a response" in asked:
        return "<type>reasoning</type><solution>4</solution>"
    if "Give no verdict yet" in asked:
        return json.dumps({"focus": [{"dimension": "computational correctness", "issues": "none"}]})
    return None


def rated(request):
    if "Score: X" not in request.messages[0].content:
        return None
    digit = "8" if "\n4\n" in request.messages[1].content else "1"
    top = ((digit, math.log(0.5)), (str(int(digit) + 1), math.log(0.5)))
    return Reply((f"Score: {digit}",), tokens=((Token("Score: ", 0.0), Token(digit, math.log(0.5), top)),))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scirm", [9, 0]),
        ("libra", [9, 0]),
        ("rm_r1", [9, 0]),
        ("br_rm", [9, 0]),
        ("ctrl_u", [9, 0]),
        ("j1_7b", [9, 0]),
        ("sacd", [9, 0]),
        ("self_rag", [8.5, 1.5]),
        ("self_j", [8.5, 1.5]),
    ],
)
def test_the_judge_of_the_recipe_runs_from_end_to_end(name, expected):
    judge = find_recipe(name)().judge.build()
    client = ScriptedClient([writer, rated, TRUTH])
    result = rb.run(RUBRIC, SAMPLES, judge=judge, client=client)
    assert result.scores.native[:, 0].tolist() == pytest.approx(expected)
    assert client.calls == result.usage.calls


def test_the_panel_of_ctrl_u_is_pessimistic_and_the_loops_of_the_others_run():
    assert isinstance(recipes.ctrl_u().judge.build(), Panel)
    loop = find_recipe("73")().loop.build()
    done = asyncio.run(
        loop.run(SAMPLES[1], ScriptedClient(lambda r: "<edited>4</edited>"), lambda s: [x.response == "4" for x in s])
    )
    assert (done.text, len(done.texts)) == ("4", 9)
    judge = find_recipe("73")().judge.build().fit([[1.0]], [[0.0]])
    assert judge.score([[2.0]])[0] > judge.score([[1.0]])[0]
    drift = find_recipe("191")().audit.build(confidence=[[0.5, 0.7]], correct=[[1.0, 1.0]])
    assert drift.drift == pytest.approx(0.2)
