"""What a lint rule is: the finding it makes, the facts it may read, and the table that it is registered in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

from rubricate.arrays import Floats, as_floats, check
from rubricate.errors import DuplicateNameError
from rubricate.rubrics.denominators import Flat, flat_of
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.wording import masked

T = TypeVar("T")
Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake: the rule, how bad, where (a path into the file, and the criterion's id), why, and what to do.

    error: the score is undefined, wrong or leaks; warning: probably not what was meant; info: worth a look.
    """

    rule: str
    severity: Severity
    place: str
    criterion: str
    reason: str
    repair: str

    def __str__(self) -> str:
        where = f"{self.place} ({self.criterion})" if self.criterion else self.place
        return f"{self.severity} {self.rule} at {where}: {self.reason}. Repair: {self.repair}"


@dataclass(frozen=True, kw_only=True, eq=False)
class LintContext:
    """What is known about a rubric beside its text; every part may be missing.

    ``values[N, C]`` verdicts of a calibration sample in [0, 1], NaN for none, with the criterion ``ids`` of the
    columns; ``pairs`` id -> judged preference pairs in which the criterion had a verdict; ``candidates`` name -> text
    of the responses that the rubric was written from or will judge; ``near_duplicates`` prompt id -> ids of prompts
    or cases that are the same but for wording; ``loop_judges`` and ``final_judges`` digests of what judges in training
    and in the final evaluation; ``min_rows`` verdicts below which a rate is not read (8 responses, card 17),
    ``min_pairs`` pairs below which an accuracy is not (6, card 94).

    Raises ShapeError when ``values`` and ``ids`` disagree.
    """

    values: Floats | None = None
    ids: tuple[str, ...] = ()
    pairs: Mapping[str, int] = field(default_factory=dict)
    candidates: Mapping[str, str] = field(default_factory=dict)
    near_duplicates: Mapping[str, Collection[str]] = field(default_factory=dict)
    loop_judges: Collection[str] = ()
    final_judges: Collection[str] = ()
    min_rows: int = 8
    min_pairs: int = 6

    def __post_init__(self) -> None:
        if self.values is not None:
            values = as_floats(self.values, "values")
            check(values=(values, "N C"), ids=(self.ids, "C"))
            object.__setattr__(self, "values", values)


@dataclass(eq=False)
class Node:
    """A criterion, its path in the file, its parent, and its text with brackets, quotes and examples blanked out."""

    criterion: Criterion
    path: str
    parent: Criterion | None = None

    @cached_property
    def covered(self) -> str:
        """The text, brackets, quotes and "such as ..." blanked out; positions are those of the text."""
        return masked(self.criterion.text, examples=True)


@dataclass(eq=False)
class View:
    """A rubric as the rules read it."""

    rubric: Rubric
    context: LintContext
    _facts: dict[Any, Any] = field(default_factory=dict)

    def once(self, find: Callable[[View], T]) -> T:
        """``find(self)``, worked out once: for facts that several rules share."""
        if find not in self._facts:
            self._facts[find] = find(self)
        found: T = self._facts[find]
        return found

    @cached_property
    def nodes(self) -> list[Node]:
        """All criteria, parents before children."""
        found: list[Node] = []

        def add(criterion: Criterion, path: str, parent: Criterion | None) -> None:
            found.append(Node(criterion, path, parent))
            for k, child in enumerate(criterion.children):
                add(child, f"{path}.children[{k}]", criterion)

        for k, criterion in enumerate(self.rubric.criteria):
            add(criterion, f"criteria[{k}]", None)
        return found

    @cached_property
    def leaves(self) -> list[Node]:
        """The judged criteria: the columns of ``Scores``."""
        return [n for n in self.nodes if not n.criterion.children]

    @cached_property
    def flat(self) -> Flat | None:
        """The switches of the policy, when it is a flat one that is known."""
        return flat_of(self.rubric.policy)

    @cached_property
    def prompt(self) -> str:
        """The prompt as text, empty when the rubric has none."""
        given = self.rubric.prompt
        return given if isinstance(given, str) else "\n".join(m.get("content", "") for m in given)


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule found: at a criterion or, without one, at the rubric; in which field; why; what to do."""

    node: Node | None
    field: str
    reason: str
    repair: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and its line in the documentation."""

    id: str
    severity: Severity
    what: str
    why: str
    repair: str
    source: str
    check: Callable[[View], Iterator[Hit]]


RULES: dict[str, Rule] = {}
_ID = re.compile(r"R\d{3}(-[a-z]+)+")
Check = Callable[[View], Iterator[Hit]]


def rule(id: str, severity: Severity, *, what: str, why: str, repair: str, source: str) -> Callable[[Check], Check]:
    """Decorator that registers ``fn(view)``, a generator of hits, under a stable id such as ``R101-no-positive``.

    Raises DuplicateNameError when the number is taken.
    """

    def put(fn: Check) -> Check:
        if not _ID.fullmatch(id) or any(known[:4] == id[:4] for known in RULES):
            raise DuplicateNameError(f"the rule id {id!r} is taken, or not of the form R123-some-words")
        RULES[id] = Rule(id, severity, what, why, repair, source, fn)
        return fn

    return put


def quoted(text: str, most: int = 60) -> str:
    """``text`` on one line in quotes, cut at ``most`` characters."""
    flat = " ".join(text.split())
    return f"'{flat if len(flat) <= most else flat[: most - 3] + '...'}'"
