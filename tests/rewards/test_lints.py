"""Lints: the figures on which they were built, and a reward that fails each."""

import numpy as np
import pytest

from rubricate.errors import SettingError, ShapeError
from rubricate.rewards import (
    bilinear,
    category_mean,
    combine,
    component_share,
    finite_budget,
    gated_accumulate,
    group_norm,
    hinge_negative,
    implied_threshold,
    multiply,
    noise_floor,
    pareto_capacity,
    pareto_mask,
    primary_dominates,
    scale_matters,
    schedule,
    signal_share,
    step_delta,
    trust_weight,
)
from rubricate.steps import chain, ref, step

NAN = float("nan")


@pytest.mark.parametrize(("p", "threshold"), [(0.25, 0.20), (1, 0.50), (4, 0.80), (9, 0.90)])
def test_the_threshold_that_a_penalty_implies(p, threshold):
    found = implied_threshold([[1, -p], [0, 0]], base_rate=0.4)
    assert found.value == pytest.approx(threshold)
    assert found.ok == (p < 0.5)


def test_the_threshold_of_a_table_of_verdicts():
    assert implied_threshold([[0.3, -0.6], [-0.3, 0.3]]).value == pytest.approx(0.60)
    assert implied_threshold([[0.3, -0.3], [-0.3, 0.3]]).value == pytest.approx(0.50)


def test_tables_without_a_threshold():
    assert implied_threshold([[1, 1], [0, 0]]).value == 0.0
    assert implied_threshold([[-1, -1], [0, 0]]).value == 1.0
    assert not implied_threshold([[-1, -1], [0, 0]], base_rate=0.99).ok
    inverted = implied_threshold([[-1, 1], [0, 0]])
    assert np.isnan(inverted.value)
    assert not inverted.ok


def test_a_gated_mix_dominates_and_an_additive_one_does_not():
    scaled = step(group_norm, ref("process"), center=False, scale="max")
    gated = step(bilinear, process=scaled, a=0.7, b=0.3)
    assert primary_dominates(gated).value == pytest.approx(0.7)
    assert primary_dominates(step(bilinear, a=0.7, c=0.3)).value == pytest.approx(0.4)
    found = primary_dominates(step(bilinear, a=0.4, c=0.6))
    assert found.value == pytest.approx(-0.2)
    assert not found.ok


def test_trust_with_a_small_coefficient_dominates():
    pressure = step(multiply, terms=(step(trust_weight), step(schedule, kind="exponential", start=0.3)))
    reward = step(bilinear, c=pressure)
    assert primary_dominates(reward, env={"progress": 0.0}).value == pytest.approx(0.7)


def test_a_free_judge_term_is_unsafe_and_without_it_the_sum_is_safe():
    names = ("outcome", "judge", "schema", "ngram", "syntax", "format")
    full = step(combine, terms=tuple(ref(n) for n in names), coefficients=(3, 2, 1, 1, 1, 1))
    env = {"syntax": 1.0, "format": 1.0}
    assert primary_dominates(full, env=env, process=names[1:4]).value == pytest.approx(-1.0)
    tied = full.replace(coefficients=(3, 0, 1, 1, 1, 1))
    assert primary_dominates(tied, env=env, process=names[1:4]).value == pytest.approx(1.0)


def test_a_score_matrix_of_one_row_is_a_set_of_process_scores():
    rubric = step(category_mean, weights=(1.0, 2.0, 1.0))
    env = {"scores": np.zeros((1, 3)), "category": np.array([[0, 0, 1]])}
    reward = step(bilinear, process=rubric, a=0.7, b=0.3)
    assert primary_dominates(reward, env=env, process=("scores",)).value == pytest.approx(0.7)


def test_dominance_needs_a_reward_everywhere():
    found = primary_dominates(lambda e: np.where(e["process"] > 0, np.nan, e["outcome"]))
    assert not found.ok


def test_dominance_of_the_bilinear_form_is_its_law():
    for a, b, c in ((1, 0, 0.3), (1, -0.5, 0.5), (0.2, 0.1, 0.4), (0, 0, 1)):
        margin = primary_dominates(step(bilinear, a=float(a), b=float(b), c=float(c))).value
        assert margin == pytest.approx(a + min(0, b + c) - max(0, c))


def test_too_many_corners_and_odd_arrays_are_refused():
    with pytest.raises(SettingError, match="13 process scores"):
        primary_dominates(lambda e: e["outcome"], env={"scores": np.zeros((1, 13))}, process=("scores",))
    with pytest.raises(ShapeError, match=r"length has shape \(3,\)"):
        primary_dominates(lambda e: e["outcome"], env={"length": np.ones(3)})
    with pytest.raises(ShapeError, match=r"reward has shape \(1,\)"):
        primary_dominates(lambda e: np.ones(1))


def test_a_bounded_step_reward_and_a_farmable_one():
    clipped = step(hinge_negative, ref("step_scores"), eta=0.9)
    assert finite_budget(step(step_delta, ref("step_scores"), ref("step_off"))).ok
    assert finite_budget(clipped).ok
    assert finite_budget(chain(clipped, step(step_delta, off=ref("step_off")))).ok
    raw = finite_budget(lambda e: e["step_scores"])
    assert raw.value == pytest.approx(1.0)
    assert not raw.ok


def test_progress_that_never_falls_can_be_farmed_by_swinging():
    def swing(env):
        now = env["step_scores"]
        return np.maximum(now - np.r_[0.0, now[:-1]], 0.0)

    assert finite_budget(swing).value == pytest.approx(0.5, abs=0.01)


def test_a_gate_bounds_the_row_but_not_its_steps():
    gated = step(gated_accumulate, ref("step_scores"), ref("step_off"), high=ref("outcome"), gates=(0.5,))
    assert finite_budget(gated, env={"outcome": np.zeros(1)}).ok
    assert not finite_budget(gated, env={"outcome": np.ones(1)}).ok
    with pytest.raises(ShapeError, match="the reward has shape"):
        finite_budget(lambda e: np.ones(3))


def test_which_advantage_knows_the_scale():
    std = scale_matters(step(group_norm, ref("reward")))
    assert std.ok
    assert std.value == pytest.approx(1.0, abs=1e-3)
    centred = scale_matters(step(group_norm, ref("reward"), scale=None))
    assert not centred.ok
    assert centred.value == pytest.approx(10.0)
    assert np.isnan(scale_matters(lambda e: np.zeros(8)).value)


def test_one_component_can_be_the_whole_total():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(320, 3)) * [20, 0.3, 0.3]
    group = np.repeat(np.arange(10), 32)
    found = component_share(scores, [1, 1, 1], group=group)
    assert found.value > 0.999
    assert not found.ok
    assert component_share(scores, [1 / 20, 1 / 0.3, 1 / 0.3]).ok
    by_group = np.c_[group * 1.0, rng.normal(size=320)]
    assert component_share(by_group, [1, 1]).value > 0.85
    assert component_share(by_group, [1, 1], group=group).value == 1.0
    assert np.isnan(component_share(np.ones((3, 2)), [1, 1]).value)
    assert component_share([[NAN, 1.0], [NAN, 0.0]], [1, 1]).value == 1.0


def test_expected_share_on_the_front():
    figures = {1: 0.06, 2: 0.21, 3: 0.40, 4: 0.59, 6: 0.84}
    for k, share in figures.items():
        assert pareto_capacity(k, 16).value == pytest.approx(share, abs=0.012)
        assert pareto_capacity(k, 16).ok == (k < 4)
    rng = np.random.default_rng(0)
    drawn = pareto_mask(rng.random((1600, 3)), np.repeat(np.arange(100), 16)).mean()
    assert drawn == pytest.approx(pareto_capacity(3, 16).value, abs=0.03)


@pytest.mark.parametrize(("p", "advice"), [(0.95, "right rows"), (0.05, "wrong rows")])
def test_groups_without_signal_and_what_to_do(p, advice):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4000), 8)
    outcome = (rng.random(len(group)) < p).astype(float)
    found = signal_share(outcome, group)
    assert found.value == pytest.approx(1 - 0.95**8 - 0.05**8, abs=0.02)
    assert not found.ok
    assert advice in found.message
    graded = bilinear(outcome, rng.random(len(group)), 0.7, 0.3)
    assert signal_share(graded, group, outcome=outcome).ok == (p > 0.5)
    with pytest.raises(ShapeError, match="reward is empty"):
        signal_share([], [])


def test_variance_that_flips_explain():
    e = 0.15
    assert noise_floor([[0.25, 0.2]], e).ok
    found = noise_floor([[0.25, e * (1 - e), 0.0, 0.01]], [e] * 4)
    assert found.value == pytest.approx(2 / 3)
    assert not found.ok
    assert noise_floor([0.0, NAN], e).value == 0.0
    with pytest.raises(ShapeError, match=r"flip_rate has shape \(3,\)"):
        noise_floor([[0.1, 0.2]], [0.1] * 3)


def test_bad_input_names_the_argument():
    with pytest.raises(ShapeError, match=r"table has shape \(2,\)"):
        implied_threshold([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"weights has shape \(3,\)"):
        component_share([[1.0, 2.0]], [1, 1, 1])
    with pytest.raises(ShapeError, match=r"outcome has shape \(1,\)"):
        signal_share([1.0, 0.0], [0, 0], outcome=[1.0])
    with pytest.raises(SettingError, match="k=0"):
        pareto_capacity(0, 16)
