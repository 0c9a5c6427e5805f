import asyncio
import json
import pickle

import pytest

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.client import Reply, Request
from rubricate.llm.faults import ITEM_KINDS, NEVER_OFFERED, REQUEST_KINDS, Faults, FaultyClient, Turns, question
from rubricate.llm.scripted import JudgeScript, ScriptedClient, met
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

RUBRIC = Rubric(id="r", criteria=[{"id": f"c{k}", "text": f"Point {k} is made."} for k in range(10)])
JUDGE = PointwiseJudge(reasons=False)


def sample(k: int) -> Sample:
    return Sample(f"s{k}", (Message("user", "Make tea."),), f"Response number {k}.")


def request(k: int, criteria=RUBRIC.leaves) -> Request:
    return JUDGE.request(sample(k), RUBRIC, criteria)


def one(kind: str, **settings) -> Faults:
    return Faults(**{kind: 1.0}, **settings)


def faulty(faults: Faults) -> FaultyClient:
    return FaultyClient(ScriptedClient(JudgeScript(met)), faults)


def judge(client, samples=range(40), judge=JUDGE):
    async def work():
        return [await judge.verdicts(sample(k), RUBRIC, RUBRIC.leaves, client) for k in samples]

    return [v for verdicts in asyncio.run(work()) for v in verdicts]


# settings


def test_settings_are_checked():
    for bad in ({"empty": -0.1}, {"empty": 0.6, "hang": 0.6}, {"mode": "often"}, {"retry_after": -1.0}):
        with pytest.raises(SettingError):
            Faults(**bad)
    assert pickle.loads(pickle.dumps(Faults(hang=0.5))) == Faults(hang=0.5)


def test_rates_are_read_from_a_command_line():
    assert Faults.parse(["rate_limit=.05", "hang=0.01"], mode="staying", seed=3, retry_after=0.0) == Faults(
        rate_limit=0.05, hang=0.01, mode="staying", seed=3, retry_after=0.0
    )
    with pytest.raises(UnknownNameError, match="rate_limit"):
        Faults.parse(["rate_limt=.05"])
    for text in ("empty", "empty=lots"):
        with pytest.raises(SettingError, match=r"empty=0\.05"):
            Faults.parse([text])


# deciding


def test_each_kind_hits_at_its_rate():
    faults = Faults(**dict.fromkeys(REQUEST_KINDS + ITEM_KINDS, 0.05))
    kinds = [faults.decide(request(k)) for k in range(2000)]
    for kind in REQUEST_KINDS + ITEM_KINDS:
        assert kinds.count(kind) / 2000 == pytest.approx(0.05, abs=0.02)
    assert kinds.count(None) / 2000 == pytest.approx(0.45, abs=0.04)
    assert [Faults().decide(request(k)) for k in range(50)] == [None] * 50


def test_the_seed_decides_and_nothing_else():
    faults = Faults(empty=0.3, seed=1)
    first = [faults.decide(request(k)) for k in range(100)]
    assert [faults.decide(request(k)) for k in reversed(range(100))] == first[::-1]
    assert [Faults(empty=0.3, seed=2).decide(request(k)) for k in range(100)] != first


def test_passing_faults_draw_again_and_staying_ones_do_not():
    passing, staying = Faults(empty=0.3), Faults(empty=0.3, mode="staying")
    hit = [k for k in range(100) if passing.decide(request(k), 0)]
    assert 0 < sum(passing.decide(request(k), 1) is not None for k in hit) < len(hit)
    for k in range(100):
        assert len({staying.decide(request(k), turn) for turn in range(5)}) == 1


def test_a_staying_fault_hits_the_second_try_with_its_complaint():
    staying = Faults(bad_json=0.3, mode="staying")
    for k in range(100):
        asked = request(k)
        again = asked.ask_again("What?", "Reply with JSON.")
        assert question(again) == question(asked)
        assert staying.decide(again) == staying.decide(asked)


def test_a_staying_fault_of_a_criterion_does_not_depend_on_its_company():
    staying = Faults(left_out=0.1, wrong_choice=0.1, mode="staying")
    whole, alone = {}, {}
    for k in range(40):
        whole |= {(k, c): kind for c, kind in staying._stuck(request(k)).items()}
        for c in RUBRIC.leaves:
            kind = staying.decide(request(k, (c,)))
            alone |= {(k, c.id): kind} if kind else {}
    assert whole == alone
    assert len(whole) / 400 == pytest.approx(0.2, abs=0.05)
    assert set(whole.values()) == set(ITEM_KINDS)


def test_a_request_fault_does_depend_on_it():
    staying = Faults(empty=0.2, mode="staying")
    whole = [staying.decide(request(k)) for k in range(40)]
    alone = [staying.decide(request(k, RUBRIC.leaves[:1])) for k in range(40)]
    assert whole != alone


def test_single_verdicts_are_spoilt_in_judge_prompts_only():
    asked = Request((Message("user", "Hello."),))
    for mode in ("passing", "staying"):
        assert one("left_out", mode=mode).decide(asked) is None
    assert one("empty").decide(asked) == "empty"


def test_turns_count_the_tries_of_one_question():
    turns = Turns()
    a, b = request(0), request(1)
    assert [turns.next(r) for r in (a, a, b, a.ask_again("x", "y"), b)] == [0, 1, 0, 2, 1]


# in process


@pytest.mark.parametrize(
    ("kind", "status", "state", "retryable"),
    [
        ("rate_limit", 429, "failed", True),
        ("server_error", 500, "failed", True),
        ("drop", None, "failed", True),
        ("refusal", None, "refused", False),
    ],
)
def test_errors_are_those_of_an_http_client(kind, status, state, retryable):
    client = faulty(one(kind, retry_after=2.5))
    with pytest.raises(CallError) as caught:
        asyncio.run(client.complete(request(0)))
    error = caught.value
    assert (error.status, error.state, error.retryable, error.where) == (status, state, retryable, client.endpoint)
    assert error.retry_after == (2.5 if kind == "rate_limit" else None)
    assert client.counts == {kind: 1}


@pytest.mark.parametrize("kind", ["bad_json", "truncated", "cut_json", "empty", "left_out", "wrong_choice"])
def test_spoilt_replies(kind):
    reply = asyncio.run(faulty(one(kind)).complete(request(0)))
    good = asyncio.run(ScriptedClient(JudgeScript(met)).complete(request(0))).text
    assert reply.finish == (("length",) if kind == "truncated" else ("stop",))
    if kind in ("truncated", "cut_json"):
        assert good.startswith(reply.text)
        assert 0 < len(reply.text) < len(good)
    elif kind in ITEM_KINDS:
        verdicts = {e["id"]: e["verdict"] for e in json.loads(reply.text)["verdicts"]}
        assert len(verdicts) == (9 if kind == "left_out" else 10)
        assert list(verdicts.values()).count(NEVER_OFFERED) == (kind == "wrong_choice")
        assert list(verdicts.values()).count("met") == 9
    else:
        assert reply.text == ("" if kind == "empty" else "The response looks fine to me.")


def test_a_cut_reply_never_holds_a_whole_verdict_object():
    text = 'So {"verdicts": [{"id": "c0", "verdict": "met"}]} as I said. ' + "And more. " * 50
    for kind in ("truncated", "cut_json"):
        cut = one(kind).spoil(kind, Reply((text,)), request(0)).text
        assert text.startswith(cut)
        assert "]}" not in cut


def test_replies_that_are_no_verdicts_stay():
    reply = Reply(("plain", '{"verdicts": 3}', '{"verdicts": ["c0"]}'))
    assert one("left_out").spoil("left_out", reply, request(0)) == reply
    assert one("empty").spoil("hang", reply, request(0)) == reply


def test_a_hang_ends_with_the_patience_of_the_caller():
    async def work():
        task = asyncio.create_task(faulty(one("hang")).complete(request(0)))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())


# through the judge: every verdict right or accounted for


def test_a_judge_recovers_from_what_passes():
    client = faulty(Faults(bad_json=0.1, cut_json=0.1, empty=0.1, left_out=0.1, wrong_choice=0.1))
    verdicts = judge(client, judge=PointwiseJudge(reasons=False, reasks=12))
    assert {(v.state, v.value) for v in verdicts} == {(State.SCORED, 1.0)}
    assert set(client.counts) == {"bad_json", "cut_json", "empty", "left_out", "wrong_choice"}


@pytest.mark.parametrize("kind", ITEM_KINDS)
def test_what_stays_costs_the_verdicts_it_hits_and_no_other(kind):
    faults = Faults(**{kind: 0.1}, mode="staying")
    verdicts = judge(faulty(faults))
    stuck = {(k, c) for k in range(40) for c in faults._stuck(request(k))}
    lost = {(n // 10, v.criterion) for n, v in enumerate(verdicts) if v.state is State.UNREADABLE}
    assert lost == stuck
    assert len(stuck) > 20
    assert {v.value for v in verdicts if v.scored} == {1.0}


def test_a_question_that_never_gets_json_is_unreadable():
    verdicts = judge(faulty(one("bad_json", mode="staying")), range(2))
    assert {(v.state, v.attempts) for v in verdicts} == {(State.UNREADABLE, 3)}
