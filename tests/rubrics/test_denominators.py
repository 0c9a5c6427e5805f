import numpy as np
import pytest

from rubricate import registry
from rubricate.rewards.named import named
from rubricate.rewards.policies import Policy
from rubricate.rewards.reference import Ratio
from rubricate.rubrics import PolicySpec, Rubric
from rubricate.rubrics.denominators import FLAT, flat_of, leaf_weights, score_range, shares


def make(policy, weights=(3, 1), scale="binary", **fields):
    classes = fields.pop("classes", ["", ""] * len(weights))
    axes = fields.pop("axes", [""] * len(weights))
    criteria = [
        {"id": f"c{k}", "text": f"Point {k}.", "weight": w, "scale": scale, "weight_class": classes[k], "axis": axes[k]}
        for k, w in enumerate(weights)
    ]
    return Rubric(id="r", criteria=criteria, policy=policy, **fields)


def test_the_table_says_what_the_registered_policies_are():
    switches = ("denominator", "negatives_only", "clip", "units", "weighted", "pool", "gate")
    registered = {n: part() for n, part in registry.items("policy") if "/" not in n}
    flat = {n for n, p in registered.items() if type(p) in (Policy, Ratio)}
    assert set(FLAT) == flat
    for name in flat - {"deepresearch_race"}:
        policy, mine = registered[name], FLAT[name]
        assert {s: getattr(policy, s) for s in switches} == {s: getattr(mine, s) for s in switches}, name
        assert dict(policy.class_weights) == dict(mine.class_weights)


@pytest.mark.parametrize("name", sorted(set(FLAT) - {"deepresearch_race"}))
@pytest.mark.parametrize("weights", [(3, 1), (3, 1, -2), (-2, -1), (5, 0)])
@pytest.mark.parametrize("scale", ["binary", "1-5"])
def test_the_range_is_that_of_the_policy(name, weights, scale):
    classes = ["Essential", "pitfall", ""]
    rubric = make(name, weights, scale, classes=classes, axes=["a", "b", "b"], dimension_weights={"a": 0.25, "b": 0.75})
    low, high = named(name).bounds(rubric.columns(), rubric.structure())
    mine = score_range(rubric)
    if name == "all_of":  # its veto is not linear, and its range is stated as that of a share
        assert mine == (0.0, 1.0)
    elif mine is None:
        assert np.isnan(low)
        assert np.isnan(high)
    else:
        assert mine == pytest.approx((low, high))


def test_settings_override_the_table_and_unknown_policies_have_no_range():
    assert flat_of(PolicySpec(name="healthbench", settings={"denominator": "abs"})).denominator == "abs"
    assert score_range(make({"name": "healthbench", "denominator": "abs"}, (3, -1))) == (-0.25, 0.75)
    assert flat_of(PolicySpec(name="mind2web2")) is None
    assert score_range(make("mind2web2")) is None
    assert flat_of(PolicySpec(name="x/y", settings={"denominator": "sum"})).denominator == "sum"
    assert score_range(make({"name": "points_ratio", "denominator": "fixed"}, (3, -1), max_total=6)) == (-1 / 6, 0.5)


def test_shares_by_hand():
    assert shares(make("healthbench", (3, 1, -2))).tolist() == [0.75, 0.25, -0.5]
    assert shares(make("weighted_mean", (3, 1, -4))).tolist() == [0.375, 0.125, 0.5]
    assert shares(make("mind2web2", (3, 1))).tolist() == [0.75, 0.25]
    assert shares(make("writingbench", (3, 1))).tolist() == [0.5, 0.5]
    race = make("deepresearch_race", (0.5, 0.5, 1.0), axes=["a", "a", "b"], dimension_weights={"a": 0.4, "b": 0.6})
    assert shares(race).tolist() == pytest.approx([0.2, 0.2, 0.6])
    assert shares(make("weighted_mean", (0, 0))).tolist() == [0, 0]


def test_class_weights_stand_in_for_written_ones():
    assert leaf_weights(make("rar_explicit", (5, 5), classes=["Essential", "OPTIONAL"])).tolist() == [1.0, 0.3]
    assert leaf_weights(make("researchqa", (5, -2))).tolist() == [1.0, -1.0]
