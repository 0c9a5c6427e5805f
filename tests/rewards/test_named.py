"""Policies by name: settings, errors, the table in the documentation, and laws that every policy obeys."""

import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubricate import registry
from rubricate.arrays import Columns
from rubricate.errors import DuplicateNameError, SettingError, UnknownNameError
from rubricate.rewards.named import named, policy_reward
from rubricate.rewards.policies import as_scores
from rubricate.rewards.scorer import Scorer
from rubricate.structure import Stages, Structure

NAN = math.nan
NAMES = registry.names("policy")
WEIGHTS = np.array([2.0, 1.0, 3.0, 1.0])
KINDS = {
    "openrs": ("core", "important", "highlight", "fatal"),
    "quarkmed": ("essential", "important", "highlight", "pitfall"),
    "rar_explicit": ("essential", "important", "optional", "pitfall"),
}


def structure(name):
    stages = Stages.of(
        [{"id": "a", "required": True, "min_score": 1.0, "max_points": 2.5, "on_failure": "stop"}, {"id": "b"}]
    )
    kinds = KINDS.get(name, ("",) * 4)
    return Structure.of(
        [-1, 0, 0, -1, 3, 3], critical=[False, True, False, False, False, False], stage=[0, 0, 0, 1, 1, 1],
        classes=("", *kinds[:2], "", *kinds[2:]), stages=stages, max_total=6.0, categories=("one", "two"),
    )  # fmt: skip


def fields(name):
    low = -2.0 if name == "openrs" else 0.0
    return {
        "lo": low,
        "hi": 2.0 if name == "openrs" else 1.0,
        "category": [0, 0, 1, 1],
        "gate": [False, False, False, True],
    }


def score(name, rows, weights=WEIGHTS, **changes):
    policy, values = named(name, **changes), np.array(rows, dtype=float)
    context = {"reference": np.full(values.shape, 0.5)} if "reference" in policy.takes else {}
    scores = as_scores(values, weights, **fields(name))
    return policy.score(scores, structure(name), **context)


def test_there_are_all_of_them():
    expected = {
        "all_of", "arcane_flat", "arcane_staged", "automed", "autorubric_t2i", "c2_margin", "category_mean",
        "deepresearch_bench_2", "deepresearch_fact", "deepresearch_race", "draco", "healthbench", "likert_mean",
        "log_margin", "mind2web2", "openrs", "orbit", "points_ratio", "prbench", "proimage", "quarkmed",
        "rar_explicit", "rar_implicit", "researcherbench", "researchqa", "researchrubrics", "rlbff", "rubric_lib",
        "rubric_lib_raw", "search_gen_v", "sedareval", "weighted_mean", "writingbench",
    }  # fmt: skip
    assert expected <= set(NAMES)


def test_the_documentation_lists_every_policy():
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    assert [n for n in NAMES if f"| `{n}` |" not in page] == []
    for name in NAMES:
        assert len(inspect.getdoc(registry.lookup("policy", name))) > 40


def test_unknown_names_and_settings_list_the_known():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'healthbench'"):
        named("healthbensh")
    with pytest.raises(
        SettingError, match=r"takes no setting \['denominater'\]; expected some of: across, class_weights"
    ):
        named("prbench", denominater="abs")
    with pytest.raises(SettingError, match="takes no setting"):
        named("mind2web2", name="other")
    with pytest.raises(SettingError, match="denominator='all'"):
        named("prbench", denominator="all")


def test_settings_override_the_defaults():
    policy = named("healthbench", clip="example", missing="drop_item")
    assert (policy.name, policy.clip, policy.denominator) == ("healthbench", "example", "positive")
    assert named("rar_explicit", class_weights={"essential": 2}).class_weights["essential"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_policies_are_frozen_values(name):
    policy = named(name)
    assert isinstance(policy, Scorer)
    assert policy == named(name)
    assert hash(policy) == hash(named(name))
    assert policy.name == name
    with pytest.raises(AttributeError):
        policy.missing = "drop_item"


def test_a_plugin_registers_its_own():
    registry.register("policy", "test/strict")(lambda: named("healthbench", missing="raise"))
    assert named("test/strict").missing == "raise"
    registry._tables["policy"].pop("test/strict")
    with pytest.raises(DuplicateNameError):
        registry.register("policy", "healthbench")(lambda: None)


def test_general_policies():
    scores = as_scores([[0.5, 1.0, 1.0]], [2.0, 1.0, -1.0])
    # lowest -1, highest 3: (1 + 1 - 1 + 1) / 4
    assert named("weighted_mean").score(scores).values[0] == 0.5
    required = as_scores([[0.0, 1.0], [1.0, 0.0]], gate=[True, False])
    assert named("weighted_mean").score(required).values.tolist() == [0.0, 0.5]
    assert named("points_ratio").score(scores).values[0] == pytest.approx(1 / 3)
    likert = as_scores([[0.5, 1.0]], [7.0, 1.0], lo=1.0, hi=5.0)
    assert named("likert_mean").score(likert).values[0] == 4.0
    mixed = as_scores([[1.0, 1.0, 0.0]], category=[0, 0, 1])
    assert named("category_mean").score(mixed).values[0] == 0.5
    every = named("all_of").score(as_scores([[1.0, 1.0, 0.0], [1.0, 0.5, 0.0], [1.0, 1.0, 1.0]], [1.0, 2.0, -1.0]))
    assert every.values.tolist() == [1.0, 0.0, 0.0]


def test_policy_reward_takes_the_arrays_of_an_environment():
    from rubricate.steps import step

    part = step(policy_reward, policy="healthbench", settings={"missing": "worst_case"})
    env = as_scores([[1.0, NAN]], [1.0, -0.5]).env()
    assert part(env).tolist() == [0.5]
    tree = Structure.of([-1, 0, 0], critical=[False, True, False])
    assert policy_reward([[1.0, 0.0]], structure=tree, policy="mind2web2").tolist() == [0.0]


LEVEL = st.sampled_from([0.0, 0.5, 1.0])
ROW = st.lists(LEVEL, min_size=4, max_size=4)
FINITE = [n for n in NAMES if n not in ("c2_margin", "rlbff", "log_margin")]


@pytest.mark.parametrize("name", FINITE)
@settings(max_examples=15, deadline=None)
@given(ROW, ROW, st.integers(1, 14), st.lists(st.sampled_from([1.0, -1.0]), min_size=4, max_size=4))
def test_a_valid_row_has_the_number_of_every_completion(name, row, other, holes, signs):
    weights = WEIGHTS * np.array(signs)
    lost = np.array([v if holes >> j & 1 else NAN for j, v in enumerate(row)])
    completed = np.where(np.isnan(lost), other, lost)
    found, full = score(name, [lost], weights, missing="drop_sample"), score(name, [completed], weights)
    assert not found.valid[0] or found.values[0] == pytest.approx(full.values[0])
    low = score(name, [lost], weights, missing="worst_case")
    assert not low.valid[0] or not full.valid[0] or low.values[0] <= full.values[0] + 1e-5


@pytest.mark.parametrize("name", [n for n in FINITE if n != "openrs"])
@settings(max_examples=15, deadline=None)
@given(ROW, st.integers(0, 3))
def test_a_better_verdict_never_lowers_the_score(name, row, at):
    better = list(row)
    better[at] = 1.0
    assert score(name, [better]).values[0] >= score(name, [row]).values[0] - 1e-12


@pytest.mark.parametrize("name", FINITE)
@settings(max_examples=10, deadline=None)
@given(ROW)
def test_bounds_hold(name, row):
    policy, more = named(name), fields(name)
    columns = Columns(
        tuple("abcd"), WEIGHTS, np.full(4, more["lo"]), np.full(4, more["hi"]), np.zeros(4, bool),
        np.array(more["gate"]), np.array(more["category"]),
    )  # fmt: skip
    context = {"reference": np.full((2, 4), 0.5)} if "reference" in policy.takes else {}
    low, high = policy.bounds(columns, structure(name), **context)
    assert low - 1e-5 <= score(name, [row]).values[0] <= high + 1e-5
    assert policy.maximum(columns, structure(name), **context) == high


@pytest.mark.parametrize("name", NAMES)
def test_contributions_have_the_shape_and_follow_the_reward(name):
    policy = named(name)
    values = np.array([[0.5, 0.25, 0.75, 0.5], [0.5, NAN, 0.25, 0.5]])
    context = {"reference": np.full((2, 4), 0.5)} if "reference" in policy.takes else {}
    scores = as_scores(values, WEIGHTS, **fields(name))
    shares = policy.contributions(scores, structure(name), **context)
    rewards = policy.score(scores, structure(name), **context)
    assert shares.shape == (2, 4)
    assert (np.isnan(shares).all(1) == ~rewards.valid).all()


def test_control_ignoring_missing_verdicts_breaks_the_law():
    dropped = score("weighted_mean", [[1.0, NAN, 1.0, 1.0]], missing="drop_item").values[0]
    assert dropped != score("weighted_mean", [[1.0, 0.0, 1.0, 1.0]]).values[0]
