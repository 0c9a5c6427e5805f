"""Recorded verdicts under other rubrics: what was judged already is taken over, nothing is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from rubricate.arrays import Ints
from rubricate.errors import DataError, UnknownNameError
from rubricate.files import Row, describe, read_rows
from rubricate.judges.engine import find_rubric
from rubricate.pipeline import NOT_JUDGED, Result
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.scoring import Policy, as_rubrics, pack_samples, reward
from rubricate.types import Judgement, Sample, State, Usage, Verdict

Fresh = Mapping[tuple[str, str], Verdict]
NOTHING: Fresh = {}


def carried_over(result: Result, rubrics: Iterable[Rubric], *, fresh: Fresh = NOTHING, policy: Policy = None) -> Result:
    """``result`` under ``rubrics``: verdicts are taken over by rubric and criterion id where the question is the same.

    A criterion that is judged another way since (its text, scale, verifier, or the guidelines) has no verdict; only
    its bookkeeping, weight and place may differ. ``fresh`` holds new verdicts by (response, criterion). Responses whose
    rubric is not among ``rubrics`` are left out. DataError when none is left.
    """
    table = as_rubrics(rubrics)
    samples, judgements = [], []
    same: dict[str, frozenset[str]] = {}
    for sample, judgement in zip(result.samples, result.judgements, strict=True):
        old = find_rubric(sample, result.rubrics)
        if old.id not in table:
            continue
        new = table[old.id]
        if new.id not in same:
            same[new.id] = _unchanged(old, new)
        found = {v.criterion: v for v in judgement.verdicts if v.criterion in same[new.id]}
        found |= {c.id: fresh[sample.id, c.id] for c in new.leaves if (sample.id, c.id) in fresh}
        verdicts = tuple(found[c.id] for c in new.leaves if c.id in found)
        samples.append(replace(sample, rubric=new.id))
        judgements.append(Judgement(sample.id, new.digest, verdicts, judgement.usage))
    if not samples:
        raise DataError(
            f"no response was judged by {', '.join(table)}", expected=f"one of: {', '.join(result.rubrics)}",
            hint="Give the rubrics that the run was judged by",
        )  # fmt: skip
    kept = {s.rubric: table[s.rubric] for s in samples}
    scores = pack_samples(samples, kept, judgements)
    usage = sum((v.usage for v in fresh.values() if v.usage), result.usage)
    return Result(tuple(samples), kept, tuple(judgements), scores, reward(scores, kept, policy), usage, result.path)


def _unchanged(old: Rubric, new: Rubric) -> frozenset[str]:
    if old.guidelines != new.guidelines:
        return frozenset()
    before = {c.id: _question(c) for c in old.leaves}
    return frozenset(c.id for c in new.leaves if before.get(c.id) == _question(c))


def _question(criterion: Criterion) -> object:
    return criterion.model_dump(mode="json", exclude_defaults=True, exclude=NOT_JUDGED)


def read_verdicts(path: str | Path, rubrics: Iterable[Rubric]) -> Result:
    """Verdicts from a table (.csv .parquet .jsonl .json), as ``rubricate export`` writes it, under ``rubrics``.

    Needs ``sample``, ``criterion`` and ``value`` (empty or null: no verdict); reads ``rubric``, ``group``, ``state``
    and ``reason`` where they are. Values are in the units of the criterion's scale. Prompts and responses are not in
    such a table: the prompt of a sample is empty. DataError names the line.
    """
    table = as_rubrics(rubrics)
    found: dict[str, dict[str, Verdict]] = {}
    samples: dict[str, Sample] = {}
    for row in read_rows(path, key="verdicts"):
        name, rubric = _text(row, "sample"), _rubric(row, table)
        criterion = _text(row, "criterion")
        if criterion not in {c.id for c in rubric.leaves}:
            raise UnknownNameError.among("criterion", criterion, (c.id for c in rubric.leaves), where=row.where())
        samples.setdefault(name, Sample(name, (), "", str(row.data.get("group") or ""), rubric.id))
        if samples[name].rubric != rubric.id or criterion in found.setdefault(name, {}):
            raise DataError(f"the response {name!r} has two verdicts on {criterion!r}", where=row.where())
        found[name][criterion] = _verdict(row, criterion)
    if not samples:
        raise DataError("there is no verdict", where=str(path), expected="rows with sample, criterion and value")
    listed = tuple(samples.values())
    judgements = [
        Judgement(s.id, table[s.rubric].digest, _in_order(table[s.rubric], found[s.id]), Usage()) for s in listed
    ]
    kept = {name: table[name] for name in dict.fromkeys(s.rubric for s in listed)}
    scores = pack_samples(listed, kept, judgements)
    return Result(listed, kept, tuple(judgements), scores, reward(scores, kept), Usage())


def _in_order(rubric: Rubric, found: Mapping[str, Verdict]) -> tuple[Verdict, ...]:
    return tuple(found[c.id] for c in rubric.leaves if c.id in found)


def _rubric(row: Row, table: Mapping[str, Rubric]) -> Rubric:
    name = row.data.get("rubric") or (next(iter(table)) if len(table) == 1 else "")
    if name not in table:
        raise UnknownNameError.among("rubric", str(name), table, where=row.where())
    return table[str(name)]


def _text(row: Row, field: str) -> str:
    value = row.data.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise DataError(f"found {describe(value)}", where=row.where(field), expected="a name")
    return value


def _verdict(row: Row, criterion: str) -> Verdict:
    given, reason = row.data.get("value"), str(row.data.get("reason") or "")
    state = str(row.data.get("state") or "")
    if given is None or given == "":
        known = [s.value for s in State if s is not State.SCORED]
        if state and state not in known:
            raise UnknownNameError.among("state of a verdict without a value", state, known, where=row.where())
        return Verdict(criterion, State(state) if state else State.ABSTAINED, reason=reason)
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise DataError(f"found {describe(given)}", where=row.where("value"), expected="a number") from None
    return Verdict(criterion, State.SCORED, value, reason=reason)


def rows_of(result: Result) -> dict[str, Ints]:
    """The places of the responses to which each rubric applies, by its id."""
    rows: dict[str, list[int]] = {name: [] for name in result.rubrics}
    for k, sample in enumerate(result.samples):
        rows[find_rubric(sample, result.rubrics).id].append(k)
    return {name: np.array(own, dtype=np.int64) for name, own in rows.items()}
