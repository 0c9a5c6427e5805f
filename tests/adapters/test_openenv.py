"""Trees inside OpenEnv: a rubric as one, and one as a rubric."""

import asyncio
import random

import pytest

import rubricate as rb
from rubricate.errors import PolicyError, SettingError
from rubricate.types import State

pytest.importorskip("openenv", reason="needs openenv (make test-adapters)")
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]


def tree_of(rewarder, **more):
    from rubricate.integrations.openenv import rubric_tree
    from rubricate.integrations.teller import Teller

    return rubric_tree(Teller(rewarder, **more), rewarder.rubrics[0])


def test_a_rubric_is_a_tree_with_a_child_per_criterion(told, texts):
    good, part, cold = texts
    tree, seen = tree_of(told), []
    tree.register_forward_hook(lambda rubric, action, observation, result: seen.append(result))
    rewards = [asyncio.run(tree(text, "Tea?")) for text in (good, part)]
    assert rewards == seen == [1.0, 0.5]
    assert {n: c.last_score for n, c in tree.named_rubrics()} == {"warm": 1.0, "time": 0.0}
    assert asyncio.run(tree.get_rubric("warm")(part, "Tea?")) == 1.0
    assert asyncio.run(tree(cold, "Tea?")) == 0.0
    assert not tree.told.valid
    assert {n: c.last_score for n, c in tree.named_rubrics()} == {"warm": None, "time": None}
    with pytest.raises(PolicyError, match="verdicts are missing"):
        asyncio.run(tree.get_rubric("warm")(cold, "Tea?"))
    with pytest.raises(PolicyError, match="OpenEnv"):
        asyncio.run(tree_of(told, on_missing="abstain")(cold, "Tea?"))


def test_it_stands_beside_their_own_containers(told, texts):
    from openenv.core.rubrics import Gate, WeightedSum

    whole = WeightedSum([tree_of(told), Gate(tree_of(told), threshold=0.8)], [0.5, 0.5])
    assert [asyncio.run(whole(t, "Tea?")) for t in texts[:2]] == [1.0, 0.25]


def test_criteria_named_like_their_methods_are_refused():
    rubric = rb.Rubric(id="r", criteria=[{"id": "children", "text": "Names children."}])
    with pytest.raises(SettingError, match="children"):
        tree_of(rb.Rewarder((rubric,)))


def leaf(name, value):
    from openenv.core.rubrics import Rubric

    class Sync(Rubric):
        """Says a number."""

        def forward(self, action, observation):
            return value(action)

    class Async(Rubric):
        async def forward(self, action, observation):
            return value(action)

    return (Async if name == "async" else Sync)()


def test_a_tree_read_back_gives_what_the_tree_gives():
    from openenv.core.rubrics import Gate, Sequential, WeightedSum

    from rubricate.integrations.openenv import rubric_of

    rng = random.Random(5)
    for _ in range(50):
        a, b, c = (rng.random() for _ in range(3))
        long = leaf("sync", lambda action, k=a: k * (len(action) % 7) / 7)
        inner = WeightedSum([leaf("async", lambda action, k=b: k), Gate(long, 0.3)], [1.5, -0.5])
        tree = WeightedSum([inner, Sequential(Gate(long, 0.1), leaf("sync", lambda action, k=c: k))], [0.4, 0.6])
        rubric, judge = rubric_of(tree, "tree")
        assert [x.weight for x in rubric.leaves] == pytest.approx([0.6, -0.2, 0.6])
        texts = ["x" * k for k in range(9)]
        samples = [rb.Sample(str(k), (rb.Message("user", "q"),), t) for k, t in enumerate(texts)]
        found = [s.reward for s in rb.Rewarder((rubric,), judge=judge).score_sync(samples)]
        assert found == pytest.approx([asyncio.run(tree(t, "q")) for t in texts])


def test_a_part_that_breaks_costs_its_own_verdict():
    from openenv.core.rubrics import WeightedSum

    from rubricate.integrations.openenv import rubric_of

    bad = [lambda action: None, lambda action: 1 / 0, lambda action: float("nan"), lambda action: 7.0]
    parts = [leaf("sync", f) for f in [*bad, lambda action: 1.0]]
    rubric, judge = rubric_of(WeightedSum(parts, [0.2] * 5), "r", {"rubric_4": "Is fine."})
    (scored,) = rb.Rewarder((rubric,), judge=judge).score_sync([rb.Sample("a", (), "x")])
    assert scored.reward is None
    assert [v.state for v in scored.verdicts] == [State.FAILED] * 4 + [State.SCORED]
    assert "ZeroDivisionError" in scored.verdicts[1].reason
    assert rubric.leaves[4].text == "Is fine."
    assert rubric.leaves[0].text == "Sync: Says a number."
    with pytest.raises(SettingError, match="rubric_9"):
        rubric_of(WeightedSum(parts, [0.2] * 5), "r", {"rubric_9": "?"})


def test_a_tree_that_is_no_sum_is_one_criterion():
    from openenv.core.rubrics import Gate

    from rubricate.integrations.openenv import rubric_of

    rubric, judge = rubric_of(Gate(leaf("sync", lambda action: 0.5), 0.4), "gate")
    assert [c.id for c in rubric.leaves] == ["score"]
    assert rb.Rewarder((rubric,), judge=judge).score_sync([rb.Sample("a", (), "x")])[0].reward == 0.5
