from dataclasses import dataclass

import pytest

from rubricate import LexicalJudge, PointwiseJudge, ScriptedClient
from rubricate.llm import JudgeScript
from rubricate.llm.scripted import pseudo_random
from rubricate.recipes import find_recipe
from rubricate.steps import step
from rubricate.testing import check_judge, check_recipe, check_verifier
from rubricate.types import State, Verdict


@dataclass(frozen=True)
class Generous:
    """Gives everything 7, also on a scale that ends at 1."""

    needs_client = False
    digest = "generous"

    def batches(self, criteria):
        return [tuple(criteria)]

    async def verdicts(self, sample, rubric, criteria, client):
        return tuple(Verdict(c.id, State.SCORED, 7.0) for c in criteria)


def test_our_judges_keep_the_contract():
    check_judge(LexicalJudge())
    for batch in (1, 2, "all"):
        check_judge(PointwiseJudge(batch=batch), ScriptedClient(JudgeScript(pseudo_random)))


def test_a_judge_that_breaks_it_is_told_how():
    with pytest.raises(AssertionError, match="never offered"):
        check_judge(Generous())


def test_verifiers_and_recipes():
    check_verifier("length", max=10)
    check_recipe(find_recipe("rlcr")())
    bad = find_recipe("rlcr")()
    with pytest.raises(AssertionError, match="finite"):
        check_recipe(type(bad)(reward=step(infinite)))


def infinite(outcome):
    return outcome + float("inf")
