"""The lints of the reward algebra applied to a whole recipe, on rows that are drawn or made extreme.

A lint that does not apply to a recipe (it has no such stage, or pays per step) is left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rubricate.errors import SettingError, ShapeError, UnknownNameError
from rubricate.lab.environment import draw
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
    scale_matters,
    signal_share,
)
from rubricate.steps import Chain, Step

FLIP_RATE = 0.1


def lint_recipe(recipe: Recipe) -> tuple[list[Lint], dict[str, str]]:
    """The lints that apply, and why the others do not (rule -> reason)."""
    env = draw(np.random.default_rng(0))
    checks: dict[str, Callable[[], Lint]] = {
        "primary_dominates": lambda: primary_dominates(
            _reward(recipe), env=_one_row(env), process=("process", "scores")
        ),
        "finite_budget": lambda: finite_budget(_reward(recipe), env=_one_row(env)),
        "scale_matters": lambda: scale_matters(_credit(recipe)),
        "component_share": lambda: component_share(env["rewards"], _mixture(recipe), group=env["group"]),
        "pareto_capacity": lambda: pareto_capacity(_names(recipe, "pareto_mask") and env["rewards"].shape[1], 8),
        "signal_share": lambda: _signal(recipe, env),
        "noise_floor": lambda: _noise(recipe, env),
    }
    found: list[Lint] = []
    skipped: dict[str, str] = {}
    for rule, check in checks.items():
        try:
            found.append(check())
        except (SettingError, ShapeError, UnknownNameError) as error:
            skipped[rule] = str(error)
    return found, skipped


def _reward(recipe: Recipe) -> Any:
    if recipe.reward is None:
        raise SettingError("the recipe has no reward stage")
    return recipe.reward


def _credit(recipe: Recipe) -> Any:
    if recipe.credit is None:
        raise SettingError("the recipe has no credit stage")
    return recipe.credit


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
    raise SettingError(f"the recipe has no {part}")


def _mixture(recipe: Recipe) -> Any:
    """The weights of a weighted sum of rewards in the recipe."""
    for stage in recipe.stages.values():
        for part in _parts(stage):
            if part.name in ("credit.multi_advantage", "rewards.weighted_sum"):
                weights = dict(part.settings).get("weights")
                if isinstance(weights, tuple) and len(weights) == 3:
                    return weights
    raise SettingError("the recipe mixes no three rewards with fixed weights")


def _signal(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    paid = np.asarray(_reward(recipe)(env), dtype=np.float64)
    return signal_share(paid, env["group"], outcome=env["outcome"])


def _noise(recipe: Recipe, env: Mapping[str, Any]) -> Lint:
    _names(recipe, "ContrastWeights")
    verdicts = SimulatedJudge(flip=FLIP_RATE).scores(np.round(env["scores"]), np.random.default_rng(1))
    return noise_floor(criterion_stats(verdicts, env["group"]).var, FLIP_RATE)
