"""``rubricate lab``: try the reward of a recipe in a small world before it is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rubricate.lab import World
    from rubricate.recipe import Recipe

app = typer.Typer(help="Try a reward in a small world before it is paid for.", no_args_is_help=True)


@app.command("run")
def run(
    recipe: Annotated[str, typer.Argument(help="Recipe name, catalogue number, arXiv id or system name.")],
    world: Annotated[str, typer.Option(help="bandit, slots, chain, tree, retrieval or dialogue.")] = "bandit",
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 5,
    steps: Annotated[int, typer.Option(help="Updates.")] = 200,
    rate: Annotated[float, typer.Option(help="Step size.")] = 1.0,
    group_size: Annotated[int, typer.Option(help="Rollouts per prompt.")] = 8,
    flip: Annotated[float, typer.Option(help="Rate at which the judge flips a verdict.")] = 0.0,
    abstain: Annotated[float, typer.Option(help="Rate at which the judge gives no verdict.")] = 0.0,
    plot: Annotated[Path | None, typer.Option(help="Also draw the curves into this picture.")] = None,
) -> None:
    """Learn with a recipe and with outcome GRPO, side by side; reward and true quality apart."""
    from rubricate import registry
    from rubricate.lab import Settings, SimulatedJudge, over_seeds
    from rubricate.recipe import Recipe
    from rubricate.recipes import find_recipe
    from rubricate.report.curves import print_curves, save_plot
    from rubricate.rewards import bilinear, group_norm
    from rubricate.steps import ref, step

    entry, place = find_recipe(recipe), registry.lookup("world", world)()
    _check_world(entry.card.system, entry(), world)
    judge = SimulatedJudge(flip=flip, abstain=abstain)
    settings = Settings(steps=steps, rate=rate, group_size=group_size, judge=judge)
    baseline = Recipe(reward=step(bilinear, a=1.0), credit=step(group_norm, x=ref("reward")))
    curves = {
        "outcome GRPO": over_seeds(place, baseline, settings, seeds=seeds),
        entry.card.name: over_seeds(place, entry(), settings, seeds=seeds),
    }
    typer.echo(f"{entry.card.system} in the world {world!r}: {steps} updates, {seeds} seeds, step size {rate:g}")
    typer.echo("reward is what the recipe pays, quality what the world knows; mean and spread over seeds at the end\n")
    print_curves(curves)
    if plot is not None:
        save_plot(curves, plot, f"{entry.card.system} in {world}")
        typer.echo(f"\nplot  {plot}")


def _check_world(system: str, recipe: Recipe, world: str) -> None:
    """Raise, before anything is learned, unless the world gives the arrays that the recipe reads."""
    from rubricate import registry
    from rubricate.errors import SettingError

    lacks = {name: _lacks(recipe, place()) for name, place in registry.items("world")}
    if not lacks[world]:
        return
    fits = [name for name, missing in lacks.items() if not missing]
    raise SettingError(
        f"{system} reads {', '.join(sorted(lacks[world]))}, which the world {world!r} does not give",
        expected=f"--world {' or '.join(fits)}" if fits else "a world of your own: none of the built-in ones has them",
    )


def _lacks(recipe: Recipe, place: World) -> set[str]:
    """Names that the recipe needs and the world, or the loop around it, does not hold."""
    import numpy as np

    from rubricate.steps import needs

    env = place.rollouts(place.init(), np.random.default_rng(0), 2, 4)
    stages = (recipe.reward, recipe.credit, recipe.select if "selection" in needs(recipe.credit) else None)
    own = {"progress", "t", "reward", "selection"} | (
        {"factors", "multipliers"} if recipe.weights is not None else set()
    )
    return set().union(*map(needs, stages)) - set(env) - own
