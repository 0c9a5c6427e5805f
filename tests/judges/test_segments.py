import asyncio
import json

import numpy as np
import pytest

from rubricate.errors import CallError, SettingError, ShapeError
from rubricate.judges import SENTENCES, STEPS, SegmentJudge, SentenceJudge, StepJudge, segment_arrays
from rubricate.llm.client import Reply
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

SAMPLE = Sample("s", (Message("user", "When?"),), "In 1969. It was hot.", documents=("It happened in 1970.",))
PARTS = ["In 1969.", "It was hot."]


def say(unit, *rows, final=None, **more):
    entries = [{"n": k, **row} for k, row in enumerate(rows, 1)]
    return json.dumps({f"{unit}s": entries} | ({"final": final} if final is not None else {}) | more)


def label(judge, rule, rubric, parts=PARTS, sample=SAMPLE):
    client = rule if hasattr(rule, "complete") else ScriptedClient(rule)
    return asyncio.run(judge.label(sample, parts, rubric, client)), client


GOOD = say(
    "sentence",
    {"faithful": "met", "reason": "so it says", "correct": "not_met"},
    {"faithful": "cannot_tell", "correct": "met"},
)


def test_both_are_segment_judges():
    assert isinstance(SentenceJudge(), SegmentJudge)
    assert isinstance(StepJudge(), SegmentJudge)


def test_a_sentence_can_be_faithful_to_a_wrong_source():
    (first, second, whole), client = label(SentenceJudge(), lambda r: GOOD, SENTENCES)
    assert [(v.criterion, v.state, v.value) for v in first] == [
        ("faithful", State.SCORED, 1.0),
        ("correct", State.SCORED, 0.0),
    ]
    assert first[1].reason == "so it says"
    assert second[0].state is State.ABSTAINED
    assert [(v.state, v.value) for v in whole] == [(State.ABSTAINED, None), (State.SCORED, 0.0)]
    assert client.calls == 1
    assert first[0].usage.calls == 1
    assert all(v.usage is None for row in (second, whole) for v in row)


def test_the_parts_are_numbered_and_fenced():
    request = SentenceJudge().request(SAMPLE, PARTS, SENTENCES.leaves)
    system, user = (m.content for m in request.messages)
    assert 'is="sentence 1">\nIn 1969.\n</d-' in user
    assert 'is="sentence 2">\nIt was hot.\n</d-' in user
    assert 'is="document">' in user
    assert system.endswith('{"sentences": [{"n": 1, "faithful": "...", "reason": "one sentence", "correct": "..."}]}')
    system = StepJudge().request(SAMPLE, PARTS, STEPS.leaves).messages[0].content
    assert system.endswith('{"steps": [{"n": 1, "correct": "..."}], "final": {"correct": "..."}}')


@pytest.mark.parametrize(
    "reply",
    [
        "no",
        say("sentence", {"faithful": "met", "correct": "met"}),  # one of two
        say("sentence", *[{"faithful": "met", "correct": "met"}] * 3),
        say("sentence", {"faithful": "met", "correct": "met"}, {"faithful": "met"}),  # a label is missing
        say("sentence", {"faithful": "met", "correct": "met"}, {"faithful": "great", "correct": "met"}),
        say("sentence", {"faithful": "met", "correct": "met"}, {"faithful": float("nan"), "correct": "met"}),
        json.dumps(
            {
                "sentences": [
                    {"n": 2, "faithful": "met", "correct": "met"},
                    {"n": 1, "faithful": "met", "correct": "met"},
                ]
            }
        ),
        json.dumps(
            {
                "sentences": [
                    {"n": 1, "faithful": "met", "correct": "met"},
                    {"n": 1, "faithful": "met", "correct": "met"},
                ]
            }
        ),
        '{"sentences": [{"n": 1, "faithful": "met", "correct": "met", "correct": "not_met"}, {"n": 2, "faithful": "met", "correct": "met"}]}',
        json.dumps({"sentences": "met"}),
        GOOD + GOOD,
    ],
)
def test_a_reply_of_another_form_is_unreadable_as_a_whole(reply):
    rows, client = label(SentenceJudge(reasks=1), lambda r: reply, SENTENCES)
    assert {v.state for row in rows for v in row} == {State.UNREADABLE}
    assert {v.value for row in rows for v in row} == {None}
    assert (len(rows), client.calls, rows[0][0].usage.calls) == (3, 2, 2)


def test_a_step_judge_wants_its_final_verdict():
    good = say("step", {"correct": "met"}, {"correct": "not_met"}, final={"correct": "not_met"})
    rows, _ = label(StepJudge(), lambda r: good, STEPS)
    assert [row[0].value for row in rows] == [1.0, 0.0, 0.0]
    assert (
        label(StepJudge(), lambda r: say("step", {"correct": "met"}, {"correct": "met"}), STEPS)[0][0][0].state
        is State.UNREADABLE
    )
    assert (
        label(StepJudge(), lambda r: say("step", {"correct": "met"}, {"correct": "met"}, final={}), STEPS)[0][0][
            0
        ].state
        is State.UNREADABLE
    )


class Votes:
    """One reply or error for each verification, by the request's sample index."""

    endpoint = "test"

    def __init__(self, *replies):
        self.replies, self.samples = replies, []

    async def complete(self, request):
        self.samples.append(request.sample)
        found = self.replies[request.sample % len(self.replies)]
        if isinstance(found, CallError):
            raise found
        return found if isinstance(found, Reply) else Reply((found,))


def steps(*values, final):
    word = {1: "met", 0: "not_met", None: "cannot_tell"}
    return say("step", *[{"correct": word[v]} for v in values], final={"correct": word[final]})


def test_each_step_is_decided_by_the_majority_of_the_verifications():
    client = Votes(steps(1, 0, final=0), steps(1, 0, final=1), steps(0, 0, final=1))
    rows, _ = label(StepJudge(votes=3), client, STEPS)
    assert [row[0].value for row in rows] == [1.0, 0.0, 1.0]
    assert rows[0][0].probability == pytest.approx(2 / 3)
    assert rows[1][0].probability == 1.0  # the share of the votes
    assert rows[0][0].usage.calls == 3
    assert sorted(client.samples) == [0, 1, 2]


def test_unread_verifications_leave_the_vote_and_a_tie_is_no_verdict():
    rows, _ = label(StepJudge(votes=3, reasks=0), Votes(steps(1, 0, final=0), "x", steps(0, 0, final=0)), STEPS)
    assert rows[0][0].state is State.ABSTAINED
    assert "tied" in rows[0][0].reason
    assert [row[0].value for row in rows] == [None, 0.0, 0.0]
    rows, _ = label(StepJudge(votes=3, reasks=0), Votes(steps(1, 0, final=0), "x", CallError("down")), STEPS)
    assert {row[0].state for row in rows} <= {State.UNREADABLE, State.FAILED}
    assert {row[0].value for row in rows} == {None}


def test_calls_that_end_badly_have_their_state():
    assert label(StepJudge(), Votes(CallError("late", state="timed_out")), STEPS)[0][2][0].state is State.TIMED_OUT
    assert label(StepJudge(reasks=0), Votes(Reply(("{",), ("length",))), STEPS)[0][0][0].state is State.TRUNCATED
    assert label(StepJudge(), Votes(Reply(("no",), ("content_filter",))), STEPS)[0][0][0].state is State.REFUSED


def test_no_part_no_call():
    rows, client = label(SentenceJudge(), lambda r: GOOD, SENTENCES, [])
    assert client.calls == 0
    assert [v.state for v in rows[0]] == [State.SKIPPED, State.SKIPPED]


def test_settings_and_names_are_checked():
    with pytest.raises(SettingError):
        StepJudge(votes=0)
    with pytest.raises(SettingError, match="'n'"):
        label(StepJudge(), lambda r: "", Rubric(id="r", criteria=[{"id": "n", "text": "t"}]))
    with pytest.raises(SettingError, match="no client"):
        asyncio.run(StepJudge().label(SAMPLE, PARTS, STEPS, None))
    assert StepJudge().digest != SentenceJudge().digest != SentenceJudge(votes=3).digest


def test_labels_become_arrays():
    a, _ = label(SentenceJudge(), lambda r: GOOD, SENTENCES)
    b, _ = label(SentenceJudge(), lambda r: GOOD, SENTENCES, [])
    found = segment_arrays([a, b, a], SENTENCES)
    assert found.off.tolist() == [0, 2, 2, 4]
    np.testing.assert_array_equal(found.values[:2], [[1.0, 0.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(found.whole, [[np.nan, 0.0], [np.nan, np.nan], [np.nan, 0.0]])
    assert found.criteria == ("faithful", "correct")
    with pytest.raises(ShapeError, match="an entry is about"):
        segment_arrays([a], STEPS)
    assert segment_arrays([], STEPS).off.tolist() == [0]


def test_values_are_put_on_the_unit_scale_and_bad_is_worst_when_met():
    rubric = Rubric(
        id="r",
        criteria=[
            {"id": "slop", "text": "Is slop.", "weight": -1},
            {"id": "level", "text": "t", "scale": {"kind": "ordinal", "min": 1, "max": 5}},
        ],
    )
    rows, _ = label(
        SentenceJudge(), lambda r: say("sentence", {"slop": "met", "level": 2}, {"slop": "not_met", "level": 4}), rubric
    )
    assert [v.value for v in rows[-1]] == [1.0, 2.0]
    np.testing.assert_allclose(segment_arrays([rows], rubric).values, [[1.0, 0.25], [0.0, 0.75]])
