"""``rubricate serve``: the reward server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rubricate.rewarder import Rewarder

KEYS = "RUBRICATE_API_KEYS"


def serve(
    rubrics: Annotated[
        list[Path] | None, typer.Argument(help="Rubric files; requests may also bring their own.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8080,
    base_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible endpoint of the judge; without it the embedded judge.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model name at the endpoint.")] = None,
    batch: Annotated[str, typer.Option(help="Criteria per call: a number or 'all'.")] = "all",
    concurrency: Annotated[int, typer.Option(help="Judge calls in flight.")] = 64,
    deadline: Annotated[float | None, typer.Option(help="Seconds for the judging of one request.")] = 180.0,
    policy: Annotated[str | None, typer.Option(help="Scoring policy in place of the rubrics' own.")] = None,
    on_missing: Annotated[str, typer.Option(help="For callers that take only numbers: zero or refuse.")] = "zero",
    log: Annotated[Path | None, typer.Option(help="Run folder that receives every verdict.")] = None,
    max_body: Annotated[int, typer.Option(help="Largest request, bytes.")] = 8 << 20,
    max_pending: Annotated[int, typer.Option(help="Requests at once; more get 429.")] = 512,
    per_minute: Annotated[float | None, typer.Option(help="Requests a minute of one key or address.")] = None,
    grace: Annotated[int, typer.Option(help="Seconds to finish accepted work after SIGTERM.")] = 60,
) -> None:
    """Serve rewards over HTTP (routes: /docs). API keys: RUBRICATE_API_KEYS, separated by commas."""
    from rubricate.errors import SettingError
    from rubricate.serve.app import ServeSettings, create_app
    from rubricate.serve.guard import GuardSettings
    from rubricate.serve.run import run_server

    if on_missing not in ("zero", "refuse"):
        raise SettingError(f"--on-missing {on_missing!r}", expected="zero or refuse")
    how: Any = on_missing
    keys = tuple(k.strip() for k in os.environ.get(KEYS, "").split(",") if k.strip())
    guard = GuardSettings(keys, max_body, per_minute, max_pending)
    rewarder = _rewarder(rubrics or [], base_url, model, batch, concurrency, deadline, policy, log)
    app = create_app(rewarder, ServeSettings(guard, on_missing=how))
    run_server(app, host, port, grace=grace, on_bound=lambda bound: _say(rewarder, host, bound, bool(keys)))


def _rewarder(
    rubrics: list[Path], base_url: str | None, model: str | None, batch: str, concurrency: int,
    deadline: float | None, policy: str | None, log: Path | None,
) -> Rewarder:  # fmt: skip
    from rubricate.cli.endpoint import client_of
    from rubricate.judges.pointwise import PointwiseJudge
    from rubricate.llm.calls import CallSettings
    from rubricate.llm.limits import LimitSettings
    from rubricate.rewarder import Rewarder
    from rubricate.rubrics.io import read_rubrics

    client = client_of(base_url, model)
    size: Any = int(batch) if batch.isdigit() else batch
    return Rewarder(
        tuple(r for path in rubrics for r in read_rubrics(path)),
        judge=PointwiseJudge(batch=size) if client is not None else None,
        client=client, policy=policy, deadline=deadline, concurrency=concurrency,
        calls=CallSettings(limits=LimitSettings(concurrency)), log=str(log) if log else "",
    )  # fmt: skip


def _say(rewarder: Rewarder, host: str, port: int, keys: bool) -> None:
    judge = type(rewarder.chosen_judge).__name__
    where = rewarder.client.endpoint if rewarder.client is not None else "embedded"
    typer.echo(f"rubricate  http://{host}:{port}   routes /docs   numbers /metrics   health /healthz")
    typer.echo(f"judge      {judge} ({where}){'' if where != 'embedded' else ': compares words, needs no model'}")
    typer.echo(f"rubrics    {', '.join(r.id for r in rewarder.rubrics) or '(none: requests bring their own)'}")
    typer.echo(f"keys       {'needed' if keys else f'none: open to everyone who can reach {host} (set {KEYS})'}")
