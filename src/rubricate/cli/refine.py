"""``rubricate refine``: criteria that repeat, contradict, mislead or cannot be judged go, by what they did in a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rubricate.cli.endpoint import (
    BaseUrl,
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
    from rubricate.cli.refine_job import Job
    from rubricate.judges.base import Judge
    from rubricate.llm.calls import Calls
    from rubricate.refine import RefineSettings

FILES = ("changes.json", "replies.sqlite")


def refine(
    rubrics: Annotated[Path, typer.Argument(help="Rubric file.")],
    verdicts: Annotated[Path, typer.Argument(help="Folder of a run, or a table of verdicts from 'export'.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the refined rubrics (.yaml .json ...).")],
    pairs: Annotated[Path | None, typer.Option(help="Labelled pairs; half of them decide, half are held out.")] = None,
    steps: Annotated[
        str, typer.Option(help="safe, all, none, or names: " + "unverifiable,constant,redundant,reversed,...")
    ] = "safe",
    weak: Annotated[str | None, typer.Option(help="With --strong: metadata.model of a weak model.")] = None,
    strong: Annotated[str | None, typer.Option(help="With --weak: metadata.model of a strong model.")] = None,
    split: Annotated[bool, typer.Option("--split", help="Split what many answers meet (needs an endpoint).")] = False,
    clash: Annotated[bool, typer.Option(help="With --split: ask whether a part repeats or contradicts.")] = True,
    split_above: Annotated[int, typer.Option(help="With --split: met by more answers to one prompt.")] = 2,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Word anew what half of its pairs speak for (endpoint, pairs).")
    ] = False,
    review: Annotated[Path | None, typer.Option(help="Ask about each criterion; decisions are kept here.")] = None,
    page: Annotated[Path | None, typer.Option(help="Page that shows before and after.")] = None,
    work: Annotated[Path | None, typer.Option(help="Folder for decisions and replies [beside --out].")] = None,
    repeat: Annotated[float, typer.Option(help="Correlation from which one criterion repeats another.")] = 0.9,
    conflict: Annotated[float, typer.Option(help="Negative correlation from which two contradict.")] = 0.8,
    most_missing: Annotated[float, typer.Option(help="Share without a verdict above which one goes.")] = 0.3,
    min_rows: Annotated[int, typer.Option(help="Verdicts below which nothing is dropped.")] = 8,
    min_common: Annotated[int, typer.Option(help="Answers that two criteria share before one repeats the other.")] = 30,
    min_pairs: Annotated[int, typer.Option(help="Pairs below which labels drop nothing.")] = 6,
    named: Annotated[str | None, typer.Option("--judge", help="Judge of new criteria [as in the run].")] = None,
    base_url: BaseUrl = None,
    model: Model = None,
    prices: Prices = "0,0",
    concurrency: Concurrency = 64,
    requests_per_minute: PerMinute = None,
    tokens_per_minute: PerMinute = None,
    timeout: Timeout = 60.0,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    replay: Replay = None,
    record: Record = None,
) -> None:
    """Refine rubrics by recorded verdicts. Without --split and --rewrite no model is called.

    Order of the steps: unverifiable, constant, redundant, conflicting, misaligned, reversed, weightless, then --split,
    --rewrite, --review, weights. 'safe' are the ones that need no labels and keep the weights.
    """
    from rubricate.cli.recover import interrupted, work_folder
    from rubricate.cli.refine_job import Job
    from rubricate.refine import RefineSettings

    settings = RefineSettings(
        steps_named(steps), most_missing=most_missing, repeat=repeat, conflict=conflict, min_rows=min_rows,
        min_common=min_common, min_pairs=min_pairs,
    )  # fmt: skip
    _has_model(split, rewrite, base_url, replay)
    job = Job.read(rubrics, verdicts, pairs, settings, _models(weak, strong))
    folder = work_folder(work or out.with_name(f"{out.stem}.work"), FILES)
    client = client_of(base_url, model, prices, folder / "replies.sqlite", replay, record)
    asking = calls_of(
        client, concurrency=concurrency, timeout=timeout, requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute, max_cost=max_cost, max_calls=max_calls,
    )  # fmt: skip
    try:
        _take(job, settings, asking, named, split_above if split else 0, clash, rewrite, review, concurrency)
    except KeyboardInterrupt:
        typer.echo(interrupted(folder, client), err=True)
        raise typer.Exit(130) from None
    _write(job, out, folder, page, _command(settings, split, rewrite, pairs))


def _has_model(split: bool, rewrite: bool, base_url: str | None, replay: Path | None) -> None:
    from rubricate.errors import SettingError

    if (split or rewrite) and base_url is None and replay is None:
        option = "--split" if split else "--rewrite"
        raise SettingError(f"{option} asks a model", expected="--base-url and --model, or --replay FILE")


def _models(weak: str | None, strong: str | None) -> tuple[str, str] | None:
    from rubricate.errors import SettingError

    if weak is not None and strong is not None:
        return weak, strong
    if weak is not None or strong is not None:
        raise SettingError("--weak and --strong go together", expected="the names of two models")
    return None


def steps_named(text: str) -> tuple[str, ...]:
    """The steps of ``--steps``: safe, all, none, or names, with commas between them.

    >>> steps_named("safe,reversed")
    ('unverifiable', 'constant', 'redundant', 'conflicting', 'reversed')
    """
    from rubricate.refine import SAFE, STEPS

    groups = {"safe": SAFE, "all": STEPS, "none": ()}
    names = [n.strip() for n in text.split(",") if n.strip()]
    return tuple(dict.fromkeys(step for name in names for step in groups.get(name, (name,))))


def _take(
    job: Job, settings: RefineSettings, client: Calls | None, named: str | None, split_above: int, clash: bool,
    rewrite: bool, review: Path | None, concurrency: int,
) -> None:  # fmt: skip
    """The steps in their order: filters, split, filters over the parts, a person, weights."""
    from dataclasses import replace

    from rubricate.report.progress import progress_bar

    filters = replace(settings, steps=tuple(s for s in settings.steps if s != "weights"))
    job.filter(filters)
    if (split_above or rewrite) and client is not None:
        judge = _judge(job, named, client)
        with progress_bar(unit="candidate") as show:
            if split_above:
                job.split(client, judge, split_above, clash, show)
            if rewrite:
                job.rewrite(client, judge, show)
        _judge_new(job, judge, client, concurrency)
        job.filter(filters)
    if review is not None:
        _review(job, review)
        judge = _judge(job, named, client, needed=False)
        if judge is not None:
            _judge_new(job, judge, client, concurrency)
    if "weights" in settings.steps:
        job.filter(replace(settings, steps=("weights",)))


def _judge_new(job: Job, judge: Judge, client: Calls | None, concurrency: int) -> None:
    from rubricate.report.progress import progress_bar

    with progress_bar() as show:
        job.judge_new(judge, client, concurrency, show)


def _judge(job: Job, named: str | None, client: Calls | None, needed: bool = True) -> Any:
    """The judge of new criteria: the named one, else the kind of judge that the run had; None when there is none."""
    from rubricate.cli.recover import chosen_judge
    from rubricate.errors import SettingError
    from rubricate.judges import LexicalJudge, PointwiseJudge
    from rubricate.judges.base import Judge

    kinds = {"LexicalJudge": LexicalJudge, "PointwiseJudge": PointwiseJudge}
    of_run = job.judge_name
    judge: Any = chosen_judge(named, client) if named is not None else kinds[of_run]() if of_run in kinds else None
    if judge is not None and judge.needs_client and client is None:
        judge = None
    if judge is None and not needed:
        return None
    if not isinstance(judge, Judge):
        raise SettingError(
            f"new criteria have to be judged, and the run was judged by {of_run or 'an unknown judge'}",
            expected="--judge NAME, a judge of single responses",
        )  # fmt: skip
    if job.judge_digest and judge.digest != job.judge_digest:
        mine, theirs = f"{type(judge).__name__} ({judge.digest})", f"{of_run} ({job.judge_digest})"
        typer.echo(f"new criteria are judged by {mine}, the run was by {theirs}", err=True)
    return judge


def _review(job: Job, record: Path) -> None:
    """A person goes over what is left; stops here, with what to do, until every criterion is decided."""
    left = job.review(record, sys.stdin, sys.stderr)
    if left:
        typer.echo(f"{left} criteria are not decided yet; the same command goes on with them ({record})", err=True)
        raise typer.Exit(1)


def _command(settings: RefineSettings, split: bool, rewrite: bool, pairs: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "settings": asdict(settings),
        "split": split,
        "rewrite": rewrite,
        "pairs": None if pairs is None else str(pairs),
    }


def _write(job: Job, out: Path, folder: Path, page: Path | None, about: dict[str, Any]) -> None:
    import json

    from rubricate.files import write_atomic
    from rubricate.report.refined import refine_page
    from rubricate.report.refined_terminal import print_refined
    from rubricate.rubrics.io import write_rubrics

    out.parent.mkdir(parents=True, exist_ok=True)
    write_rubrics(job.written(), out)
    each, config = job.facts(), job.config | about
    facts = each.pop("")
    text = json.dumps(job.record(facts, config), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(folder / "changes.json", text + "\n")
    print_refined(list(job.refined.values()), facts)
    for said in job.said:
        typer.echo(said)
    typer.echo(f"\nrubrics  {out}\nchanges  {folder / 'changes.json'}")
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(page, refine_page(list(job.refined.values()), facts, each, config=config, said=job.said))
        typer.echo(f"page     {page}")
