"""Checks of judges that verify: references, master keys, sentences, steps, tools, cascades."""

import asyncio
import json
import math
import re

import numpy as np

from rubricate.audit import MASTER_KEYS, key_rates
from rubricate.credit import grpo, token_segments
from rubricate.credit.layout import pool
from rubricate.judges import SENTENCES, STEPS, BradleyTerry, EquivalenceJudge, SentenceJudge, segment_arrays
from rubricate.judges.learned import hashed_words
from rubricate.lab.claims import Outcome, claim
from rubricate.lab.worlds import softmax
from rubricate.llm.client import Reply, Token
from rubricate.llm.scripted import JudgeScript, ScriptedClient, read_prompt
from rubricate.loops import next_segments
from rubricate.recipes import find_recipe
from rubricate.rewards import combine, gate
from rubricate.rubrics import Rubric
from rubricate.seeds import generator
from rubricate.types import Message, Sample, State
from rubricate.verifiers import exact, sentence_spans

RIGHT = Rubric(id="right", criteria=[{"id": "right", "text": "The answer equals the reference."}])


def answers(judge, samples, client, rubric=RIGHT):
    """The verdict of a rubric of one criterion about each sample."""

    async def all_of_them():
        return [(await judge.verdicts(s, rubric, rubric.leaves, client))[0] for s in samples]

    return asyncio.run(all_of_them())


# ------------------------------------------------------------------------------------------- 16: CoSineVerifier

EQUAL = [
    ("32/11", "2.909"), ("2*sin(x)*cos(x)", "sin(2*x)"), ("1+tan(x)**2", "1/cos(x)**2"), ("(x+1)**2", "x**2+2*x+1"),
    ("0.333", "1/3"), ("sqrt(8)", "2*sqrt(2)"), ("exp(log(5))", "5"), ("x*(x-1)", "x**2-x"), ("1-sin(x)**2", "cos(x)**2"),
    ("log(x)+log(2)", "log(2*x)"), ("1/(1+1/x)", "x/(x+1)"), ("2**0.5", "sqrt(2)"), ("(x**2-1)/(x-1)", "x+1"),
    ("cosh(x)**2-sinh(x)**2", "1+0*x"), ("3.14", "pi"), ("5/8+0*x", "0.625"), ("exp(2*x)", "exp(x)**2"),
    ("(a+b)*(a-b)", "a**2-b**2"), ("22/7-1/7", "3.0000"), ("x/2+x/3", "5*x/6"),
]  # fmt: skip
NEAR = [
    ("31/11", "2.909"), ("2*sin(x)", "sin(2*x)"), ("1+tan(x)", "1/cos(x)**2"), ("(x+1)**2", "x**2+x+1"),
    ("0.32", "1/3"), ("sqrt(6)", "2*sqrt(2)"), ("exp(5)", "5"), ("x*(x+1)", "x**2-x"), ("1-sin(x)", "cos(x)**2"),
    ("log(x)+2", "log(2*x)"), ("1/(1+x)", "x/(x+1)"), ("2**0.25", "sqrt(2)"), ("x**2-1", "x+1"),
    ("cosh(x)**2+sinh(x)**2", "1+0*x"), ("3.24", "pi"), ("6/8+0*x", "0.625"), ("exp(3*x)", "exp(x)**2"),
    ("(a+b)**2", "a**2-b**2"), ("22/7", "3.0000"), ("x/2+x/4", "5*x/6"),
]  # fmt: skip
UNITS = [
    ("90 km/h", "25 m/s", 1), ("1.5 h", "90 min", 1), ("250 cm", "2.5 m", 1), ("3000 g", "3 kg", 1), ("1 kWh", "3.6 MJ", 1),
    ("2 ft", "24 inch", 1), ("1 bar", "100 kPa", 1), ("0.5 L", "500 mL", 1), ("72 km/h", "20 m/s", 1), ("2 t", "2000 kg", 1),
    ("4 dozen", "48 count", 1), ("300 K", "26.85 degC", 1), ("1 mile", "1.609344 km", 1), ("60 rpm", "1 Hz", 1),
    ("90 km/h", "90 m/s", 0), ("1.5 h", "80 min", 0), ("20", "20 dB", 0), ("3 g", "3 kg", 0), ("2 m", "2 s", 0),
    ("250 cm", "25 m", 0),
]  # fmt: skip
PROBE = """
import random
from math import *
random.seed(0)
def at(text, point):
    return eval(text, {{**globals(), **point}})
same = True
for _ in range(5):
    point = {{name: random.uniform(.3, 1.4) for name in "xab"}}
    p, q = at({candidate!r}, point), at({reference!r}, point)
    constant = not any(c in {candidate!r} + {reference!r} for c in "xab") or {rounded}
    same = same and abs(p - q) <= (.005 if constant else 1e-9 * max(1, abs(q)))
print(same)
"""


def verifying_model(request):
    """Tests expressions numerically at five points, converts units, and believes what comes back."""
    parts = dict(read_prompt(request).blocks if len(request.messages) == 2 else _first_blocks(request))
    if "candidate" in parts:  # the one-word judge has no idea
        top = (("YES", math.log(0.5)), ("NO", math.log(0.5)))
        return Reply(("YES",), tokens=((Token("YES", top[0][1], top),),))
    candidate, reference = parts["response"], parts["reference"]
    if len(request.messages) > 2:
        said = request.messages[-1].content.split("\n")[1]
        if "tool_error" in request.messages[-1].content:
            return json.dumps({"thought": "not comparable", "verdict": "not_met"})
        if "python" in request.messages[-2].content:
            return json.dumps({"thought": said, "verdict": "met" if said == "True" else "not_met"})
        same = abs(float(said.split()[0]) - float(reference.split()[0])) <= 1e-6 * abs(float(reference.split()[0]))
        return json.dumps({"thought": said, "verdict": "met" if same else "not_met"})
    if re.fullmatch(r"[\d.]+ [a-zA-Z/]+", reference):
        arguments = {"quantity": candidate, "to": reference.split()[1]}
        return json.dumps({"thought": "units", "tool": "convert_units", "arguments": arguments})
    rounded = bool(re.fullmatch(r"[\d./]+", candidate) and re.fullmatch(r"[\d./pi]+", reference))
    code = PROBE.format(candidate=candidate, reference=reference, rounded=rounded)
    return json.dumps({"thought": "five points", "tool": "python", "arguments": {"code": code}})


def _first_blocks(request):
    return read_prompt(type(request)(request.messages[:2])).blocks


def _restless(request):
    """A model that calls the calculator for ever."""
    if "candidate" in dict(read_prompt(type(request)(request.messages[:2])).blocks):
        return verifying_model(request)
    return json.dumps({"thought": "again", "tool": "calculator", "arguments": {"expression": "1+1"}})


@claim("cosine_verifier")
def claim_cosine_verifier():
    pairs = [(a, b, 1) for a, b in EQUAL] + [(a, b, 0) for a, b in NEAR] + UNITS
    samples = [Sample(f"s{k}", (), a, reference=b) for k, (a, b, _) in enumerate(pairs)]
    truth = np.array([t for _, _, t in pairs])
    judge = find_recipe("16")().judge.build()
    client = ScriptedClient(verifying_model)
    found = answers(judge, samples, client)
    right = np.mean([v.value == t for v, t in zip(found, truth, strict=True)])
    text = np.mean([exact(s).value == t for s, t in zip(samples, truth, strict=True)])
    (forever,) = answers(judge, [samples[-len(UNITS)]], ScriptedClient(_restless))  # a question for the tools
    tools = np.mean([v.label.startswith("tools") for v in found])
    holds = right >= 0.95 and text <= 0.45 and forever.state is State.UNREADABLE and forever.value is None
    return Outcome(round(float(text), 3), round(float(right), 3), bool(holds), f"tools decide {tools:.2f} of 60 pairs")


# ------------------------------------------------------------------------------------------------ 38: Master-RM


def _keys(rate, seed, gated, lr=0.2, steps=400, n=8, honest=0.55):
    """Share of the master key in a two-armed policy after training, starting at 2 %."""
    rng, recipe = np.random.default_rng(seed), find_recipe("38")()
    theta = np.array([0.0, -4.0])
    for _ in range(steps):
        p = softmax(theta)
        arm = rng.choice(2, n, p=p)
        judged = np.where(arm == 0, rng.random(n) < honest, rng.random(n) < rate).astype(float)
        marked = (arm == 0).astype(float) if gated else np.ones(n)
        advantage = recipe.advantages({"outcome": judged, "answers": marked, "group": np.zeros(n)})
        theta = theta + lr * (np.bincount(arm, advantage, minlength=2) / n - p * advantage.mean())
    return softmax(theta)[1]


@claim("master_rm")
def claim_master_rm():
    seeds = range(8)
    share = {(r, g): np.mean([_keys(r, s, g) for s in seeds]) for r, g in ((0.02, 0), (0.67, 0), (0.9, 0), (0.9, 1))}
    rng = generator(0, "judge")
    careless = ScriptedClient(JudgeScript(lambda response, name, text: bool(rng.random() < 0.7)))
    samples = [Sample(f"s{k}", (), "", reference=str(k)) for k in range(50)]
    recipe = find_recipe("38")()
    plain = find_recipe("172")().judge.build()
    flagged = asyncio.run(key_rates(plain, samples, RIGHT, careless, keys=MASTER_KEYS[:2]))
    gated = asyncio.run(
        recipe.audit.build(
            judge=recipe.judge.build(), samples=samples, rubric=RIGHT, client=ScriptedClient(lambda r: "YES")
        )
    )
    holds = (
        share[0.02, 0] < 0.05
        and share[0.9, 0] > 0.8
        and share[0.9, 1] < 0.02
        and all(r.flagged for r in flagged)
        and all(r.accepted == 0 and r.n == 50 for r in gated)
    )
    note = f"FPR .02 {share[0.02, 0]:.3f}, .67 {share[0.67, 0]:.3f}; audit at n=50: {flagged[0].rate:.2f} flagged"
    return Outcome(round(float(share[0.9, 0]), 3), round(float(share[0.9, 1]), 3), bool(holds), note)


# ------------------------------------------------------------------------------- 71: Crossing the Reward Bridge


def _dead_groups(seed, saturated, groups=150, size=8):
    """Share of groups whose eight rewards are all equal, by label and by mass; correlation with quality."""
    rng, recipe = np.random.default_rng(seed), find_recipe("71")()
    quality = rng.normal(rng.normal(0, 1.0, (groups, 1)), 1.0, (groups, size))
    p = 1 / (1 + np.exp(-(1.5 * quality + rng.normal(0, 0.5, quality.shape))))
    if saturated:
        p = np.where(p > 0.5, 0.99, 0.01)
    samples = [Sample(f"s{k}", (), f"answer {x:.6f} of many words", reference="r") for k, x in enumerate(p.ravel())]

    def reply(request):
        yes = float(re.search(r"answer ([\d.]+)", request.messages[1].content)[1])
        top = (("YES", math.log(yes)), ("NO", math.log(1 - yes)))
        word = "YES" if yes > 0.5 else "NO"
        return Reply((word,), tokens=((Token(word, dict(top)[word], top),),))

    soft = recipe.judge.build()
    hard = recipe.judge.replace(soft=False).build()
    group = np.repeat(np.arange(groups), size)
    dead = []
    for judge in (hard, soft):
        values = np.array([v.value for v in answers(judge, samples, ScriptedClient(reply))])
        advantage = recipe.advantages({"process": values, "format": np.ones(len(values)), "group": group})
        dead.append(np.mean((np.abs(advantage.reshape(groups, size)) < 1e-9).all(1)))
    return dead


@claim("reward_bridge")
def claim_reward_bridge():
    hard, soft = np.mean([_dead_groups(s, False) for s in range(5)], axis=0)
    _, flat = np.mean([_dead_groups(s, True) for s in range(2)], axis=0)
    holds = hard > 0.1 and soft == 0.0 and flat > 0.1
    return Outcome(round(float(hard), 3), round(float(soft), 3), bool(holds), f"saturated at .99/.01: {flat:.3f} again")


# --------------------------------------------------------------------------------------------------- 86: Themis


def _claims(n, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(12, 99, (2, n))
    true = rng.random(n) < 0.5
    said = a * b + np.where(true, 0, rng.choice([-20, -10, -1, 1, 10, 20], n))
    texts = [f"{x} * {y} = {z}" for x, y, z in zip(a, b, said, strict=True)]
    return texts, true


def calculating_model(broken):
    def rule(request):
        text = dict(_first_blocks(request))["response"]
        left, right = text.split(" = ")
        if len(request.messages) == 2:
            expression = "1 / 0" if broken else left
            return json.dumps({"thought": "check", "tool": "calculator", "arguments": {"expression": expression}})
        last = request.messages[-1].content
        if "tool_error" in last:
            return json.dumps({"thought": "the calculator failed", "verdict": "cannot_tell"})
        same = last.split("\n")[1] == right
        return json.dumps({"thought": "compared", "verdict": "met" if same else "not_met"})

    return ScriptedClient(rule)


@claim("themis")
def claim_themis():
    recipe = find_recipe("86")()
    judge, head = recipe.judge.build(), recipe.audit.build()
    alone, tooled = [], []
    for seed in range(5):
        texts, true = _claims(400, seed)
        x = hashed_words(texts, 256)
        n = min(true[:300].sum(), (~true[:300]).sum())
        fitted = head.fit(x[:300][true[:300]][:n], x[:300][~true[:300]][:n])
        score = fitted.score(x)
        alone.append(np.mean((score[300:] > np.median(score[:300])) == true[300:]))
        samples = [Sample(f"s{k}", (), t) for k, t in enumerate(texts[300:340])]
        found = answers(judge, samples, calculating_model(False))
        tooled.append(np.mean([v.value == float(t) for v, t in zip(found, true[300:340], strict=True)]))
    broken = answers(judge, samples[:20], calculating_model(True))
    lost = all(v.value is None and "tool_error" in v.reason for v in broken)
    holds = np.mean(tooled) == 1.0 and abs(np.mean(alone) - 0.5) < 0.08 and lost and isinstance(head, BradleyTerry)
    note = "a broken calculator: 0 of 20 verdicts, all named tool_error"
    return Outcome(round(float(np.mean(alone)), 3), round(float(np.mean(tooled)), 3), bool(holds), note)


# ----------------------------------------------------------------------------------------------------- 107: TRM

ANSWER = "The “old” bridge opened in 1932. It spans 503 m — “a record”, he said. It is blue, né? 没错。"
WRONG = 2  # the third sentence


def reading_model(labels):
    def rule(request):
        count = sum(label.startswith("sentence ") for label, _ in read_prompt(request).blocks)
        entries = []
        for k in range(count):
            faithful, correct = "met", "not_met" if k == WRONG else "met"
            entries.append(
                {"n": k + 1} | {n: v for n, v in (("faithful", faithful), ("correct", correct)) if n in labels}
            )
        return json.dumps({"sentences": entries})

    return ScriptedClient(rule)


@claim("trm")
def claim_trm():
    recipe = find_recipe("107")()
    judge = recipe.judge.build()
    assert isinstance(judge, SentenceJudge)
    spans = sentence_spans(ANSWER)
    parts = [ANSWER[a:b] for a, b in spans]
    sample = Sample("s", (), ANSWER, documents=("The bridge is blue.",))  # the source is wrong about the colour
    only = Rubric(id="f", criteria=SENTENCES.criteria[:1])
    both = asyncio.run(judge.label(sample, parts, SENTENCES, reading_model(("faithful", "correct"))))
    one = asyncio.run(judge.label(sample, parts, only, reading_model(("faithful",))))
    caught, missed = both[-1][1].value == 0.0, one[-1][0].value == 1.0
    arrays = segment_arrays([both, both], SENTENCES)
    correct = arrays.values[:, 1].copy()
    correct[len(parts) + WRONG] = 1.0  # a second answer of the group without the mistake
    starts = [k for k in range(len(ANSWER)) if k == 0 or ANSWER[k - 1] == " " or not ANSWER[k].isascii()]
    index = token_segments(starts, [0, len(starts)], [a for a, _ in spans], [b for _, b in spans], [0, len(parts)])
    tokens = np.concatenate([[0], np.cumsum(np.bincount(index, minlength=len(parts)))])
    env = {"quality": np.zeros(2), "step_scores": correct, "step_off": arrays.off, "group": np.zeros(2)}
    env["step_tokens"] = np.concatenate([tokens, tokens[1:] + tokens[-1]])
    advantage = recipe.advantages(env)
    wrong = np.concatenate([index, np.full(len(starts), -1)]) == WRONG
    exactly = (advantage[wrong] < 0).all() and (advantage[~wrong] > 0).all()
    useful = recipe.advantages(env | {"quality": np.array([0.0, 1.0])})  # usefulness weighs twice
    swayed = useful[len(starts) :].min() > useful[: len(starts)].max()
    holds = caught and missed and exactly and (index >= 0).all() and swayed
    note = f"{int(wrong.sum())} of {len(advantage)} tokens below 0, all in the wrong sentence"
    return Outcome("accepted on faithfulness alone", "refused with both labels", bool(holds), note)


# --------------------------------------------------------------------------------------------------- 150: SPARK


def _augmented(steps, outcome):
    """The step-augmented reward .4 k/n + .6 y."""
    share = pool(np.array(steps, dtype=float), [0, len(steps)], "mean")
    return float(combine((share, np.array([outcome])), (0.4, 0.6))[0])


def _verifications(seed, accuracy=0.7, n=16, solutions=12, length=6):
    """Share of right step labels of one verification and of the majority of ``n``."""
    rng = np.random.default_rng(seed)
    truth = rng.random((solutions, length)) < 0.6
    seen = np.where(rng.random((solutions, n, length)) < accuracy, truth[:, None], ~truth[:, None])

    def rule(request):
        row = int(re.search(r"solution (\d+)", request.messages[1].content)[1])
        words = ["met" if ok else "not_met" for ok in seen[row, request.sample]]
        steps = [{"n": k + 1, "correct": w} for k, w in enumerate(words)]
        return json.dumps({"steps": steps, "final": {"correct": words[-1]}})

    judge = find_recipe("150")(votes=n - 1).judge.build()

    async def all_of_them():
        parts = [f"step {k}" for k in range(length)]
        samples = [Sample(f"s{k}", (Message("user", f"solution {k}"),), "") for k in range(solutions)]
        return [await judge.label(s, parts, STEPS, ScriptedClient(rule)) for s in samples]

    found = segment_arrays(asyncio.run(all_of_them()), STEPS).values.reshape(solutions, length)
    return np.mean(seen[:, 0] == truth), np.mean(found == truth)


@claim("spark")
def claim_spark():
    one_bad, padded, single = [1, 1, 1, 0], [1] * 16 + [1, 1, 1, 0], [1]
    augmented = [_augmented(s, 0.0) for s in (one_bad, padded, single)]
    recipe = find_recipe("150")()
    group, off = np.zeros(2), np.array([0, 4, 8])
    env = {"format": np.ones(2), "outcome": np.array([1.0, 0.0]), "group": group, "step_off": off}
    env["step_flags"] = np.repeat(1.0 - np.array([1, 1, 0, 1, 1, 1, 1, 0.0])[:, None], 3, axis=1)
    reward = recipe.reward(env)
    kept = recipe.advantages(env)
    whole = grpo(reward, group)
    picked = kept.tolist() == [whole[0], whole[0], 0.0, whole[0], 0.0, 0.0, 0.0, whole[1]]
    aware = [float(gate(np.ones(1), np.zeros(1))[0])] * 3
    single_vote, majority = np.mean([_verifications(s) for s in range(5)], axis=0)
    holds = (
        np.allclose(augmented, [0.30, 0.38, 0.40])
        and reward.tolist() == [1.0, 0.0]
        and aware == [0.0] * 3
        and picked
        and majority > single_vote + 0.15
    )
    note = f"step labels right: one verification {single_vote:.2f}, majority of 15 {majority:.2f}"
    return Outcome(".30 .38 .40 for padding", "0 0 0; the bad step gets 0", bool(holds), note)


# ---------------------------------------------------------------------------------------------------- 170: RLPT

TEXT = (
    "The kettle boils at one hundred degrees. The leaves are put into a warm pot. Water is poured over them at once. "
    "After four minutes the tea is ready. It is served with milk. Some guests take sugar."
)


def overlap_model(request):
    """Compares words: the same ones, or a beginning of whole sentences of the reference where the prompt allows it."""
    parts = dict(read_prompt(request).blocks)
    said, goal = (re.findall(r"\w+", parts[k].lower()) for k in ("candidate", "reference"))
    ends = {len(re.findall(r"\w+", parts["reference"][:b].lower())) for _, b in sentence_spans(parts["reference"])}
    if "the beginning of it" in request.messages[0].content:
        return "YES" if said == goal[: len(said)] and len(said) in ends else "NO"
    return "YES" if said == goal else "NO"


@claim("rlpt")
def claim_rlpt():
    recipe = find_recipe("170")()
    judge, strict = recipe.judge.build(), EquivalenceJudge(mode="equal", final_answer_only=False)
    tasks = recipe.loop.build(text=TEXT)
    client = ScriptedClient(overlap_model)
    good, bad = [], []
    for task in tasks:
        cuts = sentence_spans(task.reference)
        good += [
            Sample(f"{task.id}{k}", task.prompt, task.reference[:b], reference=task.reference)
            for k, (_, b) in enumerate(cuts)
        ]
        parts = [task.reference[a:b] for a, b in cuts]
        if len(parts) > 1:
            bad.append(Sample(task.id, task.prompt, " ".join(reversed(parts)), reference=task.reference))
        bad += [Sample(task.id, task.prompt, key, reference=task.reference) for key in MASTER_KEYS]
        bad.append(Sample(task.id, task.prompt, "It goes on as one would expect.", reference=task.reference))
    paid = np.mean([v.value for v in answers(judge, good, client)])
    harsh = np.mean([v.value for v in answers(strict, good, client)])
    passed = np.mean([v.value for v in answers(judge, bad, client)])
    middle = next_segments(TEXT, kind="middle")
    holds = paid == 1.0 and passed == 0.0 and harsh < 0.5 and len(tasks) == 5 and len(middle) == 4
    note = (
        f"{len(good)} right predictions of 1 to 3 sentences; {len(bad)} reorderings, openers and keys pass {passed:.0%}"
    )
    return Outcome(round(float(harsh), 3), round(float(paid), 3), bool(holds), note)


# ------------------------------------------------------------------------------------------------ 172: Self-PRM


def _votes(seed, rate, shared, tpr=0.9, fpr=0.5, questions=400, n=16):
    """Accuracy of the plain and of the filtered vote; wrong samples share one wrong answer, the judge errs alone or not."""
    rng = np.random.default_rng(seed)
    right = rng.random((questions, n)) < rate
    mine = rng.random((questions, n))
    same = np.where(right, rng.random((questions, 1)), rng.random((questions, 1)))
    draw = same if shared else mine
    accepted = draw < np.where(right, tpr, fpr)
    answer, group = np.where(right, 1, 0), np.repeat(np.arange(questions), n)
    loop = find_recipe("172")().loop
    plain = loop.build(answer=answer.ravel(), accepted=np.ones(questions * n), group=group)
    chosen = loop.build(answer=answer.ravel(), accepted=accepted.ravel(), group=group)
    return right.ravel()[plain].mean(), right.ravel()[chosen].mean(), accepted, right


@claim("self_prm")
def claim_self_prm():
    alone = np.mean([_votes(s, 0.45, False)[:2] for s in range(5)], axis=0)
    shared = np.mean([_votes(s, 0.45, True)[:2] for s in range(5)], axis=0)
    audit = find_recipe("172")().audit
    verdict, truth, rate = [], [], []
    for p in (0.03, 0.45, 0.8):
        _, _, accepted, right = _votes(0, p, False)
        verdict.append(accepted.ravel()), truth.append(right.ravel()), rate.append(np.full(right.size, p))
    rows = audit.build(verdict=np.concatenate(verdict), truth=np.concatenate(truth), rate=np.concatenate(rate))
    hard, easy = rows[0].report.precision, rows[-1].report.precision
    holds = alone[1] > alone[0] + 0.05 and hard < 0.1 < 0.8 < easy
    note = f"judge errs on equal answers together: {shared[0]:.2f} -> {shared[1]:.2f}; precision at p .03 {hard:.2f}, at .8 {easy:.2f}"
    return Outcome(round(float(alone[0]), 3), round(float(alone[1]), 3), bool(holds), note)
