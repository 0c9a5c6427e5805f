"""What judges that call a model have in common: how a call is made, apart from what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubricate.llm.client import Request
from rubricate.types import Message


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Settings of the calls of a judge, all by name.

    ``reasks``: further tries after a reply that cannot be read. ``model``: the client's own when empty. ``sample``: the
    number of the draw, which keeps draws apart in a cache. ``fence_key``: the secret of the fence around hostile text.
    ``extra``: more fields of the request body as (name, value) pairs.
    """

    reasks: int = 2
    model: str = ""
    temperature: float | None = 0.0
    max_tokens: int | None = None
    seed: int | None = None
    sample: int = 0
    fence_key: str = "rubricate"
    extra: tuple[tuple[str, object], ...] = ()

    needs_client = True

    def to_request(self, messages: tuple[Message, ...], *, sample: int | None = None, **more: Any) -> Request:
        """The request with these messages under the settings; another number of the draw than theirs as ``sample``."""
        return Request(
            messages, self.model, self.temperature, self.max_tokens, self.seed,
            sample=self.sample if sample is None else sample, extra=self.extra, **more,
        )  # fmt: skip
