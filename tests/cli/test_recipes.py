"""What a newcomer types on the catalogue, at 100 columns."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rubricate.recipe import Recipe
from rubricate.recipes import find_recipe

ROOT = Path(__file__).resolve().parents[2]


def rubricate(*arguments, cwd=ROOT):
    source = str(Path(find_recipe.__code__.co_filename).resolve().parents[2])
    env = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONPATH": source}
    command = [sys.executable, "-m", "rubricate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=120, check=False)


def lines(done):
    assert done.returncode in (0, 1), done.stderr
    found = done.stdout.splitlines()
    assert max(map(len, found)) <= 100
    assert not [line for line in found if line != line.rstrip()]
    return found


def test_the_list_is_a_table_that_fits():
    found = lines(rubricate("recipes", "list"))
    assert found[0].split() == ["no", "recipe", "system", "stages", "tier"]
    assert any(line.split()[:2] == ["202", "pow3r"] for line in found)
    assert "recipes of" in found[-1]


def test_show_says_the_parts_that_a_recipe_names():
    text = "\n".join(lines(rubricate("recipes", "show", "arXiv:2508.20722")))
    assert "system    rStar2-Agent / GRPO-RoC  (no. 175, arXiv 2508.20722)" in text
    assert "where     PENALTY = step(" in text
    assert "ERROR_SHARE = step(" in text


@pytest.mark.parametrize("form", ["--toml", "--json"])
def test_exports_are_read_back(form):
    text = rubricate("recipes", "show", "prof", form).stdout
    data = tomllib.loads(text) if form == "--toml" else json.loads(text)
    assert Recipe.from_json(data) == find_recipe("prof")()


def test_lints_say_what_holds_what_fails_and_what_does_not_apply():
    failing = rubricate("recipes", "lint", "151")
    text = lines(failing)
    assert failing.returncode == 1
    assert text[0] == "reasoning_sql  Reasoning-SQL"
    assert [line.split()[1] for line in text[1:] if line[0] != " "] == [
        "implied_threshold", "primary_dominates", "finite_budget", "scale_matters", "component_share",
        "pareto_capacity", "signal_share", "noise_floor",
    ]  # fmt: skip
    assert "fails  primary_dominates  the worst right row earns 4, the best wrong row 6" in text
    centred = rubricate("recipes", "lint", "RLCR")
    assert centred.returncode == 0, "a note is no failure"
    assert "note   scale_matters      rewards x 10 move it x 10" in lines(centred)
    assert "-      primary_dominates  the recipe reads step_flags" in "\n".join(
        lines(rubricate("recipes", "lint", "127"))
    )


def test_a_check_prints_its_figures(tmp_path):
    found = dict(line.split("  ", 1) for line in lines(rubricate("recipes", "check", "prof"))[1:] if line[0] != " ")
    assert 0 < float(found["ours"]) < 0.1 < float(found["baseline"])
    assert "the claim holds" in found["result"]
    departs = "\n".join(lines(rubricate("recipes", "check", "152")))
    assert "does not hold, as the card says" in departs
    elsewhere = rubricate("recipes", "check", "prof", cwd=tmp_path)
    assert elsewhere.returncode == 2
    assert "at the top of a checkout" in elsewhere.stderr


def test_the_lab_says_which_world_a_recipe_needs():
    done = rubricate("lab", "run", "pow3r", "--world", "bandit", "--seeds", "2", "--steps", "5")
    assert "quality" in "\n".join(lines(done))
    wrong = rubricate("lab", "run", "prof")
    assert wrong.returncode == 2
    assert "PROF reads step_off, step_scores, which the world 'bandit' does not give; expected --world" in wrong.stderr
    assert rubricate("lab", "run", "prof", "--world", "chain", "--seeds", "1", "--steps", "3").returncode == 0
    nothing = rubricate("lab", "run", "heron")
    assert "neither a reward nor a credit stage" in nothing.stderr
    nowhere = rubricate("lab", "run", "igpo")
    assert "none of the built-in ones has them" in nowhere.stderr
