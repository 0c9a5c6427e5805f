import math

import numpy as np
import pytest

from rubricate.report.facts import (
    MANY,
    call_usages,
    criteria_facts,
    goodness,
    group_facts,
    native,
    policy_of_run,
    reward_facts,
    state_counts,
)
from rubricate.rubrics import Rubric
from rubricate.rubrics.model import Criterion, PolicySpec
from rubricate.types import State, Usage, Verdict


def test_states(run):
    assert state_counts(run) == {
        State.SCORED: 10, State.ABSTAINED: 1, State.UNREADABLE: 1, State.REFUSED: 1, State.TRUNCATED: 1,
        State.TIMED_OUT: 1, State.FAILED: 1, State.SKIPPED: 1,
    }  # fmt: skip


def test_rewards_by_hand(run):
    facts = reward_facts(run)
    known = [1, 0.125, -2 / 3, 0.25, 1]
    assert facts.defined == 5
    assert facts.undefined == {"verdicts are missing": 1}
    assert facts.mean == pytest.approx(sum(known) / 5)
    assert facts.sd == pytest.approx(math.sqrt(sum((x - sum(known) / 5) ** 2 for x in known) / 5))
    assert (facts.low, facts.median, facts.high) == (pytest.approx(-2 / 3), 0.25, 1.0)
    assert (facts.groups, facts.flat) == (2, 0)
    assert facts.within == pytest.approx((np.std([1, 0.125, -2 / 3]) + 0.375) / 2)


def test_groups_by_hand(run):
    one, two = group_facts(run)
    assert (one.name, one.rows.tolist(), one.defined, one.best, one.worst) == ("one", [0, 1, 2], 3, 0, 2)
    assert (two.name, two.rows.tolist(), two.defined, two.best, two.worst) == ("two", [3, 4, 5], 2, 5, 3)
    assert two.mean == 0.625


def test_a_group_without_a_reward_and_a_flat_group(make, mixed, sample):
    rows = [(sample("a", group="g"), (State.FAILED,) * 3), (sample("b", group="g"), (State.FAILED,) * 3)]
    lost = make(mixed, rows)
    assert [(g.defined, g.best, g.worst) for g in group_facts(lost)] == [(0, -1, -1)]
    facts = reward_facts(lost)
    assert (facts.defined, facts.groups) == (0, 0)
    assert math.isnan(facts.mean)
    assert math.isnan(facts.within)
    same = make(mixed, [(sample(n, group="g"), (1, 3, 0)) for n in "ab"])
    assert (reward_facts(same).groups, reward_facts(same).flat, reward_facts(same).within) == (1, 1, 0.0)


def test_criteria_by_hand(run):
    facts = criteria_facts(run)
    warm, clear, microwave = facts.rows
    assert facts.by == "criterion"
    assert (warm.judged, warm.missing, warm.mean, warm.sd, warm.flat) == (4, 1, 0.5, 0.5, False)
    assert (clear.judged, clear.missing, clear.mean, clear.lo, clear.hi) == (3, 3, pytest.approx(10 / 3), 1, 5)
    assert (microwave.judged, microwave.missing, microwave.bad, microwave.weight) == (3, 2, True, (-2, -2))
    assert microwave.mean == pytest.approx(1 / 3)


def test_a_criterion_that_is_bad_if_met_with_a_positive_weight_keeps_the_judges_verdict(make, sample):
    rubric = Rubric(id="r", criteria=[{"id": "rude", "text": "Is rude.", "weight": 2, "polarity": "bad_if_met"}])
    result = make(rubric, [(sample("x"), (1,)), (sample("y"), (0,)), (sample("z"), (State.FAILED,))])
    assert result.scores.values[:2, 0].tolist() == [0, 1]
    np.testing.assert_array_equal(native(result)[:, 0], [1, 0, np.nan])
    assert criteria_facts(result).rows[0].mean == 0.5
    assert goodness(rubric.leaves[0], 1.0) == 0.0


def test_one_verdict_is_not_flat_and_two_equal_ones_are(make, mixed, sample):
    assert not any(r.flat for r in criteria_facts(make(mixed, [(sample("x"), (1, 3, 0))])).rows)
    two = make(mixed, [(sample("x"), (1, 3, 0)), (sample("y"), (1, 4, 0))])
    assert [r.flat for r in criteria_facts(two).rows] == [True, False, True]


def test_facts_agree_with_a_plain_loop(make, sample):
    rng = np.random.default_rng(5)
    shared = {"id": "shared", "text": "Shared."}
    rubrics = [
        Rubric(id=f"r{k}", criteria=[{"id": f"own{k}", "text": "Own.", "scale": "1-5", "weight": k + 1}, shared])
        for k in range(3)
    ]
    rows = []
    for n in range(40):
        states = [State.FAILED, State.SKIPPED, None]
        pick = [rng.choice([float(rng.integers(1, 6)), 9]), rng.choice([float(rng.integers(0, 2)), 9])]
        verdicts = tuple(states[rng.integers(3)] if v == 9 else float(v) for v in pick)
        rows.append((sample(f"s{n}", group=f"g{n % 7}", rubric=f"r{n % 3}"), verdicts))
    result = make(rubrics, rows)
    found = {r.name: r for r in criteria_facts(result).rows}
    assert set(found) == {"own0", "own1", "own2", "shared"}
    for name, row in found.items():
        own = [
            v
            for s, vs in rows
            for c, v in zip(result.rubrics[s.rubric].leaves, vs, strict=True)
            if c.id == name and v is not None
        ]
        values = [v for v in own if isinstance(v, float)]
        assert row.judged == len(values)
        assert row.missing == own.count(State.FAILED)
        assert row.mean == pytest.approx(np.mean(values))
        assert row.sd == pytest.approx(np.std(values))
    assert sum(g.defined for g in group_facts(result)) == int(result.rewards.valid.sum())


def test_many_different_criteria_are_put_together(make, sample):
    def rubrics(axis):
        return [Rubric(id=f"r{k}", criteria=[{"id": "s", "text": f"T{k}.", "axis": axis}]) for k in range(MANY + 1)]

    rows = [(sample(f"s{k}", rubric=f"r{k}"), (k % 2,)) for k in range(MANY + 1)]
    by_id, by_axis = criteria_facts(make(rubrics(""), rows)), criteria_facts(make(rubrics("style"), rows))
    assert (by_id.by, [(r.name, r.judged, r.kinds) for r in by_id.rows]) == ("id", [("s", 121, 121)])
    assert (by_axis.by, [r.name for r in by_axis.rows]) == ("axis", ["style"])


def test_the_policy_of_a_run():
    assert policy_of_run({}) is None
    assert policy_of_run({"policy": "healthbench"}) == PolicySpec(name="healthbench")
    full = {"name": "points_ratio", "settings": {"missing": "drop_item"}}
    assert policy_of_run({"policy": full}) == PolicySpec(**full)


def test_goodness_follows_the_sign_of_the_weight():
    assert goodness(Criterion(id="c", text="C.", scale="1-5"), 4.0) == 0.75
    assert goodness(Criterion(id="c", text="C.", scale="1-5", weight=-1), 4.0) == 0.25


def test_only_verdicts_that_cost_calls_are_counted(make, mixed, sample):
    paid = Verdict("warm", State.SCORED, 1.0, usage=Usage(2, 10, 5, 0.1, 3.0))
    free = Verdict("clear", State.SCORED, 2.0, usage=Usage())
    assert call_usages(make(mixed, [(sample("x"), (paid, free, 0))])) == [paid.usage]
