"""Evidence -> facts -> items: what has support becomes a criterion, what has none is dropped with its reason."""

import asyncio
import json

import pytest

from rubricate.errors import SettingError
from rubricate.generate import EvidenceGenerator, Gate, Material
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
    {"text": "Sounds sure.", "points": 50, "axis": "accuracy", "fact": 1},
]


class Client:
    endpoint = "test"

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    async def complete(self, request):
        self.requests.append(request)
        return Reply((self.replies.pop(0),))


def generate(client, **settings):
    material = Material("My chest hurts.", passages=PASSAGES)
    return asyncio.run(EvidenceGenerator(**settings).generate(material, client, id="chest"))


def good():
    return Client(json.dumps({"facts": FACTS}), json.dumps({"items": ITEMS}))


def test_supported_items_become_criteria_and_the_rest_is_dropped_with_a_reason():
    client = good()
    draft = generate(client)
    assert [(c.text, c.weight) for c in draft.rubric.criteria] == [
        ("Tells to call an ambulance now.", 10), ("Suggests waiting until tomorrow.", -9),
        ("Mentions chewing aspirin.", 4),
    ]  # fmt: skip
    assert draft.rubric.criteria[0].evidence[0].span == (0, 54)
    assert draft.rubric.criteria[2].axis == ""
    assert draft.rubric.criteria[0].provenance.generator == "EvidenceGenerator"
    assert (draft.rubric.policy.name, draft.usage.calls) == ("automed", 2)
    reasons = {d.text: d.reason for d in draft.dropped}
    assert "R302-overlap" in reasons["Tells to call an ambulance right now."]
    assert "R001-double-negation" in reasons["Does not mention rest."]
    assert "no fact" in reasons["Cites a study."]
    assert "its points are 50" in reasons["Sounds sure."]
    assert "Invented." not in client.requests[1].messages[1].content


def test_unusable_replies_are_asked_again_within_the_budget():
    replies = [json.dumps({"facts": FACTS}), json.dumps({"items": ITEMS})]
    client = Client("no json", replies[0], json.dumps({"items": ITEMS[:1]}), replies[1])
    assert len(generate(client).rubric.criteria) == 3
    assert "no item has negative points" in client.requests[3].messages[-1].content
    lost = generate(Client("a", "b", "c"))
    assert lost.rubric is None
    assert "no usable reply after 3 tries" in lost.why
    assert lost.usage.calls == 3


def test_passages_are_fenced_and_needed():
    client = good()
    generate(client)
    assert 'is="passage 2"' in client.requests[0].messages[1].content
    with pytest.raises(SettingError, match="needs 'passages'"):
        asyncio.run(EvidenceGenerator().generate(Material("x"), client, id="r"))


def test_no_more_than_the_limit_is_kept_the_weightiest_first():
    draft = generate(good(), gate=Gate(most=2, negatives=True))
    assert [c.weight for c in draft.rubric.criteria] == [10, -9]
    assert any("before it were kept" in d.reason for d in draft.dropped)


def test_the_digest_names_settings_and_prompts():
    assert EvidenceGenerator().digest == EvidenceGenerator().digest
    assert EvidenceGenerator().digest != EvidenceGenerator(gate=Gate(most=5)).digest
