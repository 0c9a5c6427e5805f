"""``rubricate mock-server``: an OpenAI-compatible judge server for tests, demonstrations and benchmarks."""

from __future__ import annotations

from typing import Annotated

import typer


def mock_server(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8765,
    think: Annotated[float, typer.Option(help="Seconds before each reply.")] = 0.0,
    truth: Annotated[str, typer.Option(help="Who answers: embedded, met, hash or recording:FILE.")] = "embedded",
    faults: Annotated[
        list[str] | None, typer.Option(help="KIND=RATE, for example rate_limit=0.05; repeatable.")
    ] = None,
    staying: Annotated[bool, typer.Option(help="The same question fails every time.")] = False,
    ignore: Annotated[list[str] | None, typer.Option(help="What to leave out in silence: n, logprobs, schema.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Key that clients must send.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
) -> None:
    """Serve a scripted judge over HTTP, with think time and faults."""
    from rubricate.cli.truths import build_server

    build_server(host, port, think, truth, faults or [], staying, ignore or [], api_key, seed)
