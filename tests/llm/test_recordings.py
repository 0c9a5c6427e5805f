"""Recordings: replies come back as they were, keep what they can while a job runs, and never answer another prompt."""

import asyncio

import pytest

from rubricate.errors import CallError, DataError
from rubricate.judges import judge_all
from rubricate.judges.pointwise import PointwiseJudge
from rubricate.llm.calls import Calls
from rubricate.llm.client import Client, Reply, Request, Token
from rubricate.llm.recordings import Recording, Replay, by_messages
from rubricate.llm.scripted import JudgeScript, Rule, ScriptedClient, met
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, Usage


def ask(text: str, **more) -> Request:
    return Request((Message("user", text),), **more)


def complete(client: Client, request: Request) -> Reply:
    return asyncio.run(client.complete(request))


def test_a_recording_replays_what_a_client_said(tmp_path):
    token = Token("met", -0.5, (("met", -0.5), ("not_met", -0.9)))
    rich = Reply(
        ("met", "cut emoji \ud83d"), ("stop", "length"), "real", Usage(1, 11, 5, 0.2, 3.0), ((token,), (token,))
    )
    recording = Recording()
    client = recording.record(ScriptedClient([Rule("rich", rich), Rule("", "plain")], endpoint="there"))
    assert client.endpoint == "there"
    asked = [ask("rich", n=2, top_logprobs=2), ask("other"), ask("other", sample=1)]
    first = [complete(client, r) for r in asked]
    recording.write(tmp_path / "r.jsonl")
    replay = ScriptedClient(Recording.read(tmp_path / "r.jsonl"))
    again = [complete(replay, r) for r in asked]
    for old, new in zip(first, again, strict=True):
        assert (old.texts, old.finish, old.model, old.tokens) == (new.texts, new.finish, new.model, new.tokens)
    assert again[0].usage == Usage(calls=1, prompt_tokens=11, completion_tokens=5)  # a replay costs and waits nothing
    with pytest.raises(CallError, match="no rule answers"):
        complete(replay, ask("never asked"))


def test_equal_recordings_are_equal_files(tmp_path):
    files = []
    for order in ((0, 1, 2), (2, 0, 1)):
        recording = Recording()
        client = recording.record(ScriptedClient(lambda r: r.messages[0].content.upper()))
        for k in order:
            complete(client, ask(f"question {k}"))
        recording.write(tmp_path / f"{order[0]}.jsonl")
        files.append((tmp_path / f"{order[0]}.jsonl").read_bytes())
    assert files[0] == files[1]
    assert files[0].count(b"\n") == 3


def test_a_recording_by_messages_serves_another_model():
    recording = Recording(key=by_messages)
    complete(recording.record(ScriptedClient(lambda r: "a")), ask("q", model="one", temperature=1.0))
    assert complete(ScriptedClient(recording), ask("q", model="two")).text == "a"
    whole = Recording()
    complete(whole.record(ScriptedClient(lambda r: "a")), ask("q", model="one"))
    with pytest.raises(CallError):
        complete(ScriptedClient(whole), ask("q", model="two"))


@pytest.mark.parametrize("line", ["not json", "[]", '{"key": "k"}', '{"texts": ["a"]}', '{"key": "k", "texts": 3}'])
def test_a_broken_line_is_named(tmp_path, line):
    path = tmp_path / "r.jsonl"
    path.write_text('{"key": "k", "texts": ["a"]}\n' + line + "\n")
    with pytest.raises(DataError, match=r"r.jsonl:2"):
        Recording.read(path)


def test_a_recorder_writes_each_reply_as_it_comes_and_cuts_half_a_line(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"key": "k", "texts": ["a"]}\n{"key": "half')
    client = Recording().record(ScriptedClient(lambda r: "b"), path)
    complete(client, ask("one"))
    found = Recording.read(path)
    assert list(found.replies) == ["k", ask("one").key("")]
    complete(client, ask("two"))
    assert len(Recording.read(path).replies) == 3


RUBRIC = Rubric(id="r", criteria=[{"id": "a", "text": "Warms the pot."}])
SAMPLES = [Sample(f"s{k}", (Message("user", f"Tea {k}?"),), "I warm the pot.") for k in range(2)]


def test_a_replay_ends_a_job_at_the_first_request_it_does_not_hold():
    recording = Recording(by_messages)
    judge = PointwiseJudge(reasons=False)
    client = recording.record(ScriptedClient(JudgeScript(met)))
    first = asyncio.run(judge_all(judge, SAMPLES[:1], RUBRIC, client))
    assert asyncio.run(judge_all(judge, SAMPLES[:1], RUBRIC, Calls(Replay(recording)))) == first
    with pytest.raises(DataError, match=r"none of 1 recorded replies is for the request .* about 'Tea 1\?'.*--record"):
        asyncio.run(judge_all(judge, SAMPLES, RUBRIC, Calls(Replay(recording))))


def test_a_replay_says_that_it_was_asked_again():
    request = ask("q").ask_again("a", "That is no JSON.")
    with pytest.raises(DataError, match=r"'That is no JSON\.', asked again after"):
        complete(Replay(Recording()), request)
    assert Replay(Recording(where="f.jsonl")).endpoint == "replay of f.jsonl"


def test_repeats_of_a_question_are_kept_apart():
    recording, count = Recording(by_messages), iter("abc")
    client = recording.record(ScriptedClient(lambda r: next(count)))
    asked = [ask("q"), ask("q", sample=1), ask("q", n=2)]
    first = [complete(client, r).texts for r in asked]
    assert first == [("a",), ("b",), ("c", "c")]
    assert [complete(Replay(recording), r).texts for r in asked] == first
    assert by_messages(ask("q", model="m", temperature=1.0, seed=3)) == by_messages(ask("q"))


def test_one_reply_never_stands_for_two_models():
    recording = Recording(by_messages)
    client = recording.record(ScriptedClient(lambda r: r.model))
    assert complete(client, ask("q", model="a")).text == "a"
    with pytest.raises(DataError, match="the models 'a' and 'b' are asked the same"):
        complete(client, ask("q", model="b"))
    replay = Replay(recording)
    assert complete(replay, ask("q", model="c")).text == "a"  # under another name
    with pytest.raises(DataError, match="the models 'c' and 'b' are asked the same"):
        complete(replay, ask("q", model="b"))
    whole = Recording()
    both = whole.record(ScriptedClient(lambda r: r.model))
    asked = [ask("q", model="a"), ask("q", model="b")]
    assert [complete(both, r).text for r in asked] == ["a", "b"]
    assert [complete(Replay(whole), r).text for r in asked] == ["a", "b"]
