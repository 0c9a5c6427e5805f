"""Rubrics of a run refined: halves of pairs, models of answers, splits judged and carried."""

import asyncio

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import UnknownNameError
from rubricate.judges import LexicalJudge
from rubricate.loops import as_pairs, carried_over, divide_rubrics, hold_out, judge_criteria, judged_of, refine_result
from rubricate.refine import RefineSettings
from rubricate.types import Message, Sample, State


def test_prompts_go_to_one_half_or_the_other_whole_and_always_the_same():
    pairs = as_pairs([(f"q{k // 3}", f"a{k}", f"b{k}") for k in range(30)])
    first, again = hold_out(pairs), hold_out(list(pairs))
    assert first.fit.tolist() == again.fit.tolist()
    assert sorted([*first.fit, *first.held_out]) == list(range(30))
    assert not {pairs[k].prompt for k in first.fit} & {pairs[k].prompt for k in first.held_out}
    assert len(first.fit) == len(first.held_out) == 15
    assert not first.shared
    turned = hold_out(pairs[::-1])
    assert {pairs[::-1][k].name for k in turned.held_out} == {pairs[k].name for k in first.held_out}


def test_pairs_of_one_prompt_are_halved_and_it_is_said():
    found = hold_out(as_pairs([("q", f"a{k}", f"b{k}") for k in range(10)]))
    assert (len(found.fit), len(found.held_out), found.shared) == (5, 5, True)
    assert hold_out([]).fit.tolist() == []


RUBRIC = rb.Rubric(
    id="tea", criteria=[{"id": "pot", "text": "Warms the pot."}, {"id": "again", "text": "Warms the pot first."}]
)
TEXTS = ["Warms the pot first, gives minutes.", "Says nothing much."]
SAMPLES = [
    Sample(f"s{k}", (Message("user", f"Tea {k // 2}?"),), TEXTS[k % 2], f"g{k // 2}", metadata={"model": "ab"[k % 2]})
    for k in range(40)
]  # fmt: skip


def test_a_run_is_refined_by_its_verdicts():
    result = rb.run(RUBRIC, SAMPLES)
    done = refine_result(result, {}, RefineSettings())["tea"]
    assert [(c.criterion, c.action) for c in done.changes] == [("pot", "kept"), ("again", "dropped")]


def test_answers_of_two_models_are_laid_side_by_side():
    result = rb.run(RUBRIC, SAMPLES)
    found = judged_of(result, RUBRIC, np.arange(40), models=("b", "a"))
    assert found.weak.tolist() == list(range(1, 40, 2))
    assert found.strong.tolist() == list(range(0, 40, 2))
    with pytest.raises(UnknownNameError, match="expected one of: a, b"):
        judged_of(result, RUBRIC, np.arange(40), models=("c", "a"))


class Splitter:
    def __init__(self, prompt, answers):
        self.prompt, self.answers = prompt, answers

    async def split(self, text, answers, accepted):
        return ["Gives minutes.", "Mentions a dragon."]


def test_splits_are_judged_on_the_answers_to_one_prompt_and_then_on_all():
    one = rb.Rubric(id="tea", criteria=[{"id": "pot", "text": "Warms the pot."}, {"id": "x", "text": "Says x."}])
    texts = ["Warms the pot, gives minutes."] * 2 + ["Warms the pot."] * 5 + ["Nothing."]
    samples = [Sample(f"s{k}", (Message("user", "Tea?"),), text, "g") for k, text in enumerate(texts)]
    result = rb.run(one, samples)
    done = asyncio.run(divide_rubrics(result, result.rubrics, Splitter, LexicalJudge(), None))["tea"]
    assert [c.text for c in done.rubric.leaves] == ["Gives minutes.", "Says x."]
    assert "'Mentions a dragon.': no answer satisfies it" in done.changes[0].reason
    fresh = asyncio.run(judge_criteria(done.rubric, done.rubric.leaves[:1], result.samples, LexicalJudge(), None))
    after = carried_over(result, [done.rubric], fresh=fresh)
    assert after.scores.values[:, 0].tolist() == [1.0] * 2 + [0.0] * 6
    assert all(v.state is State.SCORED for v in fresh.values())
    assert not np.isnan(after.rewards.values).any()
