"""Recipes that write rubrics: array stages against plain loops, generators from end to end with a scripted client."""

import asyncio
import itertools
import json
import math

import numpy as np
import pytest

import rubricate as rb
from rubricate.generate import Feedback, Material
from rubricate.judges import PointwiseJudge, compare_pairs
from rubricate.llm.client import Reply
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.recipes import find_recipe
from rubricate.rubrics import Rubric
from rubricate.structure import Structure
from rubricate.types import Message, Sample

NAN = math.nan
WEIGHTS = np.array([5.0, 3.0, -4.0, 2.0])
CLASSES = ("essential", "important", "pitfall", "highlight")


def draw(seed):
    rng = np.random.default_rng(seed)
    n, hole = int(rng.integers(1, 15)), 0.15 * (seed % 2)
    scores = rng.choice([0.0, 0.5, 1.0], (n, 4))
    scores[rng.random((n, 4)) < hole] = NAN
    asked = rng.random((n, 4)) < 0.8
    asked[:, 0] = True
    outcome = np.where(rng.random(n) < hole, NAN, rng.integers(0, 2, n))
    off = np.concatenate([[0], np.cumsum(rng.integers(1, 5, n))])
    given, known = rng.integers(0, 3, (2, off[-1])).astype(float)
    given[rng.random(off[-1]) < hole] = NAN
    env = {"scores": scores, "asked": asked, "weights": WEIGHTS, "outcome": outcome, "group": rng.integers(0, 4, n)}
    env |= {"plan": rng.integers(0, 5, n), "list_off": off, "list_given": given, "list_known": known}
    env |= {"readable": rng.random(n) < 0.8, "on_scale": rng.random(n) < 0.8, "format": rng.random(n) < 0.8}
    env |= {"answers": rng.integers(0, 4, n), "length": rng.integers(0, 200, n), "length_low": rng.integers(1, 50, n)}
    env["length_high"] = env["length_low"] + rng.integers(0, 50, n)
    tags = ((), ("safety",), (), ("care",))
    return env | {"structure": Structure.of([-1] * 4, weight=WEIGHTS, classes=CLASSES, tags=tags)}


# --------------------------------------------------------------------------------------------------- rewards


def rows(env):
    """(value, weight) of the items asked of each row; None where one of them has no verdict."""
    for values, asked in zip(env["scores"], env["asked"], strict=True):
        items = [(v, w) for v, w, a in zip(values, WEIGHTS, asked, strict=True) if a]
        yield None if any(v != v for v, _ in items) else items


def points(env):
    """sum of met points over sum of positive points."""
    return [NAN if r is None else sum(v * w for v, w in r) / sum(w for _, w in r if w > 0) for r in rows(env)]


def mean(env):
    return [NAN if r is None else sum(v for v, _ in r) / len(r) for r in rows(env)]


def full(env):
    return [NAN if r is None else sum(v == 1.0 for v, _ in r) / len(r) for r in rows(env)]


def with_length(env):
    out = []
    for k, r in enumerate(rows(env)):
        low, high, n = env["length_low"][k], env["length_high"][k], env["length"][k]
        fit = n / low if n < low else 1.0 if n <= high else max(0.0, (4 * high - n) / (3 * high))
        top = sum(v * w if w > 0 else (1 - v) * -w for v, w in r or ())
        out.append(NAN if r is None else top / sum(abs(w) for _, w in r) + 0.5 * fit)
    return out


def lists(env):
    out = []
    for k, (a, b) in enumerate(zip(env["list_off"][:-1], env["list_off"][1:], strict=True)):
        given, known = env["list_given"][a:b], env["list_known"][a:b]
        if not env["readable"][k]:
            out.append(0.0)
            continue
        if np.isnan(given).any():
            out.append(NAN)
            continue
        f1 = 0.0
        for c in range(3):
            size = (given == c).sum() + (known == c).sum()
            f1 += (2 * ((given == c) & (known == c)).sum() / size if size else 1.0) / 3
        exact = float((given == known).all())
        reward = 0.35 * f1 + 0.35 * exact + 0.2 * env["format"][k] + 0.1 * env["on_scale"][k]
        out.append(0.0 if f1 == 0 else reward * (0.1 if env["answers"][k] > 1 else 1.0))
    return out


def of_plan(env):
    out = []
    for plan in env["plan"]:
        known = [o for o, p in zip(env["outcome"], env["plan"], strict=True) if p == plan and o == o]
        out.append(sum(known) / len(known) if known else NAN)
    return out


def classes(env):
    """The score of each row, NaN unless what is missing makes no difference."""
    out = []
    for values, asked in zip(env["scores"], env["asked"], strict=True):
        choices = [(0.0, 1.0) if v != v and a else (v,) for v, a in zip(values, asked, strict=True)]
        found = {round(classes_of(v, asked), 12) for v in itertools.product(*choices)}
        out.append(found.pop() if len(found) == 1 else NAN)
    return out


def classes_of(values, asked):
    """2 S_ess + rest - 2 S_pit with truncation and saturation, min-max over what was asked."""
    got = {c: v * abs(w) if a else 0.0 for c, v, w, a in zip(CLASSES, values, WEIGHTS, asked, strict=True)}
    of = {c: abs(w) if a else 0.0 for c, w, a in zip(CLASSES, WEIGHTS, asked, strict=True)}
    rest = min(min(got["important"], 1.0) + min(got["highlight"], 1.0), 2 * got["essential"])
    if got["essential"] < 0.5 * of["essential"] or got["pitfall"] > 0.5 * of["pitfall"]:
        rest = 0.0
    raw = 2 * got["essential"] + rest - 2 * got["pitfall"]
    low, high = -2 * of["pitfall"], 2 * of["essential"] + of["important"] + of["highlight"]
    return (raw - low) / (high - low)


PLAIN = {
    "orbit": points,
    "gaps": points,
    "rubricrag": points,  # clipped over the data set, not per row
    "researchqa": mean,
    "deepresearch_bench_ii": full,
    "ace_rl": with_length,
    "search_gen_v": lists,
    "deltarubric": of_plan,
    "quarkmedbench": classes,
}


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_the_reward_is_the_plain_loop(name):
    for seed in range(50):
        env = draw(seed)
        if PLAIN[name] in (mean, full):
            env["weights"] = np.ones(4)  # items without weights: a negative one is refused
        found = find_recipe(name)().reward(env)
        np.testing.assert_allclose(found, PLAIN[name](env), atol=1e-9, err_msg=str(seed))


@pytest.mark.parametrize("name", ["orbit", "ace_rl", "search_gen_v", "deltarubric"])
def test_the_credit_is_the_z_score_of_the_group(name):
    for seed in range(50):
        env = draw(seed)
        reward = np.array(PLAIN[name](env))
        expected = []
        for k, r in enumerate(reward):
            known = [x for x, g in zip(reward, env["group"], strict=True) if g == env["group"][k] and x == x]
            alone = len(known) < 2 or r != r
            expected.append(0.0 if alone else (r - np.mean(known)) / (np.std(known, ddof=1) + 1e-6))
        np.testing.assert_allclose(find_recipe(name)().credited(env, reward), expected, atol=1e-9, err_msg=str(seed))


# ---------------------------------------------------------------------------------------------- whole systems

MATERIAL = Material(
    "How do I brew tea for guests?",
    responses=("Warm the pot with a swirl of water.", "Use the microwave."),
    labels=(1.0, 0.0),
    passages=("Brew green tea at 80 degrees.",),
    sources=("https://tea.org",),
    feedback=(Feedback("It forgets the temperature.", "x", 0),),
    reference="Steep leaves for three minutes.",
    neighbours=(Rubric(id="n", prompt="Brew coffee", criteria=[{"id": "a", "text": "Names the grind.", "weight": 5}]),),
)
FIELDS = {
    "weight": 5,
    "class": "essential",
    "passage": 1,
    "feedback": 1,
    "holds": "no",
    "grade": "high",
    "span": "forgets the temperature",
}
ITEMS = [
    {**FIELDS, "text": "Names a temperature."},
    {**FIELDS, "text": "Recommends boiling the leaves.", "weight": -5},
]
FINDINGS = {"findings": [{"criterion": "heat", "status": "pass", "severity": 0, "claim": "c", "evidence": ""}]}


class Client:
    """Answers by what the prompt asks for."""

    endpoint = "test"

    async def complete(self, request):
        system = request.messages[0].content
        kind = "hard rule" if "hard rule" in system else "essential"
        reply = FINDINGS if '"findings"' in system else {"items": [i | {"class": kind} for i in ITEMS]}
        return Reply((json.dumps(reply),))


WRITERS = (*PLAIN, "openrubrics", "rlbff", "cdrrm", "spacer")


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_generator_writes_a_rubric_that_a_judge_reads(name):
    recipe = find_recipe(name)()
    draft = asyncio.run(recipe.rubric.build().generate(MATERIAL, Client(), id="tea"))
    assert draft.why == ""
    assert [c.text for c in draft.rubric.criteria] == [i["text"] for i in ITEMS]
    judge = recipe.judge.build() if recipe.judge else None
    if isinstance(judge, PointwiseJudge):
        sample = Sample("s", (Message("user", MATERIAL.prompt),), "At 80 degrees.", rubric="tea")
        script = ScriptedClient(JudgeScript(lambda response, task, text: 1.0))
        found = rb.run(draft.rubric, [sample], judge=judge, client=script)
        assert not np.isnan(found.scores.values).any()


def test_the_audits_and_filters_build():
    assert find_recipe("rubricrag")().audit.build(grid=[[1.0]]).recall == 1.0
    assert find_recipe("cdrrm")().refine.build().of([[1.0], [0.0]]).keep.tolist() == [True, False]
    assert find_recipe("openrubrics")().refine.build().of([[1.0, 0.0], [1.0, 1.0]]).keep.tolist() == [False, True]
    assert find_recipe("math_feedback")().judge.build().score(["a b"], ["a b c", "x y"], [1.0, 0.0]).scores[0] == 1.0
    assert find_recipe("rlbff")().refine.build(similarity=np.ones((2, 2)), annotator=("a", "b")).tolist() == [
        True,
        True,
    ]


def test_the_questions_come_before_the_judge():
    pair = [Sample(k, (Message("user", "Which is older?"),), k) for k in "ab"]
    recipe = find_recipe("introspective_growth")(k=2)
    replies = iter(['{"questions": ["When?", "Where?", "Why?"]}', '{"answers": ["In 1997.", null]}'])
    found = asyncio.run(recipe.loop.build().of(pair, ScriptedClient(lambda request: next(replies))))
    assert [s.documents for s in found.samples] == [("Question: When?\nAnswer: In 1997.",)] * 2
    seen = []
    client = ScriptedClient(lambda r: seen.append(r) or '{"verdicts": [{"id": "whole", "verdict": "A"}]}')
    rubric = Rubric(id="r", criteria=[{"id": "a", "text": "Is older."}])
    asyncio.run(compare_pairs(recipe.judge.build(), [[0, 1]], found.samples, rubric, client))
    assert "Answer: In 1997." in seen[0].messages[1].content
