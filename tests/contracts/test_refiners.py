"""One contract for the parts of refine that ask a model: strict replies, bounded second tries, fences, no silent result.

A new part adds one row to ``CASES``: how it is asked, a good reply and what comes of it, and replies that it refuses.
"""

import asyncio
import dataclasses
import inspect
import json

import pytest

import rubricate.refine as refine
from rubricate.audit import INJECTIONS
from rubricate.audit.injection import outside, pieces
from rubricate.errors import CallError
from rubricate.llm.client import Reply
from rubricate.refine import (
    Decision,
    LlmClash,
    LlmPrinciples,
    LlmRewriter,
    LlmSplitter,
    LlmThemes,
    Merged,
    ShownPair,
    Theme,
)
from rubricate.rubrics import Criterion


@dataclasses.dataclass(frozen=True)
class Case:
    """``ask(client, text)`` asks with ``text`` planted in everything that others wrote."""

    made: type
    ask: object
    good: object
    result: object
    bad: tuple


def split(client, text):
    return LlmSplitter(client, text, (f"one {text}", f"two {text}")).split(f"Is good. {text}", [0, 1], [f"Old. {text}"])


def clash(client, text):
    return LlmClash(client, text)(f"Names a source. {text}", ["Is short." + text, "Cites. " + text])


def rewrite(client, text):
    pairs = [ShownPair(text, f"better {text}", f"worse {text}")] * 2
    return LlmRewriter(client, wrong=1).rewrite(f"Is long. {text}", pairs, pairs, ["Names a source."])


def themes(client, text):
    given = [("Names a source.", 1), ("Says where it is from.", 2), ("Insults the reader.", -1), ("Is short.", 1)]
    criteria = [Criterion(id=f"c{k}", text=f"{t} {text}", weight=w) for k, (t, w) in enumerate(given)]
    criteria[3] = criteria[3].model_copy(update={"scale": criteria[3].scale.model_validate("1-5")})
    return LlmThemes(client, themes=2, criteria=2, members=2)(criteria)


def principles(client, text):
    decisions = [
        Decision("a", f"Names a source. {text}", "accept", ""), Decision("b", f"Is good. {text}", "reject", "", f"Vague. {text}"),
    ]  # fmt: skip
    return LlmPrinciples(client, most=2).improve([f"Is short. {text}"], decisions)


def sorted_into(*places, name="Sources", text="Names where it is from."):
    rest = [{"text": f"Is item number {k}.", "from": [k]} for k in range(1, 5) if k not in places]
    first = {"name": name, "criteria": [{"text": text, "from": list(places)}, *rest[:1]]}
    return {"themes": [first, {"name": "Rest", "criteria": rest[1:]}]}


def two_themes(one, two):
    return {"themes": [{"name": "A", "criteria": one}, {"name": "B", "criteria": two}]}


def worded(critiques, text):
    return {"rewrite": {"critiques": critiques, "text": text}}


THEMES = (
    Theme("Sources", (Merged("Names where it is from.", (0, 1)), Merged("Is item number 3.", (2,)))),
    Theme("Rest", (Merged("Is item number 4.", (3,)),)),
)
ONE, TWO, THREE, FOUR = ({"text": f"Is item number {k}.", "from": [k]} for k in range(1, 5))
CASES = {
    "clash": Case(
        LlmClash, clash, {"clash": "conflict", "with": 1}, "conflicts with 'Is short.'",
        (
            {"clash": "perhaps", "with": 1}, {"clash": "overlap"}, {"clash": "overlap", "with": 3}, {"clash": None},
            {"clash": "overlap", "with": 0}, {"clash": "overlap", "with": True}, {"clash": "overlap", "with": "1"},
            {"clash": "none", "with": 1}, {"clash": ["none"], "with": None}, {"verdict": "none"},
        ),
    ),
    "principles": Case(
        LlmPrinciples, principles, {"principles": ["Names one thing.", " Can be checked. "]}, ("Names one thing.", "Can be checked."),
        (
            {"principles": "x"}, {"principles": []}, {"principles": [1]}, {"principles": ["a b c.", "d e f.", "g h i."]},
            {"principles": ["Names one thing.", "names one thing"]}, {"principles": ["Names one thing.", ""]},
            {"principles": ["Names one thing.", "Does not name one thing."]}, {"principles": ["import os"]}, {"principles": {"a": "b"}},
        ),
    ),
    "rewrite": Case(
        LlmRewriter, rewrite, worded(["It pays length."], " Every step is needed. "), "Every step is needed.",
        (
            {"rewrite": "x"}, worded([], "New."), worded(["a", "b"], "New."), worded([" "], "New."), worded("a", "New."),
            worded(["a"], ""), worded(["a"], 5), worded(["a"], "names a source"), worded(["a"], "import os"),
            worded(["a"], "Is as good as answer 1."), worded(["a"], "y" * 601), worded(["a"], "is long"),
            worded(["a", 5], "New."), worded(["a"], "Does not name a source."),
        ),
    ),
    "themes": Case(
        LlmThemes, themes, sorted_into(1, 2), THEMES,
        (
            {"themes": {}}, {"themes": []}, {"themes": [1]}, {"themes": THEMES[:1] * 3},
            two_themes([ONE, TWO], [THREE]), two_themes([ONE, TWO, THREE], [FOUR]), two_themes([ONE, TWO], []),
            two_themes([ONE, TWO], [THREE, FOUR | {"from": [4, 1]}]), two_themes([ONE, TWO], [THREE, FOUR | {"from": []}]),
            two_themes([ONE, TWO], [THREE, FOUR | {"from": [5]}]), two_themes([ONE, TWO], [THREE, FOUR | {"from": [True]}]),
            two_themes([ONE, TWO], [THREE, FOUR | {"text": "is item number 1"}]), two_themes([ONE, TWO], [THREE, {"from": [4]}]),
            two_themes([ONE, TWO], [THREE, FOUR | {"text": "Is as good as answer 2."}]),
            sorted_into(1, 3), sorted_into(1, 4), sorted_into(1, 2, 3), sorted_into(1, 2, name="rest"),
            sorted_into(1, 2, name=" "), sorted_into(1, 2, name="a\nb"), sorted_into(1, 2, text=5), sorted_into(1, 2, text=" "),
        ),
    ),
    "split": Case(
        LlmSplitter, split, {"children": ["A.", " B. "]}, ["A.", "B."],
        (
            {"children": "A"}, {"children": ["A."]}, {"children": ["A.", "A."]}, {"children": ["A.", ""]},
            {"children": ["Is good.", "B."]}, {"children": ["A.", "B.", "C."]}, {"children": ["A.", 5]},
        ),
    ),
}  # fmt: skip
ALL = pytest.mark.parametrize("name", sorted(CASES))
REFUSED = [(name, bad) for name, case in sorted(CASES.items()) for bad in case.bad]


class Client:
    """Replies in order, the last one again and again; keeps the requests. An error is raised."""

    endpoint = "test"

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    async def complete(self, request):
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else Reply((reply if isinstance(reply, str) else json.dumps(reply),))


def run(name, *replies, text=""):
    client = Client(*replies)
    try:
        return asyncio.run(CASES[name].ask(client, text)), client
    except CallError as error:
        return error, client


def test_every_part_that_asks_a_model_stands_in_the_table():
    classes = {c for n, c in inspect.getmembers(refine, inspect.isclass) if n.startswith("Llm")}
    assert classes == {c.made for c in CASES.values()}


@ALL
def test_a_good_reply_is_asked_for_once(name):
    found, client = run(name, CASES[name].good)
    assert found == CASES[name].result
    assert len(client.requests) == 1


@ALL
def test_prose_and_reasoning_around_the_reply_do_no_harm(name):
    good = json.dumps(CASES[name].good)
    decoy = json.dumps(CASES[name].bad[0])
    assert run(name, f"<think>{decoy}</think>Here it is:\n```json\n{good}\n```")[0] == CASES[name].result


@pytest.mark.parametrize(("name", "bad"), [*REFUSED, *((n, "I would rather not.") for n in sorted(CASES))])
def test_an_unusable_reply_is_asked_again_within_the_budget_and_then_an_error(name, bad):
    error, client = run(name, bad)
    assert isinstance(error, CallError)
    assert (error.state, len(client.requests)) == ("unreadable", 3)
    found, client = run(name, bad, CASES[name].good)
    assert (found, len(client.requests)) == (CASES[name].result, 2)
    told = client.requests[1].messages[-1].content
    assert told.startswith("That reply cannot be used: ")
    text = bad if isinstance(bad, str) else json.dumps(bad)
    assert text not in told


@ALL
def test_a_failing_endpoint_and_a_refusal_end_it_at_once(name):
    for failure, state in (
        (CallError("down", state="failed"), "failed"),
        (Reply(("No.",), ("content_filter",)), "refused"),
    ):
        error, client = run(name, failure)
        assert (error.state, len(client.requests)) == (state, 1)
    cut, client = run(name, Reply(('{"cut": "',), ("length",)))
    assert (cut.state, len(client.requests)) == ("truncated", 3)


@ALL
@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda i: i.kind)
def test_what_others_wrote_is_fenced_and_stays_out_of_the_second_try(name, injection):
    _, plain = run(name, "no", CASES[name].good)
    _, client = run(name, "no", CASES[name].good, text=injection.text)
    known = "\n".join(outside(r) for r in plain.requests)
    for request in client.requests:
        assert not [p for p in pieces(injection.text) if p not in known and p in outside(request)]


def test_control_an_unfenced_block_is_seen():
    planted = INJECTIONS[0].text
    request = run("clash", CASES["clash"].good)[1].requests[0]
    bare = dataclasses.replace(
        request, messages=(request.messages[0], dataclasses.replace(request.messages[1], content=planted))
    )
    assert [p for p in pieces(planted) if p in outside(bare)]
