"""Ask judges whether a rubric recovers known preferences; the arrays go to ``refine.recovery``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rubricate.arrays import Floats, Scores, check
from rubricate.errors import SettingError
from rubricate.judges.base import Judge, PairJudge
from rubricate.judges.engine import Collector, Question, judge_stream
from rubricate.judges.pairs import compare_pairs
from rubricate.llm.client import Client
from rubricate.refine.recovery import matches, pair_margins
from rubricate.rubrics.model import Rubric
from rubricate.scoring import Policy, pack_samples, reward
from rubricate.types import Message, Sample, Usage, Verdict

OnVerdicts = Callable[[tuple[Verdict, ...]], None]
BLANK = "(The text of this answer is not shown.)"


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two responses to one prompt of which the first is known to be better; ``swap`` shows the worse one first.

    Half of the pairs of a data set should be swapped (``as_pairs`` does so), or a judge that always says "first" is
    right by luck. ``rubric`` is the id of the rubric that the pair is for; empty for any.
    """

    prompt: tuple[Message, ...]
    better: str
    worse: str
    swap: bool = False
    name: str = ""
    rubric: str = ""

    def sides(self, neutral: bool = False) -> tuple[Sample, Sample]:
        """First and second side as they are shown; ``neutral`` hides what the answers say."""
        texts = (self.worse, self.better) if self.swap else (self.better, self.worse)
        if neutral:
            texts = (BLANK, BLANK)
        first, second = (
            Sample(f"{self.name}/{k}", self.prompt, text, self.name) for k, text in zip("ab", texts, strict=True)
        )
        return first, second


def as_pairs(pairs: Sequence[tuple[str, str, str]]) -> list[LabelledPair]:
    """Pairs from (prompt, better, worse), every second one swapped.

    >>> [p.swap for p in as_pairs([("q", "a", "b"), ("q", "c", "d")])]
    [False, True]
    """
    return [
        LabelledPair((Message("user", prompt),), better, worse, bool(k % 2), f"p{k}")
        for k, (prompt, better, worse) in enumerate(pairs)
    ]


class Recovered(NamedTuple):
    """Margins in favour of the better side, ``margin[R, Q]`` over rubrics and pairs; ``match`` 1, 0 or NaN; the cost.

    ``criteria[r]``: margins of each criterion of rubric r, float[Q, C]; empty when the judge compared wholes.
    """

    margin: Floats
    match: Floats
    criteria: tuple[Floats, ...]
    usage: Usage


async def recover(
    rubrics: Sequence[Rubric],
    pairs: Sequence[LabelledPair],
    judge: Judge | PairJudge,
    client: Client | None = None,
    *,
    policy: Policy = None,
    neutral: bool = False,
    ties: str = "miss",
    concurrency: int = 64,
    on_verdicts: OnVerdicts | None = None,
) -> Recovered:
    """How each rubric, in the hands of ``judge``, orders each pair.

    A pair judge compares the two sides under the rubric; a pointwise judge scores both, and the margin is the
    difference of their rewards under ``policy`` (the rubric's own when left out). ``neutral`` hides the answers: what
    is recovered then, the rubric gave away. ``on_verdicts`` gets the verdicts as they come. SettingError without
    rubrics or pairs.
    """
    if not rubrics or not pairs:
        raise SettingError(f"{len(rubrics)} rubrics and {len(pairs)} pairs", expected="at least one of each")
    rows, criteria, usage = [], [], Usage()
    for rubric in rubrics:
        if isinstance(judge, PairJudge):
            margin, spent = await _by_pairs(rubric, pairs, judge, client, neutral, concurrency, on_verdicts)
        else:
            margin, columns, spent = await _by_points(
                rubric, pairs, judge, client, policy, neutral, concurrency, on_verdicts
            )
            criteria.append(columns)
        rows.append(margin)
        usage += spent
    table = np.array(rows)
    return Recovered(table, matches(table, ties=ties), tuple(criteria), usage)


def _signs(pairs: Sequence[LabelledPair]) -> Floats:
    return np.array([-1.0 if p.swap else 1.0 for p in pairs])


async def _by_pairs(
    rubric: Rubric, pairs: Sequence[LabelledPair], judge: PairJudge, client: Client | None, neutral: bool,
    concurrency: int, on_verdicts: OnVerdicts | None,
) -> tuple[Floats, Usage]:  # fmt: skip
    samples = [replace(side, rubric=rubric.id) for pair in pairs for side in pair.sides(neutral)]
    places = np.arange(len(samples)).reshape(-1, 2)
    found = await compare_pairs(
        judge, places, samples, rubric, client, concurrency=concurrency, on_verdicts=on_verdicts
    )
    values = np.array([_mean_value(verdicts) for verdicts in found])
    usage = sum((v.usage for verdicts in found for v in verdicts if v.usage), Usage())
    return values * _signs(pairs), usage


def _mean_value(verdicts: Sequence[Verdict]) -> float:
    """The mean over what was compared; NaN when anything is missing: a part says nothing certain about the whole."""
    values = [np.nan if v.value is None else v.value for v in verdicts]
    return float(np.mean(values))


async def _by_points(
    rubric: Rubric, pairs: Sequence[LabelledPair], judge: Judge, client: Client | None, policy: Policy, neutral: bool,
    concurrency: int, on_verdicts: OnVerdicts | None,
) -> tuple[Floats, Floats, Usage]:  # fmt: skip
    samples = [replace(side, rubric=rubric.id) for pair in pairs for side in pair.sides(neutral)]
    collector, table = Collector(), {rubric.id: rubric}

    def keep(question: Question, verdicts: tuple[Verdict, ...]) -> None:
        collector.add(question, verdicts)
        if on_verdicts is not None:
            on_verdicts(verdicts)

    await judge_stream(judge, samples, table, client, concurrency=concurrency, on_verdicts=keep)
    judgements = [collector.judgement(s.id) for s in samples]
    scores = pack_samples(samples, table, judgements)
    first, second = np.arange(0, len(samples), 2), np.arange(1, len(samples), 2)
    signs = _signs(pairs)
    margin, columns = recorded_margins(scores, reward(scores, table, policy).values, first, second)
    return margin * signs, columns * signs[:, None], sum((j.usage for j in judgements), Usage())


def recorded_margins(scores: Scores, rewards: ArrayLike, better: ArrayLike, worse: ArrayLike) -> tuple[Floats, Floats]:
    """Margins of recorded verdicts towards the better side: of the rewards, ``[Q]``, of each criterion, ``[Q, C]``.

    ``better[Q]`` and ``worse[Q]`` are rows of ``scores``, -1 where a side was not judged: the pair is NaN. A criterion
    of negative weight counts turned round, so that a positive margin always speaks for the better side.
    """
    one, two = (np.asarray(side, dtype=np.int64) for side in (better, worse))
    check(better=(one, "Q"), worse=(two, "Q"))
    known = (one >= 0) & (two >= 0)
    good = np.where(scores.weights < 0, 1.0 - scores.values, scores.values)
    columns = np.where(known[:, None], good[one] - good[two], np.nan)
    return np.where(known, pair_margins(rewards, one, two), np.nan), columns
