"""``rubricate mock-server``: an OpenAI-compatible judge server for tests, demonstrations and benchmarks."""

from __future__ import annotations

from typing import Annotated

import typer


def mock_server(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8765,
    think: Annotated[float, typer.Option(help="Seconds before each reply.")] = 0.0,
    truth: Annotated[str, typer.Option(help="Who answers: embedded, met, hash or recording:FILE.")] = "embedded",
    fault: Annotated[list[str] | None, typer.Option(help="KIND=RATE, such as rate_limit=0.05; repeatable.")] = None,
    staying: Annotated[bool, typer.Option(help="The same question fails every time.")] = False,
    retry_after: Annotated[float, typer.Option(help="Seconds that a 429 asks for.")] = 1.0,
    ignore: Annotated[list[str] | None, typer.Option(help="Left out in silence: n, logprobs or schema.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Key that clients must send.")] = None,
    model: Annotated[str, typer.Option(help="Name of the model.")] = "scripted",
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
) -> None:
    """Serve a scripted judge over HTTP, with think time and faults; its url is the first line printed."""
    from rubricate.llm.faults import Faults, Mode
    from rubricate.llm.server import MockServer, rules_named, serve

    mode: Mode = "staying" if staying else "passing"
    faults = Faults.parse(fault, mode=mode, seed=seed, retry_after=retry_after) if fault else None
    serve(
        MockServer(
            rules_named(truth), host=host, port=port, think=think, faults=faults, api_key=api_key,
            ignore=ignore or [], model=model,
        )
    )  # fmt: skip
