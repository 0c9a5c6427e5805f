"""Claims: small experiments that settle whether what a system says of itself holds in a toy world.

A check returns ``Outcome``: what the baseline gave, what the recipe gave, whether the claim holds by the threshold
that was set beforehand. ``make claims`` runs all of them and writes the catalogue. A claim that does not hold is kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rubricate.errors import DuplicateNameError

Number = float | str


@dataclass(frozen=True)
class Outcome:
    """Figures of a check: ``baseline`` and ``ours`` as numbers or short texts, and whether the claim ``holds``."""

    baseline: Number
    ours: Number
    holds: bool
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """A registered check for the recipe ``name``; ``expect`` is what the last settled run found."""

    name: str
    run: Callable[[], Outcome]
    expect: Literal["holds", "departs"] = "holds"


CLAIMS: dict[str, Claim] = {}


def claim(name: str, *, expect: Literal["holds", "departs"] = "holds") -> Callable[[Callable[[], Outcome]], Any]:
    """Register a check for the recipe ``name``. ``expect='departs'``: it is known not to reproduce here."""

    def put(fn: Callable[[], Outcome]) -> Callable[[], Outcome]:
        if name in CLAIMS and CLAIMS[name].run.__module__ != fn.__module__:
            raise DuplicateNameError(f"there is a check for {name!r} already", where=fn.__module__)
        CLAIMS[name] = Claim(name, fn, expect)
        return fn

    return put


def run_claim(found: Claim, results: Path | None = None) -> Outcome:
    """Run a check and time it; with ``results``, keep its figures there for the catalogue."""
    start = time.perf_counter()
    outcome = found.run()
    row = {
        "name": found.name,
        "baseline": outcome.baseline,
        "ours": outcome.ours,
        "holds": bool(outcome.holds),
        "note": outcome.note,
        "seconds": round(time.perf_counter() - start, 2),
    }
    if results is not None:
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{found.name}.json").write_text(json.dumps(row), encoding="utf-8")
    return outcome
