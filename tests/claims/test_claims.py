"""Runs every registered check; with CLAIMS_OUT set, keeps the figures for the catalogue (make claims)."""

import ast
import importlib.util
import os
from pathlib import Path

import pytest

from rubricate import registry
from rubricate.lab.claims import CLAIMS, run_claim

HERE = Path(__file__).parent
for path in sorted(HERE.glob("claims_*.py")):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

OUT = Path(os.environ["CLAIMS_OUT"]) if "CLAIMS_OUT" in os.environ else None
CASES = pytest.mark.parametrize("name", sorted(CLAIMS))


@pytest.mark.claim
@CASES
def test_the_check_gives_what_the_card_says(name):
    found = CLAIMS[name]
    outcome = run_claim(found, OUT)
    assert outcome.holds == (found.expect == "holds"), f"{outcome} (expected: {found.expect})"


@CASES
def test_every_check_belongs_to_a_recipe_that_names_it(name):
    entry = registry.lookup("recipe", name)
    module = CLAIMS[name].run.__module__
    assert entry.card.check == f"tests/claims/{module}.py::{CLAIMS[name].run.__name__}"
    if CLAIMS[name].expect == "departs":
        assert entry.card.departs, "a check that departs is said in the card"


def test_every_core_recipe_has_a_check():
    missing = [n for n, e in registry.items("recipe") if e.card.fit == "core" and n not in CLAIMS]
    assert not missing, f"core recipes without a check: {missing}"


def called(text):
    """Names of the plain functions that a source calls."""
    return {n.func.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


@pytest.mark.parametrize("path", sorted(HERE.glob("claims_*.py")), ids=lambda p: p.stem)
def test_no_check_runs_written_code_in_its_own_process(path):
    assert not called(path.read_text(encoding="utf-8")) & {"exec", "eval"}
    assert "exec" in called("exec(code, space)")
