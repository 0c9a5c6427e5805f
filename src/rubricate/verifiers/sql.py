"""``sql``: whether the query of the response gives the rows that it should, with partial scores on the way."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rubricate.errors import DataError, MissingExtraError, SettingError
from rubricate.types import Sample
from rubricate.verifiers.base import Outcome, answer_text, verifier
from rubricate.verifiers.code_block import code_of
from rubricate.verifiers.sandbox import Limits, Status, shared, sound

PARTS = ("parses", "executes", "match", "schema", "tokens")


@verifier("sql", waits=True)
def sql(
    sample: Sample,
    setup: str | Sequence[str],
    expected: str | None = None,
    weights: Mapping[str, float] | None = None,
    order: bool | None = None,
    tolerance: float = 1e-9,
    steps: int = 5_000_000,
    rows: int = 10_000,
    allow_empty: bool = False,
    block: str = "last",
    seconds: float = 5.0,
) -> Outcome:
    """Weighted mean of parts of the query, by default ``match`` alone: the rows of ``expected`` (or the reference).

    Parts: ``parses`` (one SELECT, by sqlglot), ``executes`` (SQLite), ``match``, ``schema`` (Jaccard index of tables
    and columns named), ``tokens`` (of token bigrams). ``setup`` is a script that fills a private database in memory, or
    several: then all must match. Rows are compared in order when ``order`` says so, by default when the expected query
    has ORDER BY; numbers within ``tolerance``. An expected result without rows gives no verdict unless ``allow_empty``:
    too many wrong queries return nothing. ``steps`` of SQLite's machine and ``rows`` bound a query. Card 151
    (Reasoning-SQL, arXiv 2503.23157, weights recalled).
    """
    parts = {"match": 1.0} if weights is None else dict(weights)
    if unknown := [p for p in parts if p not in PARTS]:
        raise SettingError(f"weights names {unknown[0]!r}", expected=f"some of {', '.join(PARTS)}")
    if not parts or min(parts.values()) < 0 or not sum(parts.values()) > 0 or steps < 1000 or rows < 1:
        raise SettingError(
            f"weights={parts}, steps={steps}, rows={rows}",
            expected="weights >= 0, sum > 0; steps >= 1000; rows >= 1",
        )
    if importlib.util.find_spec("sqlglot") is None:
        raise MissingExtraError.of("sqlglot", "verify", purpose="the verifier 'sql'")
    query = code_of(answer_text(sample), ("sql", "sqlite"), block).strip()
    wanted = expected if expected is not None else code_of(sample.reference or "", ("sql", "sqlite")).strip()
    if not wanted:
        return Outcome(None, "no expected query is given, and none stands in the reference")
    if not query:
        return Outcome(0.0, "no query found")
    setups = [setup] if isinstance(setup, str) else list(setup)
    asked = {"query": query, "expected": wanted, "setups": setups, "order": order, "steps": steps, "rows": rows}
    found = _found(asked | {"tolerance": tolerance}, Limits(wall=2 * seconds, cpu=seconds))
    if found.get("empty") and parts.get("match") and not allow_empty:
        return Outcome(None, "the expected query returns no rows; allow_empty=True compares all the same")
    value = sum(w * found[p] for p, w in parts.items()) / sum(parts.values())
    told = ", ".join(f"{p} {found[p]:.2g}" for p in PARTS if p in parts)
    return Outcome(value, told + (f": {found['why']}" if found["why"] else ""))


def _found(asked: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The parts; a query at a limit of the sandbox has none, an expected query that fails raises DataError."""
    result = sound(shared(packages=True, preload=("sqlglot",)).call("sql:main", json.dumps(asked), limits))
    if result.status is not Status.OK or not result.report:
        return dict.fromkeys(PARTS, 0.0) | {"why": f"{result.status} {result.stderr.strip()[-200:]}"}
    found: dict[str, Any] = json.loads(result.report)
    if "broken" in found:
        raise DataError(
            found["broken"], where="the verifier 'sql'", expected="an expected query that runs on the setup"
        )
    return found
