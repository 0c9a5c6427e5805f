import asyncio

import pytest

from rubricate.audit import cascade_report
from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.judges import Cascade, EquivalenceJudge, PointwiseJudge, RuleJudge, Stage
from rubricate.judges.cascade import Said, said
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.types import Sample, State

RUBRIC = Rubric(id="r", criteria=[{"id": "right", "text": "The answer is right."}])
BOTH = (Stage("rules", RuleJudge()), Stage("judge", EquivalenceJudge()))


def ask(response, reply="YES", judge=None, reference="42", id="s", rubric=RUBRIC):
    def rule(request):
        if isinstance(reply, CallError):
            raise reply
        return reply

    client = ScriptedClient(rule)
    sample = Sample(id, (), response, reference=reference)
    found = asyncio.run((judge or Cascade(BOTH)).verdicts(sample, rubric, rubric.leaves, client))
    return found[0], client.calls


@pytest.mark.parametrize(
    ("response", "reply", "value", "label", "calls"),
    [
        ("42", "NO", 1.0, "rules:right", 0),
        ("41", "YES", 0.0, "rules:wrong", 0),
        ("Solution", "YES", 0.0, "rules:wrong", 0),
        ("forty-two", "YES", 1.0, "judge:YES", 1),
        ("forty-two", "NO", 0.0, "judge:NO", 1),
    ],
)
def test_the_rule_certifies_both_sides_and_the_judge_gets_the_rest(response, reply, value, label, calls):
    verdict, called = ask(response, reply)
    assert (verdict.value, verdict.label, called, verdict.usage.calls) == (value, label, calls, calls)


def test_a_rule_for_right_only_lets_the_judge_pass_what_it_likes():
    only = Cascade((Stage("rules", RuleJudge("same_answer", (("certify_wrong", False),))), BOTH[1]))
    assert ask("41", "YES", only)[0].value == 1.0


def test_a_missing_verdict_leaves_the_question_open_and_its_state_at_the_end():
    middle = Cascade((Stage("cheap", EquivalenceJudge(model="small")), Stage("top", PointwiseJudge(model="large"))))
    seen = []

    def rule(request):
        seen.append(request.model)
        if request.model == "small":
            raise CallError("down")
        return '{"verdicts": [{"id": "right", "verdict": "met"}]}'

    sample = Sample("s", (), "forty-two", reference="42")
    (verdict,) = asyncio.run(middle.verdicts(sample, RUBRIC, RUBRIC.leaves, ScriptedClient(rule)))
    assert (verdict.value, verdict.label, seen) == (1.0, "top:met", ["small", "large"])
    verdict, _ = ask("forty-two", CallError("late", state="timed_out"))
    assert (verdict.state, verdict.value, verdict.label) == (State.TIMED_OUT, None, "judge:timed_out")
    assert ask("forty-two", "hm")[0].state is State.UNREADABLE


def test_thresholds_lie_on_the_scale_and_none_certifies_nothing():
    rubric = Rubric(id="r", criteria=[{"id": "right", "text": "t", "scale": {"kind": "points", "min": 0, "max": 10}}])
    (criterion,) = rubric.leaves
    stage = Stage("judge", EquivalenceJudge(), wrong=0.2, right=0.9)
    verdict = ask("42", rubric=rubric)[0]
    assert [stage.decision(criterion, verdict._replace(value=v)) for v in (2.0, 2.1, 8.9, 9.0, None)] == [
        "wrong",
        "",
        "",
        "right",
        "",
    ]
    assert Stage("s", EquivalenceJudge(), wrong=None, right=None).decision(criterion, verdict) == ""
    for bad in (dict(wrong=0.5, right=0.5), dict(name="a b")):
        with pytest.raises(SettingError, match="wrong < right"):
            Stage(**{"name": "s", "judge": EquivalenceJudge()} | bad)


def test_settings_are_checked():
    with pytest.raises(SettingError, match="each with its own name"):
        Cascade((BOTH[0], BOTH[0]))
    with pytest.raises(SettingError):
        Cascade(BOTH, audit_share=2)
    with pytest.raises(UnknownNameError, match="same_answer"):
        RuleJudge("same_anser")
    assert Cascade(BOTH).digest != Cascade(BOTH, audit_share=0.1).digest


def test_the_audit_asks_the_last_stage_and_keeps_the_decision():
    audited = Cascade(BOTH, audit_share=1.0)
    assert [ask("42", r, audited)[0][2:4] for r in ("YES", "NO", "hm")] == [
        (1.0, "rules:right:agreed"),
        (1.0, "rules:right:contested"),
        (1.0, "rules:right:unaudited"),
    ]
    verdict, calls = ask("41", "YES", audited)
    assert (verdict.value, verdict.label, calls, verdict.usage.calls) == (0.0, "rules:wrong:contested", 1, 1)
    assert ask("forty-two", "YES", audited)[0].label == "judge:YES"


def test_the_audit_sample_is_a_share_that_repeats():
    audited = Cascade(BOTH, audit_share=0.3)
    calls = [ask("42", "YES", audited, id=f"s{k}")[1] for k in range(400)]
    assert 85 <= sum(calls) <= 155
    assert calls == [ask("42", "YES", audited, id=f"s{k}")[1] for k in range(400)]
    other = Cascade(BOTH, audit_share=0.3, audit_seed=1)
    assert calls != [ask("42", "YES", other, id=f"s{k}")[1] for k in range(400)]


def test_the_report_counts_stages_and_contested_decisions():
    audited = Cascade(BOTH, audit_share=1.0)
    verdicts = [
        ask(*a, audited)[0]
        for a in (("42", "YES"), ("42", "NO"), ("41", "NO"), ("forty-two", "YES"), ("forty-two", "hm"))
    ]
    rules, judge = cascade_report(verdicts)
    assert (rules.stage, rules.decided, rules.share, rules.audited, rules.contested) == ("rules", 3, 0.6, 3, 1)
    assert rules.low < 1 / 3 < rules.high
    assert (judge.stage, judge.decided, judge.audited) == ("judge", 2, 0)
    assert judge.low != judge.low
    assert cascade_report([]) == ()


def test_labels_are_read_as_they_were_written():
    verdict = ask("42")[0]
    assert said(verdict) == Said("rules", "right")
    assert said(verdict._replace(label=None)) == Said("", "")
    assert said(verdict._replace(label="top:a:b")) == Said("top", "a:b")


def test_each_criterion_is_decided_for_itself():
    rubric = Rubric(
        id="r", criteria=[{"id": "a", "text": "t", "reference": "42"}, {"id": "b", "text": "t", "reference": "x y"}]
    )

    def rule(request):
        return "YES"

    client = ScriptedClient(rule)
    stages = (Stage("rules", RuleJudge("exact", (("expected", "42"),)), wrong=None), BOTH[1])
    found = asyncio.run(Cascade(stages).verdicts(Sample("s", (), "7", reference="7"), rubric, rubric.leaves, client))
    assert [v.label for v in found] == ["judge:YES", "judge:YES"]
    assert [v.criterion for v in found] == ["a", "b"]
    assert sum(v.usage.calls for v in found if v.usage) == client.calls == 2
