import asyncio
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.judges.pointwise import PointwiseJudge
from rubricate.judges.short_circuit import ShortCircuit, dependencies
from rubricate.llm.client import Reply
from rubricate.pipeline import run
from rubricate.rubrics import Rubric
from rubricate.types import Message, Sample, State

SAMPLE = Sample("s", (Message("user", "Go."),), "Done.")


class Client:
    """Answers each id from a table; an id that is not in it is left out of the reply."""

    endpoint = "test"

    def __init__(self, truth):
        self.truth, self.asked = truth, []

    async def complete(self, request):
        lines = [x for x in request.messages[1].content.splitlines() if x.startswith("[")]
        ids = [x[1 : x.index("]")] for x in lines]
        self.asked += ids
        verdicts = [{"id": i, "verdict": "met" if self.truth[i] else "not_met"} for i in ids if i in self.truth]
        return Reply((json.dumps({"verdicts": verdicts}),))


def tree(shape):
    """A rubric from nested lists of (critical, sequential, children) with leaves as booleans critical."""
    count = iter(range(1000))

    def node(part, critical):
        name = f"n{next(count)}"
        if isinstance(part, bool):
            return {"id": name, "text": "t", "critical": critical or part}
        own, sequential, children = part
        inner = critical or own
        return {
            "id": name, "text": "t", "critical": inner, "strategy": "sequential" if sequential else "parallel",
            "children": [node(c, inner) for c in children],
        }  # fmt: skip

    return Rubric(id="r", criteria=[node(shape, False)], policy="mind2web2")


SHAPES = st.recursive(
    st.booleans(),
    lambda inner: st.tuples(st.booleans(), st.booleans(), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
).filter(lambda s: not isinstance(s, bool))


def test_a_failed_gate_skips_the_rest_and_a_passed_one_does_not():
    rubric = Rubric(
        id="r",
        criteria=[{"id": "g", "text": "t", "required": True}, {"id": "a", "text": "u"}, {"id": "b", "text": "v"}],
        policy={"name": "weighted_mean", "gate": "veto"},
    )
    judge = ShortCircuit(PointwiseJudge(batch="all"))
    for gate, asked, reward in ((False, ["g"], 0.0), (True, ["g", "a", "b"], 2 / 3)):
        client = Client({"g": gate, "a": True, "b": False})
        result = run(rubric, [SAMPLE], judge=judge, client=client)
        assert client.asked == asked
        assert result.rewards.values.tolist() == [reward]
    assert [v.state for v in run(rubric, [SAMPLE], judge=judge, client=Client({"g": False})).verdicts("s")] == [
        State.SCORED, State.SKIPPED, State.SKIPPED,
    ]  # fmt: skip


def test_a_missing_verdict_decides_nothing():
    rubric = Rubric(id="r", criteria=[{"id": "g", "text": "t", "required": True}, {"id": "a", "text": "u"}])
    found = asyncio.run(
        ShortCircuit(PointwiseJudge(reasks=0)).verdicts(SAMPLE, rubric, rubric.leaves, Client({"a": True}))
    )
    assert [v.state for v in found] == [State.UNREADABLE, State.SCORED]


def test_sequences_and_ancestors():
    rubric = tree((False, True, [False, (False, False, [True, False]), False]))
    assert dependencies(rubric) == {"n1": (), "n3": ("n1",), "n4": ("n1", "n3"), "n5": ("n1", "n3", "n4")}


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.randoms(use_true_random=False))
def test_the_root_is_the_same_and_the_calls_are_no_more(shape, random):
    rubric = tree(shape)
    truth = {leaf.id: random.random() < 0.7 for leaf in rubric.leaves}
    whole, short = Client(truth), Client(truth)
    full = run(rubric, [SAMPLE], judge=PointwiseJudge(batch=1), client=whole)
    cut = run(rubric, [SAMPLE], judge=ShortCircuit(PointwiseJudge(batch=1)), client=short)
    np.testing.assert_array_equal(full.rewards.values, cut.rewards.values)
    assert len(short.asked) <= len(whole.asked)
    assert len(short.asked) == len(set(short.asked))
