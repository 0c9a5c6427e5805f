"""Union of rubrics: equal criteria once, ids kept apart, axes together, with a map of what became of every id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rubricate.errors import RubricError
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Provenance
from rubricate.rubrics.wording import normalised

Conflict = Literal["error", "first", "rename"]
# Fields in which two criteria of one text may differ and still be one.
_BESIDE = {
    "id", "text", "title", "rationale", "evidence", "provenance", "stats", "status", "reject_reason", "user_id",
}  # fmt: skip
_SHARED = ("policy", "guidelines", "stages", "dimension_weights", "max_total", "language")
_JOINED = ("blocked_sources", "references", "annotators")
_IF_EQUAL = ("prompt_id", "prompt", "domain", "topic", "difficulty", "task_type", "reference", "persona", "meta_rubric")


@dataclass(frozen=True)
class Merged:
    """The merged rubric, and what each criterion became: (rubric id, criterion id) -> id in the merged rubric."""

    rubric: Rubric
    ids: Mapping[tuple[str, str], str]


def merge(
    *rubrics: Rubric,
    id: str,
    on_conflict: Conflict = "error",
    same: Callable[[str, str], bool] | None = None,
) -> Merged:
    """One rubric with the criteria of all, each once.

    Two top criteria are one when their texts are equal but for case, spacing and the full stop (or when
    ``same(text, other)`` says so, which is asked for every pair) and their weights, scales, axes and children are; the
    first stays and takes the evidence of the others. A conflict is one text with two definitions, one id with two
    texts, or different settings of the rubrics (policy, guidelines, stages, dimension weights, max_total, language):

    error: RubricError. first: the first rubric's definition or setting stands, the other criterion becomes it or (one
    id, two texts) is left out. rename: both criteria stand, the later one as ``<rubric id>.<id>``; settings as first.

    Criteria of one axis stand together, in the order of first appearance. A criterion without a provenance gets the
    rubric it came from. The result is not locked.

    >>> a = Rubric(id="a", criteria=[{"id": "x", "text": "Warm the pot."}])
    >>> b = Rubric(id="b", criteria=[{"id": "y", "text": "warm the pot"}, {"id": "z", "text": "Name a time."}])
    >>> merge(a, b, id="ab").ids
    {('a', 'x'): 'x', ('b', 'y'): 'x', ('b', 'z'): 'z'}
    """
    if not rubrics or len({r.id for r in rubrics}) < len(rubrics):
        raise RubricError(
            f"merge got the rubrics {[r.id for r in rubrics]}", expected="one rubric or more, with ids of their own"
        )
    if on_conflict not in ("error", "first", "rename"):
        raise RubricError(f"on_conflict={on_conflict!r}", expected="'error', 'first' or 'rename'")
    union = _Union(on_conflict, same)
    for rubric in rubrics:
        for criterion in rubric.criteria:
            union.add(rubric.id, criterion)
    by_axis: dict[str, list[Criterion]] = {}
    for criterion in union.kept:
        by_axis.setdefault(criterion.axis, []).append(criterion)
    fields = _settings(rubrics, on_conflict)
    criteria = tuple(c for group in by_axis.values() for c in group)
    source = Provenance(generator="merge", source=", ".join(r.id for r in rubrics))
    return Merged(Rubric(id=id, criteria=criteria, provenance=source, **fields), dict(union.ids))


class _Union:
    """The criteria kept so far, where each text and id stands, and what the ids became."""

    def __init__(self, on_conflict: Conflict, same: Callable[[str, str], bool] | None) -> None:
        self.on_conflict, self.same = on_conflict, same
        self.kept: list[Criterion] = []
        self.by_text: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.ids: dict[tuple[str, str], str] = {}

    def add(self, home: str, criterion: Criterion) -> None:
        """Keep ``criterion`` of the rubric ``home``, or make it one of those kept."""
        twin = self._twin(criterion.text)
        if twin is not None:
            other = self.kept[twin]
            if _definition(criterion) == _definition(other):
                self._join(home, criterion, twin)
                return
            if self.on_conflict == "error":
                raise _conflict(home, criterion, other, "the same text", _first_difference(criterion, other))
            if self.on_conflict == "first":
                self._join(home, criterion, twin)
                return
        clash = next((n.id for n in criterion.walk() if n.id in self.taken), None)
        if clash is not None and self.on_conflict != "rename":
            other = self.kept[self.taken[clash]]
            if self.on_conflict == "error":
                raise _conflict(home, criterion, other, f"the id {clash!r}", "the text")
            return
        self._keep(home, criterion)

    def _twin(self, text: str) -> int | None:
        found = self.by_text.get(normalised(text))
        if found is None and self.same is not None:
            found = next((k for k, c in enumerate(self.kept) if self.same(c.text, text)), None)
        return found

    def _join(self, home: str, criterion: Criterion, at: int) -> None:
        """``criterion`` becomes the one at ``at``, which takes its evidence; inner ids are paired in order."""
        other = self.kept[at]
        evidence = tuple(dict.fromkeys([*other.evidence, *criterion.evidence]))
        self.kept[at] = other.model_copy(update={"evidence": evidence})
        for one, two in zip(criterion.walk(), other.walk(), strict=False):
            self.ids[home, one.id] = two.id

    def _keep(self, home: str, criterion: Criterion) -> None:
        place = len(self.kept)
        names = self._names(home, criterion)
        self.kept.append(_named(criterion, names, home))
        self.by_text.setdefault(normalised(criterion.text), place)
        for old, new in names.items():
            self.taken[new] = place
            self.ids[home, old] = new

    def _names(self, home: str, criterion: Criterion) -> dict[str, str]:
        names: dict[str, str] = {}
        used = {n.id for n in criterion.walk()}
        for node in criterion.walk():
            name, k = node.id, 1
            while name in self.taken or (name != node.id and name in used):
                name = f"{home}.{node.id}" + (f"-{k}" if k > 1 else "")
                k += 1
            names[node.id] = name
            used.add(name)
        return names


def _named(criterion: Criterion, names: Mapping[str, str], home: str) -> Criterion:
    children = tuple(_named(c, names, home) for c in criterion.children)
    given = criterion.provenance or Provenance()
    provenance = given if given.source else given.model_copy(update={"source": home})
    return criterion.model_copy(update={"id": names[criterion.id], "children": children, "provenance": provenance})


def _definition(criterion: Criterion) -> dict[str, Any]:
    """What must be equal for two criteria of one text to be one; of the children, their texts too."""
    own: dict[str, Any] = criterion.model_dump(mode="json", exclude=_BESIDE | {"children"})
    own["children"] = [(normalised(c.text), _definition(c)) for c in criterion.children]
    return own


def _first_difference(one: Criterion, two: Criterion) -> str:
    a, b = _definition(one), _definition(two)
    return next(k for k in a if a[k] != b[k])


def _conflict(home: str, criterion: Criterion, other: Criterion, equal: str, field: str) -> RubricError:
    source = other.provenance.source if other.provenance else ""
    return RubricError(
        f"{criterion.id!r} of {home!r} and {other.id!r} of {source!r} have {equal}, but differ in {field}",
        where="merge", expected="equal criteria, or ids of their own",
        hint="Pass on_conflict='first' to keep the first, or 'rename' to keep both",
    )  # fmt: skip


def _settings(rubrics: Iterable[Rubric], on_conflict: Conflict) -> dict[str, Any]:
    """Fields of the merged rubric: settings that must agree, lists joined, facts about the prompt where all agree."""
    first, *rest = rubrics
    fields: dict[str, Any] = {name: getattr(first, name) for name in (*_SHARED, *_JOINED, *_IF_EQUAL)}
    for other in rest:
        for name in _SHARED:
            if getattr(other, name) != fields[name] and on_conflict == "error":
                raise RubricError(
                    f"{other.id!r} and {first.id!r} differ in {name}", where="merge", expected=f"one {name}",
                    hint="Pass on_conflict='first' to keep that of the first rubric",
                )  # fmt: skip
        for name in _JOINED:
            fields[name] = tuple(dict.fromkeys([*fields[name], *getattr(other, name)]))
        for name in _IF_EQUAL:
            if name in fields and getattr(other, name) != getattr(first, name):
                del fields[name]
    return fields
