"""Routes by rule and by a learned router; judges that abstain or pass on what they are not sure of."""

import asyncio
import math

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.judges import (
    LearnedRoute,
    LexicalJudge,
    OrdinalJudge,
    PointwiseJudge,
    Route,
    RoutedJudge,
    Router,
    SelectiveJudge,
    named_judge,
)
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.rubrics import Criterion, Rubric
from rubricate.types import Message, Sample, State, Verdict

RUBRIC = Rubric(
    id="r",
    criteria=[
        {"id": "safe", "text": "Safe.", "tags": ["safety"]},
        {"id": "full", "text": "Full.", "axis": "depth"},
        {"id": "level", "text": "Level.", "scale": "1-5"},
    ],
)
SAMPLE = Sample("s", (Message("user", "Hi"),), "Hello.", metadata={"lang": "de"})


def client():
    return ScriptedClient(
        [lambda r: JudgeScript(lambda *a: False)(r) if r.model == "strict" else None, JudgeScript(lambda *a: True)]
    )


def ask(judge, sample=SAMPLE, using=None):
    return asyncio.run(judge.verdicts(sample, RUBRIC, RUBRIC.leaves, using or client()))


STRICT = PointwiseJudge(model="strict")


@pytest.mark.parametrize(
    ("route", "taken"),
    [
        ({"tags": ("safety", "other")}, ["safe"]),
        ({"criteria": ("full",)}, ["full"]),
        ({"scales": ("ordinal",)}, ["level"]),
        ({"axes": ("depth",)}, ["full"]),
        ({"metadata": (("lang", "de"),)}, ["safe", "full", "level"]),
        ({"metadata": (("lang", "en"),)}, []),
        ({"reference": True}, []),
        ({"reference": False, "tags": ("safety",)}, ["safe"]),
        ({}, ["safe", "full", "level"]),
    ],
)
def test_the_first_route_that_fits_decides(route, taken):
    found = ask(RoutedJudge((Route(STRICT, **route),), PointwiseJudge()))
    assert [v.criterion for v in found] == ["safe", "full", "level"]
    assert [v.criterion for v in found if v.judge == STRICT.digest] == taken


def test_an_earlier_route_wins_and_each_verdict_is_signed_by_its_judge():
    lexical = LexicalJudge()
    judge = RoutedJudge((Route(lexical, tags=("safety",)), Route(STRICT, tags=("safety",))))
    assert ask(judge)[0].judge == lexical.digest
    assert not RoutedJudge((), lexical).needs_client


def lengths(samples):
    return [[len(s.response), 1.0] for s in samples]


def test_a_learned_router_sends_a_response_to_the_judge_of_its_task():
    rng = np.random.default_rng(0)
    sizes = np.concatenate([rng.integers(1, 20, 50), rng.integers(80, 120, 50)])
    router = Router().fit(np.column_stack([sizes, np.ones(100)]), np.repeat([0, 1], 50))
    judge = LearnedRoute(router, (PointwiseJudge(), STRICT), lengths)
    assert {v.judge for v in ask(judge)} == {PointwiseJudge().digest}
    long = Sample("t", SAMPLE.prompt, "Hello. " * 15)
    assert {v.judge for v in ask(judge, long)} == {STRICT.digest}
    other = LearnedRoute(router, (PointwiseJudge(), STRICT), two)
    assert judge.digest != other.digest
    with pytest.raises(SettingError, match="finite"):
        ask(LearnedRoute(router, (PointwiseJudge(), STRICT), nothing))
    with pytest.raises(SettingError, match="one judge per task"):
        LearnedRoute(router, (STRICT,), lengths)


def two(samples):
    return [[1.0, 1.0] for _ in samples]


def nothing(samples):
    return [[math.nan, 1.0] for _ in samples]


# --------------------------------------------------------------------------------------- abstaining

BINARY, LEVEL = Criterion(id="a", text="t"), Criterion(id="a", text="t", scale="1-5")


def scored(value=1.0, **more):
    return Verdict("a", State.SCORED, value, **more)


@pytest.mark.parametrize(
    ("settings", "criterion", "verdict", "doubt"),
    [
        ({"max_spread": 0.25}, LEVEL, scored(3.0, spread=1.0), ""),
        ({"max_spread": 0.25}, LEVEL, scored(3.0, spread=1.01), "spread 0.253 above 0.25"),
        ({"max_spread": 0.25}, LEVEL, scored(3.0), "no spread came with the verdict"),
        ({"min_confidence": 0.8}, BINARY, scored(0.1, probability=0.1), ""),
        ({"min_confidence": 0.8}, BINARY, scored(0.3, probability=0.3), "confidence 0.7 below 0.8"),
        ({"min_confidence": 0.8}, LEVEL, scored(3.0, probability=0.1), "confidence 0.1 below 0.8"),
        ({"min_margin": 1.0}, BINARY, scored(0.0, margin=-2.0), ""),
        ({"min_margin": 1.0}, BINARY, scored(0.0, margin=-0.5), "margin 0.5 below 1"),
        ({"min_margin": 1.0}, BINARY, Verdict("a", State.FAILED), ""),
    ],
)
def test_when_a_verdict_is_not_sure_enough(settings, criterion, verdict, doubt):
    assert SelectiveJudge(PointwiseJudge(), **settings).doubt(criterion, verdict) == doubt


def test_unsure_verdicts_abstain_and_say_what_was_dropped():
    judge = SelectiveJudge(PointwiseJudge(), max_spread=0.2)
    found = ask(judge)
    assert {(v.state, v.value, v.label) for v in found} == {(State.ABSTAINED, None, None)}
    assert found[0].reason == "no spread came with the verdict; it said 1: As the script says."
    with pytest.raises(SettingError, match="no threshold"):
        SelectiveJudge(PointwiseJudge())


def test_unsure_and_missing_verdicts_go_to_the_second_judge():
    judge = SelectiveJudge(PointwiseJudge(), max_spread=0.2, otherwise=STRICT)
    found = ask(judge)
    assert [v.value for v in found] == [0.0, 0.0, 1.0]
    assert found[0].reason == "As the script says. (after no spread came with the verdict)"
    assert sum(v.usage.calls for v in found if v.usage) == 2
    lost = SelectiveJudge(PointwiseJudge(reasks=0), max_spread=0.2, otherwise=STRICT)
    found = ask(lost, using=ScriptedClient(lambda r: JudgeScript(lambda *a: False)(r) if r.model == "strict" else "hm"))
    assert all(v.scored for v in found)
    assert found[0].reason.endswith("(after unreadable)")


# -------------------------------------------------------------------------------------------- names


def test_judges_by_name():
    judge = named_judge("integrate:k=5,how=median/ordinal:temperature=0.7,reasons=yes")
    assert (judge.k, judge.how, judge.judge) == (5, "median", OrdinalJudge(reasons=True, temperature=0.7))
    assert named_judge("pointwise:batch=3,max_tokens=none").max_tokens is None
    panel = named_judge("panel:models=a+b+c,how=vote/pointwise")
    assert panel.models == ("a", "b", "c")
    assert named_judge("panel:models=a/pointwise").models == ("a",)
    assert named_judge("selective:max_spread=0.2/ordinal").judge == OrdinalJudge()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ordinl", "Did you mean 'ordinal'"),
        ("ordinal:temprature=1", "temperature"),
        ("ordinal:top", "top"),
        ("lexical/ordinal", "no judge inside"),
        ("learned_route", "build it in Python"),
        ("ordinal:top=0", "top >= 1"),
    ],
)
def test_wrong_names_and_settings_say_what_is_known(text, said):
    with pytest.raises((LookupError, TypeError), match=said):
        named_judge(text)
