"""Criteria reviewed by a person at a terminal: accept, reject or edit, one decision a line, to be taken up again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from rubricate.errors import DataError, SettingError
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Provenance

ACTIONS = {"a": "accept", "r": "reject", "e": "edit"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a criterion: the ``text`` that was shown, the ``action``, the text ``after``, and why."""

    criterion: str
    text: str
    action: str
    after: str
    reason: str = ""


def review(
    criteria: Sequence[tuple[str, str]], record: str | Path, source: TextIO, screen: TextIO
) -> tuple[Decision, ...]:
    """Ask about each (id, text) that ``record`` does not hold yet; all decisions on these criteria so far, in order.

    The answers come from ``source``: a, r or e, then the new text for e or a reason for r (may be empty), a line each;
    q or the end of input stops, and the next call goes on there. A decision is written before the next question is
    asked. A criterion whose text changed since is asked about again. DataError for a record that cannot be read,
    SettingError for doubled ids.

    >>> import io, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "review.jsonl")
    >>> typed = io.StringIO("e\\nIs right.\\nq\\n")
    >>> found = review([("c1", "Is good."), ("c2", "Names a source.")], path, typed, io.StringIO())
    >>> [(d.criterion, d.action, d.after) for d in found]
    [('c1', 'edit', 'Is right.')]
    """
    ids = [name for name, _ in criteria]
    if len(set(ids)) < len(ids):
        raise SettingError("two criteria have one id", where="criteria", expected="ids that are all different")
    path = Path(record)
    made = {(d.criterion, d.text): d for d in _read(path)}
    for name, text in criteria:
        if (name, text) in made:
            continue
        print(f"[{len(made) + 1}] {name}: {text}", file=screen)
        decision = _asked(name, text, source, screen)
        if decision is None:
            break
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(decision), ensure_ascii=False) + "\n")
        made[name, text] = decision
    return tuple(made[pair] for pair in criteria if pair in made)


def reviewed(rubric: Rubric, decisions: Sequence[Decision]) -> Rubric:
    """The rubric after its review: rejected criteria are gone, edited ones reworded, both kinds marked as reviewed.

    A decision counts for the criterion with its id and the text that was shown; one about another text (changed since)
    does nothing, and neither is a criterion without a decision marked. A theme goes when all below it went. The result
    is not locked. DataError when nothing is left.
    """
    made = {(d.criterion, d.text): d for d in decisions}
    kept = tuple(c for c in (_after(c, made) for c in rubric.criteria) if c is not None)
    if not kept:
        raise DataError("every criterion was rejected", where=f"rubric {rubric.id!r}", expected="one that is accepted")
    return rubric.model_copy(update={"criteria": kept, "locked": None})


def _after(criterion: Criterion, made: Mapping[tuple[str, str], Decision]) -> Criterion | None:
    decision = made.get((criterion.id, criterion.text))
    if decision is not None and decision.action == "reject":
        return None
    children = tuple(c for c in (_after(c, made) for c in criterion.children) if c is not None)
    if criterion.children and not children:
        return None
    if decision is None:
        return criterion.model_copy(update={"children": children})
    origin = (criterion.provenance or Provenance()).model_copy(update={"reviewed": True})
    return criterion.model_copy(update={"text": decision.after, "children": children, "provenance": origin})


def _asked(name: str, text: str, source: TextIO, screen: TextIO) -> Decision | None:
    """The decision on one criterion; None when the session ends."""
    while True:
        print("accept, reject, edit, quit? [a/r/e/q]", file=screen)
        line = source.readline()
        key = line.strip().lower()[:1]
        if not line or key == "q":
            return None
        if key == "a":
            return Decision(name, text, "accept", text)
        if key == "r":
            print("why? (may be empty)", file=screen)
            return Decision(name, text, "reject", "", source.readline().strip())
        if key == "e":
            print("new text:", file=screen)
            after = source.readline().strip()
            if after:
                return Decision(name, text, "edit", after)


def _read(path: Path) -> Iterator[Decision]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found = Decision(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise DataError(
                f"this is no decision ({error})", where=f"{path}:{number}", expected="a line that review wrote",
                hint="Remove the line to be asked about its criterion again",
            ) from None  # fmt: skip
        if found.action not in ACTIONS.values():
            raise DataError(
                f"the action is {found.action!r}", where=f"{path}:{number}", expected="accept, reject or edit"
            )
        yield found
