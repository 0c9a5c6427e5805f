"""A rubric after its changes: criteria out, in and reworded, sums of weights that hold, a new version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rubricate.refine.evidence import Evidence
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Provenance, Stats

if TYPE_CHECKING:
    from rubricate.refine.plan import Change

SUM_TO_ONE = {"arcane_flat": False, "deepresearch_race": True}  # policy -> by axis
ROUND = 0.005
DECIDED = ("dropped", "split", "rewritten", "reweighted")


def rebuild(rubric: Rubric, changes: Sequence[Change], parts: Mapping[str, tuple[Criterion, ...]]) -> Rubric:
    """``rubric`` with its changes carried out; ``parts`` holds the criteria that a split one becomes.

    Without a change that decides anything it comes back as it was. A node whose children are all gone goes too. Weights
    that a policy wants to sum to 1 are scaled to their old sum.
    """
    if not any(c.action in DECIDED for c in changes):
        return rubric
    table = {c.criterion: c for c in changes}
    criteria = tuple(n for c in rubric.criteria for n in _node(c, table, parts))
    return _rescaled(rubric, rubric.model_copy(update={"criteria": criteria}))


def versioned(before: Rubric, after: Rubric, changes: Sequence[Change]) -> Rubric:
    """``after`` as the next version of ``before``; the same rubric, lock included, where nothing was decided.

    Its provenance names the version and the digest that it came from, its notes what became of the criteria; a lock no
    longer fits and goes.
    """
    moved = [c for c in changes if c.action in DECIDED]
    if not moved:
        return before
    given = before.provenance or Provenance()
    story = Provenance(
        generator="refine", parent=before.digest, version=before.version, depth=given.depth + 1, source=given.source,
        reviewed=any(c.step == "person" for c in changes),
    )  # fmt: skip
    said = ", ".join(f"{c.criterion} {c.action} ({c.step})" for c in moved)
    line = f"Refined from version {before.version} ({before.digest}): {said}."
    notes = f"{before.notes}\n{line}" if before.notes else line
    update = {"version": next_version(before.version), "locked": None, "provenance": story, "notes": notes}
    return after.model_copy(update=update)


def next_version(version: str) -> str:
    """The version after this one: its last number counted up, or ``.1`` where there is none.

    >>> next_version("1"), next_version("2026.09"), next_version("draft")
    ('2', '2026.10', 'draft.1')
    """
    found = re.search(r"\d+$", version)
    if found is None:
        return f"{version}.1"
    return version[: found.start()] + str(int(found.group()) + 1).zfill(len(found.group()))


def _node(node: Criterion, table: Mapping[str, Change], parts: Mapping[str, tuple[Criterion, ...]]) -> list[Criterion]:
    if node.children:
        children = tuple(n for c in node.children for n in _node(c, table, parts))
        return [node.model_copy(update={"children": children})] if children else []
    change = table.get(node.id)
    if change is None:
        return [node]
    if change.action == "dropped":
        return []
    if change.action == "split":
        return list(parts[node.id])
    update: dict[str, Any] = {"stats": _stats(node, change.evidence)}
    if change.weight is not None:
        update["weight"] = change.weight
    if change.text:
        source = Provenance(
            generator="refine", parent=node.id, depth=_depth(node) + 1, reviewed=change.step == "person",
        )  # fmt: skip
        update |= {"text": change.text, "provenance": source, "stats": None}
    return [node.model_copy(update=update)]


def _depth(node: Criterion) -> int:
    return node.provenance.depth if node.provenance else 0


def _stats(node: Criterion, found: Evidence) -> Stats | None:
    """What the verdicts showed, beside what was recorded before."""
    if not found.judged:
        return node.stats
    seen: dict[str, Any] = {
        "n_judged": found.judged, "coverage": round(found.judged / (found.judged + found.missing), 4),
        "pass_rate": round(found.met, 4),
    }  # fmt: skip
    if found.pairs:
        seen["accuracy"] = round(found.share, 4)
    return (node.stats or Stats()).model_copy(update=seen)


def _rescaled(old: Rubric, new: Rubric) -> Rubric:
    update: dict[str, Any] = {}
    if old.policy.name in SUM_TO_ONE:
        factor = _factors(old, new, SUM_TO_ONE[old.policy.name])
        update["criteria"] = tuple(_scaled(c, factor) for c in new.criteria)
    if old.dimension_weights:
        left = {c.axis for c in new.leaves}
        kept = {k: v for k, v in old.dimension_weights.items() if k in left}
        whole, rest = sum(old.dimension_weights.values()), sum(kept.values())
        if len(kept) < len(old.dimension_weights):
            scale = whole / rest if abs(whole - 1.0) <= ROUND and rest > 0 else 1.0
            update["dimension_weights"] = {k: round(v * scale, 6) for k, v in kept.items()}
    return new.model_copy(update=update) if update else new


def _factors(old: Rubric, new: Rubric, by_axis: bool) -> dict[str, float]:
    """What the weights of each axis (or of all, under "") are multiplied by, so that a sum of 1 stays one."""
    sums: list[dict[str, float]] = [{}, {}]
    for table, rubric in zip(sums, (old, new), strict=True):
        for leaf in rubric.leaves:
            key = leaf.axis if by_axis else ""
            table[key] = table.get(key, 0.0) + leaf.weight
    before, after = sums
    factors = {k: before[k] / v for k, v in after.items() if k in before and v > 0 and abs(before[k] - 1.0) <= ROUND}
    return factors if by_axis else dict.fromkeys({c.axis for c in new.leaves}, factors.get("", 1.0))


def _scaled(node: Criterion, factor: Mapping[str, float]) -> Criterion:
    if node.children:
        return node.model_copy(update={"children": tuple(_scaled(c, factor) for c in node.children)})
    return node.model_copy(update={"weight": round(node.weight * factor.get(node.axis, 1.0), 6)})
