"""Items that were found are reranked before they are shown: bounded, strict, and never worse than without."""

import asyncio
import json

import pytest

from rubricate.audit import INJECTIONS
from rubricate.audit.injection import outside, pieces
from rubricate.errors import CallError, SettingError
from rubricate.generate import Material, NeighbourGenerator
from rubricate.generate.rerank import reranked
from rubricate.llm.client import Reply
from rubricate.rubrics import Rubric

WHOLE = Rubric(id="whole", prompt="brew green tea", criteria=[{"id": "a", "text": "Warms the pot."}])
LOOSE = Rubric(
    id="loose",
    prompt="brew coffee",
    criteria=[
        {"id": f"c{k}", "text": t}
        for k, t in enumerate(["Is about tea and tea.", "Is about tea.", "Gives a temperature.", "Names the grind."])
    ],
)
MATERIAL = Material("How do I brew tea?", neighbours=(WHOLE, LOOSE))
ITEMS = {"items": [{"text": "Gives 80 degrees.", "weight": 5}, {"text": "Boils the leaves.", "weight": -5}]}


class Client:
    """The reranker's replies, then the items; an error is raised."""

    endpoint = "test"

    def __init__(self, *replies):
        self.replies, self.requests = [*replies, ITEMS], []

    async def complete(self, request):
        self.requests.append(request)
        asked_items = "Write criteria" in request.messages[0].content
        reply = ITEMS if asked_items else self.replies.pop(0) if len(self.replies) > 2 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else Reply((json.dumps(reply),))


def run(*replies, material=MATERIAL, **settings):
    client = Client(*replies)
    generator = NeighbourGenerator(**({"examples": 1, "pool": 2, "rerank": 4} | settings))
    draft = asyncio.run(generator.generate(material, client, id="r"))
    assert draft.rubric is not None
    return (
        [line[2:] for line in client.requests[-1].messages[1].content.splitlines() if line.startswith("- ")],
        draft,
        client,
    )


BY_WORDS = ["Is about tea and tea.", "Is about tea."]


def test_a_model_chooses_what_words_do_not_find():
    shown, draft, client = run({"best": [3, 2]})
    assert shown == ["Gives a temperature.", "Is about tea."]
    assert (draft.notes, draft.usage.calls, len(client.requests)) == ((), 2, 2)
    assert run({"best": [3]})[0] == ["Gives a temperature."]
    only, _, client = run({"best": [2, 1]}, rerank=2)
    assert only == ["Is about tea.", "Is about tea and tea."]
    assert "Gives a temperature." not in client.requests[0].messages[1].content


def test_without_it_nothing_more_is_asked():
    shown, _, client = run(rerank=0)
    assert (shown, len(client.requests)) == (BY_WORDS, 1)
    few = Material(MATERIAL.prompt, neighbours=(WHOLE,))
    assert len(run(material=few)[2].requests) == 1


@pytest.mark.parametrize(
    "bad", [{"best": []}, {"best": [1, 2, 3]}, {"best": [1, 1]}, {"best": [0]}, {"best": [5]}, {"best": ["1"]}, {"best": [True]},
            {"best": 1}, {"worst": [1]}],
)  # fmt: skip
def test_an_unusable_order_is_asked_again_and_then_the_words_decide(bad):
    shown, draft, client = run(bad)
    assert shown == BY_WORDS
    assert draft.notes == ("the items were not reranked (unreadable); they are ordered by words",)
    assert len(client.requests) == 4 == draft.usage.calls
    assert run(bad, {"best": [4]})[0] == ["Names the grind."]


def test_a_model_that_is_down_costs_the_order_only():
    shown, draft, client = run(CallError("down", state="timed_out"))
    assert (shown, len(client.requests)) == (BY_WORDS, 2)
    assert draft.notes == ("the items were not reranked (timed_out); they are ordered by words",)


def test_an_encoder_may_score_instead_and_may_fail():
    def by_length(task, texts):
        return [-len(t) for t in texts]

    def lost(task, texts):
        raise CallError("down", state="failed")

    shown, _, client = run(score=by_length)
    assert (shown, len(client.requests)) == (["Is about tea.", "Names the grind."], 1)
    for score in (lambda task, texts: [float("nan")] * len(texts), lambda task, texts: [1.0]):
        shown, draft, _ = run(score=score)
        assert shown == BY_WORDS
        assert "the score gave no number" in draft.notes[0]
    assert run(score=lost)[1].notes == ("the items were not scored (failed); they are ordered by words",)
    assert NeighbourGenerator(rerank=20, score=by_length).digest != NeighbourGenerator(rerank=20, score=lost).digest
    assert NeighbourGenerator(rerank=20, score=lost).digest == NeighbourGenerator(rerank=20, score=lost).digest


@pytest.mark.parametrize("injection", INJECTIONS[::6], ids=lambda i: i.kind)
def test_items_of_others_are_fenced(injection):
    client = Client({"best": [9]}, {"best": [1]}, {"best": [1]})
    asyncio.run(reranked(injection.text, [injection.text, "b"], client, most=1))
    plain = Client({"best": [9]}, {"best": [1]}, {"best": [1]})
    asyncio.run(reranked("a", ["a", "b"], plain, most=1))
    known = "\n".join(outside(r) for r in plain.requests)
    assert len(client.requests) == 2
    for request in client.requests:
        assert not [p for p in pieces(injection.text) if p not in known and p in outside(request)]


def test_settings():
    with pytest.raises(SettingError, match="at least pool"):
        NeighbourGenerator(pool=15, rerank=10)
    with pytest.raises(SettingError, match="rerank is 0"):
        NeighbourGenerator(score=lambda task, texts: [])
