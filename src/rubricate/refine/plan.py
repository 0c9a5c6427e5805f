"""A rubric refined by recorded verdicts: the filters in one order, a decision with its reason for every criterion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rubricate.refine.evidence import Evidence, Judged, View
from rubricate.refine.human import Decision
from rubricate.refine.reasons import CHECKS, STEPS, RefineSettings, Said, Standing
from rubricate.refine.rebuild import rebuild, versioned
from rubricate.refine.whitening import whitened_weights
from rubricate.rubrics.denominators import flat_of
from rubricate.rubrics.model import Criterion, Rubric

NOTHING, DEFAULT = Evidence(), RefineSettings()


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one criterion: ``action`` is kept, dropped, split, added, rewritten or reweighted.

    ``step`` decided it, for ``reason``, on the word of ``source``; a kept criterion has a reason where a step found
    something and did not decide. ``weight`` and ``text`` are new ones, ``parts`` the ids that a split one became, and
    ``shown`` is its text before.
    """

    criterion: str
    action: str = "kept"
    step: str = ""
    reason: str = ""
    source: str = ""
    weight: float | None = None
    text: str = ""
    parts: tuple[str, ...] = ()
    shown: str = ""
    evidence: Evidence = NOTHING


@dataclass(frozen=True)
class Refined:
    """A rubric ``before``, and the ``rubric`` after its ``changes`` (one per criterion, in order); ``notes`` say which
    steps could not be taken."""

    before: Rubric
    rubric: Rubric
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    def then(self, later: Refined) -> Refined:
        """Both refinements as one: ``later`` began with the rubric of this one."""
        after = {c.criterion: c for c in later.changes}
        own = {c.criterion for c in self.changes}
        changes: list[Change] = []
        for change in self.changes:
            changes.append(_joined(change, after[change.criterion]) if change.criterion in after else change)
            changes += [after[part] for part in changes[-1].parts if part not in own]
        rubric = versioned(self.before, later.rubric, changes)
        return Refined(self.before, rubric, tuple(changes), tuple(dict.fromkeys([*self.notes, *later.notes])))

    def count(self, action: str) -> int:
        """How many criteria this became of."""
        return sum(c.action == action for c in self.changes)


def refine_rubric(rubric: Rubric, judged: Judged, settings: RefineSettings = DEFAULT) -> Refined:
    """Take the steps of ``settings`` in the order of ``STEPS`` over the verdicts of one rubric; nothing is asked.

    First goes what cannot be judged or never varies, then of two that repeat or contradict each other the one that
    labels, weight or verdicts speak less for, then what labels speak against; ``weights`` comes last. A step looks only
    at what the steps before it left. What a fit finds weightless stays when its own pairs speak for it. Gates,
    deductions and steps of a sequence are never dropped, nor is anything by a step that would leave no criterion of
    positive weight; what was found is said instead. ShapeError when the columns of ``judged`` are not the leaves of
    ``rubric``.

    >>> rubric = Rubric(id="r", criteria=[{"id": i, "text": f"{i}."} for i in "abc"])
    >>> x = np.array([[1, 1, 1], [0, 0, 1]] * 20, dtype=float)
    >>> done = refine_rubric(rubric, Judged(x, x >= 0, np.zeros(40, dtype=int)))
    >>> [(c.criterion, c.action, c.step) for c in done.changes]
    [('a', 'kept', ''), ('b', 'dropped', 'redundant'), ('c', 'dropped', 'constant')]
    """
    view = View(rubric, judged)
    at = Standing(view, settings)
    changes = {
        leaf.id: Change(leaf.id, shown=leaf.text, evidence=found, reason="" if found.asked else "never judged here")
        for leaf, found in zip(view.leaves, view.evidence, strict=True)
    }
    notes: list[str] = []
    for step in (s for s in STEPS if s in settings.steps):
        if step == "weights":
            notes += _reweigh(at, changes)
            continue
        check, source = CHECKS[step]
        notes += _take(at, changes, step, source, check(at))
    return _made(rubric, list(changes.values()), {}, notes)


def after_review(refined: Refined, decisions: Iterable[Decision]) -> Refined:
    """``refined`` after a person's decisions on the criteria of its rubric: accepted, rejected, or worded anew."""
    made = {d.criterion: d for d in decisions}
    changes = []
    for leaf in refined.rubric.leaves:
        own, found = Change(leaf.id, shown=leaf.text), made.get(leaf.id)
        if found is not None and found.action == "reject":
            own = replace(own, action="dropped", step="person", reason=found.reason or "rejected", source="a person")
        elif found is not None and found.action == "edit" and found.after != leaf.text:
            own = replace(own, action="rewritten", step="person", reason="worded anew", source="a person")
            own = replace(own, text=found.after)
        changes.append(own)
    if all(c.action == "dropped" for c in changes):
        changes = [replace(c, action="kept", reason="rejected, but nothing else is left") for c in changes]
    return refined.then(_made(refined.rubric, changes, {}))


def divided(rubric: Rubric, parts: Mapping[str, tuple[Criterion, ...]], reasons: Mapping[str, str]) -> Refined:
    """``rubric`` with the criteria of ``parts`` split into theirs; ``reasons`` say how it went, by criterion."""
    changes: list[Change] = []
    for leaf in rubric.leaves:
        own = Change(leaf.id, step="split" if leaf.id in reasons else "", reason=reasons.get(leaf.id, ""))
        own = replace(own, shown=leaf.text, source="card 17" if own.step else "")
        if leaf.id in parts:
            own = replace(own, action="split", parts=tuple(c.id for c in parts[leaf.id]))
        changes.append(own)
        changes += [
            Change(c.id, "added", "split", f"part of {leaf.id}", "card 17", shown=c.text)
            for c in parts.get(leaf.id, ())
        ]
    return Refined(rubric, rebuild(rubric, changes, parts), tuple(changes))


def reworded(rubric: Rubric, texts: Mapping[str, str], reasons: Mapping[str, str]) -> Refined:
    """``rubric`` with the criteria of ``texts`` worded anew; ``reasons`` say how it went, by criterion."""
    changes = []
    for leaf in rubric.leaves:
        own = Change(leaf.id, reason=reasons.get(leaf.id, ""), shown=leaf.text)
        if leaf.id in reasons:
            own = replace(own, step="rewrite", source="card 94")
        if leaf.id in texts:
            own = replace(own, action="rewritten", text=texts[leaf.id])
        changes.append(own)
    return _made(rubric, changes, {})


def _made(
    before: Rubric, changes: Sequence[Change], parts: Mapping[str, tuple[Criterion, ...]], notes: Sequence[str] = ()
) -> Refined:
    after = versioned(before, rebuild(before, changes, parts), changes)
    return Refined(before, after, tuple(changes), tuple(notes))


def _joined(first: Change, second: Change) -> Change:
    """One change out of two in a row; what the later one decided stands, on the newer evidence."""
    evidence = second.evidence if second.evidence.judged else first.evidence
    if first.action in ("dropped", "split"):
        return first
    if second.action == "kept":
        said = second if second.reason and first.action == "kept" else first
        return replace(said, shown=first.shown, evidence=evidence)
    if second.action == "reweighted" and first.action in ("added", "rewritten"):
        return replace(first, weight=second.weight, evidence=evidence)
    return replace(second, evidence=evidence, shown=first.shown, weight=second.weight or first.weight)


def _take(at: Standing, changes: dict[str, Change], step: str, source: str, said: Said) -> list[str]:
    """Carry out what a step said; the notes that come of it."""
    fixed = at.view.protected
    noted = said.noted | {j: f"{why}; it is {fixed[j]}, so it stays" for j, why in said.dropped.items() if j in fixed}
    dropped = {j: why for j, why in said.dropped.items() if j not in fixed}
    left = at.alive.copy()
    left[list(dropped)] = False
    notes = [f"{step}: {said.skipped}"] if said.skipped else []
    if dropped and not (left & (at.view.columns.weights > 0)).any():
        notes.append(f"{step}: would leave no criterion of positive weight, so it drops nothing")
        noted, dropped = noted | {j: f"{why}; nothing else is left" for j, why in dropped.items()}, {}
    at.alive[list(dropped)] = False
    for action, reasons in (("dropped", dropped), ("kept", noted)):
        for j, why in reasons.items():
            changes[at.name(j)] = replace(changes[at.name(j)], action=action, step=step, reason=why, source=source)
    return notes


def _reweigh(at: Standing, changes: dict[str, Change]) -> list[str]:
    """New weights for what is left, with the old sum of sizes and the old signs; gates keep theirs."""
    view, rubric = at.view, at.view.rubric
    own = np.array([j for j in at.places if j not in view.protected], dtype=np.int64)
    flat = flat_of(rubric.policy)
    if any(c.children for c in rubric.criteria) or flat is None or not flat.weighted or flat.class_weights:
        return ["weights: the policy or the tree of this rubric does not read the weights of a flat list"]
    rows = int((~np.isnan(view.good[:, own])).any(1).sum()) if len(own) else 0
    if len(own) < 2 or rows < at.settings.min_rows:
        return [f"weights: {len(own)} criteria over {rows} answers are too few"]
    share = whitened_weights(view.good[:, own])
    silent = own[share <= 0]
    own, share = own[share > 0], share[share > 0]
    old = view.columns.weights[own]
    new = np.sign(old) * (np.abs(old).sum() * share / share.sum()).round(4)
    for j, before, after in zip(own.tolist(), old.tolist(), new.tolist(), strict=True):
        change = changes[at.name(j)]
        if after not in (before, 0.0):
            said = f"it was {before:g}; shared evidence counts once".replace("-", "−")
            reason = "; ".join(filter(None, (said, change.reason)))
            changes[at.name(j)] = replace(
                change, action="reweighted", step="weights", reason=reason, source="card 17", weight=after
            )
    names = ", ".join(at.name(int(j)) for j in silent)
    return [f"weights: hardly ever varying, so with their old weight: {names}"] if names else []
