"""``rubricate judge``: rubrics and responses in, verdicts, rewards and a report out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rubricate.cli.endpoint import (
    BaseUrl,
    Cache,
    Concurrency,
    MaxCalls,
    MaxCost,
    Model,
    PerMinute,
    Prices,
    Record,
    Replay,
    Timeout,
    calls_of,
    client_of,
)

if TYPE_CHECKING:
    from rubricate.judges.base import Judge
    from rubricate.llm.client import Client
    from rubricate.rubrics.model import Rubric
    from rubricate.types import Sample

Out = Annotated[Path | None, typer.Option("--out", "-o", help="Run folder to write (verdicts, rewards, report.html).")]
Named = Annotated[
    str | None, typer.Option("--judge", help="NAME[:setting=value,...][/judge inside]; 'rubricate judges' lists them.")
]
Format = Annotated[str | None, typer.Option(help="Read the file with an importer (healthbench, biggen, ...).")]


def judge(
    rubric: Annotated[Path, typer.Argument(help="Rubric file (.yaml .json .toml .jsonl); with --format, a data set.")],
    samples: Annotated[Path | None, typer.Argument(help="Responses (.jsonl .json .csv .parquet).")] = None,
    out: Out = None,
    base_url: BaseUrl = None,
    model: Model = None,
    named: Named = None,
    batch: Annotated[str, typer.Option(help="Criteria per call: a number or 'all'.")] = "all",
    reasons: Annotated[bool, typer.Option(help="Ask for a reason before each verdict.")] = True,
    evidence: Annotated[str, typer.Option(help="Quotes: none, ask or require.")] = "none",
    structured: Annotated[bool, typer.Option(help="Send a JSON schema with each call.")] = False,
    policy: Annotated[str | None, typer.Option(help="Scoring policy in place of the rubric's own.")] = None,
    format: Format = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run in --out.")] = False,
    retry_missing: Annotated[bool, typer.Option(help="With --resume: ask again what has no value.")] = False,
    concurrency: Concurrency = 64,
    requests_per_minute: PerMinute = None,
    tokens_per_minute: PerMinute = None,
    short_circuit: Annotated[bool, typer.Option(help="Skip what a failed gate or step has decided.")] = False,
    timeout: Timeout = 60.0,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    prices: Prices = "0,0",
    cache: Cache = None,
    replay: Replay = None,
    record: Record = None,
    limit: Annotated[int | None, typer.Option(help="Only the first responses.")] = None,
    verdicts: Annotated[bool, typer.Option(help="Print every verdict with its reason.")] = False,
) -> None:
    """Judge responses against rubrics and compute rewards; without --base-url the embedded judge answers."""
    from rubricate.cli.runs import write_report
    from rubricate.pipeline import run
    from rubricate.report.progress import progress_bar
    from rubricate.report.terminal import print_summary, print_verdicts

    table, chosen = _inputs(rubric, samples, format)
    chosen = chosen[:limit]
    client = client_of(base_url, model, prices, cache, replay, record)
    calls = calls_of(
        client, concurrency=concurrency, timeout=timeout, requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute, max_cost=max_cost, max_calls=max_calls,
    )  # fmt: skip
    try:
        with progress_bar() as on_progress:
            result = run(
                table, chosen, judge=_judge(client, named, batch, reasons, evidence, structured, short_circuit),
                policy=policy, out=out, client=calls, resume=resume,
                retry_missing=retry_missing, concurrency=concurrency, on_progress=on_progress,
                info={"inputs": [str(p) for p in (rubric, samples) if p]},
            )  # fmt: skip
    except KeyboardInterrupt:
        kept = f"; what was judged is in {out}: go on with --resume" if out else ""
        typer.echo(f"interrupted{kept}", err=True)
        raise typer.Exit(130) from None
    if verdicts:
        print_verdicts(result)
    print_summary(result)
    if out is not None:
        typer.echo(f"\nrun     {out}\nreport  {write_report(out)}")


def _inputs(rubric: Path, samples: Path | None, format: str | None) -> tuple[dict[str, Rubric], Sequence[Sample]]:
    from rubricate.errors import DataError
    from rubricate.rubrics.io import read_rubrics, rubric_from
    from rubricate.samples import read_items
    from rubricate.scoring import as_rubrics

    if format is not None:
        from rubricate.rubrics.importers import import_file

        imported = import_file(format, rubric)
        found = [s for item in imported for s in item.samples]
        if samples is None:
            if not found:
                raise DataError(f"{rubric} holds rubrics and no responses", hint="Name a file of responses as well")
            return as_rubrics([item.rubric for item in imported]), found
        return as_rubrics([item.rubric for item in imported]), [s for s, _ in read_items(samples)]
    if samples is None:
        raise DataError("no file of responses was named", expected="rubricate judge RUBRIC RESPONSES")
    pairs = list(read_items(samples))
    inline = [rubric_from(r, f"{samples}: rubric of {s.id!r}") for s, r in pairs if r is not None]
    return as_rubrics([*read_rubrics(rubric), *inline]), [s for s, _ in pairs]


def judges(name: Annotated[str | None, typer.Argument(help="One judge, with its settings.")] = None) -> None:
    """List the judges, or show one with its settings."""
    import inspect
    import textwrap

    from rubricate import registry

    if name is None:
        for key, part in registry.items("judge"):
            line = (inspect.getdoc(part) or "").splitlines()[0].replace("``", "")
            typer.echo(f"{key:21} {textwrap.shorten(line, 78, placeholder=' ...')}")
        return
    part = registry.lookup("judge", name)
    typer.echo(inspect.getdoc(part))
    typer.echo("")
    for key, default in registry.settings_of(part).items():
        line = f"{key} = {'(to be given)' if default is ... else _shown(default)}"
        typer.echo(textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="      "))


def _shown(value: Any) -> str:
    """A setting as text; of a part inside, only what differs from its own defaults."""
    from dataclasses import fields, is_dataclass

    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))}{',' * (len(value) == 1)})"
    if not is_dataclass(value):
        return repr(value)
    own = ((f.name, getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) != f.default)
    return f"{type(value).__name__}({', '.join(f'{name}={_shown(inside)}' for name, inside in own)})"


def _judge(
    client: Client | None,
    named: str | None,
    batch: str,
    reasons: bool,
    evidence: Any,
    structured: bool,
    short_circuit: bool,
) -> Judge:
    from rubricate.errors import SettingError
    from rubricate.judges import LexicalJudge, PointwiseJudge, ShortCircuit, named_judge

    if named is not None:
        if (batch, reasons, evidence, structured) != ("all", True, "none", False):
            raise SettingError(
                "--judge together with --batch, --no-reasons, --evidence or --structured",
                expected="settings behind the name", hint="For example --judge pointwise:batch=3,reasons=no",
            )  # fmt: skip
        chosen = named_judge(named)
        if chosen.needs_client and client is None:
            raise SettingError(
                f"the judge {named!r} calls a model", expected="--base-url and --model",
                hint="For example --base-url http://localhost:8000/v1",
            )  # fmt: skip
        return ShortCircuit(chosen) if short_circuit else chosen
    if batch != "all" and not batch.isdigit():
        raise SettingError(f"--batch {batch!r}", expected="a number of criteria per call, or 'all'")
    size: Any = "all" if batch == "all" else int(batch)
    asked = PointwiseJudge(batch=size, reasons=reasons, evidence=evidence, structured=structured)
    judge: Any = LexicalJudge() if client is None else asked
    return ShortCircuit(judge) if short_circuit else judge
