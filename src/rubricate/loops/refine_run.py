"""The rubrics of a judged run refined by its verdicts: what each filter sees, halves of pairs, splits by a model."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from rubricate.arrays import Bools, Floats, Ints
from rubricate.errors import UnknownNameError
from rubricate.judges.base import Judge
from rubricate.judges.engine import Collector, Question, judge_stream
from rubricate.llm.client import Client
from rubricate.loops.carry import rows_of
from rubricate.loops.pair_files import rows_of_pairs
from rubricate.loops.recover import LabelledPair
from rubricate.pipeline import Result
from rubricate.refine import DecomposeFilter, Judged, Refined, RefineSettings, Splitter, refine_rubric
from rubricate.refine.decompose import Clash
from rubricate.refine.divide import divide
from rubricate.rubrics.model import Criterion, Rubric
from rubricate.types import Sample, State, Verdict

ANSWERS = 8  # shown to the splitter, as in card 17
OnVerdicts = Callable[[tuple[Verdict, ...]], None]


class Split(NamedTuple):
    """Places in a list of pairs: those to decide by, those to report on, and whether a prompt is on both sides."""

    fit: Ints
    held_out: Ints
    shared: bool


def hold_out(pairs: Sequence[LabelledPair]) -> Split:
    """Half of the pairs kept apart, by prompt, the same ones every time.

    Prompts go in the order of a hash of their text, every second one is held out; all pairs of a prompt go together,
    because they share answers. Pairs of one prompt are halved themselves, and ``shared`` says so.
    """
    keys = [repr(p.prompt) if p.prompt else p.name for p in pairs]
    shared = len(set(keys)) < 2
    if shared:
        keys = [p.name for p in pairs]
    order = sorted(set(keys), key=lambda k: hashlib.sha256(k.encode("utf-8", "surrogatepass")).digest())
    away = set(order[1::2])
    out = np.array([k in away for k in keys], dtype=np.bool_)
    return Split(np.flatnonzero(~out), np.flatnonzero(out), shared and len(pairs) > 1)


def judged_of(
    result: Result, rubric: Rubric, rows: Ints, pairs: Sequence[LabelledPair] = (),
    models: tuple[str, str] | None = None,
) -> Judged:  # fmt: skip
    """The verdicts of ``result`` on one rubric, whose responses are at ``rows``, with the rows of its labelled pairs.

    ``models``: names (weak, strong) as the responses' metadata has them under ``model``; their answers to one prompt
    are laid side by side, first with first. UnknownNameError for a name that no response has.
    """
    width, samples = len(rubric.leaves), [result.samples[k] for k in rows]
    better, worse = rows_of_pairs(pairs, samples, rubric.id)
    weak, strong = _sides(samples, models) if models else (better[:0], better[:0])
    scores = result.scores
    return Judged(
        scores.values[rows][:, :width], scores.asked[rows][:, :width], scores.group[rows], better, worse,
        strong=strong, weak=weak,
    )  # fmt: skip


def _sides(samples: Sequence[Sample], models: tuple[str, str]) -> tuple[Ints, Ints]:
    seen = {str(s.metadata.get("model", "")) for s in samples}
    for name in models:
        if name not in seen:
            raise UnknownNameError.among("model of a response (metadata.model)", name, seen - {""})
    table: dict[str, tuple[list[int], list[int]]] = {}
    for row, sample in enumerate(samples):
        model = str(sample.metadata.get("model", ""))
        for side, name in enumerate(models):
            if model == name:
                table.setdefault(sample.group, ([], []))[side].append(row)
    found = [pair for weak, strong in table.values() for pair in zip(weak, strong, strict=False)]
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def refine_result(
    result: Result, pairs: Mapping[str, Sequence[LabelledPair]], settings: RefineSettings,
    models: tuple[str, str] | None = None,
) -> dict[str, Refined]:  # fmt: skip
    """Every rubric of ``result`` refined by its verdicts and, where it has some, by its labelled ``pairs``."""
    rows = rows_of(result)
    return {
        name: refine_rubric(rubric, judged_of(result, rubric, rows[name], pairs.get(name, ()), models), settings)
        for name, rubric in result.rubrics.items()
    }


class SplitterOf(Protocol):
    """Makes the splitter for a prompt and the answers to it."""

    def __call__(self, prompt: str, answers: tuple[str, ...]) -> Splitter:
        """The splitter."""
        ...


async def divide_rubrics(
    result: Result,
    rubrics: Mapping[str, Rubric],
    splitter: SplitterOf,
    judge: Judge,
    client: Client | None,
    *,
    decompose: DecomposeFilter | None = None,
    clash: Clash | None = None,
    on_criterion: Callable[[str], None] | None = None,
    concurrency: int = 8,
) -> dict[str, Refined]:
    """The criteria of each rubric that tell few answers apart, split by a model, ``concurrency`` rubrics at a time.

    A splitter sees up to 8 answers to one prompt, the one with most of them; ``result`` holds their verdicts under
    ``rubrics``, new criteria are judged by ``judge``.
    """
    gate, places = asyncio.Semaphore(concurrency), rows_of(result)

    async def one(rubric: Rubric) -> Refined:
        rows = _of_one_prompt(result, places[rubric.id])[:ANSWERS]
        samples = [result.samples[k] for k in rows]
        met = _met(rubric, result.scores.values[rows][:, : len(rubric.leaves)])

        async def judged(texts: Sequence[str]) -> Floats:
            criteria = tuple(Criterion(id=f"new-{k}", text=text) for k, text in enumerate(texts))
            fresh = await judge_criteria(rubric, criteria, samples, judge, client)
            return np.array([[_value(fresh, s.id, c.id) for s in samples] for c in criteria])

        shown = splitter(samples[0].task, tuple(s.response for s in samples))
        async with gate:
            return await divide(
                rubric, met.T, judged, shown, decompose=decompose, clash=clash, on_criterion=on_criterion
            )

    done = await asyncio.gather(*(one(rubric) for rubric in rubrics.values()))
    return dict(zip(rubrics, done, strict=True))


def _of_one_prompt(result: Result, rows: Ints) -> list[int]:
    """The rows of the prompt with most answers, the first of them where several have."""
    groups: dict[int, list[int]] = {}
    for k in rows.tolist():
        groups.setdefault(int(result.scores.group[k]), []).append(k)
    return max(groups.values(), key=len, default=[])


def _met(rubric: Rubric, values: Floats) -> Floats:
    """Verdicts as the judge gave them: criteria that are bad if met turned back."""
    flip: Bools = rubric.columns().flip
    return np.where(flip, 1.0 - values, values)


async def judge_criteria(
    rubric: Rubric,
    criteria: Sequence[Criterion],
    samples: Sequence[Sample],
    judge: Judge,
    client: Client | None,
    *,
    concurrency: int = 64,
    on_verdicts: OnVerdicts | None = None,
) -> dict[tuple[str, str], Verdict]:
    """Verdicts of ``judge`` on new ``criteria`` under the guidelines of ``rubric``, by (response, criterion)."""
    asked = rubric.model_copy(update={"criteria": tuple(criteria), "locked": None})
    collector = Collector()

    def keep(question: Question, verdicts: tuple[Verdict, ...]) -> None:
        collector.add(question, verdicts)
        if on_verdicts is not None:
            on_verdicts(verdicts)

    await judge_stream(judge, samples, {rubric.id: asked}, client, concurrency=concurrency, on_verdicts=keep)
    return {(s.id, v.criterion): v for s in samples for v in collector.judgement(s.id).verdicts}


def _value(fresh: Mapping[tuple[str, str], Verdict], sample: str, criterion: str) -> float:
    verdict = fresh[sample, criterion]
    return float("nan") if verdict.state is not State.SCORED or verdict.value is None else float(verdict.value)
