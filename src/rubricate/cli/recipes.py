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


@app.command("lint")
def lint_recipe(name: Name) -> None:
    """Apply the lints of the reward algebra to a recipe. Exit code 1 when one does not hold."""
    from rubricate.lab.recipe_lints import lint_recipe as lint
    from rubricate.recipes import find_recipe

    entry = find_recipe(name)
    found, skipped = lint(entry())
    for one in found:
        typer.echo(f"{'holds' if one.ok else 'FAILS':6} {one.rule:18} {one.message}")
    for rule, why in skipped.items():
        typer.echo(f"{'-':6} {rule:18} does not apply: {why[:90]}")
    if any(not one.ok and one.rule != "scale_matters" for one in found):
        raise typer.Exit(1)


@app.command("check")
def check_recipe(name: Name) -> None:
    """Run the claim check of a recipe (in a checkout of the repository)."""
    import subprocess
    import sys
    from pathlib import Path

    from rubricate.errors import DataError
    from rubricate.recipes import find_recipe

    card = find_recipe(name).card
    checks = Path("tests/claims/test_claims.py")
    if not checks.is_file():
        raise DataError(
            f"the check {card.check} is not here", hint="Checks are in the repository: run this in a checkout"
        )
    typer.echo(f"{card.system}: {card.claim}\n{card.check}\n")
    command = [sys.executable, "-m", "pytest", str(checks), "-q", "-rA", "-m", "claim", "-k", f"[{card.name}]"]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


def _tables(value: Any) -> Any:
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {k: _tables(v) for k, v in value.items() if v is not None}
    return [_tables(v) for v in value] if isinstance(value, list) else value
