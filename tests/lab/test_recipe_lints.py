from rubricate.lab.recipe_lints import RULES, lint_recipe
from rubricate.recipe import Recipe
from rubricate.recipes import find_recipe
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


def test_every_rule_is_answered_once():
    for name in ("pow3r", "job_application", "capo", "heron", "parrot"):
        found, skipped = lint_recipe(find_recipe(name)())
        assert sorted([lint.rule for lint in found] + list(skipped)) == sorted(RULES)


def test_what_the_cards_say_of_their_rewards():
    def of(name, rule, **settings):
        return next(lint for lint in lint_recipe(find_recipe(name)(**settings))[0] if lint.rule == rule)

    assert not of("reasoning_sql", "primary_dominates").ok  # card 151: a free judge term
    assert of("trust_grpo", "primary_dominates").ok  # card 176
    assert of("job_application", "implied_threshold").value == 0.2  # card 26: p / (1 + p) at a quarter
    assert not of("job_application", "implied_threshold", penalty=1.0).ok
    assert not of("parrot", "pareto_capacity").ok  # card 137: three rewards in groups of eight
    assert [of(name, "scale_matters").ok for name in ("rlcr", "harmo", "pow3r")] == [False, False, True]
    assert of("prof", "scale_matters").message.startswith("the advantage does not read the reward")


def test_reasons_name_what_the_recipe_reads():
    skipped = lint_recipe(find_recipe("capo")())[1]
    assert skipped["primary_dominates"].startswith("the recipe reads step_flags, step_off, step_tokens; the lint tries")
    assert skipped["signal_share"] == "the recipe pays steps; the lint looks at one reward per rollout"
    assert lint_recipe(find_recipe("carr")())[1]["finite_budget"].startswith("the recipe reads links;")
