"""A stored run as a table for other tools: verdicts or rewards as CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rubricate.errors import MissingExtraError, SettingError
from rubricate.files import write_atomic
from rubricate.judges.engine import find_rubric
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.store import RunFolder

VERDICTS = (
    "sample", "group", "rubric", "criterion", "text", "weight", "state", "value", "min", "max", "label", "reason",
    "probability", "attempts", "judge", "reward",
)  # fmt: skip
REWARDS = ("sample", "group", "reward", "why", "coverage")


def export_run(run: str | Path, to: str | Path, what: str = "verdicts") -> int:
    """Write the verdicts (one row each, with the reward of the response) or the rewards of a run; gives the rows.

    A value that is missing stays empty (CSV) or null (Parquet). SettingError for another ``what`` or suffix.
    """
    if what not in ("verdicts", "rewards"):
        raise SettingError(f"what={what!r}", expected="'verdicts' or 'rewards'")
    suffix = Path(to).suffix
    if suffix not in (".csv", ".parquet"):
        raise SettingError(f"the file {to} ends in {suffix!r}", expected=".csv or .parquet")
    folder = RunFolder.open(run)
    names = VERDICTS if what == "verdicts" else REWARDS
    rows = [
        [row.get(n) for n in names]
        for row in (_verdicts(folder) if what == "verdicts" else folder.read_lines("rewards.jsonl"))
    ]
    if suffix == ".csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([names, *rows])
        write_atomic(to, out.getvalue())
    else:
        write_atomic(to, _parquet(names, rows))
    return len(rows)


def _verdicts(folder: RunFolder) -> Iterator[dict[str, Any]]:
    rewards = {r["sample"]: r["reward"] for r in folder.read_lines("rewards.jsonl")}
    rubrics = {r.id: r for r in (Rubric.model_validate(d) for d in folder.read_json("rubrics.json"))}
    leaves: dict[str, Mapping[str, Criterion]] = {r.id: {c.id: c for c in r.leaves} for r in rubrics.values()}
    samples = {s.id: s for s in folder.samples()}
    for name, _, verdict in folder.verdicts():
        if name not in samples:
            continue
        rubric = find_rubric(samples[name], rubrics)
        criterion = leaves[rubric.id].get(verdict.criterion)
        if criterion is None:
            continue  # asked before the rubric was changed
        yield {
            "sample": name, "group": samples[name].group, "rubric": rubric.id, "criterion": criterion.id,
            "text": criterion.text, "weight": criterion.weight, "state": verdict.state.value, "value": verdict.value,
            "min": criterion.scale.min, "max": criterion.scale.max, "label": verdict.label, "reason": verdict.reason,
            "probability": verdict.probability, "attempts": verdict.attempts, "judge": verdict.judge,
            "reward": rewards.get(name),
        }  # fmt: skip


def _parquet(names: tuple[str, ...], rows: list[list[Any]]) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError.of("pyarrow", "export", purpose="writing a Parquet file") from None
    numbers = {"weight", "value", "min", "max", "probability", "reward", "coverage"}
    kinds = {n: pa.float64() if n in numbers else pa.int64() if n == "attempts" else pa.string() for n in names}
    columns = [pa.array([row[k] for row in rows], type=kinds[n]) for k, n in enumerate(names)]
    out = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, names=list(names)), out)
    return bytes(out.getvalue())
