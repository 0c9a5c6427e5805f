import asyncio
import json

import numpy as np
import pytest

from rubricate.credit import rate, schedule
from rubricate.errors import CallError
from rubricate.judges import PairwiseJudge
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.loops import judge_tournament
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample

RUBRIC = Rubric(
    id="r", criteria=[{"id": "a", "text": "Is true.", "weight": 3}, {"id": "b", "text": "Is kind.", "weight": -1}]
)
SAMPLES = [Sample(f"s{k}", (Message("user", "t"),), str(k)) for k in range(8)]
STRENGTH = np.random.default_rng(3).permutation(8)


def by_strength(request):
    blocks = dict(read_prompt(request).blocks)
    a, b = (int(STRENGTH[int(blocks[f"response {name}"])]) for name in "AB")
    return json.dumps({"verdicts": [{"id": "whole", "verdict": "A" if a > b else "B"}]})


def play(plan, rule, judge=None):
    client = ScriptedClient(rule)
    return asyncio.run(judge_tournament(plan, judge or PairwiseJudge(), SAMPLES, RUBRIC, client)), client


def test_a_swiss_tournament_is_judged_from_end_to_end():
    played, client = play(schedule("swiss", 8, np.random.default_rng(0), rounds=4), by_strength)
    assert len(played.matches.i) == len(played.verdicts) == 16
    assert client.calls == played.usage.calls == 32  # both orders
    met = {frozenset(p) for p in zip(played.matches.i.tolist(), played.matches.j.tolist(), strict=True)}
    assert len(met) == 16
    rating = rate(played.matches, 8, "bradley_terry")
    assert rating.argmax() == STRENGTH.argmax()
    assert rating.argmin() == STRENGTH.argmin()


def test_a_round_robin_gives_the_order_itself():
    played, _ = play(schedule("round_robin", 8), by_strength)
    np.testing.assert_array_equal(rate(played.matches, 8, "wins"), STRENGTH)


@pytest.mark.parametrize("kind", ["seeded", "elimination", "double", "random_reference", "anchor"])
def test_every_plan_takes_what_the_judge_gives(kind):
    played, _ = play(schedule(kind, 8, np.random.default_rng(1)), by_strength)
    assert not np.isnan(played.matches.score_i).any()
    assert len(played.verdicts) == len(played.matches.i)


def test_matches_that_cannot_be_judged_are_nan_and_ratings_leave_them_out():
    def rule(request):
        if "0" in dict(read_prompt(request).blocks).values():
            raise CallError("down")
        return by_strength(request)

    played, _ = play(schedule("round_robin", 8), rule)
    lost = (played.matches.i == 0) | (played.matches.j == 0)
    assert np.isnan(played.matches.score_i[lost]).all()
    assert not np.isnan(played.matches.score_i[~lost]).any()
    wins = rate(played.matches, 8, "wins")
    assert np.isnan(wins[0])
    order = np.argsort(STRENGTH[1:])
    np.testing.assert_array_equal(np.argsort(wins[1:]), order)


def test_criteria_are_reduced_by_weight():
    def rule(request):
        blocks = dict(read_prompt(request).blocks)
        lean = 2 if blocks["response A"] < blocks["response B"] else -2
        return json.dumps({"verdicts": [{"id": "a", "verdict": lean}, {"id": "b", "verdict": -lean}]})

    judge = PairwiseJudge(about="criteria", order="both_net")
    played, _ = play(schedule("anchor", 3), rule, judge)
    # 1 and 2 against 0: (3 * -1 + 1 * 1) / 4 = -.5, so .25 for them and .75 for the anchor
    np.testing.assert_allclose(played.matches.score_i, [0.25, 0.25])
    np.testing.assert_allclose(played.matches.score_j, [0.75, 0.75])


def test_one_entrant_plays_nobody():
    played, client = play(schedule("swiss", 1, np.random.default_rng(0)), by_strength)
    assert len(played.matches.i) == client.calls == 0
