"""Criteria as voters: even sides and abstentions cast no vote, a failed call is counted apart."""

import asyncio
import json

import numpy as np
import pytest

from rubricate.errors import SettingError
from rubricate.judges import PairwiseJudge, PointwiseJudge
from rubricate.llm.scripted import JudgeScript, ScriptedClient, read_prompt
from rubricate.loops import as_pairs, criterion_votes

PAIRS = as_pairs([("q", "why. long", "long"), ("q", "why", "short"), ("q", "plain", "why"), ("q", "x", "lost")])
NAN = float("nan")


def truth(response, criterion, text):
    if response == "lost":
        return "no such verdict"
    if text == "Hard to tell.":
        return None
    return {"Says why.": "why", "Is long.": "long"}[text] in response


def test_a_pointwise_judge_votes_where_the_sides_differ():
    client = ScriptedClient(JudgeScript(truth))
    texts = ["Says why.", "Is long.", "Hard to tell."]
    votes = asyncio.run(criterion_votes(texts, PAIRS, PointwiseJudge(reasks=0), client))
    np.testing.assert_array_equal(votes.match, [[1, 1, 0, NAN], [NAN, NAN, NAN, NAN], [NAN] * 4])
    assert votes.failed.tolist() == [[False] * 3 + [True]] * 3
    assert votes.usage.calls == client.calls > 0


def test_a_pair_judge_is_asked_under_each_criterion_alone():
    def reply(request):
        blocks = dict(read_prompt(request).blocks)
        first, second = blocks["response A"], blocks["response B"]
        if "lost" in (first, second):
            return "no"
        even = any("Is long." in m.content for m in request.messages)
        says = "C" if even else "A" if "why" in first else "B"
        return json.dumps({"verdicts": [{"id": "whole", "reason": "r", "verdict": says}]})

    judge = PairwiseJudge(order="as_is", reasks=0)
    votes = asyncio.run(criterion_votes(["Says why.", "Is long."], PAIRS, judge, ScriptedClient(reply)))
    np.testing.assert_array_equal(votes.match, [[1, 1, 0, NAN], [NAN] * 4])
    assert votes.failed.tolist() == [[False] * 3 + [True]] * 2


def test_there_must_be_something_to_vote_on():
    with pytest.raises(SettingError, match="0 criteria and 4 pairs"):
        asyncio.run(criterion_votes([], PAIRS, PointwiseJudge(), ScriptedClient(JudgeScript(truth))))
    with pytest.raises(SettingError, match="1 criteria and 0 pairs"):
        asyncio.run(criterion_votes(["a"], [], PointwiseJudge(), ScriptedClient(JudgeScript(truth))))
