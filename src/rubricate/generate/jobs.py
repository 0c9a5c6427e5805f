"""Many rubrics: a fixed number in flight, every draft written as it comes, so that a job which was killed goes on."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rubricate.errors import CallError, DataError, SettingError
from rubricate.files import append_line
from rubricate.generate.base import Draft, Dropped, Generator, Material
from rubricate.llm.client import Client, Reply, Request
from rubricate.rubrics.model import Rubric
from rubricate.types import Usage

OnDraft = Callable[[str, Draft], None]


async def generate_all(
    generator: Generator,
    materials: Mapping[str, Material],
    client: Client,
    *,
    concurrency: int = 32,
    out: str | Path | None = None,
    retry_failed: bool = False,
    on_draft: OnDraft | None = None,
) -> dict[str, Draft]:
    """A draft for every material, by rubric id, in order.

    ``out`` is a JSONL file: drafts in it that the same generator made from the same material are taken over, new ones
    are appended one by one; with ``retry_failed`` those without a rubric are made again. A draft that got no reply (the
    endpoint failed, a cap or the breaker stopped it) is given back and not written, so the next run makes it. Material
    that a generator cannot use raises SettingError before anything is asked.
    """
    if concurrency < 1:
        raise SettingError(f"concurrency={concurrency}", expected="at least 1")
    for material in materials.values():
        material.need(*generator.needs, generator=type(generator).__name__)
    digest = generator.digest
    done = {} if out is None else stored_drafts(generator, materials, out, retry_failed=retry_failed)
    open_ = iter([name for name in materials if name not in done])
    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)

    async def work() -> None:
        for name in open_:
            asking = _Watched(client)
            draft = done[name] = await generator.generate(materials[name], asking, id=name)
            if out is not None and (draft.rubric is not None or not asking.failed):
                append_line(out, _line(name, (digest, _material(materials[name])), draft))
            if on_draft is not None:
                on_draft(name, draft)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(materials))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # all workers stop at the first error; one is enough to read
    return {name: done[name] for name in materials}


def stored_drafts(
    generator: Generator, materials: Mapping[str, Material], out: str | Path, *, retry_failed: bool = False
) -> dict[str, Draft]:
    """The drafts in ``out`` that ``generate_all`` takes over: by the same generator, from the same material."""
    digest = generator.digest
    keys = {name: (digest, _material(material)) for name, material in materials.items()}
    found = {name: draft for name, key, draft in _stored(out) if keys.get(name) == key}
    return {name: draft for name, draft in found.items() if draft.rubric is not None or not retry_failed}


def read_drafts(path: str | Path, digest: str = "") -> Iterator[tuple[str, Draft]]:
    """(rubric id, draft) of a file that ``generate_all`` wrote; with ``digest`` only those of that generator.

    A last line that a killed process left behind is skipped; any other broken line is a DataError.
    """
    return ((name, draft) for name, key, draft in _stored(path) if not digest or key[0] == digest)


class _Watched:
    """A client that remembers whether a call got no reply at all: such a draft says nothing about its material."""

    def __init__(self, client: Client) -> None:
        self.client, self.failed = client, False

    @property
    def endpoint(self) -> str:
        return self.client.endpoint

    async def complete(self, request: Request) -> Reply:
        try:
            return await self.client.complete(request)
        except CallError as error:
            self.failed |= error.state in ("failed", "timed_out")
            raise


Key = tuple[str, str]  # digests of the generator that made a draft and of what it was made from


def _material(material: Material) -> str:
    return hashlib.sha256(repr(material).encode(errors="surrogatepass")).hexdigest()[:16]


def _stored(path: str | Path) -> Iterator[tuple[str, Key, Draft]]:
    if not Path(path).exists():
        return
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[:-1], 1):  # behind the last newline: nothing, or what a killed process left
        try:
            row = json.loads(line)
            yield row["id"], (row["generator"], row.get("material", "")), _draft(row)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"a stored draft cannot be read ({error})", where=f"{path}:{number}",
                            hint="Remove the line to have it made again") from None  # fmt: skip


def _draft(row: Mapping[str, Any]) -> Draft:
    rubric = Rubric.model_validate(row["rubric"]) if row["rubric"] is not None else None
    dropped = tuple(Dropped(**d) for d in row["dropped"])
    return Draft(rubric, dropped, Usage(**row["usage"]), row["why"], tuple(row["notes"]))


def _line(name: str, key: Key, draft: Draft) -> str:
    rubric = None if draft.rubric is None else draft.rubric.model_dump(mode="json", exclude_defaults=True)
    row = {
        "id": name, "generator": key[0], "material": key[1], "rubric": rubric,
        "dropped": [asdict(d) for d in draft.dropped], "usage": asdict(draft.usage), "why": draft.why,
        "notes": draft.notes,
    }  # fmt: skip
    return json.dumps(row, ensure_ascii=False)
