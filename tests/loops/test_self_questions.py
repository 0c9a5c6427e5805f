"""Background questions: looked up or answered by the model, the same for all sides, nothing when the model fails."""

import asyncio
import json

import pytest

from rubricate.errors import CallError, SettingError
from rubricate.llm.scripted import ScriptedClient
from rubricate.loops import SelfQuestions
from rubricate.types import Message, Sample

TASK = (Message("user", "Which claim is older? PLANTED"),)
PAIR = (Sample("a", TASK, "The first. PLANTED"), Sample("b", TASK, "The second.", documents=("own",)))
QUESTIONS = {"questions": ["When was it filed?", "When was it filed?", "", 3, "By whom?", "Where?"]}


def run(client, lookup=None, **settings):
    return asyncio.run(SelfQuestions(**settings).of(PAIR, client, lookup))


async def lookup(question):
    return {"When was it filed?": "In 1997."}.get(question)


def test_looked_up_answers_become_documents_of_both_sides():
    seen = []
    client = ScriptedClient(lambda r: seen.append(r) or json.dumps(QUESTIONS))
    found = run(client, lookup, k=2)
    assert found.samples[0].documents == ("Question: When was it filed?\nAnswer: In 1997.",)
    assert found.samples[1].documents == ("own", *found.samples[0].documents)
    assert (found.unanswered, found.why, found.usage.calls) == (("By whom?",), "", 1)
    assert "PLANTED" not in seen[0].messages[0].content


def test_without_a_source_the_model_answers_or_leaves_open():
    replies = iter([QUESTIONS, {"answers": ["In 1997."]}, {"answers": ["In 1997.", None, 4]}])
    found = run(ScriptedClient(lambda r: json.dumps(next(replies))))
    assert found.samples[0].documents == ("Question: When was it filed?\nAnswer: In 1997.",)
    assert found.unanswered == ("By whom?", "Where?")
    assert found.usage.calls == 3  # one list was too short


def test_a_model_that_fails_leaves_the_samples_alone_and_says_so():
    def fail(request):
        raise CallError("down", state="failed")

    half = iter([json.dumps(QUESTIONS), "no", "no"])
    for client in (ScriptedClient(fail), ScriptedClient(lambda r: "{}"), ScriptedClient(lambda r: next(half))):
        found = run(client)
        assert found.samples == PAIR
        assert found.why
    nothing = run(ScriptedClient(lambda r: '{"questions": ["Who?"]}'), lookup)
    assert nothing.why == "no question has an answer"


def test_samples_of_two_tasks_and_no_questions_are_refused():
    other = Sample("c", (Message("user", "Another"),), "x")
    with pytest.raises(SettingError, match="equal prompts"):
        asyncio.run(SelfQuestions().of((PAIR[0], other), ScriptedClient(lambda r: "")))
    with pytest.raises(SettingError, match="at least 1"):
        SelfQuestions(k=0)
