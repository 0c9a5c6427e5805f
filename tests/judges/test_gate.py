import asyncio

import pytest
from comparing import RUBRIC, TASK, say

from rubricate.errors import SettingError
from rubricate.judges import PairJudge, PairwiseJudge, VerifierGate
from rubricate.llm.scripted import ScriptedClient
from rubricate.rubrics import Rubric
from rubricate.types import Sample, State
from rubricate.verifiers import Outcome, verifier

PROVED = Rubric(
    id="r",
    criteria=[
        {"id": "seven", "text": "Says seven.", "verifier": {"name": "contains", "settings": {"texts": "seven"}}},
        {
            "id": "sure",
            "text": "Boasts.",
            "weight": -2,
            "verifier": {"name": "contains", "settings": {"texts": "sure"}},
        },
        {"id": "kind", "text": "Is kind."},
    ],
)
PLAIN, WRONG, BOAST = (Sample(t, TASK, t) for t in ("Seven.", "Eight.", "Seven, sure."))


@verifier("test/undecided")
def broken(sample: Sample) -> Outcome:
    return Outcome(None, "no idea")


def compare(first, second, rubric=PROVED, gate=None):
    client = ScriptedClient(lambda request: say(whole="B"))
    gate = gate or VerifierGate(PairwiseJudge(order="as_is"))
    (found,) = asyncio.run(gate.compare(first, second, rubric, client))
    return found, client.calls


def test_a_program_decides_without_a_call_where_it_can():
    found, calls = compare(PLAIN, WRONG)
    assert (found.value, found.order, calls) == (1.0, "program", 0)
    assert "[seven]" in found.reason
    assert compare(WRONG, PLAIN)[0].value == -1.0


def test_every_verifier_counts_with_its_weight():
    found, calls = compare(BOAST, WRONG)  # +1 for seven, -2 for the boast
    assert (found.value, calls) == (-1.0, 0)
    assert (
        compare(BOAST, WRONG, gate=VerifierGate(PairwiseJudge(order="as_is"), margin=0.4))[1] == 1
    )  # |1 - 2| / 3 < .4


def test_equal_marks_and_unknown_marks_fall_through_to_the_judge():
    twin = Sample("twin", TASK, "seven!")
    found, calls = compare(PLAIN, twin)
    assert (found.value, found.order, calls) == (-1.0, "as_is", 1)
    rubric = Rubric(id="r", criteria=[*PROVED.criteria, {"id": "x", "text": "x", "verifier": "test/undecided"}])
    found, calls = compare(PLAIN, WRONG, rubric)
    assert (found.order, found.state, calls) == ("as_is", State.SCORED, 1)


def test_it_is_a_pair_judge_with_its_own_digest():
    inner = PairwiseJudge()
    gate = VerifierGate(inner)
    assert isinstance(gate, PairJudge)
    assert gate.needs_client
    assert len({gate.digest, inner.digest, VerifierGate(inner, 0.1).digest}) == 3
    found, calls = compare(PLAIN, WRONG, RUBRIC)  # no verifiers: nothing for a program to say
    assert (found.order, calls) == ("as_is", 1)
    with pytest.raises(SettingError, match="margin"):
        VerifierGate(inner, 1.0)
