"""What the rewriter shows, and what it takes."""

import asyncio
import json

import pytest

from rubricate.errors import CallError, SettingError
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.refine import LlmRewriter, ShownPair, text_fault
from rubricate.rubrics import Criterion

PAIRS = [ShownPair(f"task {k}", f"better {k}", "long " * 20 + str(k)) for k in range(6)]
GOOD = {"rewrite": {"critiques": ["a", "b"], "text": "Every step is needed."}}


def test_the_old_wording_wrong_and_right_pairs_are_shown_and_cut():
    seen = []

    def rule(request):
        seen.append(request)
        return json.dumps(GOOD)

    rewriter = LlmRewriter(ScriptedClient(rule), wrong=2, right=1, chars=30)
    assert asyncio.run(rewriter.rewrite("Is long.", PAIRS[:4], PAIRS[4:])) == "Every step is needed."
    blocks = read_prompt(seen[0]).blocks
    assert [label for label, _ in blocks] == [
        "criterion",
        *(f"wrong pair {k}: {part}" for k in (1, 2) for part in ("task", "better answer", "worse answer")),
        *(f"right pair 1: {part}" for part in ("task", "better answer", "worse answer")),
    ]
    table = dict(blocks)
    assert table["criterion"] == "Is long."
    assert table["right pair 1: better answer"] == "better 4"
    assert len(table["wrong pair 1: worse answer"]) == 30
    assert '"critiques": ["...", "..."]' in seen[0].messages[0].content


def test_a_phrase_of_one_answer_is_refused():
    quoting = {"rewrite": {"critiques": ["a"], "text": "Adds a swirl of hot clean water."}}
    pair = ShownPair("Tea?", "Warm it with a swirl of hot clean water.", "Boil it.")
    with pytest.raises(CallError, match="it quotes an answer"):
        asyncio.run(LlmRewriter(ScriptedClient(lambda r: json.dumps(quoting))).rewrite("Is warm.", [pair]))


def test_there_must_be_an_error_to_learn_from():
    client = ScriptedClient(lambda r: json.dumps(GOOD))
    with pytest.raises(SettingError, match="no pair on which"):
        asyncio.run(LlmRewriter(client).rewrite("Is long.", [], PAIRS))
    with pytest.raises(SettingError, match="wrong >= 1"):
        LlmRewriter(client, wrong=0)
    assert client.calls == 0


def test_faults_of_a_text_by_their_rules():
    old = [Criterion(id="new", text="Mentions the dose."), "Names a source."]
    assert text_fault("Gives a table of results.", old) == ""
    assert "the text of" in text_fault("names a source", old)
    assert "the opposite" in text_fault("Does not mention the dose.", old)
    assert "turned round" in text_fault("Does not mention the dose.", old, bad_if_met=True)
    assert text_fault("Does not mention the dose.", old, rules=("R301-same-text",)) == ""
    assert text_fault(" ", old) == "it is empty"
