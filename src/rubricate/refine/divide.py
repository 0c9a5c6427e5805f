"""Criteria of a rubric that too many answers satisfy, split by a model into finer ones that pass the filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, as_floats, check
from rubricate.refine.decompose import Clash, Decomposed, DecomposeFilter, Judge, Splitter
from rubricate.refine.evidence import in_sequence
from rubricate.refine.plan import Refined, divided
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.rubrics.records import Provenance

OnCriterion = Callable[[str], None]


async def divide(
    rubric: Rubric,
    verdicts: ArrayLike,
    judge: Judge,
    splitter: Splitter,
    *,
    decompose: DecomposeFilter | None = None,
    clash: Clash | None = None,
    on_criterion: OnCriterion | None = None,
) -> Refined:
    """Split the criteria of ``rubric`` that more than ``decompose.satisfied_gt`` of A answers satisfy.

    ``verdicts[C, A]`` in [0, 1] are those on the leaves (met, not good for the reward), NaN where missing;
    ``judge(texts)`` gives them for new texts. Only yes/no criteria of positive weight that a judge decides are split,
    gates and steps of a sequence not. The parts share the weight of their parent evenly. A criterion stays when no
    part is accepted, and when a reply or a verdict on one of them is missing: what failed drops nothing. ``clash`` as
    in ``DecomposeFilter``; it sees the other criteria too. Card 17.
    """
    table = as_floats(verdicts, "verdicts")
    check(verdicts=(table, "C A"), leaves=(np.zeros(len(rubric.leaves)), "C"))
    decompose = decompose or DecomposeFilter()
    known = {leaf.text: row for leaf, row in zip(rubric.leaves, table, strict=True)}
    ordered = in_sequence(rubric)
    parts: dict[str, tuple[Criterion, ...]] = {}
    reasons: dict[str, str] = {}
    for leaf in rubric.leaves:
        if not can_split(leaf) or leaf.id in ordered or (known[leaf.text] >= 0.5).sum() <= decompose.satisfied_gt:
            continue
        others = _others(rubric, parts, leaf)
        around = _Around(splitter, clash, others)
        done = await decompose.run([leaf.text], _Known(known, judge), around, clash=around.clash if clash else None)
        taken = {c.id for c in rubric.walk()} | {c.id for made in parts.values() for c in made}
        open_ends = _open_ends(done)
        parts_of_it = () if open_ends else tuple(t for t in done.accepted if t != leaf.text)
        if parts_of_it:
            parts[leaf.id] = _children(leaf, parts_of_it, taken)
        reasons[leaf.id] = _said(int((known[leaf.text] >= 0.5).sum()), table.shape[1], parts_of_it, done, open_ends)
        if on_criterion is not None:
            on_criterion(leaf.id)
    return divided(rubric, parts, reasons)


def can_split(leaf: Criterion) -> bool:
    """Whether parts can stand in for a criterion: yes/no, of positive weight, decided by a judge, no gate."""
    plain = leaf.kind == "llm" and leaf.verifier is None and leaf.scale.kind == "binary" and not leaf.bad_if_met
    return plain and leaf.weight > 0 and not leaf.required and leaf.deduction is None and not leaf.void_parent


def _others(rubric: Rubric, parts: dict[str, tuple[Criterion, ...]], leaf: Criterion) -> list[str]:
    """The texts that stand beside a criterion: split ones by their parts."""
    return [c.text for other in rubric.leaves if other.id != leaf.id for c in parts.get(other.id, (other,))]


def _children(leaf: Criterion, texts: Sequence[str], taken: set[str]) -> tuple[Criterion, ...]:
    made: list[Criterion] = []
    depth = (leaf.provenance.depth if leaf.provenance else 0) + 1
    for text in texts:
        number = 1
        while f"{leaf.id}-{number}" in taken:
            number += 1
        taken.add(f"{leaf.id}-{number}")
        source = Provenance(generator="refine.split", parent=leaf.id, depth=depth)
        update = {
            "id": f"{leaf.id}-{number}", "text": text, "weight": round(leaf.weight / len(texts), 6), "title": "",
            "rationale": "", "examples": (), "evidence": (), "stats": None, "provenance": source,
        }  # fmt: skip
        made.append(leaf.model_copy(update=update))
    return tuple(made)


def _open_ends(done: Decomposed) -> list[str]:
    """What a missing reply or verdict left undecided: with one of these a criterion is not replaced by its parts."""
    lost = [f"{text!r}: {why}" for text, why in done.rejected if why.startswith(("could not be split", "no verdict"))]
    return [*lost, *(f"{text!r}: {why}" for text, why in done.undecided), *(f"{t!r}: not looked at" for t in done.left)]


def _said(met: int, answers: int, parts: Sequence[str], done: Decomposed, open_ends: Sequence[str]) -> str:
    whole = f"met by {met} of {answers} answers"
    if open_ends:
        return f"{whole}; not decided, so it stays ({'; '.join(open_ends)})"
    refused = "; ".join(f"{text!r}: {why}" for text, why in done.rejected)
    more = f" (not taken: {refused})" if refused else ""
    if parts:
        return f"{whole}: split in {len(parts)}{more}" if len(parts) > 1 else f"{whole}: made finer{more}"
    return f"{whole}, and no part of it passed{more}"


@dataclass
class _Known:
    """Verdicts that are recorded, by text; new texts are judged."""

    known: dict[str, Floats]
    judge: Judge

    async def __call__(self, texts: Sequence[str]) -> ArrayLike:
        new = [t for t in texts if t not in self.known]
        if new:
            found = as_floats(await self.judge(new), "verdicts")
            self.known |= dict(zip(new, found, strict=True))
        return np.array([self.known[t] for t in texts])


@dataclass
class _Around:
    """A splitter and a clash that see the criteria that stand beside the one that is split."""

    splitter: Splitter
    inner: Clash | None
    others: list[str] = field(default_factory=list)

    async def split(self, text: str, answers: Sequence[int], accepted: Sequence[str]) -> Sequence[str]:
        return await self.splitter.split(text, answers, [*self.others, *accepted])

    async def clash(self, text: str, accepted: Sequence[str]) -> str:
        assert self.inner is not None
        return await self.inner(text, [*self.others, *accepted])
