import asyncio
import json
import math

import numpy as np
import pytest

from rubricate.errors import LockError, PolicyError, RubricError, SettingError, StoreError, UnknownNameError
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.calls import Calls, CallSettings
from rubricate.llm.client import Reply
from rubricate.pipeline import as_samples, rescore, run, run_async
from rubricate.rubrics import Rubric
from rubricate.store import RunFolder
from rubricate.types import State


class Judge:
    """A client that answers met for criteria whose last word stands in the response; counts what it is asked."""

    endpoint = "scripted"
    model = "m"

    def __init__(self, broken=()):
        self.asked, self.broken = [], set(broken)

    async def complete(self, request):
        text = request.messages[1].content
        response = text.rsplit('is="response">\n', 1)[1].split("\n</", 1)[0]
        lines = [line for line in text.splitlines() if line.startswith("[")]
        ids = [line[1 : line.index("]")] for line in lines]
        self.asked += ids
        verdicts = [
            {"id": i, "verdict": "met" if line.split()[-1].strip(".") in response else "not_met"}
            for i, line in zip(ids, lines, strict=True)
            if i not in self.broken
        ]
        return Reply((json.dumps({"verdicts": verdicts}),))


RUBRIC = Rubric(
    id="tea",
    criteria=[
        {"id": "warm", "text": "Says to warm the pot.", "weight": 2},
        {"id": "time", "text": "Gives the minutes.", "weight": 1},
        {"id": "bad", "text": "Suggests a microwave.", "weight": -1},
    ],
    policy="healthbench",
)
RESPONSES = ["Warm the pot, steep four minutes.", "Use the microwave.", "pot"]


def test_the_main_job_in_memory():
    result = run(RUBRIC, prompt="How do I make tea?", responses=RESPONSES, client=Judge())
    assert result.rewards.values.tolist() == pytest.approx([1.0, -1 / 3, 2 / 3])
    assert [v.value for v in result.verdicts("r2")] == [0, 0, 1]
    assert result.scores.group.tolist() == [0, 0, 0]
    np.testing.assert_allclose(result.contributions().sum(1), result.rewards.values)
    assert result.usage.calls == 3


def test_a_failed_judgement_on_a_bad_criterion_does_not_pay():
    result = run(RUBRIC, prompt="Tea?", responses=["Use the microwave."], client=Judge(broken=["bad"]))
    assert result.verdicts("r1")[2].state is State.UNREADABLE
    assert math.isnan(result.rewards.values[0])
    assert result.rewards.why(0) == "verdicts are missing"
    worst = run(
        RUBRIC, prompt="Tea?", responses=["Use the microwave."], client=Judge(broken=["bad"]), policy="healthbench"
    )
    assert not worst.rewards.valid[0]


def test_a_run_is_stored_resumed_and_rescored_without_a_call(tmp_path):
    out, client = tmp_path / "run", Judge()
    first = run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=client, out=out)
    assert len(client.asked) == 9
    folder = RunFolder.open(out)
    assert folder.config()["finished"] is True
    assert [r["reward"] for r in folder.read_lines("rewards.jsonl")] == pytest.approx(first.rewards.values.tolist())
    again = run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=client, out=out, resume=True)
    assert len(client.asked) == 9
    np.testing.assert_array_equal(again.rewards.values, first.rewards.values)
    other = rescore(out, "rubric_lib")
    assert other.rewards.values.tolist() == pytest.approx([1.0, 0.0, 2 / 3])
    assert len(client.asked) == 9
    with pytest.raises(StoreError, match="--resume"):
        run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=client, out=out)


def changed(**criterion):
    data = RUBRIC.model_dump(mode="json")
    data["criteria"][1] |= criterion
    return Rubric.model_validate(data)


@pytest.mark.parametrize(
    ("rubric", "asked"),
    [
        (changed(weight=5.0), 0),
        (changed(tags=("x",), rationale="because"), 0),
        (changed(text="Gives the hours."), 3),
        (changed(scale="1-5"), 3),
        (RUBRIC.model_copy(update={"guidelines": "Be strict."}), 9),
    ],
)
def test_a_change_asks_again_what_it_changes_and_nothing_else(tmp_path, rubric, asked):
    run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=Judge(), out=tmp_path / "run")
    client = Judge()
    run(rubric, prompt="Tea?", responses=RESPONSES, client=client, out=tmp_path / "run", resume=True)
    first_round = len([i for i in client.asked])
    assert first_round == asked if rubric.leaves[1].scale.kind == "binary" else first_round >= asked


def test_another_judge_model_or_response_asks_again(tmp_path):
    run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=Judge(), out=tmp_path / "run")
    other_model = Judge()
    other_model.model = "m2"
    for kwargs, asked in (
        ({"client": other_model}, 9),
        ({"client": Judge(), "judge": PointwiseJudge(reasons=False)}, 9),
        ({"client": Judge(), "responses": [*RESPONSES[:2], "pot!"]}, 3),
    ):
        run(RUBRIC, prompt="Tea?", **({"responses": RESPONSES} | kwargs), out=tmp_path / "run", resume=True)
        assert len(kwargs["client"].asked) == asked
        run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=Judge(), out=tmp_path / "run", resume=True)


def test_missing_verdicts_are_asked_again_on_request(tmp_path):
    run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=Judge(broken=["bad"]), out=tmp_path / "run")
    client = Judge()
    run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=client, out=tmp_path / "run", resume=True)
    assert client.asked == []
    result = run(
        RUBRIC, prompt="Tea?", responses=RESPONSES, client=client, out=tmp_path / "run", resume=True, retry_missing=True
    )
    assert client.asked == ["bad"] * 3
    assert result.rewards.valid.all()


def test_rubrics_of_one_run_keep_their_own_policies():
    likert = Rubric(id="likert", criteria=[{"id": "q", "text": "Good pot.", "weight": 3}], policy="likert_mean")
    samples = [
        *as_samples("a", RESPONSES[:1], "tea"),
        *[s.__class__("x", s.prompt, s.response, "g2", "likert") for s in as_samples("b", ["pot"], "likert")],
    ]
    result = run([RUBRIC, likert], samples, client=Judge())
    assert result.rewards.values.tolist() == [1.0, 1.0]
    assert result.scores.group.tolist() == [0, 1]
    assert result.contributions().shape == (2, 3)


def test_the_embedded_judge_needs_no_client():
    result = run(RUBRIC, prompt="Tea?", responses=["Warm the pot first.", "Put it in the microwave."])
    assert result.rewards.values[0] > result.rewards.values[1]
    assert result.usage.calls == 0


def test_async_inside_a_running_loop_and_sync_from_one():
    async def notebook():
        first = await run_async(RUBRIC, prompt="Tea?", responses=RESPONSES, client=Judge())
        second = run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=Judge())
        return first, second

    first, second = asyncio.run(notebook())
    np.testing.assert_array_equal(first.rewards.values, second.rewards.values)


def test_bad_input_fails_before_anything_is_asked():
    client = Judge()
    go = {"prompt": "Tea?", "responses": RESPONSES, "client": client}
    with pytest.raises(UnknownNameError, match="Did you mean 'healthbench'"):
        run(RUBRIC, **go, policy="healthbnech")
    with pytest.raises(SettingError, match="one of the two"):
        run(RUBRIC, client=client)
    with pytest.raises(RubricError, match="two different rubrics"):
        run([RUBRIC, changed(weight=9.0)], **go)
    with pytest.raises(SettingError, match="stands twice"):
        run(RUBRIC, as_samples("a", ["x"]) * 2, client=client)
    with pytest.raises(LockError, match="changed after it was locked"):
        run(changed(weight=2.0).model_copy(update={"locked": RUBRIC.digest}), **go)
    assert client.asked == []


def test_a_policy_that_raises_is_the_users_choice():
    strict = RUBRIC.model_copy(update={"policy": RUBRIC.policy.model_copy(update={"settings": {"missing": "raise"}})})
    with pytest.raises(PolicyError):
        run(strict, prompt="Tea?", responses=RESPONSES, client=Judge(broken=["bad"]))


def test_a_cap_ends_in_states_not_in_numbers(tmp_path):
    client = Calls(Judge(), CallSettings(max_calls=1))
    result = run(RUBRIC, prompt="Tea?", responses=RESPONSES, client=client, concurrency=1, out=tmp_path / "run")
    assert [v.state for v in result.verdicts("r3")] == [State.FAILED] * 3
    assert "max_calls" in result.verdicts("r3")[0].reason
    assert result.rewards.valid.tolist() == [True, False, False]
