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

        typer.echo(tomli_w.dumps({"system": entry.card.system, **_tables(entry().to_json())}))
    elif json:
        import json as json_module

        typer.echo(json_module.dumps(entry().to_json(), indent=2))
    else:
        from rubricate.report.recipes import print_recipe

        print_recipe(entry)


def _tables(value: Any) -> Any:
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {k: _tables(v) for k, v in value.items() if v is not None}
    return [_tables(v) for v in value] if isinstance(value, list) else value
