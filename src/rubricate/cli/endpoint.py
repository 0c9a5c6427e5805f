"""The options that name a model endpoint, or a recording in its place, turned into a client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rubricate.llm.calls import Calls
    from rubricate.llm.client import Client

BaseUrl = Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint.")]
Model = Annotated[str | None, typer.Option(help="Model name at the endpoint.")]
Prices = Annotated[str, typer.Option(help="Money per million prompt,completion tokens.")]
Cache = Annotated[Path | None, typer.Option(help="SQLite file that keeps replies between runs.")]
Replay = Annotated[Path | None, typer.Option(help="Answer from this recording, without an endpoint.")]
Record = Annotated[Path | None, typer.Option(help="Add every reply to this recording (.jsonl) for --replay.")]
Concurrency = Annotated[int, typer.Option(help="Calls in flight.")]
PerMinute = Annotated[float | None, typer.Option(help="Limit of the endpoint.")]
Timeout = Annotated[float, typer.Option(help="Seconds for one attempt.")]
MaxCost = Annotated[float | None, typer.Option(help="Stop when this much money is spent.")]
MaxCalls = Annotated[int | None, typer.Option(help="Stop after this many calls.")]


def client_of(
    base_url: str | None,
    model: str | None,
    prices: str = "0,0",
    cache: Path | None = None,
    replay: Path | None = None,
    record: Path | None = None,
) -> Client | None:
    """The client for ``--base-url``, ``--model``, ``--prices``, ``--cache``, ``--replay`` and ``--record``.

    None without an endpoint and without a recording. Recordings are matched by messages, so another model name or
    temperature makes no difference.
    """
    from rubricate.errors import SettingError

    if replay is not None:
        if base_url is not None or record is not None:
            raise SettingError("--replay together with --base-url or --record", expected="a recording or an endpoint")
        from rubricate.llm.recordings import Recording, by_messages
        from rubricate.llm.recordings import Replay as Replayed

        return Replayed(Recording.read(replay, by_messages))
    if base_url is None:
        if model is not None or record is not None:
            given = "--model" if model is not None else "--record"
            raise SettingError(f"{given} needs --base-url", hint="For example --base-url http://localhost:8000/v1")
        return None
    if model is None:
        raise SettingError("--base-url needs --model", hint="The model's name at that endpoint")
    return _recorded(_endpoint(base_url, model, prices, cache), record)


def calls_of(
    client: Client | None,
    *,
    concurrency: int,
    timeout: float,
    requests_per_minute: float | None,
    tokens_per_minute: float | None,
    max_cost: float | None,
    max_calls: int | None,
) -> Calls | None:
    """The client with retries, limits and caps around it; None stays None."""
    if client is None:
        return None
    from rubricate.llm.calls import Calls, CallSettings
    from rubricate.llm.limits import LimitSettings

    limits = LimitSettings(concurrency, requests_per_minute, tokens_per_minute)
    settings = CallSettings(
        timeout=timeout, deadline=3 * timeout, max_cost=max_cost, max_calls=max_calls, limits=limits
    )
    return Calls(client, settings)


def _endpoint(base_url: str, model: str, prices: str, cache: Path | None) -> Client:
    from rubricate.errors import SettingError
    from rubricate.llm.cache import Cached
    from rubricate.llm.http import HttpClient
    from rubricate.store import SqliteMemory

    try:
        prompt, completion = (float(p) for p in prices.split(","))
    except ValueError:
        raise SettingError(f"--prices {prices!r}", expected="two numbers: PROMPT,COMPLETION per million") from None
    client: Any = HttpClient(base_url, model, prices=(prompt, completion))
    return Cached(client, SqliteMemory(cache)) if cache is not None else client


def _recorded(client: Client, record: Path | None) -> Client:
    if record is None:
        return client
    from rubricate.llm.recordings import Recording, by_messages

    if record.exists():
        Recording.read(record, by_messages)  # a file that is none is refused before anything is asked
    record.parent.mkdir(parents=True, exist_ok=True)
    return Recording(by_messages, where=str(record)).record(client, record)
