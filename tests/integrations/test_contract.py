"""One table over all adapters: what each makes of the same rows, by default, as docs/integrations say.

A row is a good answer, an answer behind a reasoning block, a row that names no rubric, or one that cannot be scored: an
unreadable judge, no rubric named where there are two, an unknown id, a rubric whose digest changed. Packages are stood
in for by outlines of their objects; tests/adapters and tests/trainers drive the real ones.
"""

import asyncio
import json
import math
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import rubricate as rb
from rubricate import integrations
from rubricate.errors import PolicyError, SettingError
from rubricate.integrations import (  # fmt: skip
    agent_lightning,
    art,
    eval_protocol,
    inspect,
    lm_eval,
    openenv,
    openrlhf,
    skyrl,
    slime,
    swift,
    tinker,
    trl,
    verl,
)
from rubricate.integrations.configured import rewarder_of
from rubricate.integrations.teller import Ask, Teller
from rubricate.llm.scripted import JudgeScript
from rubricate.serve import create_app

TEA = rb.Rubric(
    id="tea",
    criteria=[
        {"id": "warm", "text": "Says to warm the pot.", "tags": ["care"]},
        {"id": "time", "text": "Gives a steeping time in minutes.", "tags": ["facts"]},
    ],
)
CAKE = rb.Rubric(id="cake", criteria=[{"id": "flour", "text": "Names flour."}])
CHANGED = json.dumps(TEA.model_dump(mode="json", exclude_defaults=True) | {"guidelines": "Be strict."})
WORDS = {"warm": "warm", "time": "minutes", "flour": "flour"}
SCRIPT = JudgeScript(lambda response, name, text: WORDS[name] in response.lower())
GOOD = "Warm the pot. Steep it for four minutes."
SEEN: list[str] = []


def judge(request):
    SEEN.append(request.messages[1].content)
    return "no idea" if "cold" in request.messages[1].content else SCRIPT(request)


class Row(NamedTuple):
    response: str = GOOD
    rubric: str | None = "tea"
    rubrics: tuple = (TEA,)


SCORED = {  # what has a reward, and which
    "good": (Row(), 1.0),
    "thinking": (Row(f"<think>{GOOD}</think>Boil it."), 0.0),
    "the only rubric": (Row(rubric=None), 1.0),
}
LOST = {
    "unreadable": Row("cold"),
    "no rubric named": Row(rubric=None, rubrics=(TEA, CAKE)),
    "unknown id": Row(rubric="pie"),
    "changed digest": Row(rubric=CHANGED),
}


class Outcome(NamedTuple):
    """What the target was told: ``reward`` (None: left out), whether it is said to be judged, numbers for its logs."""

    reward: float | None
    judged: bool | None
    numbers: dict[str, Any]


class Refused(Exception):
    """A route answered with an error: the caller's mistake is not a reward."""


@pytest.fixture
def rewarder(monkeypatch):
    """``rewarder(row)``: with the row's rubrics, also by its name for adapters that know only names."""
    module = ModuleType("contract_rewards")
    monkeypatch.setitem(sys.modules, "contract_rewards", module)
    monkeypatch.setenv("RUBRICATE_REWARDER", "contract_rewards:rewarder")

    def make(row):
        module.rewarder = rb.Rewarder(row.rubrics, client=rb.ScriptedClient(judge), tags=("care", "facts"))
        for cache in (rewarder_of, verl._split, verl._teller):
            cache.cache_clear()
        return module.rewarder

    yield make
    for cache in (rewarder_of, verl._split, verl._teller):
        cache.cache_clear()


@pytest.fixture(autouse=True)
def outlines(monkeypatch):
    """The packages, as far as the adapters know them."""

    class Base:
        async def __call__(self, action, observation):
            return await self.forward(action, observation)

    class Generic:
        def __class_getitem__(cls, item):
            return cls

    class Score:
        def __init__(self, value=None, reason=None, **more):
            self.value, self.reason = value, reason

        @classmethod
        def unscored(cls, reason=None, **more):
            return cls(None, reason)

    spans = []
    modules = {
        "torch": {"tensor": np.asarray},
        "inspect_ai.scorer": {"Score": Score},
        "openenv.core.rubrics": {"Rubric": Base},
        "eval_protocol.models": {"EvaluateResult": SimpleNamespace, "MetricResult": SimpleNamespace},
        "tinker": {"ModelInput": SimpleNamespace(empty=list)},
        "tinker_cookbook.rl.types": {"Env": object, "EnvGroupBuilder": object, "StepResult": SimpleNamespace},
        "agentlightning.emitter": {
            "spans": spans, "emit_reward": lambda reward, **_: spans.append(reward), "emit_annotation": lambda *_, **__: None,
        },
        "verifiers.v1": {"Judge": Generic, "TaskData": object, "Trace": object},
        "verifiers.v1.configs.judge": {"JudgeConfig": object},
    }  # fmt: skip
    for name, content in modules.items():
        parts = name.split(".")
        for k in range(1, len(parts)):
            parent = ".".join(parts[:k])
            if parent not in modules:
                monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys.modules["verifiers"], "v1", sys.modules["verifiers.v1"], raising=False)
    caches = (tinker._classes, openenv._classes)
    for cache in caches:
        cache.cache_clear()
    yield
    sys.modules.pop("rubricate_verifiers", None)
    for cache in caches:
        cache.cache_clear()


# The targets: (rewarder, row) -> Outcome --------------------------------------------------------------------------------


def trl_like(reward, rewarder, row):
    """TRL's shape: the row beside a good one, curves by hook."""
    metrics: dict[str, Any] = {}
    found = reward(
        prompts=["Tea?"] * 2, completions=[GOOD, row.response], rubric=["tea", row.rubric], log_metric=metrics.__setitem__
    )  # fmt: skip
    told = asyncio.run(found) if asyncio.iscoroutine(found) else found
    assert told[0] == 1.0
    return Outcome(told[1], None, metrics)


def of_trl(rewarder, row):
    return trl_like(trl.RubricReward(rewarder), rewarder, row)


def of_trl_async(rewarder, row):
    return trl_like(trl.AsyncRubricReward(rewarder), rewarder, row)


def of_online_dpo(rewarder, row):
    return trl_like(trl.RubricReward(rewarder, on_missing="group_mean"), rewarder, row)


def of_trl_tag(rewarder, row):
    return trl_like(trl.tag_rewards(rewarder, ["care"], sync=True)[0], rewarder, row)


def of_swift(rewarder, row):
    chat = [{"role": "user", "content": "Tea?"}]
    messages = [[*chat, {"role": "assistant", "content": t}] for t in (GOOD, row.response)]
    told = swift.RubricORM()([GOOD, row.response], messages=messages, rubric=["tea", row.rubric], trainer_state=None)
    return Outcome(told[1], None, {})


def of_verl(rewarder, row):
    extra = {"prompt": "Tea?", "rubric": row.rubric}
    found = asyncio.run(verl.compute_score("tea", row.response, "", extra, rewarder="contract_rewards:rewarder"))
    return Outcome(found.pop("score"), found["valid"] == 1.0, found)


def of_openrlhf(rewarder, row):
    found = openrlhf.RubricRewardFile(Teller(rewarder))(["Tea?" + row.response], ["Tea?"], [row.rubric])
    logs = {k: v.item() for k, v in found["extra_logs"].items()}
    return Outcome(found["rewards"].item(), logs["rubric/valid"] == 1.0, logs)


def of_slime(rewarder, row):
    sample = SimpleNamespace(prompt="Tea?", response=row.response, label=row.rubric, metadata={}, remove_sample=False)
    good = SimpleNamespace(prompt="Tea?", response=GOOD, label="tea", metadata={}, remove_sample=False)
    args = SimpleNamespace(reward_key="score")
    _, table = asyncio.run(slime.RubricRM(Teller(rewarder, "group_mean"))(args, [good, sample]))
    slime.drop_unscored(args, [[good, sample]])
    return Outcome(table.pop("score"), not sample.remove_sample, table)


def of_inspect(rewarder, row):
    state = SimpleNamespace(
        metadata={"rubric": row.rubric}, input="Tea?", output=SimpleNamespace(completion=row.response)
    )
    score = asyncio.run(inspect.RubricScore(Teller(rewarder, "abstain"))(state, SimpleNamespace(text="")))
    if score.value is None:
        assert score.reason in ("grader_failed", "unknown_rubric", "changed_rubric")
        return Outcome(None, False, {})
    return Outcome(score.value["score"], True, score.value)


def of_verifiers(rewarder, row):
    import rubricate_verifiers

    config = rubricate_verifiers.RubricateJudgeConfig()
    metrics: dict[str, float] = {}
    trace = SimpleNamespace(last_reply=row.response, info={}, record_metrics=metrics.update)
    made = rubricate_verifiers.RubricateJudge()
    made.config, made.reward_name = config, "r"
    reward = asyncio.run(made.score(SimpleNamespace(prompt_text="Tea?", rubric=row.rubric), trace))
    return Outcome(reward, True, metrics)


def of_skyrl(rewarder, row):
    env = type("Env", (skyrl.RubricTurn,), {"teller": Teller(rewarder)})({}, {"rubric": row.rubric})
    env.init([{"role": "user", "content": "Tea?"}])
    out = env.step(row.response)
    return Outcome(out["reward"], out["metadata"]["valid"], env.get_metrics())


def of_openenv(rewarder, row):
    rubric = TEA if row.rubric == "tea" or (len(row.rubrics) == 1 and row.rubric is None) else None
    if rubric is None:  # a tree is of one rubric: only a changed one can be wrong
        rubric = rb.Rubric.model_validate_json(CHANGED)
    tree = openenv.rubric_tree(Teller(rewarder), rubric)
    reward = asyncio.run(tree(row.response, "Tea?"))
    return Outcome(reward, tree.told.valid, {})


def of_lm_eval(rewarder, row):
    task = lm_eval.RubricTask(teller=Teller(rewarder, "abstain"))
    good, own = (
        task.process_results({"prompt": "Tea?", "rubric": r}, [t])["rubric_mean"]
        for t, r in ((GOOD, "tea"), (row.response, row.rubric))
    )
    judged = task.rubric_valid([own]) == 1.0
    both = task.rubric_mean([good, own])
    return (
        Outcome(2 * both - 1.0 if judged else None, judged, {}) if judged or both == 1.0 else Outcome(both, False, {})
    )


def of_art(rewarder, row):
    def trajectory(text, rubric):
        chat = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": text}]
        return SimpleNamespace(
            messages=lambda: chat, metadata={"rubric": rubric}, metrics={}, logs=[], reward=0.25, said=text
        )

    own = trajectory(row.response, row.rubric)
    group = SimpleNamespace(trajectories=[trajectory(GOOD, "tea"), own])
    kept = asyncio.run(art.AfterEach(Teller(rewarder, "abstain"))(group)).trajectories
    metrics = {k: v for k, v in own.metrics.items() if k != "independent_reward"}  # only of what was replaced
    inside = any(t is own for t in kept)
    return Outcome(own.reward if inside else None, own.metrics["rubric/valid"] == 1.0, metrics)


def of_eval_protocol(rewarder, row):
    messages = [SimpleNamespace(role="user", content="Tea?"), SimpleNamespace(role="assistant", content=row.response)]
    about = SimpleNamespace(dataset_info={"rubric": row.rubric})
    given = SimpleNamespace(messages=messages, ground_truth=None, input_metadata=about)
    found = asyncio.run(eval_protocol.RubricEvaluation(Teller(rewarder, "abstain"))(given)).evaluation_result
    return Outcome(found.score, found.is_score_valid, {})


class Letters:
    """A renderer of tinker: tokens are codes of letters."""

    def parse_response(self, action):
        return {"role": "assistant", "content": "".join(map(chr, action))}, None


def of_tinker(rewarder, row):
    builder = tinker.RubricGroupBuilder(Letters(), "Tea?", row.rubric, size=1, rewarder=rewarder)
    (env,) = asyncio.run(builder.make_envs())
    step = asyncio.run(env.step([ord(c) for c in row.response]))
    return Outcome(step.reward, step.logs["rubric/valid"] == 1, step.metrics)


def of_tinker_group(rewarder, row):
    builder = tinker.RubricGroupBuilder(Letters(), "Tea?", row.rubric, size=1, rewarder=rewarder, together=True)
    (env,) = asyncio.run(builder.make_envs())
    step = asyncio.run(env.step([ord(c) for c in row.response]))
    ((reward, metrics),) = asyncio.run(builder.compute_group_rewards([step], [env]))
    return Outcome(reward, metrics["rubric/valid"] == 1.0, metrics)


def of_agent_lightning(rewarder, row):
    spans = sys.modules["agentlightning.emitter"].spans
    spans.clear()
    agent_lightning.RubricSpan(rewarder).sync(Ask("Tea?", row.response, row.rubric))
    if not spans:
        return Outcome(None, None, {})
    (span,) = spans
    return Outcome(span.pop("rubric"), span["rubric/valid"] == 1.0, span)


def posted(rewarder, route, body):
    from fastapi.testclient import TestClient

    with TestClient(create_app(rewarder)) as http:
        reply = http.post(route, json=body)
    if reply.status_code != 200:
        assert reply.json()["error"]["code"] in ("unknown_rubric", "changed_rubric"), reply.text
        raise Refused(reply.text)
    return json.loads(reply.text, parse_constant=pytest.fail)  # NaN and Infinity are no JSON


def of_get_reward(rewarder, row):
    body = {"query": ["Tea?" + row.response], "prompts": ["Tea?"], "labels": [row.rubric or ""]}
    found = posted(rewarder, "/get_reward", body)
    logs = {k: v[0] for k, v in found["extra_logs"].items()}
    return Outcome(found["rewards"][0], logs["rubric/valid"] == 1.0, logs)


def of_rm(rewarder, row):
    body = {"prompt": "Tea?", "response": row.response, "label": row.rubric}
    table = posted(rewarder, "/rm?table=true", body)
    return Outcome(table.pop("score"), table["rubric/valid"] == 1.0, table)


def of_verify(rewarder, row):
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": row.response}]}
    rubric = {} if row.rubric is None else {"rubric": row.rubric}
    body = {"responses_create_params": {"input": "Tea?"}, "response": {"output": [message]}, **rubric}
    found = posted(rewarder, "/verify", body)
    return Outcome(
        found["reward"], not found.get("mask_sample"), {k: v for k, v in found.items() if k.startswith("rubric_")}
    )


def of_classify(rewarder, row):
    found = posted(rewarder, "/classify", {"input": row.response, "rubric": row.rubric})
    return Outcome(found["data"][0]["probs"][0], found["valid"][0], {})


# What becomes of a row without a reward: of an unreadable judge's, of a wrong rubric's ---------------------------------

LEFT_OUT, ZERO, MEAN, RAISES, REFUSED = "left out", "0, flagged", "mean of the group", PolicyError, Refused
TABLE = {
    "trl": (of_trl, LEFT_OUT, LEFT_OUT),
    "trl, async": (of_trl_async, LEFT_OUT, LEFT_OUT),
    "trl, OnlineDPO": (of_online_dpo, MEAN, MEAN),
    "trl, one tag": (of_trl_tag, LEFT_OUT, LEFT_OUT),
    "swift": (of_swift, MEAN, MEAN),
    "verl": (of_verl, ZERO, ZERO),
    "openrlhf": (of_openrlhf, ZERO, ZERO),
    "openrlhf, http": (of_get_reward, ZERO, REFUSED),
    "slime": (of_slime, MEAN, MEAN),
    "slime, http": (of_rm, ZERO, REFUSED),
    "nemo_gym, http": (of_verify, ZERO, REFUSED),
    "a reward model, http": (of_classify, ZERO, REFUSED),
    "inspect": (of_inspect, LEFT_OUT, LEFT_OUT),
    "verifiers": (of_verifiers, RAISES, RAISES),
    "skyrl": (of_skyrl, ZERO, ZERO),
    "openenv": (of_openenv, ZERO, ZERO),
    "lm_eval": (of_lm_eval, LEFT_OUT, LEFT_OUT),
    "art": (of_art, LEFT_OUT, LEFT_OUT),
    "eval_protocol": (of_eval_protocol, ZERO, ZERO),
    "tinker": (of_tinker, RAISES, RAISES),
    "tinker, together": (of_tinker_group, RAISES, RAISES),
    "agent_lightning": (of_agent_lightning, LEFT_OUT, LEFT_OUT),
}
HELPERS = {"__init__", "configured", "dense", "remote", "rows", "teller", "verl_estimators"}
NAN_IS_LEFT_OUT = {"inspect"}  # a key that is NaN leaves the sample out of that metric alone


def check(outcome, nan=False):
    """Finite numbers, or None; NaN only where the target leaves it out."""
    assert outcome.reward is None or math.isfinite(outcome.reward)
    for name, value in outcome.numbers.items():
        assert value is None or math.isfinite(value) or (nan and math.isnan(value)), name


@pytest.mark.parametrize("case", SCORED)
@pytest.mark.parametrize("target", TABLE)
def test_what_has_a_reward_is_told_as_it_is(target, case, rewarder):
    row, expected = SCORED[case]
    SEEN.clear()
    found = TABLE[target][0](rewarder(row), row)
    check(found, target in NAN_IS_LEFT_OUT)
    assert found.reward == expected
    assert found.judged in (True, None)
    assert SEEN
    assert not any("think>" in text for text in SEEN)


@pytest.mark.parametrize("case", LOST)
@pytest.mark.parametrize("target", TABLE)
def test_what_has_no_reward_is_told_as_the_table_says(target, case, rewarder):
    row = LOST[case]
    drive, unreadable, wrong = TABLE[target]
    expected = unreadable if case == "unreadable" else wrong
    if expected in (RAISES, REFUSED):
        with pytest.raises(expected):
            drive(rewarder(row), row)
        return
    found = drive(rewarder(row), row)
    check(found, target in NAN_IS_LEFT_OUT)
    assert found.reward == {LEFT_OUT: None, ZERO: 0.0, MEAN: 1.0}[expected]
    assert found.judged in ((False, None) if expected != ZERO else (False,))


# TRL averages a name over the steps that log it: what applies to no row of a batch is not logged
@pytest.mark.parametrize("target", [name for name in TABLE if not name.startswith("trl")])
def test_the_names_of_the_numbers_never_change(target, rewarder):
    names = set()
    for row in [row for row, _ in SCORED.values()] + list(LOST.values()):
        try:
            names.add(tuple(TABLE[target][0](rewarder(row), row).numbers))
        except (PolicyError, Refused):
            continue
    names -= {()} if target in ("inspect", "agent_lightning") else set()  # nothing at all where nothing is told
    assert len(names) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda r: trl.RubricReward(r)(prompts=["Tea?"] * 2, completions=[GOOD]),
        lambda r: trl.RubricReward(r)(prompts=["Tea?"] * 2, completions=[GOOD] * 2, rubric=["tea"]),
        lambda r: asyncio.run(trl.AsyncRubricReward(r)(prompts=["Tea?"], completions=[GOOD] * 2)),
        lambda r: trl.tag_rewards(r, ["care"], sync=True)[0](prompts=["Tea?"], completions=[GOOD] * 2),
        lambda r: swift.RubricORM()([GOOD] * 2, messages=[[{"role": "user", "content": "Tea?"}]]),
        lambda r: openrlhf.RubricRewardFile(Teller(r))(["Tea?"], ["Tea?"] * 2, ["tea"]),
        lambda r: openrlhf.RubricRewardFile(Teller(r))(["Tea?"], ["Tea?"], ["tea"] * 2),
    ],
)
def test_unequal_lengths_are_refused(call, rewarder):
    with pytest.raises(SettingError, match="one of each"):
        call(rewarder(Row()))


def test_every_adapter_is_in_the_table():
    modules = {p.stem for p in Path(integrations.__path__[0]).glob("*.py")} - HELPERS
    assert modules <= {name.split(",")[0] for name in TABLE}


def test_control_numbers_that_are_none_are_caught(rewarder):
    for bad in (math.nan, math.inf):
        with pytest.raises(AssertionError):
            check(Outcome(bad, True, {}))
        with pytest.raises(AssertionError):
            check(Outcome(1.0, True, {"x": bad}))
    told = Teller(rewarder(Row()), "abstain").tell_sync([Ask("Tea?", "cold")])[0]
    with pytest.raises(AssertionError):
        check(Outcome(None, False, dict(told.scored.metrics)))
