"""WritingBench: writing queries with generated criteria and described score bands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rubricate.errors import DataError
from rubricate.rubrics.importers.base import Fields, Imported, build, importer, named_ids

_BAND = re.compile(r"(\d+)-(\d+)")


@importer("writingbench")
def writingbench(record: Mapping[str, Any]) -> Imported:
    """One query: ``index``, ``query``, ``checklist`` [{name, criteria_description, "1-2": ..., ..., "9-10": ...}].

    Scores 1-10; the band descriptions become the anchors and must cover 1 to 10 without a gap. Source: X-PLUG
    WritingBench (data read).
    """
    fields = Fields(record)
    index, items = fields.name("index"), fields.tables("checklist")
    texts = [item.text("criteria_description") for item in items]
    names = [item.text("name") for item in items]
    rubric = build(
        {
            "id": f"writingbench/{index}",
            "criteria": [
                {
                    "id": i,
                    "text": text,
                    "title": name,
                    "scale": {"kind": "ordinal", "min": 1, "max": 10, "anchors": _bands(item)},
                }
                for i, text, name, item in zip(named_ids(names, texts), texts, names, items, strict=True)
            ],
            "policy": "writingbench",
            "prompt_id": index,
            "prompt": fields.text("query"),
            "domain": fields.optional("domain1"),
            "topic": fields.optional("domain2"),
        }
    )
    return Imported(rubric, extra=fields.rest())


def _bands(item: Fields) -> dict[str, str]:
    bands = {name: item.text(name) for name in item.data if _BAND.fullmatch(name)}
    ends = [tuple(map(int, name.split("-"))) for name in bands]
    covered = [level for low, high in ends for level in range(low, high + 1)]
    if covered != list(range(1, 11)):
        found = ", ".join(bands) or "missing"
        raise DataError(f"the bands are {found}", where=item.where, expected="1 to 10, in order")
    return bands
