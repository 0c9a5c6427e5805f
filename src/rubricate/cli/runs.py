"""Commands on a stored run: rewards under another policy, explanations, the report, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(help="Run folder.")]


def reward(
    run: Run,
    policy: Annotated[str | None, typer.Option(help="Scoring policy; without it that of the run.")] = None,
    explain: Annotated[str | None, typer.Option(help="Response id: which criterion moved its reward.")] = None,
    against: Annotated[str | None, typer.Option(help="With --explain: why that response and not this one.")] = None,
    save: Annotated[bool, typer.Option(help="Write rewards and report of this policy into the run.")] = False,
) -> None:
    """Compute rewards of a run again, under any policy. No call is made."""
    from rubricate.pipeline import rescore
    from rubricate.pipeline import save as save_result
    from rubricate.report.facts import by_recipe, policy_of_run
    from rubricate.report.terminal import print_comparison, print_explanation, print_rewards
    from rubricate.run_log import as_given
    from rubricate.store import RunFolder

    config = RunFolder.open(run).config()
    chosen = policy if policy is not None else policy_of_run(config)
    paid = policy is None and by_recipe(config)
    result = as_given(run) if paid and explain is None else rescore(run, chosen)
    if explain is not None and against is not None:
        print_comparison(result, explain, against, chosen)
    elif explain is not None:
        print_explanation(result, explain, chosen)
    else:
        print_rewards(result)
    if paid:
        typer.echo(PAID if explain is None else EXPLAINED)
    if save:
        folder = RunFolder.open(run)
        if policy is not None:
            folder.write_json("run.json", {**config, "policy": policy, "rewards_by": "policy"})
        save_result(folder, as_given(run) if paid else result, finished=True)
        typer.echo(f"report  {write_report(run)}")


PAID = "paid by the recipe of the run while it was made; --policy computes other rewards"
EXPLAINED = "under the policy of the rubrics: the recipe that paid while the run was made is no sum over criteria"


def report(run: Run) -> None:
    """Write report.html of a run again."""
    typer.echo(str(write_report(run)))


def write_report(run: Path) -> Path:
    """Write ``report.html`` with the rewards of the run: those that its recipe gave, else those of its policy."""
    from rubricate.files import write_atomic
    from rubricate.report import html_report
    from rubricate.run_log import as_given
    from rubricate.store import RunFolder

    path = Path(run) / "report.html"
    write_atomic(path, html_report(as_given(run), config=RunFolder.open(run).config()))
    return path


def export(
    run: Run,
    to: Annotated[Path, typer.Argument(help="File to write: .csv or .parquet.")],
    what: Annotated[str, typer.Option(help="verdicts or rewards.")] = "verdicts",
) -> None:
    """Export verdicts (one row each, with the reward of the response) or rewards."""
    from rubricate.report.tables import export_run

    typer.echo(f"{export_run(run, to, what)} rows in {to}")
