"""Many rubrics: a fixed number in flight, every draft written as it comes, so that a job which was killed goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rubricate.errors import DataError, SettingError
from rubricate.generate.base import Draft, Dropped, Generator, Material
from rubricate.llm.client import Client
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
    on_draft: OnDraft | None = None,
) -> dict[str, Draft]:
    """A draft for every material, by rubric id, in order.

    ``out`` is a JSONL file: drafts in it that were made by the same generator are taken over, new ones are appended
    one by one. Material that a generator cannot use raises SettingError before anything is asked.
    """
    if concurrency < 1:
        raise SettingError(f"concurrency={concurrency}", expected="at least 1")
    for material in materials.values():
        material.need(*generator.needs, generator=type(generator).__name__)
    done = {k: d for k, d in read_drafts(out, generator.digest) if k in materials} if out else {}
    open_ = iter([name for name in materials if name not in done])

    async def work() -> None:
        for name in open_:
            draft = done[name] = await generator.generate(materials[name], client, id=name)
            if out is not None:
                _append(Path(out), name, generator.digest, draft)
            if on_draft is not None:
                on_draft(name, draft)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(materials))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # all workers stop at the first error; one is enough to read
    return {name: done[name] for name in materials}


def read_drafts(path: str | Path, digest: str = "") -> Iterator[tuple[str, Draft]]:
    """(rubric id, draft) of a file that ``generate_all`` wrote; with ``digest`` only those of that generator.

    A last line that a killed process left behind is skipped; any other broken line is a DataError.
    """
    if not Path(path).exists():
        return
    lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if not line.endswith("\n"):
            return
        try:
            row = json.loads(line)
            draft = _draft(row)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"a stored draft cannot be read ({error})", where=f"{path}:{number}",
                            hint="Remove the line to have it made again") from None  # fmt: skip
        if not digest or row["generator"] == digest:
            yield row["id"], draft


def _draft(row: Mapping[str, Any]) -> Draft:
    rubric = Rubric.model_validate(row["rubric"]) if row["rubric"] is not None else None
    dropped = tuple(Dropped(**d) for d in row["dropped"])
    return Draft(rubric, dropped, Usage(**row["usage"]), row["why"], tuple(row["notes"]))


def _append(path: Path, name: str, digest: str, draft: Draft) -> None:
    rubric = None if draft.rubric is None else draft.rubric.model_dump(mode="json", exclude_defaults=True)
    row = {
        "id": name, "generator": digest, "rubric": rubric, "dropped": [asdict(d) for d in draft.dropped],
        "usage": asdict(draft.usage), "why": draft.why, "notes": draft.notes,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    _cut_broken_line(path)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _cut_broken_line(path: Path) -> None:
    """Remove a last line without its end, left by a killed process, before something is written behind it."""
    if not path.exists():
        return
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        path.write_bytes(data[: data.rfind(b"\n") + 1])
