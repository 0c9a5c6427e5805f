"""The package as a whole: names, examples in docstrings, and published rewards as one expression of steps."""

import doctest
import importlib
import inspect
import json

import numpy as np
import pytest

import rubricate.rewards as rewards
from rubricate.lab.environment import draw
from rubricate.reduce import group_stat
from rubricate.rewards import (
    affine,
    agreement_weights,
    all_pass,
    banded,
    bilinear,
    category_mean,
    clip,
    combine,
    exponential,
    gate,
    gated_accumulate,
    group_norm,
    group_softmax,
    hinge_negative,
    log_sigmoid,
    multiply,
    pareto_mask,
    piecewise,
    proper_score,
    rank_penalty,
    ratio,
    renorm,
    schedule,
    sign_product,
    sign_weights,
    soft_and,
    soften,
    spread_groups,
    stage,
    step_delta,
    step_penalty,
    thought_outcome,
    trust_weight,
    weighted_mean,
    weighted_sum,
    zscore,
)
from rubricate.steps import Step, chain, find, from_json, public_name, ref, step, to_json

MODULES = (
    "aggregate couple gates group lints makers preference schedules shaping terms weights".split()  # noqa: SIM905
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(f"rubricate.rewards.{name}")).failed == 0


@pytest.mark.parametrize("name", [n for n in rewards.__all__ if inspect.isfunction(getattr(rewards, n))])
def test_functions_are_found_by_their_public_name(name):
    fn = getattr(rewards, name)
    home = fn.__module__.split(".")[1]  # rewards, or the core where another stage uses the function too
    assert public_name(fn) == f"{home}.{name}"
    assert find(f"{home}.{name}") is fn
    assert find(f"rewards.{name}") is fn


STEPS, OFF = ref("turn_scores"), ref("turn_off")
SHARE = step(group_norm, ref("process"), center=False, scale="max")
WRONG = step(affine, ref("outcome"), lo=0.0, hi=1.0, a=1.0, b=0.0)
SHORT = step(affine, ref("length"), lo=0.0, hi=60.0, a=1.0, b=0.0)
RELATIVE = step(ratio, ref("length"), by=step(group_stat, ref("length"), op="mean", where=ref("outcome")))
TIERS = ((0.35, 0, 0, 0, 0, 0), (0.35, 0.35, 0, 0, 0, 0), (0.35, 0.35, 0.15, 0, 0, 0))
BASE, STYLE = (1, 1, 1, 0, 0, 0), (0, 0, 0, 1, 2, 1)
GATED = step(gated_accumulate, STEPS, OFF, high=ref("rewards"), gates=(0.2,) * 3)
ROWS = [ref("outcome"), ref("process"), ref("format")]

COMPOSITIONS = {
    5: step(bilinear, a=0.0, c=1.0),
    7: step(gate, condition=ref("format"), x=step(bilinear, process=SHARE, a=0.7, b=0.3)),
    11: step(multiply, terms=(step(all_pass), step(gate, condition=ref("outcome"), x=step(combine, terms=ROWS)))),
    26: step(weighted_sum),
    41: step(step_delta, step(hinge_negative, STEPS, eta=0.9), OFF),
    45: step(
        gate,
        condition=ref("format"),
        x=step(bilinear, a=step(schedule, start=0.5, end=1.0), c=step(schedule, start=0.5)),
        otherwise=-1.0,
    ),
    54: step(multiply, terms=(step(soft_and, weights=BASE), step(weighted_mean, weights=STYLE))),
    60: step(
        combine,
        terms=(
            ref("format"),
            step(
                gate,
                condition=step(group_stat, ref("outcome"), op="max"),
                x=step(piecewise, RELATIVE, knots=(0.0, 0.8, 1.2, 2.2), values=(-0.8, 0.0, 0.0, -1.0)),
            ),
        ),
    ),
    72: step(gate, condition=ref("format"), x=step(weighted_mean), otherwise=-2.0),
    79: step(category_mean),
    81: step(combine, terms=(ref("format"), step(affine, ref("process"), lo=0, hi=1, a=-3, b=3))),
    84: step(zscore, ref("process"), mean=-0.4468, std=8.3, scale=0.3),
    108: step(
        log_sigmoid, ref("process"), reference=step(group_stat, ref("process"), op="quantile", q=0.85)
    ),
    115: step(bilinear, b=step(exponential, step(group_stat, ref("outcome"), op="mean"))),
    122: step(combine, terms=(ref("outcome"), GATED)),
    124: step(
        combine,
        terms=(
            step(group_softmax, SHORT, temperature=0.1, where=ref("outcome")),
            step(group_softmax, ref("process"), temperature=10.0, where=WRONG),
        ),
        coefficients=(1.0, -1.0),
    ),
    137: step(multiply, terms=(step(pareto_mask, ref("rewards")), ref("process"))),
    139: step(combine, terms=(ref("format"), step(bilinear, b=1.0))),
    144: step(combine, terms=(ref("outcome"), step(rank_penalty, ref("length"), ref("outcome")))),
    145: step(gate, condition=ref("format"), x=step(bilinear, b=0.9, c=0.1)),
    148: step(agreement_weights, ref("rewards")),
    151: step(combine, terms=ROWS, coefficients=(3, 2, 1)),
    165: step(
        combine,
        terms=(ref("outcome"), step(proper_score, confidence=ref("process"))),
    ),
    171: step(combine, terms=(ref("format"), step(weighted_sum, weights=step(stage, edges=(0.2, 0.4), stages=TIERS)))),
    176: step(bilinear, c=step(multiply, terms=(step(trust_weight), step(schedule, kind="exponential", start=0.3)))),
    198: step(bilinear, b=-0.5, c=0.5),
    23: step(renorm, step_scores=STEPS, off=OFF),
    43: step(thought_outcome, step_scores=STEPS, off=OFF),
    67: step(soften, STEPS, OFF),
    102: step(banded, step_scores=STEPS, off=OFF, gamma=0.1, floor=0.6, ceiling=0.4),
    111: step(sign_product, step_scores=STEPS, off=OFF),
    127: step(step_penalty, step_scores=STEPS, off=OFF),
    161: step(sign_weights),
}  # fmt: skip


@pytest.mark.parametrize("no", COMPOSITIONS)
def test_published_rewards_are_expressions_of_steps(no):
    composition = COMPOSITIONS[no]
    assert from_json(json.loads(json.dumps(to_json(composition)))) == composition
    env = draw(np.random.default_rng(no))
    value = np.asarray(composition(env), dtype=float)
    assert np.isfinite(value).all()
    assert len(value) in (len(env["group"]), len(env["turn_scores"]))


@pytest.mark.parametrize("no", COMPOSITIONS)
def test_missing_verdicts_stay_missing_and_nothing_is_overwritten(no):
    env = draw(np.random.default_rng(no), missing=0.3)
    env["turn_scores"][::3] = np.nan
    before = {k: v.copy() for k, v in env.items() if isinstance(v, np.ndarray)}
    with np.errstate(all="raise", under="ignore"):
        value = np.asarray(COMPOSITIONS[no](env), dtype=float)
    assert not np.isinf(value).any()
    for name, array in before.items():
        np.testing.assert_array_equal(env[name], array)
    reads = {"process", "scores", "turn_scores"} & set(used(COMPOSITIONS[no]))
    assert np.isnan(value).any() == bool(reads)


def used(part):
    """Names that a step reads: refs, and parameters bound by name."""
    found = set()
    if isinstance(part, Step):
        given = dict(part.settings)
        found |= {n for n in inspect.signature(part.fn).parameters if n not in given}
        for value in given.values():
            found |= used(value)
    elif isinstance(part, tuple):
        for value in part:
            found |= used(value)
    elif hasattr(part, "name"):
        found.add(part.name)
    return found


def test_a_criterion_weight_from_the_groups_reaches_the_rows():
    env = draw(np.random.default_rng(3))
    rates = rewards.criterion_stats(env["scores"], env["group"]).rate
    env["factors"] = rewards.difficulty_weights(rates)
    weighted = step(weighted_mean, weights=step(spread_groups, ref("factors")))
    expected = weighted_mean(env["scores"], rewards.difficulty_weights(rates)[env["group"]])
    np.testing.assert_allclose(weighted(env), expected)


def test_a_chain_feeds_the_next_part():
    env = draw(np.random.default_rng(4))
    value = chain(step(bilinear, b=1.0), step(clip, lo=0.0, hi=1.5), step(group_norm))(env)
    expected = group_norm(np.minimum(env["outcome"] * (1 + env["process"]), 1.5), env["group"])
    np.testing.assert_allclose(value, expected)
