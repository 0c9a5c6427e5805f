"""Laws 1 and 2 over every function of rewards and credit: the order of rows, of criteria, of rewards does not matter.

The good calls of ``test_bad_input`` are made again with one axis turned in all arguments that have it; what comes back
is turned alike, or, where it has no such axis, the same. Rows take their ragged items with them.
"""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

from rubricate.credit import Selection

spec = importlib.util.spec_from_file_location("bad_input", Path(__file__).with_name("test_bad_input.py"))
bad_input = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bad_input)
CALLS, SIZE, Arg, call = bad_input.CALLS, bad_input.SIZE, bad_input.Arg, bad_input.call

ROWS = np.array([3, 0, 5, 1, 4, 2])
ITEMS = np.concatenate([np.arange(bad_input.OFF[i], bad_input.OFF[i + 1]) for i in ROWS])
TOKENS = np.concatenate([[2 * i, 2 * i + 1] for i in ROWS])  # of token_segments: two a row
TURNS = {"N": ROWS, "M": ITEMS, "L": TOKENS}
ORDERED = {
    "lexicographic_pairs": "the order of factors is what it is about",
    "interact": "its pairs name columns by place",
    "by_kind": "its arrays stand in a sequence",
    "mix": "its arrays stand in a sequence",
    "cutpoints": "it gives back offsets",
    "running_scale": "earlier values are in the order of time",
    "rate": "matches are rows of another kind",
    "on_tokens": "its index counts items by place",
    "token_segments": "it gives back indices of items",
    "closest_to_mean": "it gives back an index",
}


def turned(arg, turns):
    """The argument with its axes in another order; offsets are those of the rows in their new order."""
    if arg.axes == "N+1":
        if "N" not in turns:
            return arg.value
        return np.concatenate([[0], np.cumsum(np.diff(arg.value)[turns["N"]])])
    value = arg.value
    for axis, letter in enumerate(arg.axes.split()):
        if letter in turns and value.ndim:
            value = value.take(turns[letter], axis)
    return value


def back(found, turns):
    """What the function should give for the turned arguments, from what it gave for the plain ones."""
    if isinstance(found, Selection):
        return found.mask[turns.get("N", slice(None))]
    value = np.asarray(found, dtype=float)
    for axis, length in enumerate(value.shape):
        for letter, order in turns.items():
            if length == SIZE[letter] and not (axis == 0 and letter in "CK"):
                value = value.take(order, axis)
    return value


def as_set(pairs):
    return {tuple(p) for p in np.asarray(pairs).tolist()}


def check(module, name, turns, *, leave=""):
    """Call with the turned arguments (but the one that is to be left) and compare."""
    given = CALLS[module][name]
    before = call(module, name)
    after = call(module, name, **{
        k: turned(a, turns) for k, a in given.items() if isinstance(a, Arg) and k != leave
    })  # fmt: skip
    if isinstance(before, np.ndarray) and before.dtype.kind == "i" and before.ndim == 2:  # pairs of rows
        order = turns.get("N", np.arange(SIZE["N"]))
        assert as_set(order[after]) == as_set(before)
        return
    parts = zip(before, after, strict=True) if isinstance(before, tuple) else [(before, after)]
    for old, new in parts:
        got = new.mask if isinstance(new, Selection) else np.asarray(new, dtype=float)
        np.testing.assert_allclose(got, back(old, turns), rtol=1e-9, atol=1e-9)


def numbers(value):
    """Whether the outcome is made of arrays that can be compared."""
    parts = value if isinstance(value, tuple) else (value,)
    return all(isinstance(v, (np.ndarray, float, Selection)) for v in parts)


def having(letter):
    """Functions with an array argument over the axis, whose result is made of arrays."""
    return [
        pytest.param(module, name, id=f"{module}.{name}")
        for module, calls in CALLS.items()
        for name, given in calls.items()
        if name not in ORDERED
        and any(isinstance(a, Arg) and letter in a.axes.replace("+1", "").split() for a in given.values())
        and numbers(call(module, name))
    ]


@pytest.mark.parametrize(("module", "name"), having("N"))
def test_rows_may_come_in_any_order(module, name):
    given = CALLS[module][name]
    ragged = any(isinstance(a, Arg) and a.axes == "N+1" for a in given.values())
    if ragged or not any(isinstance(a, Arg) and set(a.axes.split()) & {"M", "L"} for a in given.values()):
        check(module, name, TURNS)


@pytest.mark.parametrize(("module", "name"), having("C"))
def test_criteria_may_come_in_any_order(module, name):
    check(module, name, {"C": np.array([2, 0, 1])})


@pytest.mark.parametrize(("module", "name"), having("K"))
def test_rewards_agents_and_samples_may_come_in_any_order(module, name):
    check(module, name, {"K": np.array([1, 0])})


@pytest.mark.parametrize(
    ("module", "name", "leave", "turns"),
    [
        ("credit", "grpo", "group", TURNS), ("credit", "suffix", "off", TURNS), ("rewards", "group_norm", "group", TURNS),
        ("rewards", "renorm", "off", TURNS), ("rewards", "weighted_mean", "weights", {"C": np.array([2, 0, 1])}),
        ("credit", "multi_advantage", "weights", {"K": np.array([1, 0])}), ("credit", "quantile", "group", TURNS),
        ("rewards", "extreme_pairs", "group", TURNS),
    ],
)  # fmt: skip
def test_an_argument_that_stays_behind_is_noticed(module, name, leave, turns):
    with pytest.raises(AssertionError):
        check(module, name, turns, leave=leave)


def test_what_is_left_out_is_there():
    every = {n for calls in CALLS.values() for n in calls}
    assert set(ORDERED) <= every
    assert all(inspect.isfunction(getattr(m, n)) for n in ORDERED for m in bad_input.MODULES.values() if hasattr(m, n))
