"""Recipes of judges that verify: array stages against plain loops, judges from end to end with a scripted client."""

import asyncio
import json
import math

import numpy as np
import pytest

from rubricate.judges import (
    SENTENCES,
    STEPS,
    Cascade,
    EquivalenceJudge,
    SentenceJudge,
    StepJudge,
    ToolJudge,
    segment_arrays,
)
from rubricate.lab.environment import draw
from rubricate.llm.client import Reply, Token
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

NAN = math.nan
RUBRIC = Rubric(id="r", criteria=[{"id": "right", "text": "The answer equals the reference."}])
SAMPLE = Sample("s", (Message("user", "How far?"),), "The answer is 1500 m.", reference="1.5 km")


def ragged(seed):
    rng = np.random.default_rng(seed)
    env = draw(rng, prompts=int(rng.integers(1, 7)), group_size=int(rng.integers(1, 9)), missing=0.15 * (seed % 2))
    n = len(env["group"])
    env["group"] = rng.integers(0, 5, size=n) * 3
    env["outcome"][rng.random(n) < 0.1 * (seed % 2)] = NAN
    env["step_scores"][rng.random(len(env["step_scores"])) < 0.1 * (seed % 2)] = NAN
    return env


def gated(passed, x, otherwise=0.0):
    return [float(v) if p >= 0.5 else otherwise for p, v in zip(passed, x, strict=True)]


def z(values, group, ddof=1, eps=1e-6, missing=NAN):
    out = []
    for x, g in zip(values, group, strict=True):
        known = [v for v, h in zip(values, group, strict=True) if h == g and not math.isnan(v)]
        if math.isnan(x):
            out.append(missing)
        elif len(known) < 2:
            out.append(0.0)
        else:
            mean = sum(known) / len(known)
            std = math.sqrt(sum((v - mean) ** 2 for v in known) / (len(known) - ddof))
            out.append((x - mean) / (std + eps))
    return out


def steps_of(env):
    off = env["step_off"]
    return [range(off[i], off[i + 1]) for i in range(len(off) - 1)]


def cosine_verifier(env):
    paid = gated(env["format"], env["outcome"])
    return paid, paid


def master_rm(env):
    paid = gated(env["answers"], env["outcome"])
    return paid, z(paid, env["group"], missing=0.0)


def reward_bridge(env):
    paid = gated(env["format"], env["process"])
    return paid, z(paid, env["group"])


def trm(env):
    paid, group = [], []
    for i, part in enumerate(steps_of(env)):
        for t in part:
            paid.append(2 * env["quality"][i] + env["step_scores"][t])
            group.append(env["group"][i])
    per_step, out = z(paid, group), []
    for t, a in enumerate(per_step):
        out += [a] * int(env["step_tokens"][t + 1] - env["step_tokens"][t])
    return paid, out


def spark(env):
    paid = gated(env["format"], env["outcome"])
    row, out = z(paid, env["group"], missing=0.0), []
    for i, part in enumerate(steps_of(env)):
        for t in part:
            known = [f for f in env["step_flags"][t] if not math.isnan(f)]
            if not known:
                out.append(NAN)
                continue
            right = 2 * sum(f >= 0.5 for f in known) <= len(known)
            out.append(row[i] if (row[i] >= 0) == right else 0.0)
    return paid, out


def rlpt(env):
    return cosine_verifier(env)


LOOPS = {f.__name__: f for f in (cosine_verifier, master_rm, reward_bridge, trm, spark, rlpt)}


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("name", sorted(LOOPS))
def test_the_composition_is_the_plain_loop(name, seed):
    env = ragged(seed)
    recipe = find_recipe(name)()
    paid, advantage = LOOPS[name](env)
    np.testing.assert_allclose(recipe.reward(env), paid, atol=1e-9)
    np.testing.assert_allclose(recipe.advantages(env), advantage, atol=1e-9)


def test_control_the_loop_tells_another_weight():
    env = ragged(0)
    assert not np.allclose(find_recipe("trm")(usefulness=1.0).reward(env), trm(env)[0])


# ------------------------------------------------------------------------------------------------- end to end


def judged(judge, client, sample=SAMPLE):
    return asyncio.run(judge.verdicts(sample, RUBRIC, RUBRIC.leaves, client))[0]


def test_a_computed_answer_goes_through_rule_label_and_tools():
    def model(request):
        if "candidate" in request.messages[0].content:
            return Reply(("NO",), tokens=((Token("NO", -0.5, (("NO", -0.5), ("YES", -1.0))),),))
        if len(request.messages) == 2:
            return json.dumps(
                {"thought": "t", "tool": "convert_units", "arguments": {"quantity": "1500 m", "to": "km"}}
            )
        return json.dumps({"thought": "t", "verdict": "met" if "1.5 km" in request.messages[-1].content else "not_met"})

    judge = find_recipe("16")().judge.build()
    assert isinstance(judge, Cascade)
    assert [s.name for s in judge.stages] == ["rules", "maths", "label", "tools"]
    client = ScriptedClient(model)
    verdict = judged(judge, client)
    assert (verdict.value, verdict.label, client.calls, verdict.usage.calls) == (1.0, "tools:met", 3, 3)
    number = Sample("s", (), "41", reference="42")
    assert judged(judge, client, number).label == "rules:wrong"
    assert client.calls == 3


def test_the_gate_of_38_and_the_prefix_of_170():
    judge = find_recipe("38")().judge.build()
    client = ScriptedClient(lambda request: "YES")
    assert judged(judge, client, Sample("s", (), "Solution", reference="42")).label == "no_answer"
    assert client.calls == 0
    prefix = find_recipe("170")().judge.build()
    assert isinstance(prefix, EquivalenceJudge)
    asked = prefix.request(SAMPLE, ("1.5 km",), "1500 m").messages[0].content
    assert "the beginning of it" in asked
    tasks = find_recipe("170")().loop.build(text="One here. Two here. Three here.")
    assert [t.reference for t in tasks] == ["Two here. Three here.", "Three here."]


def test_the_soft_reward_of_71_is_the_mass_on_yes():
    judge = find_recipe("71")().judge.build()
    top = (("YES", math.log(0.6)), ("NO", math.log(0.2)))
    verdict = judged(judge, ScriptedClient(lambda r: Reply(("YES",), tokens=((Token("YES", top[0][1], top),),))))
    assert verdict.value == pytest.approx(0.75)


def test_the_tools_of_86():
    def model(request):
        if len(request.messages) == 2:
            return json.dumps({"thought": "t", "tool": "calculator", "arguments": {"expression": "1.5 * 1000"}})
        return json.dumps(
            {"thought": "t", "verdict": "met" if "\n1500.0\n" in request.messages[-1].content else "not_met"}
        )

    judge = find_recipe("86")().judge.build()
    assert isinstance(judge, ToolJudge)
    assert [t.name for t in judge.tools] == ["calculator", "search", "python"]
    assert judged(judge, ScriptedClient(model)).value == 1.0


def labelled(unit, count, **more):
    return json.dumps({f"{unit}s": [{"n": k + 1, "correct": "met", "faithful": "met"} for k in range(count)], **more})


def test_the_labels_of_107_and_150_become_arrays():
    judge = find_recipe("107")().judge.build()
    assert isinstance(judge, SentenceJudge)
    labels = asyncio.run(
        judge.label(SAMPLE, ["A.", "B."], SENTENCES, ScriptedClient(lambda r: labelled("sentence", 2)))
    )
    assert segment_arrays([labels], SENTENCES).values.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    judge = find_recipe("150")(votes=3).judge.build()
    assert isinstance(judge, StepJudge)
    client = ScriptedClient(lambda r: labelled("step", 2, final={"correct": "met"}))
    labels = asyncio.run(judge.label(SAMPLE, ["A.", "B."], STEPS, client))
    assert client.calls == 3
    assert segment_arrays([labels], STEPS).whole.tolist() == [[1.0]]


def test_the_vote_of_172_counts_what_its_judge_accepts():
    recipe = find_recipe("172")()
    judge = recipe.judge.build()
    client = ScriptedClient(JudgeScript(lambda response, name, text: "7" in response))
    texts = ["It is 8.", "It is 8.", "It is 7.", "It is 8."]
    found = [judged(judge, client, Sample(f"s{k}", (), t)) for k, t in enumerate(texts)]
    assert {v.state for v in found} == {State.SCORED}
    chosen = recipe.loop.build(answer=[8, 8, 7, 8], accepted=[v.value for v in found], group=[0] * 4)
    assert chosen.tolist() == [2]
