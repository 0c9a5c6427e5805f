"""Judges that look twice: order of turns, leniency and strictness, what is kept, what a lost second look costs."""

import asyncio
import json

import pytest

from rubricate.errors import CallError, SettingError
from rubricate.judges import ContinuedJudge, LexicalJudge, PointwiseJudge, ReflectJudge, RethinkJudge
from rubricate.judges.conversation import Continued
from rubricate.llm.ask import Problem
from rubricate.llm.client import Reply, Request
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State, Usage

RUBRIC = Rubric(
    id="r", criteria=[{"id": "a", "text": "Complete.", "scale": "1-5"}, {"id": "b", "text": "Kind.", "scale": "1-5"}]
)
SAMPLE = Sample("s", (Message("user", "Hi"),), "Hello.")
GOOD = JudgeScript(lambda response, name, text: 4)


def run(judge, *rules):
    requests = []

    def keep(request):
        requests.append(request)

    client = ScriptedClient([keep, *rules])
    parts = [asyncio.run(judge.verdicts(SAMPLE, RUBRIC, part, client)) for part in judge.batches(RUBRIC.leaves)]
    return [v for part in parts for v in part], requests


def branch(*entries):
    text = json.dumps({"focus": [{"dimension": d, "issues": i} for d, i in entries]})
    return lambda r: text if "Give no verdict yet" in r.messages[-1].content else None


# --------------------------------------------------------------------------------- branch and rethink


def test_turn_one_is_in_the_conversation_of_turn_two_and_kept():
    found, requests = run(RethinkJudge(), branch(("safety", "tells a joke"), ("thoroughness", None)), GOOD)
    assert len(requests) == 3
    assert requests[1].messages[2] == Message("assistant", "safety: tells a joke\nthoroughness: none identified")
    assert [m.role for m in requests[1].messages] == ["system", "user", "assistant", "user"]
    assert [v.value for v in found] == [4.0, 4.0]
    assert found[0].raw.startswith("turn 1: safety: tells a joke")
    assert sum(v.usage.calls for v in found) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"focus": [{"dimension": "Safety", "issues": ""}]}', (("safety", "none identified"),)),
        ('{"focus": [{"dimension": "charm"}, {"dimension": "safety"}, 3]}', (("safety", "none identified"),)),
        (
            '{"focus": [{"dimension": "safety", "issues": "x"}, {"dimension": "safety", "issues": "y"}]}',
            (("safety", "x"),),
        ),
        ('{"focus": [{"dimension": "charm"}]}', None),
        ('{"focus": "safety"}', None),
        ("safety", None),
    ],
)
def test_turn_one_is_read_leniently(text, expected):
    found = RethinkJudge().read(Reply((text,)))
    assert found == expected if expected else isinstance(found, Problem)


def test_at_most_so_many_dimensions():
    entries = [{"dimension": d} for d in RethinkJudge().dimensions]
    assert len(RethinkJudge(most=2).read(Reply((json.dumps({"focus": entries}),)))) == 2
    for wrong in ({"most": 0}, {"most": 8}, {"reasks": -1}, {"dimensions": ()}):
        with pytest.raises(SettingError):
            RethinkJudge(**wrong)


def test_an_unusable_turn_one_costs_no_verdict_and_says_so():
    found, requests = run(
        RethinkJudge(reasks=1), lambda r: "hm" if "Complete" not in str(r) and "Kind" not in str(r) else None, GOOD
    )
    assert [v.value for v in found] == [4.0, 4.0]
    assert "went on without it" in found[0].raw
    assert [len(r.messages) for r in requests] == [1, 3, 2, 2]


def test_a_turn_one_that_is_refused_or_fails_ends_it():
    def down(request):
        raise CallError("down", state="failed")

    found, _ = run(RethinkJudge(), down)
    assert {(v.state, v.value) for v in found} == {(State.FAILED, None)}
    assert found[0].reason.startswith("first turn: ")


# ------------------------------------------------------------------------------ reflect and judge again


def changing(first, then):
    """A judge that says ``first`` for a plain question and ``then`` when it looks again."""
    one, two = (JudgeScript(lambda response, name, text, v=v: v) for v in (first, then))
    return lambda r: (two if any(m.role == "assistant" for m in r.messages) else one)(r)


def test_the_last_verdict_counts_and_the_first_is_kept():
    found, requests = run(ReflectJudge(), changing(2, 5))
    assert [v.value for v in found] == [5.0, 5.0]
    assert all(v.raw.startswith("earlier: 2 (As the script says.)") for v in found)
    assert [len(r.messages) for r in requests] == [2, 4, 2, 4]
    assert found[0].usage.calls == 2
    assert found[0].attempts == 2


def test_the_score_is_deleted_from_the_notes_or_shown():
    notes = run(ReflectJudge(), changing(2, 5))[1][1].messages[2].content
    assert notes == "[a] As the script says."
    shown = run(ReflectJudge(show="verdict"), changing(2, 5))[1][1].messages
    assert shown[2].content == "[a] As the script says. Verdict: 2."
    assert "strict reviewer" in shown[3].content
    assert ReflectJudge().digest != ReflectJudge(show="verdict").digest


def test_several_rounds():
    found, requests = run(ReflectJudge(rounds=2), changing(2, 5))
    assert len(requests) == 6
    assert found[0].raw.startswith("earlier: 2 (As the script says.); 5 (As the script says.)")


def test_a_lost_second_look_leaves_no_verdict_and_the_first_is_not_put_in_its_place():
    def rule(request):
        return "hm" if any(m.role == "assistant" for m in request.messages) else GOOD(request)

    found, _ = run(ReflectJudge(PointwiseJudge(batch=1, reasks=0)), rule)
    assert {(v.state, v.value) for v in found} == {(State.UNREADABLE, None)}
    assert found[0].raw.startswith("earlier: 4")


def test_what_has_no_first_verdict_is_not_looked_at_again():
    found, requests = run(ReflectJudge(PointwiseJudge(batch=1, reasks=0)), lambda r: "hm")
    assert {v.state for v in found} == {State.UNREADABLE}
    assert len(requests) == 2


def test_a_second_try_of_the_second_look_keeps_its_place():
    def rule(request):
        if len(request.messages) == 4:
            return "hm"
        return GOOD(request)

    found, requests = run(ReflectJudge(), rule)
    assert [v.value for v in found] == [4.0, 4.0]
    assert [m.role for m in requests[2].messages] == ["system", "user", "assistant", "user", "assistant", "user"]


def test_settings_of_reflection():
    with pytest.raises(SettingError):
        ReflectJudge(rounds=0)
    with pytest.raises(SettingError):
        ReflectJudge(show="score")
    with pytest.raises(SettingError, match="second thoughts"):
        ReflectJudge(LexicalJudge())


# -------------------------------------------------------------------------------- forced continuation

QUESTION = Request((Message("user", "judge"),), max_tokens=50)


def thinker(tokens=10, finish="stop"):
    """Thinks a step whenever its thinking is open, and says how many steps there were when it is closed."""
    seen = []

    def reply(request):
        seen.append(request)
        begun = request.messages[-1].content
        if "</think>" in begun:
            return Reply((f"steps {begun.count('step')}",), usage=Usage(1, 5, 3))
        return Reply((" step</think>7",), (finish,), usage=Usage(1, 5, tokens))

    return ScriptedClient(reply), seen


@pytest.mark.parametrize("times", [0, 1, 3])
def test_thinking_goes_on_so_many_times(times):
    client, seen = thinker()
    reply = asyncio.run(Continued(client, times).complete(QUESTION))
    assert reply.text.endswith(f"steps {times + 1}")
    assert reply.text.count("Wait") == times
    assert reply.usage.calls == times + 2
    assert reply.usage.completion_tokens == 10 * (times + 1) + 3
    assert seen[0].stop == ("</think>",)
    assert ("continue_final_message", True) in seen[0].extra
    assert seen[-1].stop == ()
    assert seen[-1].max_tokens == 50


def test_forced_tokens_count_and_stop_at_the_cap():
    client, seen = thinker(tokens=40)
    reply = asyncio.run(Continued(client, 9, max_thinking=100).complete(QUESTION))
    assert [r.max_tokens for r in seen] == [100, 60, 20, 50]
    assert reply.usage.completion_tokens == 123
    cut, seen = thinker(finish="length")
    asyncio.run(Continued(cut, 9).complete(QUESTION))
    assert len(seen) == 2


def test_an_error_on_the_way_counts_the_calls_before_it():
    calls = []

    def reply(request):
        calls.append(1)
        if len(calls) == 3:
            raise CallError("down", state="failed", attempts=2)
        return Reply((" step",), usage=Usage(1, 5, 3))

    found, _ = run(ContinuedJudge(times=5), reply)
    assert {(v.state, v.value) for v in found[:1]} == {(State.FAILED, None)}
    assert found[0].usage.calls == 4


def test_a_content_filter_ends_the_thinking():
    found, _ = run(ContinuedJudge(), lambda r: Reply(("I",), ("content_filter",)))
    assert {v.state for v in found} == {State.REFUSED}


def test_the_verdict_comes_after_the_thinking_and_its_mentions_do_not_count():
    def reply(request):
        if request.messages[-1].role == "assistant" and "</think>" in request.messages[-1].content:
            return GOOD(Request(request.messages[:2]))
        return '{"verdicts": [{"id": "a", "verdict": 1}]}</think>'

    found, _ = run(ContinuedJudge(times=2), reply)
    assert [v.value for v in found] == [4.0, 4.0]


def test_settings_of_continuation():
    for wrong in ({"times": -1}, {"max_thinking": 0}):
        with pytest.raises(SettingError):
            ContinuedJudge(**wrong)
        with pytest.raises(SettingError):
            Continued(ScriptedClient(lambda r: ""), **({"times": 1} | wrong))
