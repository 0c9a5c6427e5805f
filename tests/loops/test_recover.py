"""Judges asked whether a rubric recovers labels: by points, by pairs, with the answers hidden."""

import asyncio

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import SettingError
from rubricate.judges import LexicalJudge, PairwiseJudge
from rubricate.loops import as_pairs, recover
from rubricate.refine import PreferenceConsistency, leaks

GOOD = rb.Rubric(id="good", criteria=[{"id": "pot", "text": "Warms the pot."}, {"id": "min", "text": "Gives minutes."}])
BAD = rb.Rubric(id="bad", criteria=[{"id": "x", "text": "Mentions a microwave."}])
PAIRS = as_pairs([(f"Tea {k}?", f"Warms the pot, gives minutes. {k}", f"Mentions a microwave. {k}") for k in range(6)])


def run(rubrics, judge, client=None, **more):
    return asyncio.run(recover(rubrics, PAIRS, judge, client, **more))


def test_a_pointwise_judge_recovers_with_the_right_rubric_only():
    found = run([GOOD, BAD], LexicalJudge())
    assert PreferenceConsistency().of(found.match).share.tolist() == [1.0, 0.0]
    assert found.criteria[0].shape == (6, 2)
    assert (found.criteria[0] > 0).all()
    assert (found.criteria[1] < 0).all()


def always_first(request):
    return '{"verdicts": [{"id": "whole", "reason": "x", "verdict": "A"}]}'


def test_a_judge_that_always_says_first_recovers_half_because_pairs_are_swapped():
    judge = PairwiseJudge(order="as_is", ties="forbid")
    found = run([GOOD], judge, rb.ScriptedClient(always_first))
    assert PreferenceConsistency().of(found.match).share.tolist() == [0.5]


def test_what_cannot_be_read_is_missing():
    found = run([GOOD], PairwiseJudge(reasks=0), rb.ScriptedClient(lambda r: "no idea"))
    assert np.isnan(found.match).all()
    assert found.usage.calls > 0


def test_hidden_answers_recover_nothing_for_an_honest_rubric():
    shown, hidden = run([GOOD], LexicalJudge()), run([GOOD], LexicalJudge(), neutral=True, ties="half")
    assert leaks(shown.match, hidden.match).tolist() == [False]


def test_there_must_be_something_to_recover():
    with pytest.raises(SettingError, match="0 rubrics and 6 pairs"):
        run([], LexicalJudge())
