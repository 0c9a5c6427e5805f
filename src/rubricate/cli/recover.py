"""``rubricate recover``: does a judge that holds the rubric find the known labels of pairs again?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rubricate.cli.endpoint import (
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
    from rubricate.judges.base import Judge, PairJudge
    from rubricate.llm.client import Client
    from rubricate.loops import LabelledPair, Recovered
    from rubricate.refine import PreferenceConsistency
    from rubricate.report.recovery import RubricFound
    from rubricate.types import Verdict

FILES = ("recovery.json", "replies.sqlite")


def recover(
    rubrics: Annotated[Path, typer.Argument(help="Rubric file, or the folder of a run: then no judge is asked.")],
    pairs: Annotated[Path, typer.Argument(help="Pairs: prompt, better, worse; also rubric, id (.jsonl .csv ...).")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for recovery.json and replies.")] = None,
    named: Annotated[
        str | None, typer.Option("--judge", help="NAME[:setting=value,...], of responses or of pairs.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible endpoint; without it the embedded judge.")
    ] = None,
    model: Model = None,
    prices: Prices = "0,0",
    policy: Annotated[str | None, typer.Option(help="Scoring policy in place of the rubric's own.")] = None,
    rule: Annotated[str, typer.Option(help="Kept when the share is: strict (above), at_least, wilson.")] = "strict",
    threshold: Annotated[float, typer.Option(help="The share that a rubric is kept by.")] = 0.5,
    min_pairs: Annotated[int, typer.Option(help="Known pairs below which no rubric is kept.")] = 2,
    ties: Annotated[str, typer.Option(help="A tie counts as miss, half or missing.")] = "miss",
    leaks: Annotated[bool, typer.Option("--leaks", help="Ask again with the answers hidden.")] = False,
    limit: Annotated[int | None, typer.Option(help="Only the first pairs of each rubric.")] = None,
    concurrency: Concurrency = 64,
    requests_per_minute: PerMinute = None,
    tokens_per_minute: PerMinute = None,
    timeout: Timeout = 60.0,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    replay: Replay = None,
    record: Record = None,
) -> None:
    """How often rubrics find the better of two answers again, and which criteria help or mislead.

    Without --base-url the embedded judge answers. With --out every reply is kept: after an interruption the same
    command goes on and asks nothing twice.
    """
    from rubricate.loops import read_pairs
    from rubricate.refine import PreferenceConsistency
    from rubricate.report.recovery import print_recovery

    kept = PreferenceConsistency(rule, threshold, min_pairs)
    labelled = read_pairs(pairs)
    folder = None if out is None else work_folder(out)
    if rubrics.is_dir():
        _no_judge(named, base_url, leaks)
        rows, config = _from_run(rubrics, labelled, policy, kept, ties, limit)
    else:
        cache = None if folder is None else folder / "replies.sqlite"
        client = client_of(base_url, model, prices, cache, replay, record)
        asking = calls_of(
            client, concurrency=concurrency, timeout=timeout, requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute, max_cost=max_cost, max_calls=max_calls,
        )  # fmt: skip
        judge = chosen_judge(named, client)
        try:
            rows, config = _by_judge(rubrics, labelled, judge, asking, policy, kept, ties, leaks, limit, concurrency)
        except KeyboardInterrupt:
            typer.echo(interrupted(folder, client), err=True)
            raise typer.Exit(130) from None
    print_recovery(rows, leaks=leaks)
    if folder is not None:
        settings_of_run = {"rule": rule, "threshold": threshold, "min_pairs": min_pairs, "ties": ties, "policy": policy}
        _write(folder, rows, {"pairs": str(pairs), "rubrics_file": str(rubrics), **settings_of_run, **config})
        typer.echo(f"\nrecovery  {folder / 'recovery.json'}")


def work_folder(path: Path, names: Sequence[str] = FILES) -> Path:
    """The folder for what a job keeps, made when it is not there. StoreError when it holds something else."""
    from rubricate.errors import StoreError

    strange = sorted(p.name for p in path.iterdir() if not p.name.startswith(tuple(names))) if path.is_dir() else []
    if strange:
        raise StoreError(f"{path} holds {strange[0]!r}, which is not of this job", hint="Choose a new folder")
    path.mkdir(parents=True, exist_ok=True)
    return path


def interrupted(folder: Path | None, client: Client | None) -> str:
    """What is said after Ctrl-C."""
    if folder is None or client is None:
        return "interrupted" if client is None else "interrupted; nothing was kept (--out keeps the replies)"
    return f"interrupted; the replies so far are in {folder}: the same command goes on from there"


def chosen_judge(named: str | None, client: Client | None) -> Judge | PairJudge:
    """The judge of a name; without one the pointwise judge of an endpoint, or the embedded judge."""
    from rubricate.errors import SettingError
    from rubricate.judges import LexicalJudge, PointwiseJudge, named_any_judge

    if named is None:
        return LexicalJudge() if client is None else PointwiseJudge()
    judge = named_any_judge(named)
    if judge.needs_client and client is None:
        raise SettingError(
            f"the judge {named!r} calls a model", expected="--base-url and --model",
            hint="For example --base-url http://localhost:8000/v1",
        )  # fmt: skip
    return judge


def _no_judge(named: str | None, base_url: str | None, leaks: bool) -> None:
    from rubricate.errors import SettingError

    given = [o for o, on in (("--judge", named), ("--base-url", base_url), ("--leaks", leaks)) if on]
    if given:
        raise SettingError(
            f"{given[0]} with the folder of a run", expected="a rubric file: a run is read, nothing is asked"
        )


def _from_run(
    run: Path, labelled: Sequence[LabelledPair], policy: str | None, rule: PreferenceConsistency, ties: str,
    limit: int | None,
) -> tuple[list[RubricFound], dict[str, Any]]:  # fmt: skip
    from rubricate.loops import pairs_of, recorded_margins, rows_of_pairs
    from rubricate.pipeline import rescore
    from rubricate.refine import found_again
    from rubricate.report.facts import policy_of_run
    from rubricate.report.recovery import RubricFound
    from rubricate.store import RunFolder

    config = RunFolder.open(run).config()
    result = rescore(run, policy if policy is not None else policy_of_run(config))
    rows, absent = [], 0
    for name, own in pairs_of(labelled, result.rubrics).items():
        better, worse = rows_of_pairs(own[:limit], result.samples, name)
        absent += int(((better < 0) | (worse < 0)).sum())
        margin, columns = recorded_margins(result.scores, result.rewards.values, better, worse)
        leaves = len(result.rubrics[name].leaves)
        rows.append(RubricFound(result.rubrics[name], found_again(margin, columns[:, :leaves], rule=rule, ties=ties)))
    if absent:
        typer.echo(f"{absent} pairs name an answer that was not judged in {run}: asked, not known", err=True)
    return rows, {"run": str(run), "judge": config.get("judge"), "client": config.get("client")}


def _by_judge(
    path: Path, labelled: Sequence[LabelledPair], judge: Judge | PairJudge, client: Client | None, policy: str | None,
    rule: PreferenceConsistency, ties: str, leaks: bool, limit: int | None, concurrency: int,
) -> tuple[list[RubricFound], dict[str, Any]]:  # fmt: skip
    from dataclasses import asdict

    from rubricate.errors import DataError
    from rubricate.judges.base import PairJudge
    from rubricate.judges.engine import Progress
    from rubricate.llm.sync import run_sync
    from rubricate.loops import pairs_of
    from rubricate.loops import recover as ask
    from rubricate.refine import found_again
    from rubricate.report.progress import progress_bar
    from rubricate.report.recovery import RubricFound
    from rubricate.rubrics.io import read_rubrics
    from rubricate.scoring import as_rubrics
    from rubricate.types import Usage

    blind = next((p.name for p in labelled if not p.prompt), None)
    if blind is not None:
        raise DataError(f"the pair {blind!r} has no prompt", expected="a prompt: the judge has to read it")
    table = as_rubrics(read_rubrics(path))
    work = {name: own[:limit] for name, own in pairs_of(labelled, table).items()}
    each = {name: 1 if isinstance(judge, PairJudge) else 2 * len(table[name].leaves) for name in work}
    progress = Progress(total=(2 if leaks else 1) * sum(each[name] * len(own) for name, own in work.items()))
    rows, usage = [], Usage()
    with progress_bar() as show:

        def seen(verdicts: tuple[Verdict, ...]) -> None:
            progress.add(verdicts)
            show(progress)

        def asked(name: str, neutral: bool) -> Recovered:
            rubric, own = table[name], work[name]
            more: dict[str, Any] = {"policy": policy, "neutral": neutral, "concurrency": concurrency}
            return run_sync(ask([rubric], own, judge, client, **more, on_verdicts=seen))

        for name in work:
            if not work[name]:
                typer.echo(f"no pair is for the rubric {name!r}", err=True)
                continue
            found, hidden = asked(name, False), asked(name, True) if leaks else None
            usage += found.usage + (hidden.usage if hidden else Usage())
            criteria = found.criteria[0] if found.criteria else None
            neutral = hidden.margin[0] if hidden else None
            row = found_again(found.margin[0], criteria, rule=rule, ties=ties, neutral=neutral)
            rows.append(RubricFound(table[name], row))
    about = {"name": type(judge).__name__, "digest": judge.digest, "settings": repr(judge)}
    inner = getattr(client, "client", None)
    endpoint = None if client is None else {"endpoint": client.endpoint, "model": getattr(inner, "model", "")}
    return rows, {"judge": about, "client": endpoint, "usage": asdict(usage)}


def _write(folder: Path, rows: Sequence[RubricFound], config: dict[str, Any]) -> None:
    import json
    from datetime import UTC, datetime

    from rubricate import __version__
    from rubricate.files import write_atomic
    from rubricate.report.recovery import recovery_record

    made = datetime.now(UTC).isoformat(timespec="seconds")
    data = {"rubricate": __version__, "created": made, **config, "rubrics": [recovery_record(row) for row in rows]}
    write_atomic(folder / "recovery.json", json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
