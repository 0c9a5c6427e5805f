"""The contract of every recipe: form, card, values, round trips, equivariance, honest missing verdicts."""

import ast
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from rubricate import registry
from rubricate.cli.recipes import _tables
from rubricate.lab.environment import draw
from rubricate.recipe import Recipe
from rubricate.recipes.card import Entry, find_recipe

RECIPES = dict(registry.items("recipe"))
CASES = pytest.mark.parametrize("entry", RECIPES.values(), ids=list(RECIPES))
GROUPS = sorted({inspect.getsourcefile(e.fn) for e in RECIPES.values()})
LIVE = pytest.mark.parametrize("entry", [pytest.param(e, id=n) for n, e in RECIPES.items() if e().reward or e().credit])


def body(entry: Entry) -> ast.FunctionDef:
    tree = ast.parse(inspect.getsource(entry.fn))
    found = tree.body[0]
    assert isinstance(found, ast.FunctionDef)
    return found


@CASES
def test_a_recipe_is_one_return_of_named_parts(entry):
    node = body(entry)
    rest = node.body[1:]
    assert len(rest) == 1, "a docstring and one return"
    assert isinstance(rest[0], ast.Return)
    forbidden = (
        ast.For,
        ast.While,
        ast.If,
        ast.IfExp,
        ast.Lambda,
        ast.ListComp,
        ast.DictComp,
        ast.GeneratorExp,
        ast.Await,
    )
    assert not [n for n in ast.walk(rest[0]) if isinstance(n, forbidden)]
    lines = inspect.getsource(entry.fn).splitlines()
    start = rest[0].lineno - 1
    assert sum(1 for line in lines[start:] if line.strip()) <= 25


@CASES
def test_the_card_is_complete(entry):
    card = entry.card
    assert card.claim.strip()
    assert card.check.strip()
    assert card.evidence in {"read", "notes", "recalled", "abstract-only"}
    assert re.fullmatch(r"\d{4}\.\d{4,5}|", card.arxiv), "arXiv id, or empty when there is none"
    assert card.no >= 0


@CASES
def test_the_docstring_has_a_formula_or_says_why_not(entry):
    assert "=" in entry.formula or "->" in entry.formula or "No formula:" in entry.formula


@CASES
def test_recipes_are_values_and_go_through_json_and_toml(entry):
    import tomllib

    recipe = entry()
    assert isinstance(recipe, Recipe)
    assert recipe == entry()
    assert hash(recipe) == hash(entry())
    data = recipe.to_json()
    assert Recipe.from_json(json.loads(json.dumps(data))) == recipe
    assert Recipe.from_json(tomllib.loads(tomli_w.dumps(_tables(data)))) == recipe


@CASES
def test_every_setting_changes_the_recipe_or_is_refused(entry):
    for name, default in entry.settings.items():
        assert default is not inspect.Parameter.empty, f"{name} has no default"
        if isinstance(default, float):
            assert entry(**{name: default + 0.25}) != entry(), f"{name} does nothing"


@CASES
def test_it_is_found_by_name_number_arxiv_and_system(entry):
    card = entry.card
    keys = [card.name, card.system] + ([str(card.no)] if card.no else [])
    for key in keys:
        assert find_recipe(key).card.name == card.name
    if card.arxiv:
        assert find_recipe(card.arxiv).card.arxiv == card.arxiv


def run(entry, env):
    value = entry().advantages(env)
    return np.asarray(value, dtype=float)


@LIVE
def test_it_runs_and_is_finite_on_complete_input(entry):
    value = run(entry, draw(np.random.default_rng(0)))
    assert value.size
    assert np.isfinite(value).all()
    np.testing.assert_array_equal(value, run(entry, draw(np.random.default_rng(0))))


@LIVE
def test_a_missing_verdict_never_becomes_infinite_and_nothing_is_overwritten(entry):
    env = draw(np.random.default_rng(1), missing=0.15)
    before = {k: v.copy() for k, v in env.items() if isinstance(v, np.ndarray)}
    with np.errstate(invalid="raise", divide="raise", over="raise"):
        value = run(entry, env)
    assert not np.isinf(value).any()
    for name, array in before.items():
        np.testing.assert_array_equal(env[name], array)


def test_modules_of_recipes_hold_recipes_only():
    for path in GROUPS:
        if "rubricate/recipes" not in path:
            continue
        tree = ast.parse(Path(path).read_text())
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                assert node.module == "__future__" or node.module.startswith("rubricate."), f"{path}: {node.module}"
            elif isinstance(node, ast.FunctionDef):
                assert node.decorator_list, f"{path}: {node.name} is not a recipe"
            else:
                assert isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign)), f"{path}:{node.lineno}"
