from rubricate.lab.recipe_lints import lint_recipe
from rubricate.recipe import Recipe
from rubricate.rewards import bilinear, group_norm
from rubricate.steps import ref, step


def test_an_additive_mix_that_can_reward_wrong_answers_fails_and_a_gated_one_holds():
    additive = Recipe(reward=step(bilinear, a=0.3, c=0.7), credit=step(group_norm, x=ref("reward")))
    gated = Recipe(reward=step(bilinear, a=0.3, b=0.7), credit=step(group_norm, x=ref("reward")))
    for recipe, holds in ((additive, False), (gated, True)):
        found = {lint.rule: lint for lint in lint_recipe(recipe)[0]}
        assert found["primary_dominates"].ok is holds
        assert found["scale_matters"].ok


def test_what_does_not_apply_is_left_out_with_its_reason():
    found, skipped = lint_recipe(Recipe(credit=step(group_norm, x=ref("reward"), scale=None)))
    assert [lint.rule for lint in found] == ["scale_matters"]
    assert not found[0].ok
    assert "no reward stage" in skipped["primary_dominates"]
    assert "pareto_mask" in skipped["pareto_capacity"]
