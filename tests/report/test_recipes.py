import io

import pytest
from rich.console import Console

from rubricate.errors import UnknownNameError
from rubricate.recipe import Recipe
from rubricate.recipes.card import Card, Entry
from rubricate.report.recipes import print_recipe, print_recipes
from rubricate.rewards.aggregate import weighted_mean
from rubricate.steps import step


def mean_reward(scale=2.0):
    """r = sum w v / sum w."""
    return Recipe(reward=step(weighted_mean))


def entry(no, name, claim="It helps."):
    return Entry(
        mean_reward, Card(no, name, f"System {name}", "2501.00001", claim, "A small check.", "read", ("One.",))
    )


@pytest.fixture
def catalogue(monkeypatch):
    entries = [("b", entry(7, "second")), ("a", entry(3, "first", "Fewer [red] calls."))]
    monkeypatch.setattr("rubricate.registry.items", lambda kind: entries)


def printed(fn, *args, **kwargs):
    out = io.StringIO()
    fn(*args, console=Console(file=out, width=100), **kwargs)
    return out.getvalue()


@pytest.mark.usefixtures("catalogue")
def test_the_list_is_in_the_order_of_the_catalogue_and_can_be_filtered():
    text = printed(print_recipes)
    assert text.index("first") < text.index("second")
    assert "2 recipes of 2" in text
    assert "1 recipe of 2" in printed(print_recipes, search="fewer")
    assert "0 recipes of 2" in printed(print_recipes, stage="judge")
    assert "2 recipes of 2" in printed(print_recipes, stage="reward", tier="unchecked")


@pytest.mark.usefixtures("catalogue")
def test_an_unknown_filter_lists_the_known():
    with pytest.raises(UnknownNameError, match=r"unknown stage 'rewards'.*reward"):
        print_recipes(stage="rewards")


def test_one_recipe_in_full():
    text = printed(print_recipe, entry(3, "first", "Fewer [red] calls."))
    for said in ("System first  (no. 3, arXiv 2501.00001)", "Fewer [red] calls.", "A small check.", "unchecked",
                 "r = sum w v / sum w.", "scale = 2.0", "weighted_mean"):  # fmt: skip
        assert said in text
