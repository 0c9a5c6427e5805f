"""The switches of the flat scorer: denominators, clips, gates, saturation, pooling, tags."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate.arrays import Columns
from rubricate.errors import PolicyError, SettingError, UnknownNameError
from rubricate.rewards.outcome import Why
from rubricate.rewards.policies import Policy, as_scores, category_scores, tag_scores
from rubricate.structure import Structure

NAN = math.nan


def value(policy, row, weights=1.0, structure=None, **fields):
    return float(policy.score(as_scores([row], weights, **fields), structure).values[0])


def test_denominators():
    row, weights = [1.0, 0.5, 1.0], [4.0, 3.0, -2.0]  # raw = 4 + 1.5 - 2 = 3.5
    assert value(Policy(denominator="positive"), row, weights) == 0.5  # / 7 (card 213)
    assert value(Policy(denominator="abs"), row, weights) == pytest.approx(3.5 / 9)
    assert value(Policy(denominator="minmax"), row, weights) == pytest.approx((3.5 + 2) / 9)
    assert value(Policy(denominator="fixed", max_total=10.0), row, weights) == 0.35
    assert value(Policy(denominator="none"), row, weights) == 3.5
    assert value(Policy(denominator="sum"), [1.0, 0.5], [3.0, 1.0]) == 0.875
    assert Policy(denominator="sum").score(as_scores([row], weights)).code[0] == Why.NEGATIVE


def test_all_bad_is_below_zero_unclipped():
    assert value(Policy(), [0.0, 0.0, 1.0], [4.0, 3.0, -2.0]) == pytest.approx(-2 / 7)
    assert value(Policy(clip="example"), [0.0, 0.0, 1.0], [4.0, 3.0, -2.0]) == 0.0


def test_only_negative_criteria():
    row, weights = [1.0, 0.0], [-3.0, -1.0]
    rewards = Policy().score(as_scores([row], weights))
    assert rewards.code[0] == Why.NO_POSITIVE
    assert math.isnan(rewards.values[0])
    assert value(Policy(negatives_only="signed_fallback"), row, weights) == -0.75
    assert value(Policy(negatives_only="one_plus"), row, weights) == 0.25


def test_units():
    scale = {"lo": [1.0, 1.0], "hi": [5.0, 5.0]}
    row = [0.5, 1.0]  # 3 and 5 on 1-5
    assert value(Policy(denominator="sum"), row, **scale) == 0.75
    assert value(Policy(denominator="sum", units="native"), row, **scale) == 4.0
    assert value(Policy(denominator="sum", units="of_max"), row, **scale) == 0.8
    with pytest.raises(PolicyError, match="hi > 0"):
        value(Policy(units="of_max"), row, lo=-1.0, hi=0.0)


def test_minmax_in_native_units_stays_in_the_unit_interval():
    # 1-5 scales, weights 2 and -1: lowest 2*1 - 5 = -3, highest 10 - 1 = 9; here 2*3 - 3 = 3 -> 6/12
    assert value(Policy(denominator="minmax", units="native"), [0.5, 0.5], [2.0, -1.0], lo=1.0, hi=5.0) == 0.5


def test_partial_and_unweighted():
    row, weights = [1.0, 0.5, 0.0], [1.0, 3.0, 4.0]
    assert value(Policy(partial=0.0), row, weights) == 0.125
    assert value(Policy(partial=1.0), row, weights) == 0.5
    assert value(Policy(weighted=False), row, weights) == 0.5
    # the sign stays: (1 - 1) / 1
    assert value(Policy(weighted=False), [1.0, 1.0], [4.0, -9.0]) == 0.0


def test_class_weights_replace_sizes_and_keep_signs():
    structure = Structure.of([-1, -1, -1], classes=("essential", "pitfall", ""))
    policy = Policy(class_weights={"Essential": 1.0, "pitfall": 0.9})
    assert policy.needs_structure
    # weights 1, -.9 and its own 2: (1 - .9 + 0) / 3
    assert value(policy, [1.0, 1.0, 0.0], [7.0, -7.0, 2.0], structure) == pytest.approx(0.1 / 3)
    assert value(policy, [1.0, 0.0, 0.0], [1.0, -1.0, 3.0]) == 0.25  # without a structure: as given
    with pytest.raises(UnknownNameError, match="optional"):
        value(policy, [1.0], 1.0, Structure.of([-1], classes=("optional",)))


def test_pooling_by_category():
    row, category = [1.0, 1.0, 1.0, 0.0], [0, 0, 0, 1]
    assert value(Policy(), row, category=category) == 0.75
    assert value(Policy(pool="categories"), row, category=category) == 0.5
    structure = Structure.of([-1] * 4, categories=("facts", "style"), category_weights=[3.0, 1.0])
    assert value(Policy(pool="categories"), row, 1.0, structure, category=category) == 0.75
    # a category that was not asked leaves the mean
    asked = [[True, True, True, False]]
    assert value(Policy(pool="categories"), row, 1.0, structure, category=category, asked=asked) == 1.0


def test_saturation_caps_a_category_and_not_the_denominator():
    # category 0: 4 of 4 points, capped at half of 4 -> 2; category 1: 1 of 2, at its cap. (2 + 1) / 6
    policy = Policy(saturate=0.5)
    assert value(policy, [1.0, 1.0, 1.0, 0.0], [2.0, 2.0, 1.0, 1.0], category=[0, 0, 1, 1]) == 0.5
    columns = Columns(
        ("a", "b"), np.ones(2), np.zeros(2), np.ones(2), np.zeros(2, bool), np.zeros(2, bool), np.zeros(2, int)
    )
    assert policy.bounds(columns) == (0.0, 0.5)
    assert policy.maximum(columns) == 0.5


def test_gates():
    row, gate = [0.0, 1.0, 1.0], [True, False, False]
    assert value(Policy(gate="veto"), row, gate=gate) == 0.0
    assert value(Policy(gate="veto", gate_floor=-1.0), row, gate=gate) == -1.0
    assert value(Policy(gate="veto"), [0.0, 1.0, 1.0], [1.0, 1.0, -3.0], gate=gate) == -1.0  # a veto never pays
    assert value(Policy(gate="veto"), [0.5, 1.0, 1.0], gate=gate) == pytest.approx(2.5 / 3)  # .5 passes at .5
    assert value(Policy(gate="veto", gate_threshold=1.0), [0.5, 1.0, 1.0], gate=gate) == 0.0
    assert value(Policy(gate="veto", gate_on="all"), [1.0, 0.0, 1.0], gate=gate) == 0.0
    # truncate: one of two gates failed, so the third criterion counts as unmet: (0 + 1 + 0 - 1) / 3
    truncated = value(
        Policy(gate="truncate"), [0.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, -1.0], gate=[True, True, False, False]
    )
    assert truncated == 0.0


def test_a_gate_of_negative_weight_fails_when_it_is_met():
    assert value(Policy(gate="veto"), [1.0, 1.0], [1.0, -1.0], gate=[False, True]) == 0.0
    assert value(Policy(gate="veto"), [1.0, 0.0], [1.0, -1.0], gate=[False, True]) == 1.0


def test_a_gate_has_its_own_threshold_in_its_units():
    structure = Structure.of([-1, -1], min_score=[4.0, NAN])
    policy = Policy(gate="veto", denominator="sum")
    fields = {"gate": [True, True], "lo": 1.0, "hi": 5.0}
    assert value(policy, [0.75, 0.5], 1.0, structure, **fields) == 0.625  # 4 of 5 passes, .5 passes
    assert value(policy, [0.5, 1.0], 1.0, structure, **fields) == 0.0  # 3 of 5 fails


def test_an_unjudged_gate_is_not_passed_by_dropping_it():
    scores = as_scores([[NAN, 1.0]], gate=[True, False])
    assert Policy(gate="veto", missing="drop_item").score(scores).code[0] == Why.GATE
    assert Policy(missing="drop_item").score(scores).values[0] == 1.0


def test_fixed_takes_the_maximum_of_the_rubric():
    policy = Policy(denominator="fixed")
    assert value(policy, [1.0, 1.0], [3.0, 2.0], Structure.of([-1, -1], max_total=10.0)) == 0.5
    with pytest.raises(PolicyError, match="max_total"):
        value(policy, [1.0, 1.0])
    with pytest.raises(SettingError, match="positive"):
        Policy(max_total=0.0)


def test_contributions_are_exact():
    scores = as_scores([[1.0, 0.5, 1.0], [1.0, NAN, 0.0]], [4.0, 3.0, -2.0])
    shares = Policy().contributions(scores)
    np.testing.assert_allclose(shares[0], [4 / 7, 1.5 / 7, -2 / 7])
    assert np.isnan(shares[1]).all()
    minmax = Policy(denominator="minmax")
    # (4, 1.5, -2 - -2) / 9: an avoided negative item earns its weight, a met one nothing
    np.testing.assert_allclose(minmax.contributions(scores)[0], [4 / 9, 1.5 / 9, 0.0])


SWITCHES = st.fixed_dictionaries(
    {
        "denominator": st.sampled_from(["positive", "abs", "minmax", "none"]),
        "pool": st.sampled_from(["items", "categories"]),
        "saturate": st.sampled_from([None, 0.5]),
        "weighted": st.booleans(),
        "partial": st.sampled_from([None, 0.0]),
        "negatives_only": st.sampled_from(["undefined", "signed_fallback"]),
    }
)
ROW = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4)
WEIGHTS = st.lists(st.integers(-4, 4), min_size=4, max_size=4)
CATEGORY = st.lists(st.integers(0, 1), min_size=4, max_size=4)


@settings(max_examples=80, deadline=None)
@given(SWITCHES, ROW, WEIGHTS, CATEGORY)
def test_contributions_sum_to_the_score(switches, row, weights, category):
    policy, scores = Policy(**switches), as_scores([row], weights, category=category)
    score, shares = policy.score(scores).values[0], policy.contributions(scores)[0]
    assert math.isnan(score) == np.isnan(shares).all()
    assert math.isnan(score) or shares.sum() == pytest.approx(score, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(SWITCHES, ROW, WEIGHTS, CATEGORY, st.permutations(range(4)))
def test_the_order_of_criteria_does_not_matter(switches, row, weights, category, order):
    policy = Policy(**switches)
    base = policy.score(as_scores([row], weights, category=category)).values
    moved = policy.score(
        as_scores([[row[k] for k in order]], [weights[k] for k in order], category=[category[k] for k in order])
    )
    np.testing.assert_allclose(moved.values, base, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(SWITCHES, ROW, WEIGHTS, CATEGORY, st.integers(0, 3), st.sampled_from(["none", "veto", "truncate"]))
def test_a_better_verdict_never_lowers_the_score(switches, row, weights, category, at, gate):
    policy = Policy(**switches, gate=gate)
    better = list(row)
    better[at] = 0.0 if weights[at] < 0 else 1.0
    fields = {"weights": weights, "category": category, "gate": [True, False, False, False]}
    before, after = policy.score(as_scores([row], **fields)), policy.score(as_scores([better], **fields))
    assert not before.valid[0] or after.values[0] >= before.values[0] - 1e-12


@settings(max_examples=60, deadline=None)
@given(ROW, WEIGHTS)
def test_turning_a_criterion_round_changes_nothing_under_minmax(row, weights):
    policy = Policy(denominator="minmax")
    turned = policy.score(as_scores([[1.0 - row[0], *row[1:]]], [-weights[0], *weights[1:]])).values
    np.testing.assert_allclose(turned, policy.score(as_scores([row], weights)).values, atol=1e-12)


def test_control_turning_round_changes_a_positive_denominator():
    assert value(Policy(), [0.0, 1.0], [-1.0, 1.0]) == 1.0
    assert value(Policy(), [1.0, 1.0], [1.0, 1.0]) == 1.0
    assert value(Policy(), [1.0, 1.0], [-1.0, 1.0]) != value(Policy(), [0.0, 1.0], [1.0, 1.0])


def test_tags_as_healthbench_reports_them():
    structure = Structure.of([-1, -1, -1], tags=(("accuracy",), ("accuracy", "tone"), ("tone",)))
    scores = as_scores([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], [[3.0, 1.0, -1.0], [3.0, 1.0, -1.0]])
    policy = Policy(clip="mean")
    found = tag_scores(policy, scores, structure, example_tags=[["hard"], []])
    assert sorted(found) == ["accuracy", "hard", "tone"]
    assert found["accuracy"].values.tolist() == [0.75, 1.0]
    assert found["tone"].values.tolist() == [-1.0, 1.0]  # (0 - 1) / 1 and (1 - 0) / 1
    assert found["hard"].values[0] == 0.5  # (3 - 1) / 4, the whole example
    assert found["hard"].why(1) == "nothing was asked"
    assert policy.total(found["hard"]).n == 1
    assert policy.total(found["hard"]).left_out == 0
    assert float(policy.total(found["tone"])) == 0.0
    with pytest.raises(SettingError, match="on examples and on items"):
        tag_scores(policy, scores, structure, example_tags=[["tone"], []])


def test_category_scores():
    scores = as_scores([[1.0, 0.0, 1.0]], [2.0, 2.0, -4.0], category=[0, 0, 1])
    found = category_scores(Policy(denominator="minmax"), scores)
    assert [float(found[k].values[0]) for k in (0, 1)] == [0.5, 0.0]


def test_several_rubrics_in_one_table():
    from dataclasses import replace

    scores = replace(
        as_scores([[1.0, 0.0], [1.0, NAN]], asked=[[True, True], [True, False]]),
        rubric=np.array([0, 1]), criteria=(("a", "b"), ("z",)),
    )  # fmt: skip
    structures = [
        Structure.of([-1, -1], classes=("core", "extra")),
        Structure.of([-1], classes=("extra",)),
    ]
    policy = Policy(class_weights={"core": 3.0, "extra": 1.0})
    assert policy.score(scores, structures).values.tolist() == [0.75, 1.0]
    assert tag_scores(policy, scores, structures) == {}
