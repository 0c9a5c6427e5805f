"""The options that name a model endpoint, turned into a client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rubricate.llm.client import Client


def client_of(base_url: str | None, model: str | None, prices: str = "0,0", cache: Path | None = None) -> Client | None:
    """The client for ``--base-url``, ``--model``, ``--prices`` and ``--cache``; None without an endpoint."""
    from rubricate.errors import SettingError

    if base_url is None:
        if model is not None:
            raise SettingError("--model needs --base-url", hint="For example --base-url http://localhost:8000/v1")
        return None
    from rubricate.llm.cache import Cached
    from rubricate.llm.http import HttpClient
    from rubricate.store import SqliteMemory

    if model is None:
        raise SettingError("--base-url needs --model", hint="The model's name at that endpoint")
    try:
        prompt, completion = (float(p) for p in prices.split(","))
    except ValueError:
        raise SettingError(f"--prices {prices!r}", expected="two numbers: PROMPT,COMPLETION per million") from None
    client: Any = HttpClient(base_url, model, prices=(prompt, completion))
    return Cached(client, SqliteMemory(cache)) if cache is not None else client
