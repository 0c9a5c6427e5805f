"""The lints of the reward algebra applied to a whole recipe, on rows that are drawn or made extreme.

A lint that does not apply to a recipe (it has no such stage, or pays per step) is left out, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rubricate.errors import RubricateError, SettingError, ShapeError, UnknownNameError
from rubricate.lab.environment import VOCABULARY, draw
from rubricate.lab.judges import SimulatedJudge
from rubricate.recipe import Recipe
from rubricate.rewards.group import criterion_stats
from rubricate.rewards.lints import (
    Lint,
    component_share,
    finite_budget,
    noise_floor,
    pareto_capacity,
    primary_dominates,
    signal_share,
)
from rubricate.steps import Chain, Step, refs

FLIP_RATE, FACTOR = 0.1, 10.0
TRIES = {
    "implied_threshold": "the lint reads a table of payments",
    "primary_dominates": "the lint tries the extremes of outcome, process, scores and rewards of one row",
    "finite_budget": "the lint tries long rows of step_scores",
    "scale_matters": "the lint multiplies the rewards of drawn rows",
    "component_share": "the lint weighs three rewards",
    "pareto_capacity": "the lint counts rewards",
    "signal_share": "the lint compares the rewards inside groups",
    "noise_floor": "the lint flips verdicts",
}
"""The eight rules, and what each of them does."""
RULES = tuple(TRIES)


def lint_recipe(recipe: Recipe) -> tuple[list[Lint], dict[str, str]]:
    """The lints that apply, and why the others do not (rule -> reason), in the order of ``RULES``."""
    env = draw(np.random.default_rng(0))
    found: list[Lint] = []
    skipped: dict[str, str] = {}
    for rule in RULES:
        try:
            found.append(_CHECKS[rule](recipe, env))
        except (SettingError, ShapeError, UnknownNameError) as error:
            skipped[rule] = _reason(recipe, rule, error)
    return found, skipped


def _reason(recipe: Recipe, rule: str, error: RubricateError) -> str:
    """Why a lint does not apply, in terms of what the recipe reads."""
    if error.where == "recipe":
        return error.what
    reads = sorted(refs(recipe.reward) | refs(recipe.credit))
    beyond = [name for name in reads if name in VOCABULARY and not {"N", "C"} & set(VOCABULARY[name][0].split())]
    if beyond:
        return f"the recipe reads {', '.join(beyond[:3])}{', ...' * (len(beyond) > 3)}; {TRIES[rule]}"
    missing = re.search(r"'(\w+)'", error.what)
    return f"the recipe reads {missing[1]}; {TRIES[rule]}" if missing else error.what


def _without(what: str) -> SettingError:
    return SettingError(what, where="recipe")


def _reward(recipe: Recipe) -> Any:
    if recipe.reward is None:
        raise _without("the recipe has no reward stage")
    return recipe.reward


def _threshold(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    if recipe.audit is None or not any(s.name == "rewards.implied_threshold" for s in _parts(recipe.audit)):
        raise _without("the recipe states no table of what acting pays")
    found: Lint = recipe.audit(env)
    return found


def _dominates(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    return primary_dominates(_reward(recipe), env=_one_row(env), process=("process", "scores", "rewards"))


def _budget(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    return finite_budget(_reward(recipe), env=_one_row(env))


def _scale(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    """On the recipe's own rewards, on rows that are drawn."""
    if recipe.credit is None:
        raise _without("the recipe has no credit stage")
    paid = np.asarray(env["outcome"] if recipe.reward is None else recipe.reward(env), dtype=np.float64)
    base = {**env, "reward": paid}
    plain, scaled = (
        np.asarray(recipe.credited({**base, "rng": np.random.default_rng(0)}, k * paid), dtype=np.float64)
        for k in (1.0, FACTOR)
    )
    size, grown = (float(np.abs(np.nan_to_num(a)).max(initial=0.0)) for a in (plain, scaled))
    if np.array_equal(plain, scaled, equal_nan=True):
        return Lint("scale_matters", True, 1.0, "the advantage does not read the reward, or not its scale")
    value = grown / size if size > 0 else float("nan")
    ok = abs(value - 1.0) < 0.01
    said = "only the relative scale of components counts" if ok else f"rewards x {FACTOR:g} move it x {value:.3g}"
    return Lint("scale_matters", ok, value, said)


def _share(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    return component_share(env["rewards"], _mixture(recipe), group=env["group"])


def _front(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    _names(recipe, "pareto_mask")
    return pareto_capacity(env["rewards"].shape[1], 8)


def _one_row(env: Mapping[str, Any]) -> dict[str, Any]:
    """One plain, well-formed row of every array over rollouts or criteria; ragged arrays are left out."""
    n, criteria = env["scores"].shape
    rows: dict[str, Any] = {"progress": 0.5, "format": np.array([1.0])}
    for name, value in env.items():
        if isinstance(value, np.ndarray) and name not in (*rows, "group") and not name.endswith("_off"):
            if value.shape[0] == n:
                rows[name] = value[:1]
            elif value.shape == (criteria,):
                rows[name] = value[None, :]
    return rows


def _parts(value: Any) -> list[Step]:
    if isinstance(value, Step):
        return [value, *(s for _, v in value.settings for s in _parts(v))]
    if isinstance(value, Chain):
        return [s for part in value.steps for s in _parts(part)]
    if isinstance(value, tuple):
        return [s for part in value for s in _parts(part)]
    return []


def _names(recipe: Recipe, part: str) -> bool:
    """True when a step of the recipe names ``part``; SettingError otherwise."""
    if any(s.name.endswith("." + part) for stage in recipe.stages.values() for s in _parts(stage)):
        return True
    raise _without(f"the recipe has no {part}")


def _mixture(recipe: Recipe) -> Any:
    """The weights of a weighted sum of rewards in the recipe."""
    for stage in recipe.stages.values():
        for part in _parts(stage):
            if part.name in ("credit.multi_advantage", "rewards.weighted_sum"):
                weights = dict(part.settings).get("weights")
                if isinstance(weights, tuple) and len(weights) == 3:
                    return weights
    raise _without("the recipe mixes no three rewards with fixed weights")


def _signal(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    paid = np.asarray(_reward(recipe)(env), dtype=np.float64)
    if paid.shape != env["group"].shape:
        raise _without("the recipe pays steps; the lint looks at one reward per rollout")
    return signal_share(paid, env["group"], outcome=env["outcome"])


def _noise(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    _names(recipe, "ContrastWeights")
    verdicts = SimulatedJudge(flip=FLIP_RATE).scores(np.round(env["scores"]), np.random.default_rng(1))
    return noise_floor(criterion_stats(verdicts, env["group"]).var, FLIP_RATE)


_CHECKS: dict[str, Callable[[Recipe, Mapping[str, Any]], Lint]] = {
    "implied_threshold": _threshold,
    "primary_dominates": _dominates,
    "finite_budget": _budget,
    "scale_matters": _scale,
    "component_share": _share,
    "pareto_capacity": _front,
    "signal_share": _signal,
    "noise_floor": _noise,
}
