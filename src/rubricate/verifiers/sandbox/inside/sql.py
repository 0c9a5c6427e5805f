"""One SQL query against private databases in memory, beside the expected one. Runs in the sandbox.

The query can read the tables of its database and nothing else: an authorizer refuses every other action (ATTACH,
PRAGMA, writes, load_extension), limits bound its length, steps, rows and values.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
from itertools import pairwise
from typing import Any

from rubricate.verifiers.sandbox.inside.programs import REPORT

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE)
_FEW = 500
_BLOCK = 1000  # steps of the virtual machine between two looks

Row = tuple[Any, ...]


def main(text: str) -> None:
    """``text``: query, expected, setups, order, steps, rows, tolerance as JSON; the parts go to the report."""
    asked = json.loads(text)
    found = parts(asked)
    os.write(REPORT, json.dumps(found).encode())


def parts(asked: dict[str, Any]) -> dict[str, Any]:
    """Every part in [0, 1], and why the first of them fails; ``broken`` when the expected query does not run."""
    query, expected = asked["query"], asked["expected"]
    tree, why = _parsed(query)
    gold, fault = _parsed(expected)
    if gold is None:
        return {"broken": f"the expected query: {fault}"}
    done: dict[str, Any] = {"parses": float(tree is not None), "executes": 0.0, "match": 0.0, "why": why}
    done["schema"] = _overlap(_items(tree), _items(gold)) if tree is not None else 0.0
    done["tokens"] = _overlap(_bigrams(query), _bigrams(expected))
    ordered = asked["order"] if asked["order"] is not None else bool(gold.args.get("order"))
    results = [_both(setup, asked) for setup in asked["setups"]]
    if broken := [r for r in results if "broken" in r]:
        return broken[0]
    done["empty"] = all(not r["expected"] for r in results)
    if tree is None:
        return done
    failed = [r["why"] for r in results if r["why"]]
    done["executes"], done["why"] = float(not failed), failed[0] if failed else ""
    if not failed:
        differ = [r for r in results if not same_rows(r["found"], r["expected"], ordered, asked["tolerance"])]
        done["match"] = float(not differ)
        done["why"] = _counts(differ[0]) if differ else ""
    return done


def _counts(result: dict[str, Any]) -> str:
    return f"other rows than expected ({len(result['found'])} found, {len(result['expected'])} expected)"


def _both(setup: str, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        expected = run(setup, asked["expected"], asked["steps"], asked["rows"])
    except sqlite3.Error as error:
        return {"broken": f"the expected query or the setup: {error}"}
    try:
        return {"expected": expected, "found": run(setup, asked["query"], asked["steps"], asked["rows"]), "why": ""}
    except (sqlite3.Error, sqlite3.Warning) as error:
        return {"expected": expected, "why": str(error)[:200]}


def run(setup: str, query: str, steps: int, rows: int) -> list[Row]:
    """The rows of one query on a database of its own; sqlite3.Error when it fails or passes a limit."""
    base = sqlite3.connect(":memory:")
    try:
        base.executescript(setup)
        base.commit()
        base.execute("PRAGMA query_only = ON")
        for number, value in _LIMITS.items():
            base.setlimit(number, value)
        left = [steps // _BLOCK]

        def count() -> int:
            left[0] -= 1
            return int(left[0] < 0)

        base.set_progress_handler(count, _BLOCK)
        base.set_authorizer(_allowed)
        found = base.execute(query).fetchmany(rows + 1)
        if len(found) > rows:
            raise sqlite3.OperationalError(f"more than {rows} rows")
        return found
    finally:
        base.close()


def _allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _READS and not str(first).startswith("sqlite_"):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second != "load_extension":
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def same_rows(found: list[Row], expected: list[Row], ordered: bool, tolerance: float) -> bool:
    """Whether two results are the same, as lists or as bags; 1 and 1.0 are equal, numbers within the tolerance too."""
    if len(found) != len(expected) or {*map(len, found)} != {*map(len, expected)}:
        return False
    if not ordered:
        found, expected = (sorted(rows, key=_rank) for rows in (found, expected))
    if all(_alike(x, y, tolerance) for x, y in zip(found, expected, strict=True)):
        return True
    return not ordered and len(found) <= _FEW and _as_bags(list(found), expected, tolerance)


def _as_bags(left: list[Row], expected: list[Row], tolerance: float) -> bool:
    """Row by row, where rounding put equal numbers in another order."""
    for row in expected:
        at = next((k for k, other in enumerate(left) if _alike(row, other, tolerance)), None)
        if at is None:
            return False
        del left[at]
    return True


def _alike(one: Row, other: Row, tolerance: float) -> bool:
    return all(_same(a, b, tolerance) for a, b in zip(one, other, strict=True))


def _rank(row: Row) -> list[tuple[int, Any]]:
    return [(0, 0) if x is None else (1, round(x, 6)) if isinstance(x, (int, float)) else (2, str(x)) for x in row]


def _same(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    return type(a) is type(b) and bool(a == b)


def _parsed(query: str) -> tuple[Any, str]:
    """The tree of one reading statement, or why it is none."""
    import sqlglot
    from sqlglot import exp

    try:
        trees = [t for t in sqlglot.parse(query, read="sqlite") if t is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        return None, f"no SQL: {str(error).partition(chr(10))[0][:150]}"
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return None, "no single SELECT"
    return trees[0], ""


def _items(tree: Any) -> set[str]:
    """Tables and columns that a query names."""
    from sqlglot import exp

    return {node.name.lower() for node in tree.find_all(exp.Table, exp.Column)}


def _bigrams(query: str) -> set[tuple[str, str]]:
    import sqlglot

    try:
        words = [token.text.lower() for token in sqlglot.tokenize(query, read="sqlite")]
    except sqlglot.errors.SqlglotError:
        words = query.lower().split()
    return set(pairwise(words))


def _overlap(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0
