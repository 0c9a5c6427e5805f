"""Edit and rank: several rewrites of a draft, scored like the draft itself; the best one is kept.

Card 73 (arXiv 2504.07532): the editor names bad passages and rewrites them, a judge or a reward model ranks what came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rubricate.errors import SettingError
from rubricate.judges.base import together
from rubricate.llm.ask import Problem, ask
from rubricate.llm.client import Client, Reply, Request
from rubricate.llm.parse import strip_reasoning
from rubricate.llm.prompts import fence_name, fenced, template
from rubricate.types import Message, Sample

Score = Callable[[Sequence[Sample]], Sequence[float]]


class Edited(NamedTuple):
    """The draft and its rewrites with their scores (NaN: no score); ``best`` is the index of the kept one.

    ``gap`` is the best score less that of the draft; ``lost`` counts rewrites that could not be used.
    """

    texts: tuple[str, ...]
    scores: tuple[float, ...]
    best: int
    lost: int

    @property
    def text(self) -> str:
        """The kept text."""
        return self.texts[self.best]

    @property
    def gap(self) -> float:
        """How much the kept text scores above the draft."""
        return self.scores[self.best] - self.scores[0]


@dataclass(frozen=True)
class EditAndRank:
    """``n`` rewrites of a response by the client, the best of them and the draft by ``score``.

    A rewrite without a score never wins, nor does one whose score is less than ``margin`` above the draft: the draft
    stays. Card 73 found experts to agree more where the gap is above one point.
    """

    n: int = 8
    margin: float = 0.0
    reasks: int = 1
    model: str = ""
    temperature: float = 0.8
    max_tokens: int | None = None
    fence_key: str = "rubricate"

    def __post_init__(self) -> None:
        if self.n < 1 or self.margin < 0 or self.reasks < 0:
            raise SettingError(f"{self!r}", expected="n >= 1, margin >= 0, reasks >= 0")

    def request(self, sample: Sample, index: int) -> Request:
        """The request for rewrite ``index`` of a response."""
        fence = fence_name(f"{sample.task}\x1f{sample.response}", self.fence_key)
        material = "\n".join((fenced("task", sample.task, fence), fenced("draft", sample.response, fence)))
        messages = (Message("system", template("edit")), Message("user", material))
        return Request(messages, self.model, self.temperature, self.max_tokens, sample=index)

    async def run(self, sample: Sample, client: Client, score: Score) -> Edited:
        """Rewrite, score all at once, keep the best. SettingError when ``score`` gives another number of scores."""
        asked = await together([ask(client, self.request(sample, k), read, reasks=self.reasks) for k in range(self.n)])
        edits = [a.result for a in asked if a.result is not None]
        texts = (sample.response, *edits)
        scores = tuple(float(s) for s in score([replace(sample, response=text) for text in texts]))
        if len(scores) != len(texts):
            raise SettingError(f"{len(scores)} scores for {len(texts)} texts", where="score", expected="one for each")
        return Edited(texts, scores, choose(scores, self.margin), self.n - len(edits))


def choose(scores: Sequence[float], margin: float = 0.0) -> int:
    """Index of the best score, 0 (the draft) unless it beats the draft by more than ``margin``.

    A draft without a score gives way to any rewrite with one.

    >>> choose([1.0, 1.4, float("nan")]), choose([1.0, 1.4], 0.5), choose([float("nan"), 0.1])
    (1, 0, 1)
    """
    x = np.asarray(scores, dtype=np.float64)
    if np.isnan(x).all():
        return 0
    best = int(np.nanargmax(x))
    return best if np.isnan(x[0]) or x[best] > x[0] + margin else 0


def read(reply: Reply) -> str | Problem:
    """The text between <edited> and </edited>."""
    text = strip_reasoning(reply.text)
    start, end = text.find("<edited>"), text.rfind("</edited>")
    inside = text[start + len("<edited>") : end].strip() if 0 <= start < end else ""
    return inside or Problem("it must hold the whole edited text between <edited> and </edited>")
