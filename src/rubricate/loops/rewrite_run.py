"""Criteria that are right in some labelled pairs and wrong in too many, worded anew by a model and tried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import CallError
from rubricate.judges.base import Judge
from rubricate.llm.client import Client
from rubricate.loops.carry import carried_over, rows_of
from rubricate.loops.recover import LabelledPair
from rubricate.loops.refine_run import judge_criteria, judged_of
from rubricate.pipeline import Result
from rubricate.refine import CriterionTracker, Refined, ShownPair, matches, reworded
from rubricate.refine.evidence import View
from rubricate.refine.tracker import REWRITE
from rubricate.rubrics.model import Criterion, Rubric


class Rewriter(Protocol):
    """Words a criterion anew; ``LlmRewriter`` is one."""

    async def rewrite(
        self, text: str, wrong: Sequence[ShownPair], right: Sequence[ShownPair] = (), others: Sequence[str] = ()
    ) -> str:
        """The new wording; CallError when there is none."""
        ...


async def rewrite_rubrics(
    result: Result,
    rubrics: Mapping[str, Rubric],
    pairs: Mapping[str, Sequence[LabelledPair]],
    rewriter: Rewriter,
    judge: Judge,
    client: Client | None,
    *,
    tracker: CriterionTracker | None = None,
    on_criterion: Callable[[str], None] | None = None,
) -> dict[str, Refined]:
    """Word anew what ``tracker`` puts in the band between: right in more than ``drop`` and less than ``keep`` of its
    pairs, over ``min_votes`` or more.

    The writer sees pairs that the criterion got wrong and some that it got right. A new wording is judged on the
    answers of the ``pairs`` and taken only when it is right in more of them than the old one was; a reply that fails
    changes nothing. Criteria of programs, gates and steps of a sequence are left alone. Card 94.
    """
    places, done = rows_of(result), {}
    tracker = tracker or CriterionTracker()
    for name, rubric in rubrics.items():
        view = View(rubric, judged_of(result, rubric, places[name], pairs.get(name, ())))
        votes = matches(view.gap, ties="missing")
        texts: dict[str, str] = {}
        reasons: dict[str, str] = {}
        for j, (leaf, band) in enumerate(zip(view.leaves, tracker.bands(votes.T).band, strict=True)):
            if band != REWRITE or leaf.verifier is not None or leaf.kind != "llm" or j in view.protected:
                continue
            shown = [ShownPair(_task(p), p.better, p.worse) for p in pairs[name]]
            wrong, right = ([shown[k] for k in np.flatnonzero(votes[:, j] == side)] for side in (0.0, 1.0))
            others = [texts.get(c.id, c.text) for c in view.leaves if c.id != leaf.id]
            try:
                text = await rewriter.rewrite(leaf.text, wrong, right, others)
            except CallError as error:
                reasons[leaf.id] = f"no new wording ({error.state}), so it stays"
                continue
            new = await _tried(result, rubric, leaf, text, pairs[name], judge, client)
            reasons[leaf.id] = _said(votes[:, j], new)
            if _better(votes[:, j], new, tracker.min_votes):
                texts[leaf.id] = text
            if on_criterion is not None:
                on_criterion(leaf.id)
        done[name] = reworded(rubric, texts, reasons)
    return done


def _task(pair: LabelledPair) -> str:
    return "\n\n".join(m.content for m in pair.prompt)


async def _tried(
    result: Result, rubric: Rubric, leaf: Criterion, text: str, pairs: Sequence[LabelledPair], judge: Judge,
    client: Client | None,
) -> Floats:  # fmt: skip
    """Whether the new wording is right in each pair, [Q]; the criterion alone stands in for the rubric."""
    alone = rubric.model_copy(update={"criteria": (leaf.model_copy(update={"text": text}),), "locked": None})
    empty = carried_over(result, [alone])
    judged = judged_of(empty, alone, rows_of(empty)[alone.id], pairs)
    sides = np.concatenate([judged.better, judged.worse])
    rows = np.unique(sides[sides >= 0])
    samples = [empty.samples[rows_of(empty)[alone.id][k]] for k in rows]
    fresh = await judge_criteria(alone, alone.leaves, samples, judge, client)
    tried = carried_over(empty, [alone], fresh=fresh)
    view = View(alone, judged_of(tried, alone, rows_of(tried)[alone.id], pairs))
    return np.asarray(matches(view.gap, ties="missing")[:, 0])


def _better(old: Floats, new: Floats, least: int) -> bool:
    decided = int((~np.isnan(new)).sum())
    return decided >= least and float(np.nanmean(new)) > float(np.nanmean(old))


def _said(old: Floats, new: Floats) -> str:
    return f"right in {_of(old)} pairs, as worded anew in {_of(new)}"


def _of(match: Floats) -> str:
    known = match[~np.isnan(match)]
    return f"{known.mean():.0%} of {len(known)}" if len(known) else "none of 0"
