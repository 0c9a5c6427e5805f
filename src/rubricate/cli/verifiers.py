"""``rubricate verifiers``: which verifiers there are, and which sandbox protects those that run code."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    help="Programs that decide a criterion, and the sandbox for those that run code.", no_args_is_help=True
)


@app.command("list")
def listed() -> None:
    """The registered verifiers with their settings."""
    import inspect

    from rubricate import registry

    for name, fn in registry.items("verifier"):
        settings = list(inspect.signature(fn).parameters.values())[1:]
        typer.echo(f"{name:20} {', '.join(map(_setting, settings))}")


def _setting(parameter: object) -> str:
    text = str(parameter)
    return text.partition(":")[0] + (f"={text.rpartition(' = ')[2]}" if " = " in text else "")


@app.command("sandbox")
def sandbox(
    level: Annotated[str | None, typer.Option(help="Demand a level: bubblewrap, namespaces, filter or limits.")] = None,
) -> None:
    """The protection for code that a model wrote: what it stops, what passes, how to get a stronger one."""
    from rubricate.verifiers.sandbox import level as active

    typer.echo(str(active(level)))
