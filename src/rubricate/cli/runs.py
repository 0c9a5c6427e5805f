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
    from rubricate.report.facts import policy_of_run
    from rubricate.report.terminal import print_comparison, print_explanation, print_rewards
    from rubricate.store import RunFolder

    chosen = policy if policy is not None else policy_of_run(RunFolder.open(run).config())
    result = rescore(run, chosen)
    if explain is not None and against is not None:
        print_comparison(result, explain, against, chosen)
    elif explain is not None:
        print_explanation(result, explain, chosen)
    else:
        print_rewards(result)
    if save:
        folder = RunFolder.open(run)
        if policy is not None:
            folder.write_json("run.json", {**folder.config(), "policy": policy})
        save_result(folder, result, finished=True)
        typer.echo(f"report  {write_report(run)}")


def report(run: Run) -> None:
    """Write report.html of a run again."""
    typer.echo(str(write_report(run)))


def write_report(run: Path) -> Path:
    """Write ``report.html`` under the policy that the run names, and give its path."""
    from rubricate.files import write_atomic
    from rubricate.pipeline import rescore
    from rubricate.report import html_report
    from rubricate.report.facts import policy_of_run
    from rubricate.store import RunFolder

    config = RunFolder.open(run).config()
    path = Path(run) / "report.html"
    write_atomic(path, html_report(rescore(run, policy_of_run(config)), config=config))
    return path


def export(
    run: Run,
    to: Annotated[Path, typer.Argument(help="File to write: .csv or .parquet.")],
    what: Annotated[str, typer.Option(help="verdicts or rewards.")] = "verdicts",
) -> None:
    """Export verdicts (one row each, with the reward of the response) or rewards."""
    from rubricate.report.tables import export_run

    typer.echo(f"{export_run(run, to, what)} rows in {to}")
