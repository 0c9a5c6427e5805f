"""Every array stage of every recipe is compared with a plain loop: a fault planted in the stage is noticed.

A comparison is a test in ``tests/recipes`` with a case for the recipe: a parameter that is its name, or a function of
its name (see the neighbours there). The fault is planted in the catalogue, so it does not matter how the test gets at
the recipe.
"""

import importlib.util
import inspect
import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rubricate import registry
from rubricate.credit import Selection
from rubricate.recipe import Recipe
from rubricate.steps import chain, step

HERE = Path(__file__).resolve().parents[1] / "recipes"
STAGES = ("weights", "reward", "select", "credit")
TRIES = 8  # cases of one test that are tried until one fails


def faulty(value):
    """``value`` with a fault that no centring, scaling or ordering takes away."""
    if isinstance(value, Selection):
        return replace(value, mask=~value.mask)
    values = np.asarray(value, dtype=np.float64)
    if values.ndim == 2 and np.issubdtype(np.asarray(value).dtype, np.integer):
        return np.vstack([np.asarray(value), [[0, 0]]])  # pairs: one more
    return values + 0.1 * np.sin(1.0 + np.arange(values.size)).reshape(values.shape)


class FaultyMaker:
    """A weight maker whose weights are off."""

    def __init__(self, maker):
        self.maker = maker

    def __getattr__(self, name):
        return getattr(self.maker, name)

    def weights(self, *args, **kwargs):
        return faulty(self.maker.weights(*args, **kwargs))


def planted(recipe: Recipe, stage: str) -> Recipe:
    part = getattr(recipe, stage)
    return replace(recipe, **{stage: step(FaultyMaker, part) if stage == "weights" else chain(part, step(faulty))})


def cases(name):
    """(test function, arguments) of every case in ``tests/recipes`` that belongs to the recipe."""
    for path in sorted(HERE.glob("test_*.py")):
        for test in collected(path):
            yield from cases_of(test, name)


@cache
def collected(path):
    """The test functions of a module."""
    spec = importlib.util.spec_from_file_location(f"compared_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [f for name, f in inspect.getmembers(module, inspect.isfunction) if name.startswith("test_")]


def cases_of(test, name):
    marks = [m for m in getattr(test, "pytestmark", ()) if m.name == "parametrize"]
    axes = [
        (m.args[0], [getattr(v, "values", (v,))[0] if hasattr(v, "marks") else v for v in m.args[1]]) for m in marks
    ]
    if not all(isinstance(names, str) and "," not in names for names, _ in axes):
        return
    own = [[v for v in values if name in (v, getattr(v, "__name__", None))] for _, values in axes]
    if any(own):
        values = [mine or every for mine, (_, every) in zip(own, axes, strict=True)]
        for case in itertools.islice(itertools.product(*values), TRIES):
            yield test, dict(zip((n for n, _ in axes), case, strict=True))


def fails(test, arguments):
    try:
        test(**arguments)
    except AssertionError:
        return True
    return False


def unnoticed(entry, found=cases):
    """The array stages of a recipe in which a fault is noticed by none of its cases."""
    out, build = [], entry.fn
    for stage in STAGES:
        if getattr(entry(), stage) is None:
            continue

        def broken(*args, stage=stage, **settings):
            return planted(build(*args, **settings), stage)

        object.__setattr__(entry, "fn", broken)
        try:
            if not any(fails(test, arguments) for test, arguments in found(entry.card.name)):
                out.append(stage)
        finally:
            object.__setattr__(entry, "fn", build)
    return out


RECIPES = dict(registry.items("recipe"))
LIVE = {name: e for name, e in RECIPES.items() if any(getattr(e(), stage) is not None for stage in STAGES)}


@pytest.mark.parametrize("name", LIVE)
def test_a_fault_in_any_array_stage_is_noticed_by_a_loop(name):
    stages = unnoticed(LIVE[name])
    assert not stages, (
        f"no case in tests/recipes compares {stages} of {name!r} with a plain loop: add one to LOOPS of its module"
    )


def test_a_recipe_without_a_loop_is_found():
    assert unnoticed(LIVE["grpo"]) == []
    assert unnoticed(LIVE["grpo"], found=lambda name: []) == ["credit"]
    assert unnoticed(LIVE["prof"], found=lambda name: [(test_the_faults_are_seen, {})]) == ["select", "credit"]


def test_the_faults_are_seen():
    """Not by an affine map or an order of rows, and the recipe that was broken is whole again."""
    x = np.arange(4.0)
    assert not np.allclose(np.diff(faulty(x)), np.diff(faulty(x))[0])
    assert len(faulty(np.array([[1, 2]]))) == 2
    assert planted(LIVE["grpo"](), "credit") != LIVE["grpo"]()
    unnoticed(LIVE["grpo"])
    assert LIVE["grpo"]() == registry.lookup("recipe", "grpo")()
