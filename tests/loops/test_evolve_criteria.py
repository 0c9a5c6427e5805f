"""Rounds of votes, rewritings and replacements, end to end with a judge, by hand, and taken up again."""

import asyncio
import json

import numpy as np
import pytest

from rubricate.errors import CallError, DataError, SettingError
from rubricate.generate import ContrastGenerator
from rubricate.judges import PointwiseJudge
from rubricate.llm.client import Reply
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.loops import Evolution, EvolveCriteria, Voiced, Votes, as_pairs, criterion_votes, propose_from
from rubricate.refine import CriterionTracker, LlmRewriter
from rubricate.types import Usage

NAN = float("nan")
WORDS = {"Gives its reasons.": "because", "Names where it is from.": "source", "Greets politely.": "dear"}
MORE = {"Sounds lively.": "!", "Says what follows from what.": "because"}


def answer(rng, good):
    """Better answers mostly give reasons and name a source; greetings and exclamations are rather of the worse."""
    empty = 0.3 if good else 0.6
    chance = {"because": 0.9 if good else 0.1, "source": 0.55 if good else 0.35, "dear": empty, "!": empty}
    return " ".join(["It is so", *(w for w, p in chance.items() if rng.random() < p), str(rng.integers(10**6))])


def labelled(seed, count):
    rng = np.random.default_rng(seed)
    return as_pairs([(f"Question {k}?", answer(rng, True), answer(rng, False)) for k in range(count)])


def truth(response, criterion, text):
    table = WORDS | MORE
    return table[text] in response


def fixed(table):
    """Votes from a table by text: rights, wrongs, failed calls; the rest of 12 pairs casts none."""

    async def vote(texts):
        rows = [[1.0] * table[t][0] + [0.0] * table[t][1] for t in texts]
        match = np.array([r + [NAN] * (12 - len(r)) for r in rows])
        failed = np.array([[k >= 12 - table[t][2] for k in range(12)] for t in texts])
        return Votes(match, failed, Usage(calls=1))

    return vote


PAIRS = labelled(0, 12)


def run(part, start, table, rewrite=None, new=(), pairs=PAIRS, **more):
    calls = []

    async def worded(text, wrong, right, others):
        calls.append((text, len(wrong), len(right), list(others)))
        if rewrite is None:
            raise CallError("no", state="timed_out")
        return rewrite

    async def propose(count, taken, banned):
        calls.append((count, list(taken), list(banned)))
        return list(new)

    found = asyncio.run(part.run(start, pairs, fixed(table), worded, propose, **more))
    return found, calls


def test_bands_lead_to_what_they_say():
    table = {"keep": (8, 2, 0), "mid": (6, 4, 0), "mid 2": (9, 1, 0), "bad": (4, 6, 0), "thin": (3, 0, 0)}
    table |= {"new": (10, 0, 0), "other": (2, 6, 0)}
    part = EvolveCriteria(rounds=2, wrong=3, right=1)
    found, calls = run(part, ["keep", "mid", "bad", "thin"], table, "mid 2", ["bad", "new", "keep", "other"])
    assert calls == [
        ("mid", 3, 1, ["keep", "bad", "thin"]),
        (2, ["keep", "mid", "mid 2"], ["bad"]),
    ]
    assert found.criteria == (
        Voiced("keep", "keep"), Voiced("mid", "mid 2"), Voiced("new", "new"), Voiced("other", "other"),
    )  # fmt: skip
    assert found.banned == ("bad", "other")
    assert [(v.name, v.text) for v in part.best(found)] == [("new", "new"), ("mid", "mid 2"), ("keep", "keep")]
    assert (found.round, found.usage.calls, found.notes) == (2, 2, ())


def test_what_cannot_be_rewritten_or_proposed_is_said_and_nothing_is_lost():
    found, _ = run(EvolveCriteria(rounds=2), ["mid", "bad"], {"mid": (6, 4, 0), "bad": (1, 9, 0)})
    assert found.criteria == (Voiced("mid", "mid"),)
    assert found.notes == ("round 1: 'mid' was not rewritten (timed_out)", "round 1: 1 proposals wanted, 0 came")
    with pytest.raises(CallError, match="every criterion fell"):
        run(EvolveCriteria(rounds=2), ["bad"], {"bad": (1, 9, 0)})


def test_a_judge_that_fails_replaces_no_criterion_and_one_that_abstains_does():
    quiet, _ = run(EvolveCriteria(rounds=2), ["a"], {"a": (2, 0, 10), "b": (8, 0, 0)}, new=["b"])
    assert quiet.criteria == (Voiced("a", "a"),)
    assert quiet.failed == (10,)
    thin, _ = run(EvolveCriteria(rounds=2), ["a"], {"a": (2, 0, 0), "b": (8, 0, 0)}, new=["b"])
    assert thin.criteria == (Voiced("b", "b"),)
    assert thin.banned == ()


def test_a_killed_run_goes_on_as_if_nothing_had_happened():
    table = {"keep": (8, 2, 0), "mid": (6, 4, 0), "mid 2": (9, 1, 0), "bad": (4, 6, 0), "new": (10, 0, 0)}
    start, part = ["keep", "mid", "bad"], EvolveCriteria(rounds=4)
    states = []
    whole, _ = run(part, start, table, "mid 2", ["new"], on_round=states.append)
    assert [s.round for s in states] == [1, 2, 3, 4]
    for state in states:
        again = Evolution.from_json(json.loads(json.dumps(state.to_json())))
        assert again == state
        assert run(part, again, table, "mid 2", ["new"])[0] == whole
    with pytest.raises(SettingError, match="the same pairs"):
        run(part, states[0], table, "mid 2", ["new"], pairs=PAIRS[:5])


@pytest.mark.parametrize("data", [{}, {"criteria": [{"name": "a"}]}, {**Evolution().to_json(), "archive": [{"x": 1}]}])
def test_a_state_that_cannot_be_read_is_refused(data):
    with pytest.raises(DataError, match="no evolution"):
        Evolution.from_json(data)


def end_to_end(rounds):
    """Judge, rewriter and generator are real; only their model is scripted."""
    pairs, held = labelled(1, 40), labelled(2, 200)
    judge, client = PointwiseJudge(batch="all"), ScriptedClient(JudgeScript(truth))

    def rewriting(request):
        asked = request.messages[-1].content
        assert "Names where it is from." in asked
        assert "wrong pair 1: worse answer" in asked
        critiques = ["It pays any source."] * 4
        return json.dumps({"rewrite": {"critiques": critiques, "text": "Says what follows from what."}})

    proposing = ScriptedClient(
        lambda r: json.dumps({"items": [{"text": t, "class": "principle"} for t in ("Greets politely.", *MORE)]})
    )
    part = EvolveCriteria(rounds=rounds)
    found = asyncio.run(
        part.run(
            ["Names where it is from.", "Greets politely."],
            pairs,
            lambda texts: criterion_votes(texts, pairs, judge, client),
            LlmRewriter(ScriptedClient(rewriting)).rewrite,
            propose_from(ContrastGenerator(), proposing, pairs),
        )
    )
    texts = [v.text for v in part.best(found)] or [c.text for c in found.criteria]
    votes = asyncio.run(criterion_votes(texts, held, judge, client)).match
    return found, texts, np.nanmean(votes)


def test_three_rounds_find_better_criteria_on_pairs_that_were_held_back():
    one, first, before = end_to_end(1)
    three, texts, after = end_to_end(3)
    assert (one.banned, first) == (("Greets politely.",), ["Names where it is from."])
    assert "Says what follows from what." in texts
    assert "Greets politely." not in [c.text for c in three.criteria]
    assert "Sounds lively." in three.banned
    assert after > before + 0.1


def test_proposals_come_from_the_pairs_in_turn_and_say_nothing_twice():
    shown = []

    def reply(request):
        shown.append(request.messages[-1].content)
        texts = {1: ["Gives a date."], 2: ["gives a date", "Adds a table."], 3: ["Is taken.", "Is banned."]}
        items = [{"text": t, "class": "principle"} for t in texts.get(len(shown), ["Ends with a summary of it all."])]
        return json.dumps({"items": items})

    propose = propose_from(ContrastGenerator(), ScriptedClient(reply), PAIRS[:3])
    found = asyncio.run(propose(3, ["Is taken."], ["Is banned."]))
    assert found == ["Gives a date.", "Adds a table."]
    assert [s.find(f"Question {k}?") > 0 for s, k in zip(shown, (2, 0, 1), strict=True)] == [True] * 3
    assert asyncio.run(propose(1, [], [])) == ["Ends with a summary of it all."]
    lost = propose_from(ContrastGenerator(), ScriptedClient(lambda r: Reply(("No.",), ("content_filter",))), PAIRS)
    assert asyncio.run(lost(1, [], [])) == []


def test_settings():
    for bad in ({"rounds": 0}, {"wrong": 0}, {"right": -1}):
        with pytest.raises(SettingError, match="rounds >= 1"):
            EvolveCriteria(**bad)
    with pytest.raises(SettingError, match="0 criteria"):
        run(EvolveCriteria(), [], {})
    assert EvolveCriteria(tracker=CriterionTracker(keep=0.9)) != EvolveCriteria()
