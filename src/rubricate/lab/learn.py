"""Learning in a small world: a recipe turns rollouts into advantages, the policy follows their gradient.

Reward (what the recipe pays) and true quality (what the world knows) are kept apart, so a reward that is learned
without the quality following it shows at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import SettingError
from rubricate.lab.judges import SimulatedJudge
from rubricate.lab.worlds import Env, World
from rubricate.recipe import Recipe
from rubricate.rewards.group import criterion_stats
from rubricate.seeds import generator

Change = Callable[[Env], Env]


@dataclass(frozen=True)
class Settings:
    """``steps`` updates of ``prompts`` groups of ``group_size`` rollouts; ``rate`` is the step size of plain ascent."""

    steps: int = 200
    prompts: int = 8
    group_size: int = 8
    rate: float = 1.0
    judge: SimulatedJudge | None = None
    stats_every: int = 5


@dataclass(frozen=True)
class Curve:
    """Per update: mean reward paid, true quality, share of groups with a signal; and the final parameters."""

    reward: Floats
    quality: Floats
    signal: Floats
    theta: Floats

    @property
    def final(self) -> float:
        """True quality after the last update."""
        return float(self.quality[-1])

    def first_above(self, level: float) -> int | None:
        """The first update after which the quality is at least ``level``; None when it never is."""
        hits = np.flatnonzero(self.quality >= level)
        return int(hits[0]) if len(hits) else None


def learn(
    world: World, recipe: Recipe, settings: Settings | None = None, *, seed: int = 0, change: Change | None = None
) -> Curve:
    """Train the world's policy with the recipe's advantages. ``change`` edits each batch before it is rewarded.

    NaN advantages (missing verdicts) move nothing. A ``weights`` stage is built once and updated every
    ``stats_every`` batches; its parameters are taken from the environment by name. Its weights are ``factors`` on the
    criteria of ``scores``, or ``multipliers`` of the columns of ``rewards`` when it learns from their batch ``values``.
    """
    if recipe.reward is None and recipe.credit is None:
        raise SettingError("the recipe has neither a reward nor a credit stage", expected="something to learn from")
    s = settings or Settings()
    rng = generator(seed, "lab", type(world).__name__)
    theta = world.init()
    weights = _Weights(recipe) if recipe.weights is not None else None
    reward, quality, signal = np.zeros(s.steps), np.zeros(s.steps), np.zeros(s.steps)
    for t in range(s.steps):
        env = world.rollouts(theta, rng, s.prompts, s.group_size)
        if s.judge is not None:
            env["scores"] = s.judge.scores(env["scores"], rng)
        env |= {"progress": t / s.steps, "t": t}
        if weights is not None:
            env[weights.name] = weights.current(env)
        if change is not None:
            env = change(env)
        paid = np.asarray(recipe.reward(env), dtype=np.float64) if recipe.reward is not None else env["outcome"]
        advantage = paid if recipe.credit is None else recipe.credited(env, paid)
        advantage = np.nan_to_num(np.asarray(advantage, dtype=np.float64), nan=0.0)
        theta = theta + s.rate * world.gradient(theta, env, advantage)
        reward[t], quality[t] = _mean(paid), world.quality(theta)
        signal[t] = np.mean(np.abs(advantage) > 1e-9)
        if weights is not None and (t + 1) % s.stats_every == 0:
            weights.update(env)
    return Curve(reward, quality, signal, theta)


def over_seeds(
    world: World, recipe: Recipe, settings: Settings | None = None, *, seeds: int = 5, change: Change | None = None
) -> list[Curve]:
    """One curve per seed."""
    return [learn(world, recipe, settings, seed=k, change=change) for k in range(seeds)]


def sweep(
    world: World, recipe: Recipe, rates: Sequence[float], settings: Settings | None = None, *, seeds: int = 5
) -> dict[float, float]:
    """Mean final quality for each step size, so that two recipes are compared at the best rate of each."""
    base = settings or Settings()
    return {
        r: float(np.mean([c.final for c in over_seeds(world, recipe, replace(base, rate=r), seeds=seeds)]))
        for r in rates
    }


def _mean(x: Floats) -> float:
    """Mean of the values that are there; NaN when there are none."""
    known = x[~np.isnan(x)]
    return float(known.mean()) if known.size else float("nan")


class _Weights:
    """A weight maker at work: state, and its update with arguments bound from the environment by name."""

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.weights is not None
        self.maker: Any = recipe.weights.build()  # type: ignore[union-attr]
        self.state: Any = None
        self.takes = inspect.signature(self.maker.update).parameters
        self.array, self.name = ("rewards", "multipliers") if "values" in self.takes else ("scores", "factors")

    def current(self, env: Mapping[str, Any]) -> Any:
        if self.state is None:
            takes = inspect.signature(self.maker.init).parameters
            groups = len(np.unique(env["group"]))
            given = {"n": env[self.array].shape[1], "prompts": groups}
            self.state = self.maker.init(**{k: v for k, v in given.items() if k in takes})
        return self.maker.weights(self.state)

    def update(self, env: Mapping[str, Any]) -> None:
        stats = criterion_stats(env["scores"], env["group"], env["asked"])
        values = {**env, "stats": stats, "values": np.array([_mean(c) for c in env[self.array].T])}
        takes = [p for p in self.takes if p != "state" and p in values]
        self.state = self.maker.update(self.state, **{name: values[name] for name in takes})
