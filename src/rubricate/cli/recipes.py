"""Commands on the catalogue of published systems."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(help="Published systems as short recipes: list, show, lint, check.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Recipe name, catalogue number, arXiv id or system name.")]


@app.command("list")
def list_recipes(
    stage: Annotated[str | None, typer.Option(help="Only recipes that fill this stage.")] = None,
    tier: Annotated[str | None, typer.Option(help="Only this tier: checked, departs, built, unchecked.")] = None,
    search: Annotated[str | None, typer.Option(help="Only recipes whose card holds this text.")] = None,
) -> None:
    """List the recipes: number, name, system, stages, tier."""
    from rubricate.report.recipes import print_recipes

    print_recipes(stage, tier, search)


@app.command("show")
def show_recipe(
    name: Name,
    toml: Annotated[bool, typer.Option("--toml", help="Print the composition as TOML.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the composition as JSON.")] = False,
) -> None:
    """Show one recipe: claim, formula, settings with their source, composition, tier."""
    from rubricate.recipes import find_recipe

    entry = find_recipe(name)
    if toml:
        import tomli_w

        card = entry.card
        typer.echo(f"# {card.system}, {f'no. {card.no}' if card.no else 'baseline'}; Recipe.from_json reads it back\n")
        typer.echo(tomli_w.dumps(_tables(entry().to_json())), nl=False)
    elif json:
        import json as json_module

        typer.echo(json_module.dumps(entry().to_json(), indent=2))
    else:
        from rubricate.report.recipes import print_recipe

        print_recipe(entry)


@app.command("lint")
def lint_recipe(name: Name) -> None:
    """Apply the eight lints of the reward algebra. Exit code 1 when one fails; a note is no failure."""
    from rubricate.lab.recipe_lints import lint_recipe as lint
    from rubricate.recipes import find_recipe
    from rubricate.report.recipes import print_lints

    entry = find_recipe(name)
    if print_lints(entry, *lint(entry())):
        raise typer.Exit(1)


@app.command("check")
def check_recipe(name: Name) -> None:
    """Run the claim check of a recipe (in a checkout). Exit code 1 when it does not give what the card says."""
    import importlib.util
    from pathlib import Path

    from rubricate.errors import DataError
    from rubricate.lab.claims import CLAIMS
    from rubricate.recipes import find_recipe
    from rubricate.report.recipes import print_check

    card = find_recipe(name).card
    path = Path(card.check.partition("::")[0])
    if not path.is_file():
        raise DataError(f"{path} is not here", hint="Checks are in the repository: run this at the top of a checkout")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    if not print_check(card, CLAIMS[card.name]):
        raise typer.Exit(1)


def _tables(value: Any) -> Any:
    """TOML has no null: None is written as a table that ``Recipe.from_json`` reads as None."""
    if isinstance(value, dict):
        return {k: _tables(v) for k, v in value.items()}
    if value is None:
        return {"none": True}
    return [_tables(v) for v in value] if isinstance(value, list) else value
