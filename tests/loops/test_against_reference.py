"""A pairwise reward against a reference, from a judge's calls to the number: aggregation happens outside the judge."""

import asyncio
import json

import numpy as np
import pytest

import rubricate as rb
from rubricate.errors import SettingError
from rubricate.judges import PairwiseJudge
from rubricate.llm.scripted import ScriptedClient, read_prompt
from rubricate.loops import judge_against
from rubricate.rewards import against_all, tier_reward
from rubricate.types import Message

RUBRIC = rb.Rubric(
    id="tea",
    policy="openrs",
    criteria=[
        {"id": "fact", "text": "States nothing false.", "weight_class": "fatal"},
        {"id": "core", "text": "Gives the temperature.", "weight_class": "core"},
        {"id": "nice", "text": "Is pleasant to read.", "weight_class": "highlight"},
    ],
)
TASK = (Message("user", "Tea?"),)
JUDGE = PairwiseJudge(about="criteria", order="as_is", reasks=0)
REFERENCE = "80 degrees"


def samples(*texts):
    return [rb.Sample(f"s{k}", TASK, t, rubric="tea") for k, t in enumerate(texts)]


def points(text):
    return {"fact": -2 * ("false" in text), "core": 2 * ("80" in text), "nice": 2 * ("dear" in text)}


def reply(request, first_bias=0):
    blocks = dict(read_prompt(request).blocks)
    one, two = points(blocks["response A"]), points(blocks["response B"])
    if "lost" in blocks["response A"]:
        return "no"
    verdicts = [{"id": k, "reason": "r", "verdict": max(-2, min(2, one[k] - two[k] + first_bias))} for k in one]
    return json.dumps({"verdicts": verdicts})


def run(*texts, rule=reply, judge=JUDGE, references=REFERENCE, rubric=RUBRIC):
    return asyncio.run(judge_against(samples(*texts), references, rubric, judge, ScriptedClient(rule)))


def paid(found, **settings):
    return tier_reward(found.scores, found.backward, tiers=RUBRIC.structure(), **settings).tolist()


def test_rewards_from_verdicts():
    found = run("dear, 80", "cold", "dear, cold", "dear, 80, false", "80")
    np.testing.assert_array_equal(found.scores[2], [0.5, 0.0, 1.0])
    np.testing.assert_array_equal(found.backward[2], [0.5, 1.0, 0.0])
    # nicer; no temperature; (-2 * 5 + 2 * 1) / 6 < 0; a falsehood decides alone; a tie
    assert paid(found) == [1.0, -1.0, -1.0, -1.0, 0.0]
    assert found.usage.calls == 10


def test_x_keeps_zeros_in_the_denominator_and_the_published_rule_drops_them():
    one = [[0.5, 0.5, 0.75]]  # (0 fatal, 0 core, +1 highlight)
    tree = RUBRIC.structure()
    assert tier_reward(one, tiers=tree)[0] == pytest.approx(1 / 6, abs=1e-6)
    assert tier_reward(one, tiers=tree, zeros="skip")[0] == pytest.approx(1.0, abs=1e-6)


def test_a_judge_that_leans_to_the_first_gives_a_tie_and_a_lost_side_gives_nothing():
    lean = run("80", "dear, 80", rule=lambda r: reply(r, first_bias=1))
    assert paid(lean) == [0.0, 0.0]
    assert paid(run("lost, 80", "dear, 80")) != paid(run("dear, 80", "dear, 80"))
    assert np.isnan(paid(run("lost, 80"))).all()


def test_one_against_many_and_a_reference_each():
    found = run("dear, 80", "dear, 80", references=["80", "dear, 80"])
    assert paid(found) == [1.0, 0.0]
    assert against_all(paid(found), [0, 0]).tolist() == [0.0]


def test_programs_decide_first():
    rubric = rb.Rubric.model_validate(
        RUBRIC.model_dump()
        | {
            "criteria": [
                {
                    "id": "core",
                    "text": "Says 80.",
                    "weight_class": "core",
                    "verifier": {"name": "contains", "texts": ["80"]},
                }
            ]
        }
    )
    client = ScriptedClient(reply)
    found = asyncio.run(judge_against(samples("dear, 80"), "cold", rubric, JUDGE, client))
    assert found.scores.tolist() == [[1.0]]
    assert client.calls == 0


def test_bad_arguments():
    with pytest.raises(SettingError, match="order='both_strict'"):
        run("80", judge=PairwiseJudge(about="criteria"))
    with pytest.raises(SettingError, match="1 samples and 2 references"):
        run("80", references=["a", "b"])
