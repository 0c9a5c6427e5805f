import asyncio
import json

import pytest

from rubricate.errors import CallError, RubricError
from rubricate.generate import EvidenceGenerator
from rubricate.llm.client import Reply

PASSAGES = ("Chest pain that spreads to the arm needs an ambulance. Rest helps.", "Aspirin is chewed unless allergic.")
FACTS = [
    {"text": "Chest pain that spreads to the arm needs an ambulance.", "kind": "red_flag", "passage": 1},
    {"text": "Aspirin is chewed.", "kind": "positive", "passage": 2},
    {"text": "Invented.", "kind": "positive", "passage": 7},
]
ITEMS = [
    {"text": "Tells to call an ambulance now.", "points": 10, "axis": "accuracy", "fact": 1},
    {"text": "Suggests waiting until tomorrow.", "points": -9, "axis": "accuracy", "fact": 1},
    {"text": "Mentions chewing aspirin.", "points": 4, "axis": "elegance", "fact": 2},
    {"text": "Tells to call an ambulance right now.", "points": 3, "axis": "accuracy", "fact": 1},
    {"text": "Does not mention rest.", "points": -2, "axis": "completeness", "fact": 1},
    {"text": "Cites a study.", "points": 5, "axis": "accuracy", "fact": 9},
]


class Client:
    endpoint = "test"

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    async def complete(self, request):
        self.requests.append(request)
        return Reply((self.replies.pop(0),))


def generate(client, **settings):
    return asyncio.run(EvidenceGenerator(**settings).generate("My chest hurts.", PASSAGES, client, id="chest"))


def test_supported_items_become_criteria_and_the_rest_is_dropped_with_a_reason():
    client = Client(json.dumps({"facts": FACTS}), json.dumps({"items": ITEMS}))
    rubric, dropped = generate(client)
    assert [(c.id, c.weight) for c in rubric.criteria] == [("e1", 10), ("e2", -9), ("e3", 4)]
    assert rubric.criteria[0].evidence[0].span == (0, 54)
    assert rubric.criteria[2].axis == ""
    assert rubric.criteria[0].provenance.generator == "EvidenceGenerator"
    reasons = {d.text: d.reason for d in dropped}
    assert "same as" in reasons["Tells to call an ambulance right now."]
    assert "double negation" in reasons["Does not mention rest."]
    assert "no fact" in reasons["Cites a study."]
    assert "Invented." not in client.requests[1].messages[1].content


def test_unusable_replies_are_asked_again_within_the_budget():
    good = [json.dumps({"facts": FACTS}), json.dumps({"items": ITEMS})]
    positive_only = json.dumps({"items": ITEMS[:1]})
    client = Client("no json", good[0], positive_only, good[1])
    assert len(generate(client)[0].criteria) == 3
    assert "no item has negative points" in client.requests[3].messages[-1].content
    with pytest.raises(CallError, match="3 tries") as caught:
        generate(Client("a", "b", "c"))
    assert caught.value.state == "unreadable"


def test_passages_are_fenced_and_needed():
    client = Client(json.dumps({"facts": FACTS}), json.dumps({"items": ITEMS}))
    generate(client)
    assert 'is="passage 2"' in client.requests[0].messages[1].content
    with pytest.raises(RubricError, match="no passage"):
        asyncio.run(EvidenceGenerator().generate("x", (), client, id="r"))


def test_no_more_than_the_limit_is_kept_the_weightiest_first():
    client = Client(json.dumps({"facts": FACTS}), json.dumps({"items": ITEMS}))
    rubric, _ = generate(client, max_items=2)
    assert [c.weight for c in rubric.criteria] == [10, -9]
