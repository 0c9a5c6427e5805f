"""The listwise judge: the responses to one prompt beside each other, under masks that are drawn anew for every call."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import rubricate.judges.pair_layout as pair_layout
from rubricate.arrays import Floats
from rubricate.errors import SettingError
from rubricate.judges.asking import Asking
from rubricate.judges.base import WHOLE, settings_digest
from rubricate.judges.orders import content_key
from rubricate.judges.windows import align, overlapping, spread
from rubricate.llm.ask import Asked, Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.ladder import climb
from rubricate.llm.prompts import fill, prompt_digest, template
from rubricate.registry import register
from rubricate.rubrics.model import Rubric
from rubricate.seeds import generator
from rubricate.types import Message, Sample, State, Usage, Verdict

PARSER = "listwise-1"


class Ranking(NamedTuple):
    """What one reply says: score by mask, what is wrong by mask, and whether the ranking agrees with the scores."""

    scores: dict[str, float]
    problems: dict[str, str]
    consistent: bool


@register("judge", "listwise")
@dataclass(frozen=True)
class ListwiseJudge(Asking):
    """Scores all responses of a prompt in one call, ``calls`` times, each under a fresh permutation and fresh masks.

    Permutations are drawn from the contents of the responses, so they differ between groups of equal size, and a run
    can be repeated; in as many calls as there are responses everyone stands in every place once. The released code of
    card 82 shuffles with one fixed seed, which for a given n relabels position bias instead of averaging it out. More
    than ``window`` responses are split into windows that share ``overlap``, and the calls are aligned on what they
    share (``windows.align``). ``principle``: what to judge by; left empty, the rubric's criteria and guidelines. Scores
    are whole numbers from ``low`` to ``high``. Cards 39, 82.

    A verdict's value is the mean of its scores, ``spread`` their standard deviation. ``order`` ends in "inconsistent"
    when the ranking of a call contradicts its scores (the scores are kept). A response that no call scored is a state.
    """

    calls: int = 2
    window: int = 5
    overlap: int = 2
    low: int = 1
    high: int = 5
    principle: str = ""
    order_seed: int = 0

    def __post_init__(self) -> None:
        if self.calls < 1 or self.window < 2 or not self.low < self.high or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="calls >= 1, window >= 2, low < high, reasks >= 0")
        overlapping(2, self.window, self.overlap)

    @property
    def digest(self) -> str:
        """Settings, prompt text and parser version."""
        return _digest(self)

    async def rank(self, samples: Sequence[Sample], rubric: Rubric, client: Client | None) -> tuple[Verdict, ...]:
        """One verdict about each response, in their order; the usage of all calls is on the first."""
        if client is None:
            raise SettingError("this judge calls a model and got no client", expected="client=HttpClient(...)")
        if not samples:
            return ()
        heard = _Heard(len(samples))
        for shown in self.plan(samples):
            request = self.request([samples[i] for i in shown], rubric)
            reading = _Reading(self, len(shown))
            heard.add(shown, reading, await ask(client, request, reading.read, reasks=self.reasks))
        return heard.verdicts(self.digest)

    def plan(self, samples: Sequence[Sample]) -> list[tuple[int, ...]]:
        """Which responses each call shows, and in which order: ``calls`` permutations, each cut into windows.

        Every n calls are one drawn permutation, rotated by each number of places once, in a drawn order: no two of them
        are alike, and everyone stands in every place once. It all depends on the contents alone: another order of the
        same samples is shown to the model in the same way.
        """
        n, keys = len(samples), [content_key(s) for s in samples]
        base = sorted(range(n), key=keys.__getitem__)
        windows = overlapping(n, self.window, self.overlap)
        shown = []
        for call in range(self.calls):
            rng = generator(self.order_seed, "masks", call // n, samples[0].task, *(keys[i] for i in base))
            order = np.roll(rng.permutation(n), rng.permutation(n)[call % n])
            shown += [tuple(base[order[k]] for k in window) for window in windows]
        return shown

    def request(self, shown: Sequence[Sample], rubric: Rubric) -> Request:
        """The request for some responses in the order in which they are shown, masked as 1, 2, ..."""
        principle = self.principle or pair_layout.weighed(rubric)
        values = {"low": str(self.low), "high": str(self.high), "principle": principle}
        blocks = pair_layout.shared_blocks(tuple(shown))
        for mask, sample in enumerate(shown, 1):
            blocks += pair_layout.response_blocks(sample, str(mask))
        text = pair_layout.fence_blocks(blocks, self.fence_key)
        return self.to_request(
            (Message("system", fill(template("listwise"), values)), Message("user", text)),
        )


@functools.lru_cache(maxsize=256)
def _digest(judge: ListwiseJudge) -> str:
    return settings_digest(judge, prompt_digest(template("listwise")), PARSER)


def read_ranking(text: str, masks: Sequence[str], low: float, high: float) -> Ranking | Problem:
    """Scores and ranking of a reply ``{"scores": {mask: number}, "ranking": [mask, ...]}``.

    A mask that is left out, doubled, or has a score that was never offered is a problem of that mask alone; masks that
    nobody asked for are ignored. ``consistent`` needs a ranking of every mask once that puts no lower score first.

    >>> read_ranking("{'scores': {1: 4, 2: 2}, 'ranking': [1, 2]}", ["1", "2"], 1, 5)
    Ranking(scores={'1': 4.0, '2': 2.0}, problems={}, consistent=True)
    """
    found = climb(text, "scores")
    if found is None or not isinstance(found.value["scores"], dict):
        return Problem("the reply holds no complete JSON object with 'scores'")
    table, scores, problems = found.value["scores"], {}, {}
    for mask in masks:
        score = _score(table.get(mask), low, high)
        if mask in found.doubled or "scores" in found.doubled:
            problems[mask] = "scored twice"
        elif mask not in table:
            problems[mask] = "left out of the scores"
        elif score is None:
            problems[mask] = "the score was never offered"
        else:
            scores[mask] = score
    return Ranking(scores, problems, _consistent(found.value.get("ranking"), scores, masks))


def _score(value: Any, low: float, high: float) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if low <= value <= high and float(value).is_integer() else None


def _consistent(ranking: Any, scores: Mapping[str, float], masks: Sequence[str]) -> bool:
    if not isinstance(ranking, list):
        return False
    order = [str(mask) for mask in ranking]
    ranked = [scores[mask] for mask in order if mask in scores]
    return sorted(order) == sorted(masks) and all(a >= b for a, b in zip(ranked, ranked[1:], strict=False))


class _Reading:
    """The replies to one call; the last one that held any score is kept, for what it says."""

    def __init__(self, judge: ListwiseJudge, size: int) -> None:
        self.judge, self.masks = judge, [str(k) for k in range(1, size + 1)]
        self.best: Ranking | None = None

    def read(self, reply: Reply) -> Ranking | Problem:
        """The ranking when it scores every mask, else what is wrong."""
        found = read_ranking(reply.text, self.masks, self.judge.low, self.judge.high)
        if isinstance(found, Problem):
            return found
        if found.scores:
            self.best = found
        if found.problems:
            return Problem("; ".join(f"[{mask}] {what}" for mask, what in found.problems.items()))
        return found


class _Heard:
    """What the calls about one group gave."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.rows: list[Floats] = []
        self.shown, self.attempts = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.usage = Usage()
        self.inconsistent = np.zeros(n, dtype=np.int64)
        self.errors: dict[int, tuple[State, str, str]] = {}

    def add(self, shown: tuple[int, ...], reading: _Reading, ended: Asked[Ranking]) -> None:
        """Take the end of one call."""
        row = np.full(self.n, np.nan)
        found = reading.best if ended.result is None else ended.result
        for mask, i in zip(reading.masks, shown, strict=True):
            row[i] = np.nan if found is None else found.scores.get(mask, np.nan)
            if ended.error is not None:
                why = (found.problems.get(mask, "") if found is not None else "") or str(ended.error)
                self.errors[i] = (State(ended.error.state), why, ended.error.raw)
        places = list(shown)
        self.shown[places] += 1
        self.attempts[places] += ended.attempts
        self.inconsistent[places] += found is not None and not found.consistent
        self.rows.append(row)
        self.usage += ended.usage

    def verdicts(self, judge: str) -> tuple[Verdict, ...]:
        """One verdict per response."""
        scores, found = np.stack(self.rows), []
        value, wide, calls = align(scores), spread(scores), (~np.isnan(scores)).sum(0)
        for i in range(self.n):
            attempts, flag = int(self.attempts[i]), "inconsistent" if self.inconsistent[i] else "consistent"
            if calls[i]:
                notes = [f"scored in {calls[i]} of {self.shown[i]} calls"]
                notes += [f"ranking against scores in {self.inconsistent[i]}"] if self.inconsistent[i] else []
                found.append(Verdict(WHOLE, State.SCORED, float(value[i]), reason="; ".join(notes), judge=judge,
                                     spread=float(wide[i]), order=f"shuffled:{flag}", attempts=attempts))  # fmt: skip
            else:
                state, why, raw = self.errors[i]
                lost = Verdict(WHOLE, state, reason=why, judge=judge, order="shuffled", attempts=attempts, raw=raw)
                found.append(lost)
        return (found[0]._replace(usage=self.usage), *found[1:])
