"""All commands in one place. Imports of the work sit in the commands, so that ``--help`` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

import rubricate
from rubricate.cli import generate, judge, lab, recipes, recover, refine, rubrics, runs, serve, server, verifiers

app = typer.Typer(
    name="rubricate",
    help="Rubrics into rewards: verdicts with reasons, a reward per response, and the evidence to trust it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"rubricate {rubricate.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Global options."""


app.command("generate")(generate.generate)
app.command("generators")(generate.generators)
app.command("judge")(judge.judge)
app.command("judges")(judge.judges)
app.command("reward")(runs.reward)
app.command("report")(runs.report)
app.command("export")(runs.export)
app.command("recover")(recover.recover)
app.command("refine")(refine.refine)
app.command("lint")(rubrics.lint)
app.command("lock")(rubrics.lock)
app.command("diff")(rubrics.diff)
app.command("render")(rubrics.render)
app.command("merge")(rubrics.merge)
app.command("convert")(rubrics.convert)
app.command("schema")(rubrics.schema)
app.command("policies")(rubrics.policies)
app.command("serve")(serve.serve)
app.command("mock-server")(server.mock_server)
app.add_typer(recipes.app, name="recipes")
app.add_typer(lab.app, name="lab")
app.add_typer(verifiers.app, name="verifiers")
