"""Principles that foretell a person's decisions are found; those that do not are not kept."""

import json

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.judges import PointwiseJudge
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.loops import search_meta_rubric
from rubricate.refine import Decision, ExternalFit, LlmPrinciples, RubricSearch

CHECKS = {
    "Is politely worded.": lambda text: len(text) % 2 == 0,
    "Asks for something that can be counted.": lambda text: "number" in text,
    "Starts with a verb.": lambda text: hash_of(text) % 2 == 0,
    "Has an even length.": lambda text: hash_of(text) % 3 == 0,
}
SOUND, EMPTY = "Asks for something that can be counted.", "Starts with a verb."


def hash_of(text):
    return sum(map(ord, text)) * 2654435761 % 1000


def decisions(count=80):
    """A person accepts what names a number, with a slip now and then; every tenth one is edited."""
    rng = np.random.default_rng(0)
    out = []
    for k in range(count):
        good = rng.random() < 0.5
        text = f"Gives the number of item {k}." if good else f"Is good about item {k}."
        if k % 10 == 0:
            out.append(Decision(f"c{k}", f"Is nice about item {k}.", "edit", f"Gives a number for item {k}."))
        else:
            out.append(Decision(f"c{k}", text, "accept" if good == (rng.random() < 0.95) else "reject", text, "r"))
    return out


def run(texts, made=None, judge_rule=None, **more):
    judged = []

    def truth(response, criterion, text):
        judged.append(text)
        return CHECKS[text](response)

    writing = ScriptedClient(lambda r: json.dumps({"principles": ["Is politely worded.", *texts]}))
    client = ScriptedClient(JudgeScript(truth))
    search = RubricSearch(fit=ExternalFit("logit"), steps=4)
    found = search_meta_rubric(
        ["Is politely worded."], made or decisions(), PointwiseJudge(batch="all"), client, LlmPrinciples(writing),
        np.random.default_rng(1), search=search, **more,
    )  # fmt: skip
    return found, judged, writing


def test_a_principle_that_foretells_decisions_is_kept():
    found, judged, writing = run([SOUND])
    assert found.principles == ("Is politely worded.", SOUND)
    before, after = found.search.test
    assert after < before - 0.2
    assert found.failed < 4  # the writer says the same again once its set is the best
    assert writing.calls >= 4
    rows = len(judged) // 2
    assert judged.count(SOUND) == judged.count("Is politely worded.") == rows  # each principle is judged once a row
    assert 56 <= rows <= 64  # 70 % of the decisions, edits twice


def test_control_principles_that_say_nothing_are_no_better_on_rows_that_the_search_never_saw():
    found, _, _ = run([EMPTY, "Has an even length."])
    before, after = found.search.test
    assert after > before - 0.1


def test_a_writer_that_fails_leaves_the_principles_as_they_are():
    found, _, writing = run([])  # the old set, again and again
    assert found.principles == ("Is politely worded.",)
    assert (found.failed, writing.calls) == (4, 12)


def test_what_the_writer_sees_is_not_what_the_search_is_tested_on():
    seen = []

    class Spy(LlmPrinciples):
        async def improve(self, principles, decisions):
            seen.extend(d.text for d in decisions)
            return ("Is politely worded.", SOUND)

    judged = []

    def truth(response, criterion, text):
        judged.append(response)
        return CHECKS[text](response)

    search_meta_rubric(
        ["Is politely worded."], decisions(), PointwiseJudge(), ScriptedClient(JudgeScript(truth)),
        Spy(ScriptedClient(lambda r: "")), np.random.default_rng(0),
        search=RubricSearch(fit=ExternalFit("logit"), steps=3),
    )  # fmt: skip
    assert seen
    assert not set(seen) & set(judged)


def test_bad_arguments():
    for made, more in (
        (decisions(7), {}),
        (None, {"show": 0.0}),
        ([d for d in decisions() if d.action == "accept"], {}),
    ):
        with pytest.raises(SettingError, match="8 or more of both kinds"):
            run([SOUND], made, **more)
