"""What changed between two rubrics, and what that does to the score.

Compared are the canonical forms (what the digest covers), criteria by id; bookkeeping such as statistics, status and
provenance does not count. Two rubrics have an empty diff if and only if their digests are equal.
"""

from __future__ import annotations

import json
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rubricate.rubrics.denominators import flat_of, leaf_weights, score_range, shares
from rubricate.rubrics.model import Criterion, Rubric

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: ``criterion`` is its id, empty for a field of the rubric; None stands for the default."""

    criterion: str
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Moves:
    """What the weights of a rubric can do to its score.

    ``positive`` and ``negative`` are sum of w over either sign (both >= 0), ``absolute`` their sum, with the weights
    that the policy uses; ``lowest`` and ``highest`` score, None where the policy has no closed form here;
    ``denominator`` names what it divides by; ``shares`` id -> what the criterion moves.
    """

    positive: float
    negative: float
    absolute: float
    denominator: str
    lowest: float | None
    highest: float | None
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RubricDiff:
    """The difference of two rubrics; false when there is none."""

    old: str
    new: str
    added: tuple[Criterion, ...]
    removed: tuple[Criterion, ...]
    changed: tuple[Change, ...]
    reordered: tuple[str, ...]
    policy: Change | None
    before: Moves
    after: Moves

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.reordered or self.policy)

    def render(self) -> str:
        """The difference as text of at most 100 columns (a Chinese character takes two)."""
        if not self:
            return f"{self.old}: no difference"
        lines = [f"{self.old} -> {self.new}" if self.old != self.new else self.old]
        if self.policy:
            lines += ["policy", *_two(self.policy.before, self.policy.after)]
        lines += [f"added {c.id} ({c.weight:g}): {c.text}" for c in self.added]
        lines += [f"removed {c.id} ({c.weight:g}): {c.text}" for c in self.removed]
        lines += [f"moved {', '.join(self.reordered)}"] if self.reordered else []
        for change in self.changed:
            lines += [f"changed {change.criterion + '.' if change.criterion else ''}{change.field}"]
            lines += _two(change.before, change.after)
        return "\n".join(row for line in [*lines, *self._score_lines()] for row in _wrapped(line))

    def _score_lines(self) -> Iterator[str]:
        a, b = self.before, self.after
        yield "score"
        for name in ("positive", "negative", "denominator", "lowest", "highest"):
            one, two = getattr(a, name), getattr(b, name)
            equal = " (same)" if one == two else f" -> {_number(two)}"
            yield f"  {name + ' weights' if name in ('positive', 'negative') else name}: {_number(one)}{equal}"
        for name in dict.fromkeys([*a.shares, *b.shares]):
            one, two = a.shares.get(name), b.shares.get(name)
            if one is None or two is None or abs(one - two) > 5e-4:
                yield f"  share of {name}: {_share(one)} -> {_share(two)}"


def diff(old: Rubric, new: Rubric) -> RubricDiff:
    """What changed from ``old`` to ``new``.

    >>> r = Rubric(id="t", criteria=[{"id": "a", "text": "Warm."}, {"id": "b", "text": "Sweet."}])
    >>> s = r.model_copy(update={"criteria": (r.criteria[0].model_copy(update={"weight": 3.0}), r.criteria[1])})
    >>> [(c.criterion, c.field, c.after) for c in diff(r, s).changed], round(diff(r, s).after.shares["a"], 2)
    ([('a', 'weight', 3)], 0.75)
    """
    a, b = old.canonical(), new.canonical()
    policy = Change("", "policy", a.get("policy"), b.get("policy")) if a.get("policy") != b.get("policy") else None
    one, two = _flat(a), _flat(b)
    both = [i for i in one if i in two]
    return RubricDiff(
        old=old.id,
        new=new.id,
        added=tuple(c for c in new.walk() if c.id not in one),
        removed=tuple(c for c in old.walk() if c.id not in two),
        changed=tuple(c for c in changes(a, b) if c.field != "policy" or c.criterion),
        reordered=_reordered(both, [i for i in two if i in one]),
        policy=policy,
        before=moves(old),
        after=moves(new),
    )


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Fields that differ between two canonical forms: of the rubric, then of the criteria that both have.

    ``parent`` stands for the place in the tree.
    """
    top = [Change("", f, old.get(f), new.get(f)) for f in _union(old, new) if f != "criteria"]
    one, two = _flat(old), _flat(new)
    inner = [
        Change(i, f, one[i].get(f), two[i].get(f)) for i in one if i in two for f in _union(one[i], two[i]) if f != "id"
    ]
    return [c for c in [*top, *inner] if c.before != c.after]


def moves(rubric: Rubric) -> Moves:
    """What the weights of ``rubric`` can do to its score, under its policy."""
    weights, flat, ends = leaf_weights(rubric), flat_of(rubric.policy), score_range(rubric)
    positive, negative = float(np.maximum(weights, 0.0).sum()), float(np.maximum(-weights, 0.0).sum())
    return Moves(
        positive=positive,
        negative=negative,
        absolute=positive + negative,
        denominator=flat.denominator if flat else f"that of {rubric.policy.name}",
        lowest=ends[0] if ends else None,
        highest=ends[1] if ends else None,
        shares=dict(zip((c.id for c in rubric.leaves), shares(rubric).tolist(), strict=True)),
    )


def _flat(canonical: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """id -> fields of every criterion, in order, with its parent's id in place of its children."""
    found: dict[str, dict[str, Any]] = {}

    def add(criteria: list[dict[str, Any]], parent: str | None) -> None:
        for c in criteria:
            found[c["id"]] = {k: v for k, v in c.items() if k != "children"} | ({"parent": parent} if parent else {})
            add(c.get("children", []), c["id"])

    add(canonical["criteria"], None)
    return found


def _union(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*a, *b]))


def _reordered(old: list[str], new: list[str]) -> tuple[str, ...]:
    """The ids outside one longest run of ids that kept their order."""
    place = {name: k for k, name in enumerate(new)}
    ends: list[int] = []  # ends[k]: the smallest place that an increasing run of length k + 1 ends at
    back: dict[int, int] = {}
    for name in old:
        k = int(np.searchsorted(ends, place[name]))
        back[place[name]] = ends[k - 1] if k else -1
        ends[k : k + 1] = [place[name]]
    kept, at = set(), ends[-1] if ends else -1
    while at >= 0:
        kept.add(new[at])
        at = back[at]
    return tuple(name for name in new if name not in kept)


def _two(before: Any, after: Any) -> list[str]:
    return [f"  - {_shown(before)}", f"  + {_shown(after)}"]


def _shown(value: Any) -> str:
    if value is None:
        return "(default)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _number(value: Any) -> str:
    return "undefined" if value is None else value if isinstance(value, str) else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"


def _wrapped(line: str) -> list[str]:
    """``line`` cut at ``WIDTH`` columns, with its indent; wide characters count twice."""
    line = " ".join(line.splitlines())
    wide = sum(unicodedata.east_asian_width(ch) in "WF" for ch in line)
    if len(line) + wide <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    if not wide:
        return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True)
    rows, width = [""], 0
    for ch in line:
        size = 2 if unicodedata.east_asian_width(ch) in "WF" else 1
        if width + size > WIDTH:
            rows, width = [*rows, indent], len(indent)
        rows[-1], width = rows[-1] + ch, width + size
    return rows
