import asyncio
import json
import threading

import pytest

from rubricate.errors import CallError, SettingError, UnknownNameError
from rubricate.judges.engine import Progress, judge_all, judge_stream
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.client import Reply
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State
from rubricate.verifiers.base import verifier


@verifier("test/has-digit")
def has_digit(sample: Sample, minimum: int = 1) -> bool:
    return sum(c.isdigit() for c in sample.response) >= minimum


@verifier("test/broken")
def broken(sample: Sample) -> bool:
    raise ValueError("cannot look")


@verifier("test/waits", waits=True)
def waits_for_another(sample: Sample) -> bool:
    return sample.id == "empty" or MEETING.wait(timeout=60) >= 0


MEETING = threading.Barrier(2)
RUBRIC = Rubric(
    id="r",
    criteria=[
        {"id": "a", "text": "Polite."},
        {"id": "digit", "text": "Has a digit.", "verifier": {"name": "test/has-digit", "minimum": 2}},
        {"id": "b", "text": "Short."},
    ],
)
SAMPLES = [Sample(f"s{k}", (Message("user", "Hi"),), f"hello {k}{k}" if k % 2 else "hello") for k in range(10)]


class Client:
    endpoint = "test"

    def __init__(self, fail=()):
        self.fail, self.asked, self.now, self.peak = set(fail), [], 0, 0

    async def complete(self, request):
        text = request.messages[1].content
        self.asked.append(text)
        self.now += 1
        self.peak = max(self.peak, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if any(f in text for f in self.fail):
            raise CallError("down", state="failed")
        ids = [line[1 : line.index("]")] for line in text.splitlines() if line.startswith("[")]
        return Reply((json.dumps({"verdicts": [{"id": i, "verdict": "met"} for i in ids]}),))


def test_programs_decide_their_criteria_and_are_never_sent():
    client = Client()
    found = asyncio.run(judge_all(PointwiseJudge(), SAMPLES, RUBRIC, client))
    assert [v.criterion for v in found[0].verdicts] == ["a", "digit", "b"]
    assert [j.verdicts[1].value for j in found] == [0, 1] * 5
    assert found[0].verdicts[1].judge == "verifier:test/has-digit"
    assert not any("Has a digit" in text for text in client.asked)
    assert len(client.asked) == 10


def test_one_bad_call_costs_its_own_verdict_only():
    samples = [Sample(f"s{k}", (Message("user", "Hi"),), f"word{k}x") for k in range(5)]
    found = asyncio.run(judge_all(PointwiseJudge(batch=1), samples, RUBRIC, Client(fail=["word3x"])))
    states = [[v.state for v in j.verdicts] for j in found]
    assert states[3] == [State.FAILED, State.SCORED, State.FAILED]
    assert all(s == [State.SCORED] * 3 for k, s in enumerate(states) if k != 3)


def test_a_program_that_breaks_gives_a_state_not_a_score():
    rubric = Rubric(id="r", criteria=[{"id": "x", "text": "t", "verifier": "test/broken"}])
    verdict = asyncio.run(judge_all(PointwiseJudge(), SAMPLES[:1], rubric, Client()))[0].verdicts[0]
    assert verdict.state is State.FAILED
    assert "cannot look" in verdict.reason


def test_no_more_than_the_concurrency_is_in_flight():
    client = Client()
    asyncio.run(judge_all(PointwiseJudge(batch=1), SAMPLES, RUBRIC, client, concurrency=3))
    assert client.peak == 3


def test_what_is_known_is_not_asked():
    client, seen = Client(), []
    known = {"s0": {"a", "digit"}, "s1": {"a", "digit", "b"}}

    def keep(question, verdicts):
        seen.extend((question.sample.id, v.criterion) for v in verdicts)

    asyncio.run(judge_stream(PointwiseJudge(), SAMPLES[:3], {"r": RUBRIC}, client, known=known, on_verdicts=keep))
    assert sorted(seen) == [("s0", "b"), ("s2", "a"), ("s2", "b"), ("s2", "digit")]


def test_bad_set_ups_fail_before_anything_is_asked():
    client = Client()
    wrong = Rubric(id="r", criteria=[{"id": "x", "text": "t", "verifier": {"name": "test/has-digit", "minimun": 2}}])
    with pytest.raises(SettingError, match="minimun"):
        asyncio.run(judge_all(PointwiseJudge(), SAMPLES, wrong, client))
    unknown = Rubric(id="r", criteria=[{"id": "x", "text": "t", "verifier": "test/has-digits"}])
    with pytest.raises(UnknownNameError, match="Did you mean 'test/has-digit'"):
        asyncio.run(judge_all(PointwiseJudge(), SAMPLES, unknown, client))
    with pytest.raises(UnknownNameError, match="rubric 'q'"):
        asyncio.run(judge_all(PointwiseJudge(), [Sample("x", (), "y", rubric="q")], RUBRIC, client))
    assert not client.asked


def test_progress_counts_states_and_estimates_the_end():
    progress = Progress(total=4)
    assert progress.seconds_left is None
    found = asyncio.run(judge_all(PointwiseJudge(), SAMPLES[:1], RUBRIC, Client()))
    progress.add(found[0].verdicts)
    assert progress.states == {State.SCORED: 3}
    assert progress.usage.calls == 1
    assert progress.seconds_left > 0


def test_verifiers_that_wait_for_another_process_run_side_by_side_and_leave_the_loop_free():
    """Two of them meet, which they cannot when one blocks the loop; a judge without a client has more than one worker."""
    rubric = Rubric(id="w", criteria=[{"id": "c", "text": "x", "verifier": {"name": "test/waits"}}])
    found = []
    asyncio.run(
        judge_stream(PointwiseJudge(), SAMPLES[:2], {"w": rubric}, Client(), on_verdicts=lambda q, v: found.extend(v))
    )
    assert [v.value for v in found] == [1.0, 1.0]
