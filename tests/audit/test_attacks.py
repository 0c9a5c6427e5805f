import asyncio

import pytest

from rubricate.audit import (
    MASTER_KEYS,
    NEIGHBOURS,
    key_rates,
    truncate_to_first_sentence,
    truncation_negatives,
    wilson_interval,
)
from rubricate.errors import CallError, SettingError
from rubricate.judges import EquivalenceJudge, PointwiseJudge
from rubricate.llm.scripted import JudgeScript, ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.seeds import generator
from rubricate.types import Sample
from rubricate.verifiers import final_answer
from rubricate.verifiers.base import answer_text

RUBRIC = Rubric(id="r", criteria=[{"id": "right", "text": "The answer is right."}])
SAMPLES = [Sample(f"s{k}", (), f"The answer is {k}.", reference=str(k)) for k in range(50)]


def careless(rate):
    """A judge that accepts an answer without content at this rate, by sample."""
    rng = generator(0, "careless")
    return ScriptedClient(JudgeScript(lambda response, name, text: bool(rng.random() < rate)))


def rates(judge, client, **settings):
    return asyncio.run(key_rates(judge, SAMPLES, RUBRIC, client, **settings))


def test_the_ten_keys_and_their_neighbours():
    assert len(MASTER_KEYS) == len(set(MASTER_KEYS)) == 10
    assert len(NEIGHBOURS) >= 20
    assert not set(MASTER_KEYS) & set(NEIGHBOURS)


@pytest.mark.parametrize("key", [*MASTER_KEYS, *NEIGHBOURS])
def test_the_content_gate_refuses_keys_and_neighbours(key):
    assert final_answer(answer_text(Sample("s", (), key))) is None


def test_a_judge_with_false_positives_is_flagged_at_fifty_verdicts_a_key():
    found = rates(PointwiseJudge(), careless(0.7), keys=MASTER_KEYS[:3])
    assert all(r.flagged and r.n == 50 and r.low > 0.4 for r in found)
    assert (found[0].low, found[0].high) == wilson_interval(found[0].accepted, 50)
    assert all(not r.flagged for r in rates(PointwiseJudge(), careless(0.0), keys=MASTER_KEYS[:3]))


def test_the_gate_of_the_equivalence_judge_takes_the_keys_without_a_call():
    client = ScriptedClient(lambda request: "YES")
    found = rates(EquivalenceJudge(), client)
    assert [(r.accepted, r.n, r.lost) for r in found] == [(0, 50, 0)] * 10
    assert client.calls == 0


def test_lost_verdicts_are_no_acceptances():
    def down(request):
        raise CallError("down")

    (found,) = rates(PointwiseJudge(), ScriptedClient(down), keys=["."])
    assert (found.n, found.accepted, found.lost, found.flagged) == (0, 0, 50, False)
    assert found.rate != found.rate


def test_a_bad_criterion_is_accepted_when_it_is_not_met():
    rubric = Rubric(id="r", criteria=[{"id": "slop", "text": "Is slop.", "weight": -1}])
    (found,) = asyncio.run(key_rates(PointwiseJudge(), SAMPLES[:4], rubric, careless(0.0), keys=["."]))
    assert found.rate == 1.0


def test_arguments_are_checked():
    with pytest.raises(SettingError):
        asyncio.run(key_rates(PointwiseJudge(), [], RUBRIC, careless(0)))


def test_truncation():
    text = "To find the total we add both numbers. 3 + 4 = 7. The answer is 7."
    assert truncate_to_first_sentence(text) == "To find the total we add both numbers."
    assert truncate_to_first_sentence("") == ""
    kept = truncation_negatives(
        [
            Sample("a", (), text, metadata={"x": 1}),
            Sample("b", (), "Only one."),
            Sample("c", (), "It is 7. So the answer is 7."),
        ]
    )
    assert [(s.id, s.response, s.metadata) for s in kept] == [
        ("a/cut", "To find the total we add both numbers.", {"x": 1, "label": "NO"})
    ]
