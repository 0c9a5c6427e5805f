"""A meta-rubric that evolves: principles about criteria, searched by how well they foretell what a person accepts.

Card 8 (OpenRS, arXiv 2602.14069) evolves its general meta-rubric and lets people edit the domain ones. Here a person's
decisions (``refine.review``) are the outcome, criteria are what is judged, principles are what they are judged by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rubricate.arrays import Floats
from rubricate.errors import CallError, SettingError
from rubricate.judges.base import Judge
from rubricate.judges.engine import judge_all
from rubricate.llm.client import Client
from rubricate.llm.sync import run_sync
from rubricate.refine.evolve import ExternalFit, RubricSearch, Searched
from rubricate.refine.human import Decision
from rubricate.refine.principles import LlmPrinciples
from rubricate.rubrics.model import Rubric
from rubricate.scoring import pack_samples
from rubricate.types import Message, Sample

TASK = "Is this a good criterion for judging answers? The response is the criterion."


class MetaSearched(NamedTuple):
    """The ``principles`` that foretell best, the ``search`` behind them, how often the writer ``failed``."""

    principles: tuple[str, ...]
    search: Searched
    failed: int


def search_meta_rubric(
    principles: Sequence[str],
    decisions: Sequence[Decision],
    judge: Judge,
    client: Client,
    writer: LlmPrinciples,
    rng: np.random.Generator,
    *,
    search: RubricSearch | None = None,
    show: float = 0.3,
) -> MetaSearched:
    """``RubricSearch`` from ``principles``: a model improves them, ``judge`` applies them, people decide.

    The outcome is 1 for a text that was accepted and 0 for one that was rejected; an edit is a 0 for the text before
    and a 1 for the text after. A share ``show`` of the decisions is what the writer sees, with reasons; the fit, its
    validation and its test (``search.test``: losses of the start and of the best) use the others only. A verdict that
    is missing leaves its criterion out of a fit. Blocks; not to be called inside a running event loop. SettingError for
    fewer than 8 decisions or only one kind.
    """
    order = rng.permutation(len(decisions))
    seen = [decisions[k] for k in order[: int(len(decisions) * show)]]
    rows = [row for k in order[len(seen) :] for row in _rows(decisions[k])]
    target = np.array([accepted for _, accepted in rows], dtype=np.float64)
    if len(decisions) < 8 or len(set(target.tolist())) < 2 or not seen:
        raise SettingError(
            f"{len(decisions)} decisions, {len(seen)} of them to be shown",
            expected="8 or more of both kinds, some shown",
        )
    columns: dict[str, Floats] = {}
    failed = 0

    def scores(rubric: tuple[str, ...]) -> Floats:
        new = [p for p in rubric if p not in columns]
        if new:
            found = run_sync(_judged(new, [text for text, _ in rows], judge, client))
            columns.update(zip(new, found.T, strict=True))
        return np.column_stack([columns[p] for p in rubric])

    def mutate(rubric: tuple[str, ...], rng: np.random.Generator) -> Sequence[str]:
        nonlocal failed
        picked = [seen[k] for k in sorted(rng.permutation(len(seen))[:12])]
        try:
            return run_sync(writer.improve(rubric, picked))
        except CallError:
            failed += 1
            return ()

    part = search or RubricSearch(fit=ExternalFit("logit"))
    found = part.run(principles, mutate, scores, target, rng)
    return MetaSearched(found.best, found, failed)


def _rows(decision: Decision) -> list[tuple[str, float]]:
    if decision.action == "edit":
        return [(decision.text, 0.0), (decision.after, 1.0)]
    return [(decision.text, float(decision.action == "accept"))]


async def _judged(principles: Sequence[str], texts: Sequence[str], judge: Judge, client: Client) -> Floats:
    rows = [{"id": f"p{k}", "text": p} for k, p in enumerate(principles, 1)]
    rubric = Rubric.model_validate({"id": "meta", "criteria": rows})
    samples = [Sample(f"m{k}", (Message("user", TASK),), text, rubric="meta") for k, text in enumerate(texts)]
    judged = await judge_all(judge, samples, rubric, client)
    return pack_samples(samples, {"meta": rubric}, judged).values
