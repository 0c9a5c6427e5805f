"""``rubricate generate``: material in, linted rubrics out, with the reason for everything that was not kept."""

from __future__ import annotations

from collections.abc import Mapping
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
    from rubricate.generate.base import Draft, Generator, Material
    from rubricate.llm.client import Client

From = Annotated[
    str,
    typer.Option("--from", help="NAME[:setting=value,...][/generator inside]; 'rubricate generators' lists them."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Rubric file to write; without it YAML on the terminal.")]


def generate(
    materials: Annotated[Path, typer.Argument(help="Prompts with what rubrics are made from (.jsonl .json .yaml).")],
    source: From = "prompt",
    out: Out = None,
    docs: Annotated[Path | None, typer.Option(help="Folder of .txt and .md files, for --from docs.")] = None,
    bank: Annotated[Path | None, typer.Option(help="Rubric file, for --from bank.")] = None,
    base_url: BaseUrl = None,
    model: Model = None,
    replay: Replay = None,
    record: Record = None,
    retry_failed: Annotated[bool, typer.Option(help="Ask again what ended without a rubric.")] = False,
    drops: Annotated[
        bool, typer.Option("--drops", "--verbose", help="Print every dropped criterion with its reason.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first materials.")] = None,
    concurrency: Concurrency = 64,
    requests_per_minute: PerMinute = None,
    tokens_per_minute: PerMinute = None,
    timeout: Timeout = 60.0,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    prices: Prices = "0,0",
    cache: Cache = None,
) -> None:
    """Make rubrics from prompts, references, answers, feedback or documents.

    Drafts are kept beside --out; after an interruption the same command goes on.
    """
    from itertools import islice

    from rubricate.errors import SettingError
    from rubricate.generate import stored_drafts

    if out is not None:
        from rubricate.rubrics.io import format_named

        format_named(out.suffix, str(out))
    generator, found = _inputs(materials, source, docs, bank, model or "")
    client = calls_of(
        client_of(base_url, model, prices, cache, replay, record), concurrency=concurrency, timeout=timeout,
        requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute, max_cost=max_cost,
        max_calls=max_calls,
    )  # fmt: skip
    if client is None:
        raise SettingError(
            "a generator calls a model", expected="--base-url and --model, or --replay with a recording",
            hint="For example --base-url http://localhost:8000/v1 --model NAME",
        )  # fmt: skip
    kept = None if out is None else out.with_name(f"{out.stem}.drafts.jsonl")
    found = dict(islice(found.items(), limit))
    drafts = _drafts(generator, found, client, kept, concurrency, retry_failed)
    _finish(drafts, out, kept, drops)
    if kept is not None:
        _open(drafts, stored_drafts(generator, found, kept))
    if not any(draft.rubric for draft in drafts.values()):
        raise typer.Exit(1)


def generators(name: Annotated[str | None, typer.Argument(help="One generator, with its settings.")] = None) -> None:
    """List the generators, or show one with its settings and the material it needs."""
    import inspect
    import textwrap

    from rubricate import registry
    from rubricate.generate.named import settings_taken

    if name is None:
        typer.echo(f"{'name':14}{'needs beside a prompt':23}makes")
        for key, part in registry.items("generator"):
            line = (inspect.getdoc(part) or "").splitlines()[0]
            typer.echo(f"{key:14}{', '.join(_needs(part)):23}{textwrap.shorten(line, 63, placeholder=' ...')}")
        return
    part = registry.lookup("generator", name)
    for paragraph in (inspect.getdoc(part) or "").replace("``", "").split("\n\n"):
        typer.echo(textwrap.fill(" ".join(paragraph.split()), 98) + "\n")
    typer.echo(f"needs: {', '.join(['prompt', *_needs(part)])}\nsettings:")
    for key, default in settings_taken(part).items():
        typer.echo(f"  {key} = {_typed(default)}")
    if "inner" in registry.settings_of(part):
        typer.echo(f"a generator inside: {name}/NAME")


def _needs(part: Any) -> list[str]:
    """The fields of a material, beside its prompt, and the options that a generator needs."""
    from rubricate import registry
    from rubricate.generate.named import PARTS

    options = [option for field, option in PARTS.items() if field in registry.settings_of(part)]
    return [*(name for name in part.needs if name != "prompt"), *options]


def _typed(value: object) -> str:
    """A setting as one types it."""
    if isinstance(value, tuple):
        return "+".join(map(_typed, value)) or "(empty)"
    words = {True: "yes", False: "no", None: "none", "": "(empty)"}
    return words[value] if value is None or isinstance(value, bool) or value == "" else str(value)


def _inputs(
    path: Path, source: str, docs: Path | None, bank: Path | None, model: str
) -> tuple[Generator, dict[str, Material]]:
    from rubricate.generate import PassageIndex, RubricIndex, named_generator, read_materials
    from rubricate.rubrics.io import read_rubrics

    generator = named_generator(
        source,
        documents=None if docs is None else PassageIndex.of_folder(docs),
        bank=None if bank is None else RubricIndex(read_rubrics(bank)),
        model=model,
    )
    return generator, read_materials(path, *generator.needs, generator=source.partition(":")[0])


def _drafts(
    generator: Generator, materials: Mapping[str, Material], client: Client, kept: Path | None, concurrency: int,
    retry_failed: bool,
) -> dict[str, Draft]:  # fmt: skip
    """The drafts, with a progress bar; an interruption says how to go on."""
    import asyncio

    from rubricate.generate import generate_all, stored_drafts
    from rubricate.judges.engine import Progress
    from rubricate.report.progress import progress_bar
    from rubricate.types import State

    before = {} if kept is None else stored_drafts(generator, materials, kept, retry_failed=retry_failed)
    if before:
        typer.echo(f"{len(before):,} of {len(materials):,} drafts are taken over from {kept}", err=True)
    progress = Progress(total=len(materials) - len(before))
    try:
        with progress_bar(unit="rubric") as show:

            def count(name: str, draft: Draft) -> None:
                progress.done += 1
                progress.usage += draft.usage
                state = State.FAILED if draft.rubric is None else State.SCORED
                progress.states[state] = progress.states.get(state, 0) + 1
                show(progress)

            return asyncio.run(  # it waits for the workers to stop, so the count is right

                generate_all(
                    generator, materials, client, concurrency=concurrency, out=kept, retry_failed=retry_failed,
                    on_draft=count,
                )
            )  # fmt: skip
    except KeyboardInterrupt:
        done = f"; {len(before) + progress.done:,} drafts are in {kept}: the same command goes on" if kept else ""
        typer.echo(f"interrupted{done}", err=True)
        raise typer.Exit(130) from None


def _finish(drafts: Mapping[str, Draft], out: Path | None, kept: Path | None, drops: bool) -> None:
    """Print what became of the drafts and write the rubrics."""
    from rich.console import Console

    from rubricate.report.drafts import print_drafts
    from rubricate.rubrics.io import dumps, write_rubrics

    made = [draft.rubric for draft in drafts.values() if draft.rubric is not None]
    print_drafts(drafts, lines=drops, console=Console(stderr=out is None))
    typer.echo("", err=out is None)
    if out is None:
        typer.echo("---\n".join(dumps(rubric) for rubric in made), nl=False)
    elif made:
        write_rubrics(made, out)
        typer.echo(f"rubrics {out}\ndrafts  {kept}")
    else:
        typer.echo(f"no rubric was made, so {out} was not written\ndrafts  {kept}")


def _open(drafts: Mapping[str, Draft], stored: Mapping[str, Draft]) -> None:
    """How to go on with what has no rubric: it got no reply, or its replies could not be used."""
    lost = [name for name, draft in drafts.items() if draft.rubric is None]
    unasked = sum(name not in stored for name in lost)
    if unasked:
        typer.echo(f"{unasked:,} got no reply: the same command asks again")
    if len(lost) > unasked:
        typer.echo(f"{len(lost) - unasked:,} without a rubric: the same command with --retry-failed asks again")
