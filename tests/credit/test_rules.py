"""The seven rules of the credit algebra, over all functions that they are about; each beside what breaks it."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubricate import credit, rewards
from rubricate.credit import (
    INVARIANCES,
    backup,
    edge,
    grpo,
    play,
    potential_shaping,
    rate,
    schedule,
    select,
    spread,
    suffix,
    z_score,
)
from rubricate.rewards import renorm, step_penalty

SEEDS = st.integers(0, 2**32 - 1)
NAN = float("nan")

spec = importlib.util.spec_from_file_location(
    "bad_input", Path(__file__).resolve().parents[1] / "contracts" / "test_bad_input.py"
)
bad_input = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bad_input)
CALLS, Arg, call = bad_input.CALLS, bad_input.Arg, bad_input.call


# 1: what is missing takes no part --------------------------------------------------------------------------------

GAPS = [
    (module, name, key)
    for module, calls in CALLS.items()
    for name, given in calls.items()
    if "group" in given and "off" not in given and name not in ("rank_penalty", "against_all", "deliver", "spread_groups")
    for key, arg in given.items()
    if isinstance(arg, Arg) and arg.kind == "" and arg.axes == "N" and arg.value.dtype.kind == "f"
    if key not in ("length", "where")
]  # fmt: skip


OF_THE_GROUP = {"trust_weight", "agreement_weights"}  # a row that says nothing has the weight of its group


def without(module, name, row):
    """The arguments of the good call less one row."""
    return {
        k: np.delete(a.value, row, 0) for k, a in CALLS[module][name].items()
        if isinstance(a, Arg) and a.axes.split()[0] == "N" and a.value.ndim
    }  # fmt: skip


@pytest.mark.parametrize(("module", "name", "key"), GAPS)
def test_rule_1_a_row_that_is_missing_is_as_good_as_absent(module, name, key):
    row = 2
    gap = CALLS[module][name][key].value.astype(float).copy()
    gap[row] = NAN
    kept, alone = call(module, name, **{key: gap}), call(module, name, **without(module, name, row))
    if isinstance(kept, np.ndarray) and kept.shape[:1] == (6,):
        np.testing.assert_allclose(np.delete(kept, row, 0), alone, rtol=1e-9, atol=1e-9)
        assert np.isnan(kept[row]).all() or not kept[row].any() or name in OF_THE_GROUP


def test_rule_1_breaks_when_missing_counts_as_zero():
    r, g = np.array([1.0, 0.5, NAN, 0.2]), np.zeros(4)
    assert not np.allclose(grpo(np.nan_to_num(r), g)[[0, 1, 3]], grpo(r[[0, 1, 3]], g[:3]))


@pytest.mark.parametrize(("couple", "worst"), [(renorm, -1.0), (step_penalty, -1.0)])
@given(seed=SEEDS)
def test_rule_1_a_step_that_was_not_judged_is_not_the_worst(couple, worst, seed):
    rng = np.random.default_rng(seed)
    off, p = np.array([0, 3, 6]), rng.random(6)
    lost = np.array([True, False, False, True, True, False])
    p[lost] = NAN
    assert np.isnan(couple([0.0, 1.0], p, off)[lost]).all()
    paid = couple([0.0, 1.0], p, off, missing="outcome")
    assert (paid[lost] > worst).all()
    assert couple([0.0, 1.0], np.nan_to_num(p), off)[0] == worst  # the control: as released code has it


# 2: normalising comes before spreading, padding never enters ------------------------------------------------------

MASKED = [
    (name, key)
    for name, given in CALLS["credit"].items()
    for key in ("mask", "keep")
    if key in given and isinstance(given[key], Arg) and name not in ("loss_weights", "place")
]


@pytest.mark.parametrize(("name", "key"), MASKED)
def test_rule_2_what_the_mask_leaves_out_never_enters(name, key):
    given = CALLS["credit"][name]
    whole = np.ones(len(given[key].value), dtype=bool)
    mask = whole.copy()
    mask[[1, 4]] = False
    item = next(
        k for k, a in given.items() if isinstance(a, Arg) and a.axes == given[key].axes and k not in (key, "group")
    )
    spoiled = {item: np.where(mask, given[item].value, given[item].value / 2)}  # a half is valid everywhere
    before, after = (np.asarray(call("credit", name, **{key: mask}, **more)) for more in ({}, spoiled))
    inside = mask if len(before) == len(mask) else slice(None)
    np.testing.assert_allclose(after[inside], before[inside], rtol=1e-9, atol=1e-9)
    # The control: without the mask it does.
    plain, seen = (np.asarray(call("credit", name, **{key: whole}, **more)) for more in ({}, spoiled))
    assert not np.allclose(plain, seen, rtol=1e-9, atol=1e-9)


@given(seed=SEEDS)
def test_rule_2_a_statistic_of_rows_does_not_know_their_lengths(seed):
    rng = np.random.default_rng(seed)
    r, size = rng.random(6), rng.integers(1, 9, 6)
    off, longer = np.r_[0, np.cumsum(size)], np.r_[0, np.cumsum(size + np.arange(6))]
    np.testing.assert_allclose(
        spread(z_score(r, "batch"), off)[off[:-1]], spread(z_score(r, "batch"), longer)[longer[:-1]]
    )


def test_rule_2_breaks_when_tokens_are_normalised():
    r, off, longer = np.array([1.0, 0.0]), np.array([0, 1, 2]), np.array([0, 1, 9])
    assert z_score(spread(r, off), "batch")[0] != z_score(spread(r, longer), "batch")[0]


# 3: a group of one has an explicit policy ------------------------------------------------------------------------

SINGLETONS = [
    n for n in credit.__all__ if inspect.isfunction(getattr(credit, n))
    and "singleton" in inspect.signature(getattr(credit, n)).parameters
]  # fmt: skip


@pytest.mark.parametrize("name", SINGLETONS)
def test_rule_3_a_group_of_one_never_gets_its_raw_reward(name):
    ids = np.arange(6)
    assert not np.any(call("credit", name, group=ids))
    assert np.any(call("credit", name, group=ids, singleton="raw"))  # the control: as verl has it
    with pytest.raises(ValueError, match="too few values"):
        call("credit", name, group=ids, singleton="raise")


# 4: a difference states what comes after the end -----------------------------------------------------------------


@given(seed=SEEDS)
def test_rule_4_shaping_adds_what_no_policy_can_change(seed):
    rng = np.random.default_rng(seed)
    off, gamma = np.r_[0, np.cumsum(rng.integers(1, 6, 5))], rng.uniform(0.5, 1.0)
    potential = rng.normal(size=off[-1])
    total = suffix(potential_shaping(potential, off, gamma=gamma), off, gamma=gamma)[off[:-1]]
    np.testing.assert_allclose(total, -potential[off[:-1]], atol=1e-9)


def test_rule_4_breaks_when_the_last_potential_is_left_in():
    off, potential = np.array([0, 2, 4]), np.array([0.1, 0.9, 0.1, 0.3])
    left_in = suffix(potential_shaping(potential, off, gamma=1.0, terminal=potential[[1, 3]]), off)[off[:-1]]
    assert left_in[0] > left_in[1]  # the row that ends on the higher potential is paid for it


def test_rule_4_a_start_has_to_be_given():
    assert inspect.signature(credit.difference).parameters["start"].default is inspect.Parameter.empty
    assert inspect.signature(potential_shaping).parameters["terminal"].default == 0.0


# 5: schedules and ratings are chosen apart; both orders ----------------------------------------------------------

KINDS = ("random_reference", "anchor", "seeded", "elimination", "double", "swiss", "round_robin")
RATINGS = ("points", "wins", "bracket", "least_squares", "bradley_terry")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rating", RATINGS)
def test_rule_5_every_schedule_goes_with_every_rating_and_a_liking_for_a_place_cancels(kind, rating):
    quality = np.random.default_rng(3).permutation(6) * 1.0

    def rated(bias, orders):
        plan = schedule(kind, 6, np.random.default_rng(0))
        return rate(play(plan, lambda pairs: quality[pairs] + [bias, 0.0], orders=orders), 6, rating)

    np.testing.assert_allclose(np.argsort(rated(2.5, 2)), np.argsort(rated(0.0, 2)))
    if rating == "least_squares":
        np.testing.assert_allclose(rated(2.5, 2), rated(0.0, 2), atol=1e-9)
        assert not np.allclose(rated(2.5, 1), rated(0.0, 1))  # the control: one order


# 6: a selection is drawn and says what it dropped ----------------------------------------------------------------


@given(seed=SEEDS)
def test_rule_6_a_selection_does_not_know_the_order_of_rows_and_counts_what_it_dropped(seed):
    rng = np.random.default_rng(seed)
    outcome, score, group = (rng.random(24) < 0.5).astype(float), rng.random(24), np.repeat([0, 1, 2], 8)
    report = select(score, group, outcome, rng, keep=4)
    turn = rng.permutation(24)
    again = select(score[turn], group[turn], outcome[turn], rng, keep=4)
    np.testing.assert_array_equal(again.mask, report.mask[turn])
    assert report.kept_positive + report.dropped_positive == outcome.sum()
    assert report.kept_negative + report.dropped_negative == 24 - outcome.sum()
    assert inspect.signature(select).parameters["rng"].default is inspect.Parameter.empty


def test_rule_6_breaks_for_first_in_first_out():
    score, turn = np.arange(8.0), np.arange(8)[::-1]
    first = np.arange(8) < 4
    assert (first != first[turn]).any()
    kept = select(score, np.zeros(8), np.ones(8), np.random.default_rng(0), keep=4, quota="top").mask
    assert kept[4:].all()


# 7: declared invariances -----------------------------------------------------------------------------------------


def test_rule_7_every_estimator_with_a_group_declares_its_invariances():
    """That what is declared holds, and what is not fails somewhere, is in ``test_baselines``."""
    takes = {
        n for n in credit.__all__ if inspect.isfunction(getattr(credit, n))
        and list(inspect.signature(getattr(credit, n)).parameters)[:1] in (["reward"], ["scores"])
        and "group" in inspect.signature(getattr(credit, n)).parameters
    }  # fmt: skip
    assert takes - {"multi_advantage"} <= set(INVARIANCES)


@given(seed=SEEDS)
def test_rule_7_splitting_an_edge_of_a_tree_moves_no_value_and_keeps_the_sum_along_the_path(seed):
    rng = np.random.default_rng(seed)
    leaf = np.array([NAN, NAN, NAN, *rng.random(4)])
    parent = np.array([-1, 0, 0, 1, 1, 2, 2])
    value = backup(leaf, parent)
    longer = np.array([-1, 0, 0, 1, 3, 3, 2, 2])  # a node between node 1 and its children
    cut = backup(np.r_[NAN, NAN, NAN, NAN, leaf[3:]], longer)
    np.testing.assert_allclose(cut[[0, 1, 2, 4, 5, 6, 7]], value)
    gain, more = edge(value, parent), edge(cut, longer)
    np.testing.assert_allclose(more[3] + more[4], gain[3], atol=1e-12)
    assert more[3] == 0.0


def test_rule_7_breaks_for_a_sum_of_step_rewards():
    off, cut = np.array([0, 2]), np.array([0, 3])
    assert suffix([0.5, 0.5], off)[0] != suffix([0.5, 0.5, 0.5], cut)[0]
    assert rewards.soften([0.5, 0.1], off, 1.0).sum() != rewards.soften([0.5, 0.5, 0.1], cut, 1.0).sum()
