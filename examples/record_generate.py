"""Make examples/data/generate/recording.jsonl: what each generator is answered in the examples, kept for --replay.

The replies are written by hand in replies.yaml. The recording finds them by the prompts that the generators send, so
it has to be made again when a prompt, a setting or the material changes; a reply too few or too many is an error:

    python examples/record_generate.py
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from rubricate.generate import Draft, PassageIndex, RubricIndex, named_generator, read_materials
from rubricate.llm import Recording, ScriptedClient
from rubricate.llm.recordings import by_messages
from rubricate.rubrics.io import read_rubrics

FOLDER = Path(__file__).parent / "data" / "generate"


async def answered(entry: dict[str, Any], recording: Recording) -> dict[str, Draft]:
    """The drafts of one entry of replies.yaml; what was asked and answered is in the recording."""
    generator = named_generator(
        entry["from"],
        documents=PassageIndex.of_folder(FOLDER / entry["docs"]) if "docs" in entry else None,
        bank=RubricIndex(read_rubrics(FOLDER / entry["bank"])) if "bank" in entry else None,
    )
    materials = read_materials(FOLDER / entry.get("materials", "materials.yaml"), *generator.needs)
    drafts = {}
    for name, material in materials.items():
        replies = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in entry["replies"][name]]
        left = iter(replies)
        client = ScriptedClient(lambda request, left=left: next(left, None))
        drafts[name] = await generator.generate(material, recording.record(client), id=name)
        if client.calls != len(replies):
            sys.exit(f"{entry['from']}, {name}: {len(replies)} replies for {client.calls} calls")
    return drafts


def main(out: Path = FOLDER / "recording.jsonl") -> None:
    """Answer every generator and write the recording."""
    recording = Recording(by_messages)
    for entry in yaml.safe_load((FOLDER / "replies.yaml").read_text(encoding="utf-8")):
        for name, draft in asyncio.run(answered(entry, recording)).items():
            kept = len(draft.rubric.leaves) if draft.rubric else 0
            print(f"{entry['from']:20} {name:8} {kept} kept, {len(draft.dropped)} dropped  {draft.why}")
            for dropped in draft.dropped:
                print(f"    {dropped.text[:60]!r}: {dropped.reason}")
    recording.write(out)
    print(f"{len(recording.replies)} replies in {out}")


if __name__ == "__main__":
    main()
